/**
 * Keys of every kind: what is meant, what is signed and what is sent are one, or
 * nothing is sent.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EndpointError, Session } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { isSocket, overBoth, transportName } from "./both_transports.ts";
import { startRawServer } from "./raw_server.ts";
import { secondSignature } from "./second_signer.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

overBoth("a key is sent and signed as it is meant, or refused", async () => {
  await using server = await startRawServer();
  using session = new Session({
    transport: transportName(),
    region: "us-east-1",
    endpointUrl: server.origin,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET },
  });
  const s3 = session.client(S3);
  let refused = 0;

  for (const Key of [...everyByte(), ...randomKeys(500)]) {
    try {
      await s3.headObject({ Bucket: "photos", Key });
    } catch (error) {
      assert(
        error instanceof EndpointError,
        `${JSON.stringify(Key)}: ${error}`,
      );
      assert(
        hasDotSegment(Key) && !isSocket(),
        `${JSON.stringify(Key)} need not be refused`,
      );
      assertEquals(server.requests.length, 0, "what is refused was sent");
      refused++;
      continue;
    }
    const request = server.requests.shift();
    assert(request !== undefined);
    assertEquals(request.target, `/photos/${encoded(Key)}`);
    assertEquals(signatureIn(request.headers), expected(request));
  }

  const dots = isSocket() ? 0 : 6;
  assertEquals(refused, dots, "the keys that name a segment of dots");
});

/** U+0000 to U+00FF alone, and the segments that URLs take away. */
function everyByte(): string[] {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(byte),
  );
  return [
    ...bytes.filter((key) => key !== "."),
    ".",
    "..",
    "a/../b",
    "a/./b",
    "../b",
    "a/..",
  ];
}

/** The same on every run. */
function randomKeys(count: number): string[] {
  let state = 42;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 2_147_483_648 * below);
  };
  const character = (): string => {
    const code = [0x80, 0x800, 0x10000, 0x110000][random(4)] ?? 0x80;
    const point = random(code);
    return point >= 0xD800 && point < 0xE000
      ? "\u{1F600}"
      : String.fromCodePoint(point);
  };
  return Array.from(
    { length: count },
    () => Array.from({ length: 1 + random(20) }, character).join(""),
  );
}

function hasDotSegment(key: string): boolean {
  return key.split("/").some((segment) => segment === "." || segment === "..");
}

/** RFC 3986, written down once more. */
function encoded(key: string): string {
  return Array.from(new TextEncoder().encode(key), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w.~/-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function signatureIn(headers: ReadonlyMap<string, string>): string | undefined {
  return headers.get("authorization")?.match(/Signature=(\w+)/)?.[1];
}

/** The signature of what arrived, by the second signer. */
function expected(
  { target, headers }: {
    readonly target: string;
    readonly headers: ReadonlyMap<string, string>;
  },
): string {
  const names = headers.get("authorization")
    ?.match(/SignedHeaders=([^,]+)/)?.[1]?.split(";") ?? [];
  return secondSignature({
    method: "HEAD",
    url: `http://${headers.get("host")}${target}`,
    headers: names.map((name) => [name, headers.get(name) ?? ""]),
    payloadHash: headers.get("x-amz-content-sha256") ?? "",
    secretAccessKey: SECRET,
    region: "us-east-1",
    service: "s3",
    timestamp: headers.get("x-amz-date") ?? "",
  }).signature;
}
