import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConfigError,
  ObjectChangedError,
  ServiceError,
  ValidationError,
} from "../../src/foundation/errors.ts";
import { compose, partsOf } from "../../src/transfer/compose.ts";
import type { CopySource } from "../../src/transfer/copy.ts";
import { listUnfinishedUploads } from "../../src/transfer/mod.ts";
import { assertSameBytes } from "../same_bytes.ts";
import { type Answer, fakeS3, localS3, noise, refusal } from "./stubs.ts";

const MIB = 1_024 * 1_024;
const GIB = 1_024 * MIB;
const Bucket = "photos";
const TARGET = { Bucket, Key: "all" };

Deno.test("compose joins objects and ranges, and downloads only what is short", async () => {
  await using local = await localS3();
  const { s3, requests } = local;
  const long = noise(12 * MIB + 1, 1);
  const short = noise(70_000, 2);
  await s3.putObject({ Bucket, Key: "long", Body: long });
  await s3.putObject({ Bucket, Key: "short", Body: short });
  await s3.putObject({ Bucket, Key: "empty", Body: "" });
  requests.length = 0;

  const result = await compose(
    s3,
    { ...TARGET, ContentType: "text/plain", Metadata: { a: "b" } },
    [
      "s3://photos/long",
      { Bucket, Key: "short" },
      "s3://photos/empty",
      { Bucket, Key: "long", Range: "bytes=100-" },
      { Bucket, Key: "short", Range: "bytes=-50" },
      { Bucket, Key: "short", Range: "bytes=0-9" },
    ],
    { partSize: 6 * MIB, concurrency: 2 },
  );

  const expected = [
    long,
    short,
    long.subarray(100),
    short.subarray(-50),
    short.subarray(0, 10),
  ];
  const { Body, ContentType, Metadata } = await s3.getObject(TARGET);
  assertSameBytes(
    await Body.bytes(),
    await new Blob(expected).bytes(),
  );
  assertEquals([ContentType, Metadata], ["text/plain", { a: "b" }]);
  // Twice 6 MiB of the first; 70 000 bytes and the start of the third to 5 MiB;
  // the rest of the third; the 60 bytes at the end.
  assertEquals(
    [result.kind, result.parts, result.downloaded],
    ["multipart", 5, 5 * MIB + 60],
  );
  const count = (pattern: RegExp): number =>
    requests.filter((line) => pattern.test(line)).length;
  assertEquals(count(/^HEAD/), 3, "one look at each source");
  assertEquals(count(/^PUT .*partNumber/), 5);
  assertEquals(count(/^GET \/photos\/(long|short)\?/), 4);
});

Deno.test("compose sends few bytes in one request", async () => {
  await using local = await localS3();
  const { s3, requests } = local;
  await s3.putObject({ Bucket, Key: "a", Body: "mi" });
  await s3.putObject({ Bucket, Key: "b", Body: "aow" });
  await s3.putObject({ Bucket, Key: "empty", Body: "" });
  requests.length = 0;
  const told: number[] = [];

  const result = await compose(s3, "s3://photos/all", [
    "s3://photos/a",
    "s3://photos/b",
  ], { onProgress: ({ bytes, total }) => told.push(bytes, total ?? -1) });

  assertEquals([result.kind, result.parts, result.downloaded], [
    "single",
    1,
    5,
  ]);
  assertEquals(told, [5, 5]);
  assertEquals(requests.map((line) => line.split(" ")[0]), [
    "HEAD",
    "HEAD",
    "GET",
    "GET",
    "PUT",
  ]);
  const { Body } = await s3.getObject(TARGET);
  assertEquals(await Body.text(), "miaow");

  await compose(s3, TARGET, ["s3://photos/empty", "s3://photos/empty"]);
  assertEquals((await s3.headObject(TARGET)).ContentLength, 0);
});

Deno.test("compose appends to an object", async () => {
  await using local = await localS3();
  const { s3 } = local;
  const start = noise(5 * MIB);
  const { ETag = "" } = await s3.putObject({ ...TARGET, Body: start });
  await s3.putObject({ Bucket, Key: "more", Body: "more" });

  const result = await compose(s3, { ...TARGET, IfMatch: ETag }, [
    { ...TARGET, IfMatch: ETag },
    "s3://photos/more",
  ]);

  assertEquals([result.parts, result.downloaded], [2, 0]);
  const { Body } = await s3.getObject(TARGET);
  assertSameBytes(
    await Body.bytes(),
    await new Blob([start, "more"]).bytes(),
  );
  const refused = await assertRejects(
    () => compose(s3, { ...TARGET, IfMatch: ETag }, [TARGET]),
    ServiceError,
  );
  assertEquals(refused.status, 412);
});

for (const ChecksumAlgorithm of ["CRC64NVME", "CRC32", "SHA256"] as const) {
  Deno.test(`compose has the whole checked by ${ChecksumAlgorithm}`, async () => {
    await using local = await localS3();
    const { s3 } = local;
    await s3.putObject({ Bucket, Key: "long", Body: noise(5 * MIB) });
    await s3.putObject({ Bucket, Key: "short", Body: "end" });

    const made = await compose(s3, { ...TARGET, ChecksumAlgorithm }, [
      "s3://photos/short",
      "s3://photos/long",
      "s3://photos/short",
    ]);

    assertEquals(made.parts, 1 + 1);
    const member = `Checksum${ChecksumAlgorithm}` as const;
    const head = await s3.headObject({ ...TARGET, ChecksumMode: "ENABLED" });
    assert(head[member] !== undefined);
    assertEquals(
      head.ChecksumType,
      ChecksumAlgorithm === "SHA256" ? "COMPOSITE" : "FULL_OBJECT",
    );
  });
}

/** Answers of a store whose objects have 6 MiB, or 10 bytes where the key says so. */
const STORE: Readonly<Record<string, Answer>> = {
  HeadObject: ({ Key }) => ({
    ContentLength: Key === "short" ? 10 : 6 * MIB,
    ETag: `"${Key}"`,
  }),
  CreateMultipartUpload: () => ({ UploadId: "u1" }),
  UploadPartCopy: ({ PartNumber }) => ({
    CopyPartResult: { ETag: `"${PartNumber}"`, ChecksumCRC32: "AAAAAA==" },
  }),
  CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  AbortMultipartUpload: () => ({}),
};

Deno.test("compose binds each copy to the source that it has seen", async () => {
  const { s3, calls } = fakeS3(STORE);
  const VersionId = "v1";
  const secret = { SSECustomerAlgorithm: "AES256", SSECustomerKey: "k" };

  await compose(s3, { ...TARGET, RequestPayer: "requester" }, [
    { Bucket, Key: "a", VersionId, IfMatch: '"a"', ExpectedBucketOwner: "1" },
    { Bucket, Key: "b", ...secret, Range: "bytes=0-5242879" },
    { Bucket, Key: "short" },
  ], { concurrency: 1 });

  const copies = calls.filter(({ name }) => name === "UploadPartCopy");
  const upload = { ...TARGET, UploadId: "u1", RequestPayer: "requester" };
  assertEquals(copies.map(({ input }) => input), [
    {
      ...upload,
      PartNumber: 1,
      CopySource: { Bucket, Key: "a", VersionId },
      CopySourceIfMatch: '"a"',
      ExpectedSourceBucketOwner: "1",
    },
    {
      ...upload,
      PartNumber: 2,
      CopySource: { Bucket, Key: "b" },
      CopySourceIfMatch: '"b"',
      CopySourceRange: "bytes=0-5242879",
      CopySourceSSECustomerAlgorithm: "AES256",
      CopySourceSSECustomerKey: "k",
    },
    {
      ...upload,
      PartNumber: 3,
      CopySource: { Bucket, Key: "short" },
      CopySourceIfMatch: '"short"',
    },
  ]);
  const [look] = calls.filter(({ name }) => name === "HeadObject");
  assertEquals(look?.input["IfMatch"], '"a"');
});

Deno.test("compose reads its sources with a client of their own", async () => {
  const { s3, calls } = fakeS3(STORE);
  const source = fakeS3(STORE);

  await compose(s3, TARGET, ["s3://photos/a"], { source: source.s3 });

  assertEquals(source.calls.map(({ name }) => name), ["HeadObject"]);
  assert(!calls.some(({ name }) => name === "HeadObject"));
});

Deno.test("compose discards its parts when a source changes", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    UploadPartCopy: () => {
      throw refusal("PreconditionFailed", 412);
    },
    // Another one from the second look on.
    HeadObject: () => ({
      ContentLength: 6 * MIB,
      ETag: calls.length < 2 ? '"1"' : '"2"',
    }),
  });

  await assertRejects(
    () => compose(s3, TARGET, ["s3://photos/a"]),
    ObjectChangedError,
    'Cannot read "a" of bucket "photos" to its end: it was replaced',
  );
  assertEquals(calls.at(-1)?.name, "AbortMultipartUpload");
});

Deno.test("compose discards its parts when it is aborted", async () => {
  const ends = new AbortController();
  await using local = await localS3({
    around: async (request, send, options) => {
      const answer = await send(request, options);
      const isPart = request.query.some(([name]) => name === "partNumber");
      if (isPart) ends.abort(new Error("enough"));
      return answer;
    },
  });
  const { s3 } = local;
  await s3.putObject({ Bucket, Key: "a", Body: noise(6 * MIB) });

  await assertRejects(
    () =>
      compose(s3, TARGET, ["s3://photos/a", "s3://photos/a"], {
        signal: ends.signal,
        concurrency: 1,
      }),
    Error,
    "enough",
  );
  assertEquals(await Array.fromAsync(listUnfinishedUploads(s3, Bucket)), []);
});

Deno.test("compose refuses an answer without an ETag", async () => {
  const { s3, calls } = fakeS3({ ...STORE, UploadPartCopy: () => ({}) });
  await assertRejects(
    () => compose(s3, TARGET, ["s3://photos/a"]),
    Error,
    'Cannot compose "all" of bucket "photos": the answer to UploadPartCopy has no ETag',
  );
  assertEquals(calls.at(-1)?.name, "AbortMultipartUpload");
});

Deno.test("compose says what is wrong with its sources", async () => {
  const { s3, calls } = fakeS3(STORE);
  const at = { Bucket, Key: "short" };
  const wrong: readonly [readonly unknown[], string][] = [
    [[], "sources must be a list of at least one object"],
    [["s3://photos"], "sources[0] names no key"],
    [[at, "photos/a"], "sources[1] is no address"],
    [[at, null], "sources[1] must be an object of S3, or its address"],
    [
      [{ ...at, Rang: "bytes=0-1" }],
      "sources[0].Rang is unknown: a source has Bucket,",
    ],
    [[{ ...at, Range: "0-1" }], 'sources[0].Range must be "bytes=FIRST-LAST"'],
    [[{ ...at, Range: "bytes=-" }], "sources[0].Range must be"],
    [[{ ...at, Range: "bytes=0-1,3-4" }], "sources[0].Range must be"],
    [
      [at, { ...at, Range: "bytes=0-10" }],
      "sources[1].Range must lie within the object, which has 10 bytes",
    ],
    [[{ ...at, Range: "bytes=-11" }], "must lie within the object"],
    [[{ ...at, Range: "bytes=10-" }], "holds no byte of an object of 10 bytes"],
    [[{ ...at, Range: "bytes=5-4" }], "holds no byte"],
    [[{ ...at, Range: "bytes=-0" }], "holds no byte"],
  ];
  for (const [sources, message] of wrong) {
    await assertRejects(
      () => Reflect.apply(compose, null, [s3, TARGET, sources]),
      ValidationError,
      message,
    );
  }
  assert(calls.every(({ name }) => name === "HeadObject"));
  await assertRejects(
    () => compose(s3, "s3://photos", [at]),
    ValidationError,
    "input names no key",
  );
  const misspelt: object = { partsize: 1 };
  await assertRejects(() => compose(s3, TARGET, [at], misspelt), ConfigError);
});

Deno.test("partsOf cuts pieces into parts that S3 takes, and loses no byte", () => {
  let seed = 3;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(seed / 65_536) % below;
  };
  const lengths = [1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 30 * MIB];
  for (let round = 0; round < 2_000; round++) {
    const pieces = Array.from({ length: 1 + next(7) }, () => {
      const start = next(3);
      const length = lengths[next(6)] ?? 1;
      return {
        ...sourceOf(start + length + next(2)),
        start,
        end: start + length,
      };
    });
    const partSize = [5 * MIB, 7 * MIB, 128 * MIB][next(3)] ?? 0;

    const parts = partsOf(pieces, partSize);

    const lost = parts.flatMap(({ pieces }) => pieces);
    assertEquals(joined(lost), joined(pieces));
    for (const [index, { length, pieces }] of parts.entries()) {
      assert(length > 0);
      const sum = pieces.reduce((all, { start, end }) => all + end - start, 0);
      assertEquals(sum, length);
      if (index < parts.length - 1) assert(length >= 5 * MIB, `${length}`);
      // What is downloaded is held in memory.
      if (pieces.length > 1) assert(length < 10 * MIB, `${length}`);
    }
  }
});

Deno.test("partsOf makes parts of no more than 5 GiB, of equal length", () => {
  const size = 12 * GIB + 7;
  for (const partSize of [5 * MIB, GIB, 3 * GIB, 5 * GIB]) {
    const parts = partsOf(
      [{ ...sourceOf(size), start: 0, end: size }],
      partSize,
    );
    const lengths = parts.map(({ length }) => length);
    assertEquals(lengths.reduce((all, length) => all + length), size);
    assert(Math.max(...lengths) <= 5 * GIB);
    assert(Math.max(...lengths) - Math.min(...lengths) <= 1);
  }
});

Deno.test("compose makes parts longer where they would be too many", async () => {
  const huge = {
    ...STORE,
    HeadObject: () => ({ ContentLength: 60_000 * MIB }),
  };
  const { s3, calls } = fakeS3(huge);

  const { parts } = await compose(s3, TARGET, ["s3://photos/a"], {
    partSize: 5 * MIB,
    concurrency: 100,
  });

  assertEquals(parts, 6_000);
  assertEquals(
    calls.filter(({ name }) => name === "UploadPartCopy").length,
    6_000,
  );
});

Deno.test("compose refuses more than 10 000 parts before it begins", async () => {
  const { s3, calls } = fakeS3(STORE);

  await assertRejects(
    () => compose(s3, TARGET, Array<string>(10_001).fill("s3://photos/a")),
    ValidationError,
    "sources come to 10001 parts, and an object has at most 10000: join some of them first",
  );
  assertEquals(calls.map(({ name }) => name), ["HeadObject"]);
});

/** A source of a length, of which nothing else matters here. */
function sourceOf(size: number): { readonly source: CopySource } {
  return { source: { size } as CopySource };
}

/** Pieces with what follows each other directly joined. */
function joined(
  pieces: readonly {
    readonly source: CopySource;
    readonly start: number;
    readonly end: number;
  }[],
): readonly (readonly [CopySource, number, number])[] {
  const all: [CopySource, number, number][] = [];
  for (const { source, start, end } of pieces) {
    const last = all.at(-1);
    if (last?.[0] === source && last[2] === start) last[2] = end;
    else all.push([source, start, end]);
  }
  return all;
}
