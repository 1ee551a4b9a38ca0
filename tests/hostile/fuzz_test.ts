/**
 * Input from outside that was damaged at random: what reads it ends soon, with a
 * result or with an error of the library. The seed is fixed, so that a failure
 * can be had again; `tests/fixtures/corpus` holds what is damaged.
 */
import { assert, assertEquals } from "@std/assert";
import { AwsError, Session } from "../../mod.ts";
import { GetObject, S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { framed, message } from "../protocol/event_messages.ts";
import { scripted } from "../scripted_transport.ts";

/** Damaged inputs of each kind. */
const CASES = 400;

/** Longest time of one case, in milliseconds, on a busy machine. */
const LONGEST_MS = 2_000;

const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "example",
};

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** mulberry32: small, seeded, good enough to choose places. */
function randomFrom(seed: number): (below: number) => number {
  return (below) => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) % below;
  };
}

const PIECES = [
  ..."<>&\"'[]{}=:;#,\\\n\r\t\0 -",
  "<![CDATA[",
  "]]>",
  "<!--",
  "&#x;",
  "&#1114112;",
  "&unknown;",
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  "\ufeff",
  "\u2028",
  "\ud800",
  "__proto__",
  "constructor",
  "1e999",
  "-1",
  "[profile ",
  "\n  ",
].map((piece) => new TextEncoder().encode(piece));

/** Damages bytes in one to eight places. */
function damaged(
  input: Uint8Array,
  random: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  const bytes = [...input];
  for (let i = random(8); i >= 0; i--) {
    const at = random(bytes.length + 1);
    switch (random(5)) {
      case 0:
        bytes.splice(at, random(40));
        break;
      case 1:
        bytes.splice(at, 0, ...PIECES[random(PIECES.length)] ?? []);
        break;
      case 2:
        bytes[at] = random(256);
        break;
      case 3: {
        const piece = bytes.slice(at, at + random(60));
        for (let n = random(6); n > 0; n--) bytes.splice(at, 0, ...piece);
        break;
      }
      default:
        bytes.length = at;
    }
  }
  return Uint8Array.from(bytes);
}

async function corpus(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(
    new URL(`../fixtures/corpus/${name}`, import.meta.url),
  );
}

/** Runs one kind of input; `read` may reject with errors of the library only. */
async function fuzz(
  name: string,
  seed: number,
  read: (input: Uint8Array<ArrayBuffer>) => Promise<unknown>,
): Promise<void> {
  const original = await corpus(name);
  await fuzzAny(
    name,
    seed,
    (random) => damaged(original, random),
    original,
    read,
  );
}

/** The same with damage of its own kind. */
async function fuzzAny(
  name: string,
  seed: number,
  damage: (random: (below: number) => number) => Uint8Array<ArrayBuffer>,
  original: Uint8Array<ArrayBuffer>,
  read: (input: Uint8Array<ArrayBuffer>) => Promise<unknown>,
): Promise<void> {
  const random = randomFrom(seed);
  let refused = 0;
  for (let i = 0; i < CASES; i++) {
    const input = i === 0 ? original : damage(random);
    const start = performance.now();
    try {
      await read(input);
    } catch (error) {
      const shown = `case ${i} of ${name}: ${
        JSON.stringify(new TextDecoder().decode(input))
      }`;
      assert(error instanceof AwsError, `${shown}: ${Deno.inspect(error)}`);
      assert(i > 0, `the original is refused: ${error.message}`);
      refused++;
    }
    assert(performance.now() - start < LONGEST_MS, `case ${i} is slow`);
  }
  // Damage that is never seen, or always, would show nothing.
  assert(refused > 0 && refused < CASES - 1, `${refused} of ${CASES} refused`);
  assertEquals(Object.keys(Object.prototype), []);
}

/** A session that gets this answer to every request. */
function answered(
  status: number,
  body: Uint8Array<ArrayBuffer>,
): Session {
  const answer = {
    status,
    headers: { "content-type": "application/xml" },
    body,
  };
  return new Session({
    transport: scripted([answer, answer, answer]),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    region: "us-east-1",
    credentials: KEYS,
  });
}

Deno.test("damaged listings are read or refused", async () => {
  await fuzz("listing.xml", 1, async (body) => {
    using session = answered(200, body);
    const { Contents = [] } = await session.client(S3)
      .listObjectsV2({ Bucket: "photos" });
    for (const { Key, Size } of Contents) {
      assert(Key === undefined || typeof Key === "string");
      assert(Size === undefined || typeof Size === "number");
    }
  });
});

Deno.test("damaged refusals are told as refusals", async () => {
  const original = await corpus("error.xml");
  const random = randomFrom(2);
  for (let i = 0; i < CASES; i++) {
    using session = answered(404, damaged(original, random));
    const error = await session.client(S3)
      .getObject({ Bucket: "photos", Key: "cat.txt" })
      .then(() => undefined, (error) => error);
    assert(error instanceof AwsError, Deno.inspect(error));
    assertEquals(error.ResponseMetadata?.HTTPStatusCode, 404);
  }
});

Deno.test("damaged credentials of STS are read or refused", async () => {
  await fuzz("role.xml", 3, async (body) => {
    using session = answered(200, body);
    await session.client(STS).assumeRole({
      RoleArn: "arn:aws:iam::123456789012:role/demo",
      RoleSessionName: "demo",
    });
  });
});

Deno.test("damaged event streams are read or refused", async () => {
  const types = { ":message-type": "event", ":content-type": "text/xml" };
  const messages = [
    message({ ...types, ":event-type": "Records" }, "a,b\n"),
    message(
      { ...types, ":event-type": "Stats" },
      "<Stats><BytesScanned>1</BytesScanned></Stats>",
    ),
    message({ ...types, ":event-type": "End" }),
  ];
  const read = async (body: Uint8Array<ArrayBuffer>): Promise<void> => {
    using session = answered(200, body);
    const { Payload } = await session.client(S3).selectObjectContent({
      Bucket: "photos",
      Key: "table.csv",
      Expression: "select * from s3object",
      ExpressionType: "SQL",
      InputSerialization: { CSV: {} },
      OutputSerialization: { CSV: {} },
    });
    for await (const event of Payload ?? []) assert(typeof event === "object");
  };
  const original = concat(messages);
  await fuzzAny(
    "bytes",
    7,
    (random) => damaged(original, random),
    original,
    read,
  );
  // With right checksums damage comes further.
  await fuzzAny(
    "messages",
    8,
    (random) =>
      concat(messages.map((message) => {
        const headers = 12 + new DataView(message.buffer).getUint32(4);
        return framed(
          random(2)
            ? damaged(message.slice(12, headers), random)
            : message.slice(12, headers),
          random(2)
            ? damaged(message.slice(headers, -4), random)
            : message.slice(headers, -4),
        );
      })),
    original,
    read,
  );
});

Deno.test("damaged config files are read or refused", async () => {
  await fuzz("config.ini", 4, async (bytes) => {
    using session = new Session({
      system: new FakeSystem({
        env: { HOME: "/home/me", AWS_EC2_METADATA_DISABLED: "true" },
        files: { "/home/me/.aws/config": bytes },
      }),
      transport: scripted([{ status: 200 }]),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
    });
    await session.client(S3).presign(GetObject, {
      Bucket: "photos",
      Key: "cat.txt",
    });
  });
});

Deno.test("damaged credentials of a process are read or refused", async () => {
  await fuzz("credentials.json", 5, async (bytes) => {
    const stdout = new TextDecoder().decode(bytes);
    using session = new Session({
      region: "us-east-1",
      system: new FakeSystem({
        env: { HOME: "/home/me", AWS_EC2_METADATA_DISABLED: "true" },
        files: {
          "/home/me/.aws/config": "[default]\ncredential_process = tool",
        },
        run: () => ({ code: 0, stdout, stderr: "" }),
      }),
      transport: scripted([{ status: 200 }]),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
    });
    await session.client(S3).presign(GetObject, {
      Bucket: "photos",
      Key: "cat.txt",
    });
  });
});

Deno.test("whatever a key or metadata holds, one request goes to one place", async () => {
  const random = randomFrom(6);
  const alphabet = [..."ab/.?#%&=+\\ \r\n\0\t\"'<>é€\u{1F600}\ud800"];
  const text = (): string =>
    Array.from(
      { length: random(12) + 1 },
      () => alphabet[random(alphabet.length)] ?? "",
    ).join("");
  for (let i = 0; i < CASES; i++) {
    const sent: Parameters<typeof scripted>[1] = [];
    using session = new Session({
      transport: scripted([{ status: 200, headers: { etag: '"e"' } }], sent),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
      region: "us-east-1",
      credentials: KEYS,
    });
    const input = {
      Bucket: "photos",
      Key: text(),
      Body: "",
      Metadata: { note: text() },
      ContentType: text(),
    };
    try {
      await session.client(S3).putObject(input);
    } catch (error) {
      assert(error instanceof AwsError, Deno.inspect(error));
      assertEquals(sent, [], "refused, and sent");
      continue;
    }
    const [request] = sent;
    assert(request !== undefined);
    const url = new URL(request.origin + request.path);
    assertEquals(url.host, "photos.s3.us-east-1.amazonaws.com");
    assertEquals([url.search, url.hash], ["", ""]);
    assertEquals(decodeURIComponent(url.pathname.slice(1)), input.Key);
    for (const value of Object.values(request.headers)) {
      assert(!/[\r\n\0]/.test(value), JSON.stringify(value));
    }
  }
});
