import { assert, assertEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { loggerFrom } from "../../src/logging/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, type Transport } from "../../src/testing/mod.ts";

const SECRET = "q8Zr/7Lw+Kx2Vb9Ty/4Nc6Mj3Hg5Fd1Sa0PoIuYt";
const TOKEN = "FwoGZXIvYXdzEJr".repeat(80);

Deno.test("no body in the log shows a part of a secret, wherever it is cut", async () => {
  for (let before = 470; before <= 515; before++) {
    const log = await logged(
      `${"x".repeat(before)}${SECRET}${"y".repeat(200)}`,
    );

    assertNoPart(log, SECRET);
  }
});

Deno.test("no body in the log shows a part of one of many long secrets", async () => {
  for (const count of [1, 3, 4, 20]) {
    for (const between of ["", "-", "z".repeat(100)]) {
      const log = await logged(`${TOKEN}${between}`.repeat(count));

      assertNoPart(log, TOKEN);
    }
  }
});

Deno.test("a long body in the log still shows its first 512 characters", async () => {
  const log = await logged("w".repeat(600_000));

  assert(log.includes(`${"w".repeat(512)}... (600000 bytes)`));
  assertEquals(log.includes("w".repeat(513)), false);
});

/** What is logged of an object put and of a document got, with the same words. */
async function logged(words: string): Promise<string> {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  using session = new Session({
    transport: answering(`<LocationConstraint>${words}</LocationConstraint>`),
    region: "eu-west-1",
    credentials: {
      accessKeyId: "ASIAIOSFODNN7EXAMPLE",
      secretAccessKey: SECRET,
      sessionToken: TOKEN,
    },
    system: new FakeSystem(),
    logger: loggerFrom(
      { debug: write, info: write, warn: write, error: write },
      "debug",
    ),
  });
  const s3 = session.client(S3, { requestChecksum: "when_required" });
  await s3.putObject({ Bucket: "photos", Key: "a", Body: words });
  await s3.getBucketLocation({ Bucket: "photos" });
  return lines.join("\n");
}

/** Eight characters in a row are a part; of what repeats, too. */
function assertNoPart(log: string, secret: string): void {
  for (let start = 0; start + 8 <= secret.length; start += 4) {
    const part = secret.slice(start, start + 8);
    assertEquals(
      log.includes(part),
      false,
      `${part} in ${log.slice(0, 2_000)}`,
    );
  }
}

function answering(document: string): Transport {
  return {
    send: ({ method }) => {
      const bytes = (): Uint8Array<ArrayBuffer> =>
        new TextEncoder().encode(method === "GET" ? document : "");
      return Promise.resolve({
        status: 200,
        headers: {},
        body: {
          open: () => new Blob([bytes()]).stream(),
          bytes: () => Promise.resolve(bytes()),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}
