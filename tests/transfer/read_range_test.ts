import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "../../src/foundation/bytes.ts";
import { ProtocolError, TransportError } from "../../src/foundation/errors.ts";
import { ObjectChangedError } from "../../src/foundation/object_changed_error.ts";
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

const CUT = new TransportError("cut", "It broke", { maybeSent: true });

/** Sends ranges; so many bytes of each, and then it breaks. */
function breaking(bytesPerBody: number): Answer {
  return (input) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(String(input["Range"])) ??
      [];
    const all = CONTENT.subarray(Number(start), Number(end) + 1);
    const some = all.subarray(0, bytesPerBody);
    return {
      Body: bodyOf([some], some.length < all.length ? CUT : undefined),
      ContentRange: `bytes ${start}-${end}/100`,
      ETag: '"1"',
    };
  };
}

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

Deno.test("readRange goes on where a body broke, if the object is the same", async () => {
  const { bytes, ranges } = await read(breaking(30), { start: 10, end: 90 });

  assertEquals(bytes, CONTENT.slice(10, 90));
  assertEquals(ranges, [
    ["bytes=10-89", '"1"'],
    ["bytes=40-89", '"1"'],
    ["bytes=70-89", '"1"'],
  ]);
});

Deno.test("readRange goes on where a body ended early without an error", async () => {
  let short = true;
  const { bytes } = await read((input) => {
    const start = short ? 0 : 7;
    const end = short ? 7 : 100;
    short = false;
    return {
      Body: bodyOf([CONTENT.slice(start, end)]),
      ContentRange: String(input["Range"]).replace("=", " ") + "/100",
    };
  });

  assertEquals(bytes, CONTENT);
});

Deno.test("readRange gives up at the fifth break", async () => {
  const { s3, calls } = fakeS3({ GetObject: breaking(1) });
  const range = { start: 0, end: 100 };

  const error = await assertRejects(() =>
    Array.fromAsync(readRange(s3, OBJECT, range))
  );

  assertEquals(error, CUT);
  assertEquals(calls.length, 5);
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
