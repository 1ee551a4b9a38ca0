import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "../../src/foundation/bytes.ts";
import {
  ObjectChangedError,
  ProtocolError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { readRange } from "../../src/transfer/read_range.ts";
import type { RemoteObject } from "../../src/transfer/remote_object.ts";
import {
  type Answer,
  bodyOf,
  fakeS3,
  NO_FACTS,
  noise,
  refusal,
} from "./stubs.ts";

const CONTENT = noise(100);

const OBJECT: RemoteObject = {
  request: { Bucket: "photos", Key: "cat.txt", IfMatch: '"1"' },
  size: CONTENT.length,
  checksum: undefined,
  head: NO_FACTS,
};

async function read(
  answer: Answer,
  range = { start: 0, end: 100 },
): Promise<{ bytes: Uint8Array; ranges: unknown[] }> {
  const { s3, calls } = fakeS3({ GetObject: answer });
  const pieces = await Array.fromAsync(readRange(s3, OBJECT, range));
  return {
    bytes: concat(pieces),
    ranges: calls.map(({ input }) => [input["Range"], input["IfMatch"]]),
  };
}

Deno.test("readRange asks for a range, if the object is the same", async () => {
  const { bytes, ranges } = await read(() => ({
    Body: bodyOf([CONTENT.slice(10, 30), CONTENT.slice(30, 90)]),
    ContentRange: "bytes 10-89/100",
    ETag: '"1"',
  }), { start: 10, end: 90 });

  assertEquals(bytes, CONTENT.slice(10, 90));
  assertEquals(ranges, [["bytes=10-89", '"1"']]);
});

Deno.test("readRange passes on what breaks the body off", async () => {
  const failure = new TransportError("cut", "It broke", { maybeSent: true });
  const Body = bodyOf([CONTENT.slice(0, 9)], failure);

  assertEquals(await assertRejects(() => read(() => ({ Body }))), failure);
});

Deno.test("readRange does not take a body that ends early for a whole one", async () => {
  await assertRejects(
    () => read(() => ({ Body: bodyOf([CONTENT.slice(0, 99)]) })),
    TransportError,
    'Cannot read "cat.txt" of bucket "photos": its body ended early',
  );
});

for (
  const [code, status, kind] of [
    ["PreconditionFailed", 412, "replaced"],
    ["InvalidRange", 416, "replaced"],
    ["NoSuchKey", 404, "removed"],
  ] as const
) {
  Deno.test(`readRange tells by ${code} that the object was ${kind}`, async () => {
    const error = await assertRejects(() =>
      read(() => {
        throw refusal(code, status);
      }), ObjectChangedError);

    assertEquals(error.kind, kind);
    assertEquals(
      error.message,
      `Cannot read "cat.txt" of bucket "photos" to its end: it was ${kind} in the meantime`,
    );
  });
}

Deno.test("readRange passes on other refusals", async () => {
  for (
    const error of [refusal("AccessDenied", 403), refusal("NoSuchBucket", 404)]
  ) {
    const thrown = await assertRejects(() =>
      read(() => {
        throw error;
      })
    );
    assertEquals(thrown, error);
  }
});

Deno.test("readRange notices another object in the answer of a store without conditions", async () => {
  await assertRejects(
    () => read(() => ({ Body: bodyOf([CONTENT]), ETag: '"2"' })),
    ObjectChangedError,
    "replaced",
  );
});

Deno.test("readRange takes the whole object of a store without ranges, where it asked for that", async () => {
  const answer = () => ({ Body: bodyOf([CONTENT]) });

  assertEquals((await read(answer)).bytes, CONTENT);
  await assertRejects(
    () => read(answer, { start: 10, end: 20 }),
    ProtocolError,
    "the bytes 10 to 19 were asked for, and 0 to 99 came",
  );
});

Deno.test("readRange refuses more bytes than it asked for", async () => {
  await assertRejects(
    () =>
      read(() => ({
        Body: bodyOf([CONTENT, CONTENT]),
        ContentRange: "bytes 0-99/100",
      })),
    ProtocolError,
    "more bytes came",
  );
});
