import { assertEquals, assertRejects } from "@std/assert";
import {
  ConfigError,
  ServiceError,
  TransportError,
  ValidationError,
} from "../../src/foundation/errors.ts";
import type { BodySource } from "../../src/ports/http.ts";
import { file } from "../../src/transfer/local_file.ts";
import type { TransferProgress } from "../../src/transfer/options.ts";
import { upload, type UploadBody } from "../../src/transfer/upload.ts";
import {
  type Answer,
  fakeS3,
  lineOf,
  localS3,
  noise,
  refusal,
} from "./stubs.ts";
import { assertSameBytes } from "../same_bytes.ts";

const MIB = 1_024 * 1_024;

/** The least part that S3 takes, and a body of two and a half. */
const PART = 5 * MIB;
const CONTENT = noise(12.5 * MIB);

const OBJECT = { Bucket: "photos", Key: "cat.txt" };

/** Answers of a store that takes everything. */
const TAKES_ALL: Readonly<Record<string, Answer>> = {
  PutObject: () => ({ ETag: '"whole"' }),
  CreateMultipartUpload: () => ({ UploadId: "u1" }),
  UploadPart: ({ PartNumber }) => ({ ETag: `"${PartNumber}"` }),
  CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  AbortMultipartUpload: () => ({}),
};

for (const size of [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 50 * MIB]) {
  Deno.test(`upload sends ${size} bytes and they come back`, async () => {
    await using local = await localS3();
    const content = noise(size, size);

    const result = await upload(local.s3, { ...OBJECT, Body: content });

    const multipart = size >= 8 * MIB;
    assertEquals(result.kind, multipart ? "multipart" : "single");
    assertEquals(result.parts, multipart ? Math.ceil(size / (8 * MIB)) : 1);
    const { Body } = await local.s3.getObject(OBJECT);
    assertSameBytes(await Body.bytes(), content);
  });
}

Deno.test("upload takes every kind of body", async () => {
  const content = CONTENT.slice(0, PART + 9);
  const files = { "/cat.txt": content };
  const options = { partSize: PART, threshold: PART };
  const bodies: readonly UploadBody[] = [
    content,
    new Blob([content]),
    file("/cat.txt"),
    file(new URL("file:///cat.txt")),
    new URL("file:///cat.txt"),
    new Blob([content]).stream(),
    {
      length: undefined,
      replayable: true,
      open: () => new Blob([content]).stream(),
    },
  ];
  for (const Body of bodies) {
    await using local = await localS3({ files });

    const { kind } = await upload(local.s3, { ...OBJECT, Body }, options);

    assertEquals(kind, "multipart");
    const { Body: back } = await local.s3.getObject(OBJECT);
    assertSameBytes(await back.bytes(), content);
  }
});

Deno.test("upload takes text as text, whatever it looks like", async () => {
  await using local = await localS3({ files: { "/cat.txt": "file" } });

  await upload(local.s3, { ...OBJECT, Body: "/cat.txt" });

  const { Body } = await local.s3.getObject(OBJECT);
  assertEquals(await Body.text(), "/cat.txt");
});

Deno.test("upload sends a short stream of unknown length in one request", async () => {
  for (const size of [0, 5, PART - 1]) {
    const { s3, calls } = fakeS3(TAKES_ALL);
    const Body = new Blob([CONTENT.subarray(0, size)]).stream();

    const { kind } = await upload(s3, { ...OBJECT, Body }, { partSize: PART });

    assertEquals(kind, "single");
    assertEquals(calls[0]?.input["Body"], CONTENT.slice(0, size));
  }
});

Deno.test("upload cuts at seeded places without losing a byte", async () => {
  const cuts = noise(60, 7);
  for (let run = 0; run < 3; run++) {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let at = 0;
    for (let i = run * 10; at < CONTENT.length; i++) {
      const length = 1 + (cuts[i % 60] ?? 0) * 20_011;
      pieces.push(CONTENT.slice(at, at + length));
      at += length;
    }
    await using local = await localS3();

    const result = await upload(local.s3, {
      ...OBJECT,
      Body: ReadableStream.from(pieces),
      ...run % 2 === 0 ? {} : { ContentLength: CONTENT.length },
    }, { partSize: PART + run * 1_001, concurrency: 1 + run });

    assertEquals(
      result.parts,
      Math.ceil(CONTENT.length / (PART + run * 1_001)),
    );
    const { Body } = await local.s3.getObject(OBJECT);
    assertSameBytes(await Body.bytes(), CONTENT);
  }
});

Deno.test("upload divides the members among the calls of a multipart upload", async () => {
  const { s3, calls } = fakeS3(TAKES_ALL);

  await upload(s3, {
    ...OBJECT,
    Body: CONTENT,
    ContentType: "text/plain",
    Metadata: { mood: "fine" },
    RequestPayer: "requester",
    ExpectedBucketOwner: "123456789012",
    IfNoneMatch: "*",
  }, { partSize: PART, concurrency: 1 });

  const common = {
    ...OBJECT,
    RequestPayer: "requester",
    ExpectedBucketOwner: "123456789012",
  };
  const named = calls.map(({ name, input: { Body, ...input } }) => [
    name,
    Body instanceof Uint8Array ? Body.length : undefined,
    input,
  ]);
  const part = (PartNumber: number, length: number) => [
    "UploadPart",
    length,
    { ...common, UploadId: "u1", PartNumber },
  ];
  assertEquals(named, [
    ["CreateMultipartUpload", undefined, {
      ...common,
      ContentType: "text/plain",
      Metadata: { mood: "fine" },
    }],
    part(1, PART),
    part(2, PART),
    part(3, 2.5 * MIB),
    ["CompleteMultipartUpload", undefined, {
      ...common,
      IfNoneMatch: "*",
      UploadId: "u1",
      MultipartUpload: {
        Parts: [1, 2, 3].map((PartNumber) => ({
          ETag: `"${PartNumber}"`,
          PartNumber,
        })),
      },
    }],
  ]);
});

Deno.test("upload holds at most one part more than are on their way", async () => {
  const partSize = PART;
  let taken = 0;
  let stored = 0;
  let most = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (taken === 12 * partSize) return controller.close();
      taken += partSize;
      most = Math.max(most, taken - stored);
      controller.enqueue(new Uint8Array(partSize));
    },
  }, { highWaterMark: 0 });
  const { s3 } = fakeS3({
    ...TAKES_ALL,
    UploadPart: async () => {
      await new Promise((resolve) => setTimeout(resolve));
      stored += partSize;
      return { ETag: '"1"' };
    },
  });

  const { parts } = await upload(s3, {
    ...OBJECT,
    Body: stream,
    ContentLength: 12 * partSize,
  }, { partSize, concurrency: 3 });

  assertEquals([parts, most / partSize], [12, 4]);
});

Deno.test("upload tells what S3 has, part by part", async () => {
  const told: TransferProgress[] = [];
  const { s3 } = fakeS3(TAKES_ALL);

  await upload(s3, { ...OBJECT, Body: CONTENT }, {
    partSize: PART,
    concurrency: 1,
    onProgress: (progress) => told.push(progress),
  });

  const total = CONTENT.length;
  assertEquals(
    told,
    [PART, 2 * PART, total].map((bytes) => ({ bytes, total })),
  );
});

Deno.test("upload counts a long single body as it is taken, and anew when it is sent again", async () => {
  const told: number[] = [];
  const { s3 } = fakeS3({
    PutObject: async ({ Body }) => {
      const source = Body as BodySource;
      const reader = source.open().getReader();
      await reader.read();
      await reader.cancel();
      await new Response(source.open()).bytes();
      return {};
    },
  });
  const Body: BodySource = {
    length: 2 * PART,
    replayable: true,
    open: () =>
      ReadableStream.from([new Uint8Array(PART), new Uint8Array(PART)]),
  };

  const { kind } = await upload(s3, { ...OBJECT, Body }, {
    partSize: PART,
    threshold: 3 * PART,
    onProgress: ({ bytes }) => told.push(bytes / PART),
  });

  assertEquals([kind, told], ["single", [1, 0, 1, 2]]);
});

Deno.test("upload refuses a long single body that is not as long as it was said to be", async () => {
  const { s3 } = fakeS3({
    PutObject: async ({ Body }) => {
      await new Response((Body as BodySource).open()).bytes();
      return {};
    },
  });
  const Body = new Blob([new Uint8Array(PART + 1)]).stream();

  await assertRejects(
    () =>
      upload(s3, { ...OBJECT, Body, ContentLength: PART + 2 }, {
        partSize: PART,
        threshold: 2 * PART,
      }),
    ValidationError,
    "Body is shorter than the 5242882 bytes",
  );
});

Deno.test("upload refuses a body that is not as long as it was said to be", async () => {
  for (
    const [stated, actual, than] of [
      [9, 10, "longer"],
      [10, 9, "shorter"],
      [3 * PART, 2 * PART, "shorter"],
      [2 * PART, 3 * PART, "longer"],
    ] as const
  ) {
    const { s3 } = fakeS3(TAKES_ALL);
    const Body = new Blob([new Uint8Array(actual)]).stream();

    await assertRejects(
      () => upload(s3, { ...OBJECT, Body, ContentLength: stated }),
      ValidationError,
      `Body is ${than} than the ${stated} bytes that it was said to have`,
    );
  }
});

Deno.test("upload refuses checksums that an object in parts cannot have", async () => {
  const { s3, calls } = fakeS3(TAKES_ALL);

  await assertRejects(
    () => upload(s3, { ...OBJECT, Body: CONTENT, ContentMD5: "x" }),
    ValidationError,
    "ContentMD5 cannot be given for an object that is uploaded in parts",
  );
  assertEquals(calls, []);
});

Deno.test("upload tells of files that it cannot read", async () => {
  await using local = await localS3();
  const { s3 } = fakeS3(TAKES_ALL);

  await assertRejects(
    () => upload(local.s3, { ...OBJECT, Body: file("/none") }),
    ConfigError,
    'Cannot read "/none": there is no such file',
  );
  await assertRejects(
    () => upload(s3, { ...OBJECT, Body: file("/none") }),
    ConfigError,
    "the client was made without access to files",
  );
});

Deno.test("upload discards its parts when one cannot be sent, once the others have ended", async () => {
  const failure = refusal("AccessDenied", 403);
  const order: string[] = [];
  const { s3 } = fakeS3({
    ...TAKES_ALL,
    UploadPart: async ({ PartNumber }, options) => {
      if (PartNumber === 2) throw failure;
      await new Promise((resolve) => {
        options?.signal?.addEventListener("abort", resolve);
      });
      order.push("part ended");
      options?.signal?.throwIfAborted();
    },
    AbortMultipartUpload: ({ UploadId }) => {
      order.push(`aborted ${UploadId}`);
      return {};
    },
  });

  const error = await assertRejects(() =>
    upload(s3, { ...OBJECT, Body: CONTENT }, { partSize: PART, concurrency: 2 })
  );

  assertEquals(error, failure);
  assertEquals(order, ["part ended", "aborted u1"]);
});

Deno.test("upload leaves its parts where they are to be kept", async () => {
  const { s3, calls } = fakeS3({
    ...TAKES_ALL,
    UploadPart: () => {
      throw refusal("AccessDenied", 403);
    },
  });

  await assertRejects(() =>
    upload(s3, { ...OBJECT, Body: CONTENT }, { keepParts: true })
  );

  assertEquals(
    calls.some(({ name }) => name === "AbortMultipartUpload"),
    false,
  );
});

Deno.test("upload tells what remains where it cannot be discarded", async () => {
  const { s3 } = fakeS3({
    ...TAKES_ALL,
    UploadPart: () => {
      throw refusal("InternalError", 500);
    },
    AbortMultipartUpload: () => {
      throw refusal("AccessDenied", 403);
    },
  });

  await assertRejects(
    () => upload(s3, { ...OBJECT, Body: CONTENT }),
    ServiceError,
    'InternalError (Test, 500): No; parts of it remain, as the upload "u1" cannot be aborted: AccessDenied (Test, 403): No',
  );
});

Deno.test("upload cancels a stream that it does not read to the end", async () => {
  let cancelled = false;
  const Body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(MIB)),
    cancel: () => {
      cancelled = true;
    },
  });
  const { s3 } = fakeS3({
    CreateMultipartUpload: () => {
      throw refusal("AccessDenied", 403);
    },
  });

  await assertRejects(() => upload(s3, { ...OBJECT, Body }), ServiceError);

  assertEquals(cancelled, true);
});

Deno.test("upload that is aborted leaves no upload behind, whenever that is", async () => {
  const reason = new Error("enough");
  for (const at of ["?uploads", "partNumber=1", "partNumber=3", "?uploadId"]) {
    const controller = new AbortController();
    const sent: Promise<unknown>[] = [];
    await using local = await localS3({
      around: async (request, send, options) => {
        const isTheOne = lineOf(request).includes(at) &&
          request.method !== "DELETE";
        const sending = send(request, options);
        sent.push(sending);
        const answer = await sending;
        if (isTheOne && request.path.includes("cat.txt")) {
          controller.abort(reason);
          options?.signal?.throwIfAborted();
        }
        return answer;
      },
    });

    const uploading = upload(local.s3, { ...OBJECT, Body: CONTENT }, {
      partSize: PART,
      concurrency: 2,
      signal: controller.signal,
    });

    assertEquals(await assertRejects(() => uploading), reason);
    await Promise.allSettled(sent);
    const { Uploads = [] } = await local.s3.listMultipartUploads({
      Bucket: "photos",
    });
    assertEquals(Uploads, []);
  }
});

Deno.test("upload does not begin under an aborted signal", async () => {
  const { s3, calls } = fakeS3(TAKES_ALL);
  const reason = new Error("enough");

  const error = await assertRejects(() =>
    upload(s3, { ...OBJECT, Body: "x" }, { signal: AbortSignal.abort(reason) })
  );

  assertEquals([error, calls], [reason, []]);
});

Deno.test("upload keeps an object that is there already, where it is told so", async () => {
  await using local = await localS3();
  await local.s3.putObject({ ...OBJECT, Body: "first" });

  for (const Body of ["second", CONTENT]) {
    const error = await assertRejects(
      () => upload(local.s3, { ...OBJECT, Body, IfNoneMatch: "*" }),
      ServiceError,
    );
    assertEquals(error.code, "PreconditionFailed");
  }
  const { Body } = await local.s3.getObject(OBJECT);
  assertEquals(await Body.text(), "first");
  const { Uploads = [] } = await local.s3.listMultipartUploads({
    Bucket: "photos",
  });
  assertEquals(Uploads, []);
});

Deno.test("upload leaves the retries to the client", async () => {
  let failures = 2;
  await using local = await localS3({
    around: async (request, send, options) => {
      if (lineOf(request).includes("partNumber=2") && failures-- > 0) {
        throw new TransportError("reset", "It broke", { maybeSent: true });
      }
      return await send(request, options);
    },
    config: { retry: { maxAttempts: 3 } },
  });

  await upload(local.s3, { ...OBJECT, Body: CONTENT }, { partSize: PART });

  const { Body } = await local.s3.getObject(OBJECT);
  assertSameBytes(await Body.bytes(), CONTENT);
  assertEquals(
    local.requests.filter((line) => line.includes("partNumber=2")).length,
    3,
  );
});
