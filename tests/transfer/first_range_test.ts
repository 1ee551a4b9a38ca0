/** Downloads that begin with the first range instead of a look. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConfigError,
  ObjectChangedError,
  ServiceError,
} from "../../src/foundation/errors.ts";
import { StreamingBody } from "../../src/foundation/streaming_body.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import type { S3Config } from "../../src/services/s3/mod.ts";
import {
  download,
  downloadBytes,
  downloadStream,
  file,
} from "../../src/transfer/mod.ts";
import { assertSameBytes } from "../same_bytes.ts";
import {
  type Answer,
  bodyOf,
  fakeS3,
  localS3,
  noise,
  refusal,
} from "./stubs.ts";

const MIB = 1_024 * 1_024;
const PART = 5 * MIB;
const OBJECT = { Bucket: "photos", Key: "cat.mp4" };
const TO = file("/cat.mp4");
const OPTIONS = { partSize: PART, concurrency: 1 };
/** Nothing is verified that need not be. */
const UNVERIFIED: S3Config = { responseChecksum: "when_required" };

/** Bytes, and the requests that bring them: with a look, and without one. */
const COUNTS: readonly (readonly [number, string[], string[]])[] = [
  [1, ["HEAD", "GET"], ["GET"]],
  [PART - 1, ["HEAD", "GET"], ["GET"]],
  [PART, ["HEAD", "GET"], ["GET"]],
  [PART + 1, ["HEAD", "GET", "GET"], ["GET", "GET"]],
  [2 * PART + 7, ["HEAD", "GET", "GET", "GET"], ["GET", "GET", "GET"]],
  // An object without bytes has no range, which only its refusal tells.
  [0, ["HEAD"], ["GET", "HEAD"]],
];

for (const [size, looking, begun] of COUNTS) {
  for (
    const [config, expected] of [[{}, looking], [UNVERIFIED, begun]] as const
  ) {
    const how = config === UNVERIFIED ? "without" : "with";
    Deno.test(`downloads ask for ${size} bytes ${how} a look in ${expected.length} requests`, async () => {
      await using local = await localS3({ config });
      const { s3, system, requests } = local;
      const content = noise(size);
      await s3.putObject({
        ...OBJECT,
        Body: content,
        ContentType: "video/mp4",
        Metadata: { mood: "fine" },
        ChecksumAlgorithm: "CRC32",
      });
      const asked = (): string[] =>
        requests.splice(0).map((line) => line.split(" ")[0] ?? "");
      asked();

      const { Body, ...facts } = await downloadBytes(s3, OBJECT, OPTIONS);
      assertEquals(asked(), expected);
      const { resumed, ...other } = await download(s3, OBJECT, TO, OPTIONS);
      assertEquals(asked(), expected);

      assertSameBytes(Body, content);
      assertSameBytes(system.bytesOf("/cat.mp4"), content);
      assertEquals(resumed, 0);
      const head = await s3.headObject(OBJECT);
      for (const told of [facts, other]) {
        assertEquals(told.ContentLength, size);
        assertEquals(
          [told.ETag, told.ContentType, told.LastModified, told.Metadata],
          [head.ETag, "video/mp4", head.LastModified, { mood: "fine" }],
        );
        assert(!("ContentRange" in told) && !("Body" in told));
        const isUnverified = config === UNVERIFIED && size > 0;
        assertEquals(told.verifiedBy, isUnverified ? undefined : "CRC32");
      }
    });
  }
}

Deno.test("downloads that must look first do", async () => {
  await using local = await localS3({ config: UNVERIFIED });
  const { s3, requests } = local;
  await s3.putObject({ ...OBJECT, Body: "miaow" });
  requests.length = 0;

  await download(s3, OBJECT, TO, { resume: true });
  const { Body } = await downloadStream(s3, OBJECT);
  await Body.cancel();

  assertEquals(requests.map((line) => line.split(" ")[0]), [
    "HEAD",
    "GET",
    "HEAD",
  ]);
});

Deno.test("download never mixes two objects where the first range began it", async () => {
  await using local = await localS3({
    config: UNVERIFIED,
    around: async (request, send, options) => {
      const answer = await send(request, options);
      if (request.headers["range"]?.startsWith("bytes=0-")) {
        await local.s3.putObject({ ...OBJECT, Body: noise(2 * PART, 2) });
      }
      return answer;
    },
  });
  const { s3, system } = local;
  await s3.putObject({ ...OBJECT, Body: noise(2 * PART, 1) });

  const error = await assertRejects(
    () => download(s3, OBJECT, TO, OPTIONS),
    ObjectChangedError,
  );

  assertEquals(error.kind, "replaced");
  assertEquals(system.files, {});
});

/** A store with an object of 12 bytes, of which ranges of any length are asked for. */
function storeOf(
  get: Answer,
  more: Readonly<Record<string, Answer>> = {},
): ReturnType<typeof fakeS3> {
  return fakeS3({ GetObject: get, ...more }, {
    settings: () => Promise.resolve(UNVERIFIED),
  });
}

const MIAOW = new TextEncoder().encode("miaow miaow!");
const FACTS = { ETag: '"1"', ContentLength: 12 };
const FIRST: Answer = () => ({
  ...FACTS,
  ContentRange: "bytes 0-11/12",
  Body: bodyOf([MIAOW.slice(0, 6), MIAOW.slice(6)]),
});

Deno.test("the first range carries the caller's conditions, the next ones the ETag", async () => {
  const { s3, calls } = storeOf(({ Range }) => {
    const size = PART + 3;
    const [start = 0, end = 0] = String(Range).match(/\d+/g)?.map(Number) ?? [];
    const last = Math.min(end, size - 1);
    return {
      ETag: '"1"',
      ContentLength: last - start + 1,
      ContentRange: `bytes ${start}-${last}/${size}`,
      Body: bodyOf([new Uint8Array(last - start + 1)]),
    };
  });
  const IfModifiedSince = new Date(0);

  await downloadBytes(s3, { ...OBJECT, IfModifiedSince, VersionId: "v" }, {
    ...OPTIONS,
  });

  assertEquals(calls.map(({ input }) => input), [
    {
      ...OBJECT,
      IfModifiedSince,
      VersionId: "v",
      Range: `bytes=0-${PART - 1}`,
    },
    {
      ...OBJECT,
      VersionId: "v",
      IfMatch: '"1"',
      Range: `bytes=${PART}-${PART + 2}`,
    },
  ]);
});

Deno.test("a refusal of the first range is that of the download", async () => {
  for (const [code, status] of [["NoSuchKey", 404], ["304", 304]] as const) {
    const { s3, calls } = storeOf(() => {
      throw refusal(code, status);
    });
    const error = await assertRejects(
      () => downloadBytes(s3, OBJECT),
      ServiceError,
    );
    assertEquals([error.code, calls.length], [code, 1]);
  }
});

for (
  const [what, ContentRange] of [
    ["all of it", undefined],
    ["another range", "bytes 0-3/12"],
    ["a range of something unknown", "bytes 0-11/*"],
    ["no number", "bytes 0-11/12x"],
  ] as const
) {
  Deno.test(`downloads look at the object where a store answers with ${what}`, async () => {
    let cancelled = 0;
    let asked = 0;
    const { s3, calls } = storeOf((input, options) => {
      asked++;
      if (asked > 1) return FIRST(input, options);
      const body = bodyOf([MIAOW]);
      return {
        ...FACTS,
        ...ContentRange !== undefined && { ContentRange },
        Body: new StreamingBody({
          open: () => body.stream,
          bytes: () => body.bytes(),
          cancel: () => {
            cancelled++;
            return Promise.resolve();
          },
        }),
      };
    }, { HeadObject: () => FACTS });

    const { Body } = await downloadBytes(s3, OBJECT);

    assertSameBytes(Body, MIAOW);
    assertEquals(calls.map(({ name }) => name), [
      "GetObject",
      "HeadObject",
      "GetObject",
    ]);
    assertEquals(cancelled, 1);
  });
}

Deno.test("a length that no object has ends the download, and the body is given up", async () => {
  let cancelled = 0;
  const { s3 } = storeOf(() => ({
    ETag: '"1"',
    ContentRange: `bytes 0-${8 * MIB - 1}/99999999999999999`,
    Body: new StreamingBody({
      open: () => bodyOf([]).stream,
      bytes: () => Promise.resolve(new Uint8Array()),
      cancel: () => {
        cancelled++;
        return Promise.resolve();
      },
    }),
  }));
  await assertRejects(
    () => downloadBytes(s3, OBJECT),
    Error,
    "the answer to GetObject states a length of",
  );
  assertEquals(cancelled, 1);
});

Deno.test("the first range is given up where the file cannot be written", async () => {
  let cancelled = 0;
  const { s3, calls } = fakeS3({
    GetObject: () => ({
      ...FACTS,
      ContentRange: "bytes 0-11/12",
      Body: new StreamingBody({
        open: () => bodyOf([MIAOW]).stream,
        bytes: () => Promise.resolve(MIAOW),
        cancel: () => {
          cancelled++;
          return Promise.resolve();
        },
      }),
    }),
  }, {
    settings: () => Promise.resolve(UNVERIFIED),
    files: new FakeSystem({ denied: ["/cat.mp4.part", "/cat.mp4"] }),
  });
  await assertRejects(() => download(s3, OBJECT, TO), ConfigError);
  assertEquals([calls.length, cancelled], [1, 1]);
});

Deno.test("the first range ends with the others when one of them fails", async () => {
  let ended: unknown;
  const { s3 } = storeOf(({ Range }, options) => {
    if (Range !== `bytes=0-${PART - 1}`) throw refusal("SlowDown", 503);
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        options?.signal?.addEventListener("abort", () => {
          ended = options.signal?.reason;
          controller.error(ended);
        });
      },
    });
    return {
      ETag: '"1"',
      ContentRange: `bytes 0-${PART - 1}/${2 * PART}`,
      Body: new StreamingBody({
        open: () => endless,
        bytes: () => Promise.reject(new Error("not asked for")),
        cancel: () => Promise.resolve(),
      }),
    };
  });
  const error = await assertRejects(
    () => downloadBytes(s3, OBJECT, { partSize: PART }),
    ServiceError,
  );
  assertEquals(error.code, "SlowDown");
  assertEquals(ended, error);
});
