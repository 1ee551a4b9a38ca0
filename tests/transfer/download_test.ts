import { concat } from "../../src/foundation/bytes.ts";
import { checksum } from "../../src/foundation/checksums.ts";
import {
  ChecksumError,
  ConfigError,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { BodyTarget, HttpResponse } from "../../src/ports/http.ts";
import type { WritableFiles } from "../../src/ports/system.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import {
  download,
  downloadBytes,
  downloadStream,
  readRange,
} from "../../src/transfer/download.ts";
import { file } from "../../src/transfer/local_file.ts";
import { PartialFile } from "../../src/transfer/partial_file.ts";
import type { RemoteObject } from "../../src/transfer/remote_object.ts";
import { upload } from "../../src/transfer/upload.ts";
import { assertSameBytes } from "../same_bytes.ts";
import {
  type Answer,
  bodyOf,
  fakeS3,
  localS3,
  type LocalS3Options,
  NO_FACTS,
  noise,
  refusal,
} from "./stubs.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";

const MIB = 1_024 * 1_024;
const PART = 5 * MIB;
const CONTENT = noise(12.5 * MIB);
const OBJECT = { Bucket: "photos", Key: "cat.txt" };
const TO = file("/cat.txt");

/** A bucket with the object in it, stored with a checksum. */
async function withObject(
  options: LocalS3Options = {},
  content: Uint8Array = CONTENT,
): ReturnType<typeof localS3> {
  const local = await localS3(options);
  await local.s3.putObject({
    ...OBJECT,
    Body: content,
    ChecksumAlgorithm: "CRC32",
  });
  local.requests.length = 0;
  return local;
}

for (const size of [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 50 * MIB]) {
  Deno.test(`download brings ${size} bytes to a file, verified`, async () => {
    const content = noise(size, size);
    await using local = await withObject({}, content);

    const result = await download(local.s3, OBJECT, TO);

    assertSameBytes(local.system.bytesOf("/cat.txt"), content);
    assertEquals(Object.keys(local.system.files), ["/cat.txt"]);
    assertEquals([result.verifiedBy, result.resumed], ["CRC32", 0]);
    const gets = local.requests.filter((line) => line.startsWith("GET"));
    assertEquals(gets.length, Math.ceil(size / (8 * MIB)));
  });
}

Deno.test("download verifies an object that was uploaded in parts", async () => {
  await using local = await localS3({
    config: { requestChecksum: "when_supported" },
  });
  await upload(local.s3, { ...OBJECT, Body: CONTENT }, { partSize: PART });

  const { verifiedBy } = await download(local.s3, OBJECT, TO);

  assertEquals(verifiedBy, "CRC32");
  assertSameBytes(local.system.bytesOf("/cat.txt"), CONTENT);
});

Deno.test("downloads go on where bodies break off", async () => {
  const places = noise(99, 3);
  const attempts = new Map<string, number>();
  let bodies = 0;
  await using local = await withObject({
    around: async (request, send, options) => {
      const answer = await send(request, options);
      if (request.method !== "GET") return answer;
      const place = (places[bodies++] ?? 0) / 256;
      // Parts come in any order, so each counts its own attempts, by its end.
      const end = request.headers["range"]?.split("-")[1] ?? "";
      const attempt = attempts.get(end) ?? 0;
      attempts.set(end, attempt + 1);
      return attempt % 2 === 0 ? await cutAt(place, answer) : answer;
    },
  });

  await download(local.s3, OBJECT, TO, { partSize: PART });
  const { Body } = await downloadBytes(local.s3, OBJECT, { partSize: PART });
  const stream = await downloadStream(local.s3, OBJECT, { partSize: PART });

  assertSameBytes(local.system.bytesOf("/cat.txt"), CONTENT);
  assertSameBytes(Body, CONTENT);
  assertEquals(await new Response(stream.Body).bytes(), CONTENT);
  assertEquals(bodies > 12, true);
});

Deno.test("download takes the place of a file that is there", async () => {
  await using local = await withObject({
    files: { "/a b": "a longer text than what comes" },
  }, new Uint8Array([65]));

  await download(local.s3, OBJECT, new URL("file:///a%20b"));

  assertEquals(local.system.files, { "/a b": "A" });
});

Deno.test("downloadBytes and downloadStream bring the same bytes", async () => {
  await using local = await withObject();
  const told: number[] = [];

  const bytes = await downloadBytes(local.s3, OBJECT, { partSize: PART });
  const stream = await downloadStream(local.s3, OBJECT, {
    onProgress: ({ bytes }) => told.push(bytes),
  });

  assertSameBytes(bytes.Body, CONTENT);
  assertEquals(bytes.verifiedBy, "CRC32");
  assertEquals(await new Response(stream.Body).bytes(), CONTENT);
  assertEquals(stream.ContentLength, CONTENT.length);
  assertEquals(told.at(-1), CONTENT.length);
});

Deno.test("downloadStream asks for nothing before it is read, and ends when it is cancelled", async () => {
  await using local = await withObject();

  const { Body } = await downloadStream(local.s3, OBJECT);
  const heads = [...local.requests];
  const reader = Body.getReader();
  await reader.read();
  await reader.cancel();

  assertEquals(heads.map((line) => line.slice(0, 4)), ["HEAD"]);
});

Deno.test("download asks for each range on the condition that the object is the same", async () => {
  const ranges: unknown[] = [];
  await using local = await withObject({
    around: (request, send, options) => {
      const { range, "if-match": condition } = request.headers;
      if (request.method === "GET") ranges.push([range, condition]);
      return send(request, options);
    },
  });

  const { ETag } = await download(local.s3, OBJECT, TO, {
    partSize: PART,
    concurrency: 1,
  });

  assertEquals(ranges, [
    ["bytes=0-5242879", ETag],
    ["bytes=5242880-10485759", ETag],
    ["bytes=10485760-13107199", ETag],
  ]);
});

Deno.test("download leaves no file when the object changes, and says so", async () => {
  await using local = await withObject({
    around: async (request, send, options) => {
      const answer = await send(request, options);
      const isFirst = request.headers["range"] === "bytes=0-5242879";
      if (isFirst) await local.s3.putObject({ ...OBJECT, Body: "another" });
      return answer;
    },
  });

  const error = await assertRejects(
    () => download(local.s3, OBJECT, TO, { partSize: PART, concurrency: 1 }),
    ObjectChangedError,
  );

  assertEquals(error.kind, "replaced");
  assertEquals(local.system.files, {});
});

Deno.test("download leaves no file when the object vanishes, and says so", async () => {
  await using local = await withObject({
    around: async (request, send, options) => {
      const answer = await send(request, options);
      if (request.method === "HEAD") await local.s3.deleteObject(OBJECT);
      return answer;
    },
  });

  // This server weighs the condition first, as one on what is not there.
  const error = await assertRejects(
    () => download(local.s3, OBJECT, TO),
    ObjectChangedError,
  );

  assertEquals(error.kind, "removed");
  assertEquals(local.system.files, {});
});

Deno.test("download says in words that there is no object", async () => {
  await using local = await localS3();

  await assertRejects(
    () => download(local.s3, OBJECT, TO),
    ServiceError,
    'Cannot look at "cat.txt" in bucket "photos": there is no such object, or no such bucket',
  );
});

Deno.test("download names the folder that it may not write in, before it asks for a byte", async () => {
  for (const [path, folder] of [["/films/cat.mp4", "/films/"], ["cat", "."]]) {
    const system = new FakeSystem({ denied: [`${path}.part`] });
    const { s3, calls } = fakeS3({
      HeadObject: () => ({ ContentLength: 3 }),
    }, { files: system });

    await assertRejects(
      () => download(s3, OBJECT, file(path ?? ""), { resume: true }),
      ConfigError,
      `Cannot write "${path}": the program may not read and write in its folder; run it with --allow-read=${folder} --allow-write=${folder}`,
    );
    assertEquals(calls.length, 1);
  }
});

Deno.test("download leaves no file when its bytes are not those that S3 has", async () => {
  for (const resume of [false, true]) {
    await using local = await withObject({
      around: async (request, send, options) => {
        const answer = await send(request, options);
        return request.method === "GET"
          ? await withOneBitFlipped(answer)
          : answer;
      },
    });

    await assertRejects(
      () => download(local.s3, OBJECT, TO, { resume }),
      ChecksumError,
    );
    assertEquals(local.system.files, {});
  }
});

Deno.test("downloadBytes and downloadStream fail when the bytes are not those that S3 has", async () => {
  await using local = await withObject({
    around: async (request, send, options) => {
      const answer = await send(request, options);
      return request.method === "GET"
        ? await withOneBitFlipped(answer)
        : answer;
    },
  });

  await assertRejects(() => downloadBytes(local.s3, OBJECT), ChecksumError);
  const { Body } = await downloadStream(local.s3, OBJECT);
  await assertRejects(() => new Response(Body).bytes(), ChecksumError);
});

Deno.test("download tells of a folder that is missing and a disk that is full", async () => {
  const system = new FakeSystem();
  const full: WritableFiles["write"] = () =>
    Promise.resolve({
      kind: "found",
      value: new WritableStream({
        write: () => Promise.reject(new Error("No space left on device")),
      }),
    });
  const absent = { kind: "absent" } as const;

  const errors = await Promise.all([
    failure({ ...filesOf(system), write: () => Promise.resolve(absent) }),
    failure({ ...filesOf(system), write: full }),
    failure({ ...filesOf(system), rename: () => Promise.resolve(absent) }),
  ]);

  assertEquals(errors.map(({ code }) => code), [
    "FileNotFound",
    "FileNotWritten",
    "FileNotFound",
  ]);
  assertEquals(
    errors[1]?.message,
    'Cannot write "/cat.txt": No space left on device',
  );
  assertEquals(system.files, {});
});

Deno.test("download ends with the signal and leaves nothing", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const sent: Promise<unknown>[] = [];
  await using local = await withObject({
    around: async (request, send, options) => {
      const sending = send(request, options);
      sent.push(sending);
      const answer = await sending;
      if (request.headers["range"]?.startsWith("bytes=5242880-")) {
        controller.abort(reason);
        options?.signal?.throwIfAborted();
      }
      return answer;
    },
  });

  const error = await assertRejects(() =>
    download(local.s3, OBJECT, TO, {
      partSize: PART,
      concurrency: 2,
      signal: controller.signal,
    })
  );
  await Promise.allSettled(sent);

  assertEquals(error, reason);
  assertEquals(local.system.files, {});
});

Deno.test("download goes on with what an earlier one left", async () => {
  let broken = true;
  await using local = await withObject({
    around: async (request, send, options) => {
      if (broken && request.headers["range"]?.startsWith("bytes=10485760-")) {
        throw new Error("The power is out");
      }
      return await send(request, options);
    },
  });
  const options = { partSize: PART, concurrency: 1, resume: true };
  await assertRejects(() => download(local.s3, OBJECT, TO, options));
  assertEquals(Object.keys(local.system.files), ["/cat.txt.part"]);
  broken = false;
  local.requests.length = 0;
  const told: number[] = [];

  const { resumed } = await download(local.s3, OBJECT, TO, {
    ...options,
    onProgress: ({ bytes }) => told.push(bytes),
  });

  assertEquals([resumed, told[0]], [2 * PART, 2 * PART]);
  assertEquals(local.requests.map((line) => line.slice(0, 4)), [
    "HEAD",
    "GET ",
  ]);
  assertSameBytes(local.system.bytesOf("/cat.txt"), CONTENT);
  assertEquals(Object.keys(local.system.files), ["/cat.txt"]);
});

Deno.test("download does not go on with another object, another cut or a foreign file", async () => {
  let broken = true;
  // The clock stands still: only its tag tells the other object.
  const at = new Date();
  await using local = await withObject({
    server: { clock: { now: () => at } },
    files: { "/cat.txt.part": "something else" },
    around: async (request, send, options) => {
      if (broken && request.headers["range"]?.startsWith("bytes=10485760-")) {
        throw new Error("The power is out");
      }
      return await send(request, options);
    },
  });
  const options = { partSize: PART, concurrency: 1, resume: true };
  await assertRejects(() => download(local.s3, OBJECT, TO, options));
  broken = false;

  const other = await download(local.s3, OBJECT, file("/other.txt"), options);
  const content = noise(CONTENT.length, 5);
  await local.s3.putObject({ ...OBJECT, Body: content });
  const changed = await download(local.s3, OBJECT, TO, options);

  assertEquals([other.resumed, changed.resumed], [0, 0]);
  assertSameBytes(local.system.bytesOf("/cat.txt"), content);
});

Deno.test("download does not go on with the same bytes of another time, or with ranges of another length", async () => {
  let now = new Date();
  let broken = true;
  await using local = await withObject({
    server: { clock: { now: () => now } },
    around: async (request, send, options) => {
      if (broken && request.headers["range"]?.startsWith("bytes=10485760-")) {
        throw new Error("The power is out");
      }
      return await send(request, options);
    },
  });
  const options = { partSize: PART, concurrency: 1, resume: true };
  const breakOff = async (): Promise<void> => {
    broken = true;
    await assertRejects(() => download(local.s3, OBJECT, TO, options));
    broken = false;
  };

  await breakOff();
  const longer = { ...options, partSize: PART + 1 };
  const cut = await download(local.s3, OBJECT, TO, longer);
  assertSameBytes(local.system.bytesOf("/cat.txt"), CONTENT);
  await breakOff();
  now = new Date(now.getTime() + 1_000);
  await local.s3.putObject({ ...OBJECT, Body: CONTENT });
  const later = await download(local.s3, OBJECT, TO, options);

  // Both lengths make three ranges, so that the file itself is as long.
  assertEquals([cut.resumed, later.resumed], [0, 0]);
});

Deno.test("download closes its file when a body breaks off, before it ends", async () => {
  const steps: string[] = [];
  class Watched extends FakeSystem {
    override write(): ReturnType<FakeSystem["write"]> {
      steps.push("open");
      const value = new WritableStream<Uint8Array>({
        abort: () => {
          steps.push("closed");
        },
      });
      return Promise.resolve({ kind: "found", value });
    }
  }
  const broken = new TransportError("cut", "It broke", { maybeSent: true });
  const { s3 } = fakeS3({
    HeadObject: () => ({ ContentLength: 3 }),
    GetObject: () => ({ Body: bodyOf([new Uint8Array(2)], broken) }),
  }, { files: new Watched() });

  const downloading = download(s3, OBJECT, TO);
  assertEquals(await assertRejects(() => downloading), broken);

  assertEquals(steps, ["open", "closed"]);
});

Deno.test("downloadBytes verifies nothing by the checksum of checksums", async () => {
  const { s3 } = fakeS3({
    HeadObject: () => ({
      ContentLength: 3,
      ResponseMetadata: {
        HTTPHeaders: { "x-amz-checksum-crc32": "AAAAAA==-2" },
        RetryAttempts: 0,
        Attempts: [],
      },
    }),
    GetObject: () => ({ Body: bodyOf([new Uint8Array(3)]) }),
  });

  const { verifiedBy, Body } = await downloadBytes(s3, OBJECT);

  assertEquals([verifiedBy, Body.length], [undefined, 3]);
});

Deno.test("downloads leave the conditions to the first look", async () => {
  const answers: Record<string, Answer> = {
    HeadObject: () => ({ ContentLength: 3, ETag: '"1"' }),
    GetObject: () => ({ Body: bodyOf([new Uint8Array(3)]), ETag: '"1"' }),
  };
  const { s3, calls } = fakeS3(answers);
  const IfModifiedSince = new Date(0);

  await downloadBytes(s3, { ...OBJECT, IfModifiedSince, VersionId: "7" });

  assertEquals(calls.map(({ input }) => input), [
    { ...OBJECT, IfModifiedSince, VersionId: "7", ChecksumMode: "ENABLED" },
    { ...OBJECT, VersionId: "7", IfMatch: '"1"', Range: "bytes=0-2" },
  ]);
});

/** An answer whose body breaks off at a place between 0 and 1. */
async function cutAt(
  place: number,
  response: HttpResponse,
): Promise<HttpResponse> {
  const bytes = await response.body?.bytes() ?? new Uint8Array();
  const failure = new TransportError("cut", "It broke", { maybeSent: true });
  const body = bodyOf([bytes.slice(0, bytes.length * place)], failure);
  return {
    ...response,
    body: {
      open: () => body.stream,
      bytes: () => Promise.reject(failure),
      cancel: () => body.cancel(),
    },
  };
}

async function withOneBitFlipped(
  response: HttpResponse,
): Promise<HttpResponse> {
  const bytes = await response.body?.bytes() ?? new Uint8Array();
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  const body = {
    open: () => ReadableStream.from([bytes]),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  };
  return { ...response, body };
}

/** The methods of a system, to be replaced one by one. */
function filesOf(system: FakeSystem): WritableFiles {
  return {
    open: (path, from) => system.open(path, from),
    write: (path, from) => system.write(path, from),
    cut: (path, length) => system.cut(path, length),
    rename: (from, to) => system.rename(from, to),
    remove: (path) => system.remove(path),
  };
}

/** The error of a small download to such files. */
async function failure(files: WritableFiles): Promise<ConfigError> {
  const bytes = new Uint8Array(3);
  const value = await checksum("CRC32", bytes);
  const { s3 } = fakeS3({
    HeadObject: () => ({
      ContentLength: 3,
      ResponseMetadata: {
        HTTPHeaders: { "x-amz-checksum-crc32": value },
        RetryAttempts: 0,
        Attempts: [],
      },
    }),
    GetObject: () => ({ Body: bodyOf([bytes]) }),
  }, { files });
  const error = await assertRejects(() => download(s3, OBJECT, TO));
  assertInstanceOf(error, ConfigError);
  return error;
}

const SHORT = noise(100);

const REMOTE: RemoteObject = {
  request: { Bucket: "photos", Key: "cat.txt", IfMatch: '"1"' },
  size: SHORT.length,
  checksum: undefined,
  head: {
    ...NO_FACTS,
    ContentLength: SHORT.length,
    ETag: '"1"',
    LastModified: new Date(0),
    Metadata: {},
  },
};

async function read(
  answer: Answer,
  range = { start: 0, end: 100 },
): Promise<{ bytes: Uint8Array; ranges: unknown[] }> {
  const { s3, calls } = fakeS3({ GetObject: answer });
  const pieces = await Array.fromAsync(readRange(s3, REMOTE, range));
  return {
    bytes: concat(pieces),
    ranges: calls.map(({ input }) => [input["Range"], input["IfMatch"]]),
  };
}

Deno.test("readRange asks for a range, if the object is the same", async () => {
  const { bytes, ranges } = await read(() => ({
    Body: bodyOf([SHORT.slice(10, 30), SHORT.slice(30, 90)]),
    ContentRange: "bytes 10-89/100",
    ETag: '"1"',
  }), { start: 10, end: 90 });

  assertEquals(bytes, SHORT.slice(10, 90));
  assertEquals(ranges, [["bytes=10-89", '"1"']]);
});

Deno.test("readRange passes on what breaks the body off", async () => {
  const failure = new TransportError("cut", "It broke", { maybeSent: true });
  const Body = bodyOf([SHORT.slice(0, 9)], failure);

  assertEquals(await assertRejects(() => read(() => ({ Body }))), failure);
});

Deno.test("readRange does not take a body that ends early for a whole one", async () => {
  await assertRejects(
    () => read(() => ({ Body: bodyOf([SHORT.slice(0, 99)]) })),
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
    () => read(() => ({ Body: bodyOf([SHORT]), ETag: '"2"' })),
    ObjectChangedError,
    "replaced",
  );
});

Deno.test("readRange takes the whole object of a store without ranges, where it asked for that", async () => {
  const answer = () => ({ Body: bodyOf([SHORT]) });

  assertEquals((await read(answer)).bytes, SHORT);
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
        Body: bodyOf([SHORT, SHORT]),
        ContentRange: "bytes 0-99/100",
      })),
    ProtocolError,
    "more bytes came",
  );
});

Deno.test("download tells the checksum of the whole from those of its ranges", async () => {
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME"] as const) {
    await using local = await localS3();
    await local.s3.putObject({ ...OBJECT, Body: CONTENT, ChecksumAlgorithm });
    let opened = 0;
    const open = local.system.open.bind(local.system);
    local.system.open = (...args) => {
      opened++;
      return open(...args);
    };

    const { verifiedBy } = await download(local.s3, OBJECT, TO, {
      partSize: PART,
      concurrency: 2,
    });

    assertSameBytes(local.system.bytesOf("/cat.txt"), CONTENT);
    assertEquals([verifiedBy, opened], [ChecksumAlgorithm, 0]);
  }
});

Deno.test("download refuses a range whose bytes changed on the way", async () => {
  await using local = await withObject({
    around: async (request, send, options) => {
      const response = await send(request, options);
      const { body, headers: { "content-range": range } } = response;
      if (!range?.startsWith(`bytes ${PART}-`) || body === null) {
        return response;
      }
      const bytes = await body.bytes();
      bytes[7] = (bytes[7] ?? 0) ^ 1;
      return { ...response, body: rawBody(bytes) };
    },
  });

  await assertRejects(
    () => download(local.s3, OBJECT, TO, { partSize: PART }),
    ChecksumError,
    "CRC32",
  );

  assertEquals(local.system.files, {});
});

Deno.test("PartialFile puts pieces of any length where they belong", async () => {
  const content = noise(1_500_000);
  const system = new FakeSystem();
  const partial = await PartialFile.open(system, {
    path: "/cat.txt",
    size: content.length,
    rangeSize: 1_000_000,
    identity: "cat",
    resume: false,
  });
  const written: number[] = [];

  await Promise.all([...partial.missing()].map(async ({ start, end }, i) => {
    const pieces: Uint8Array[] = [];
    const step = [70_001, 300_000][i] ?? 1;
    for (let from = start; from < end; from += step) {
      pieces.push(content.subarray(from, Math.min(end, from + step)));
    }
    await partial.writeRange(
      { start, end },
      ReadableStream.from(pieces),
      (bytes) => written.push(bytes),
    );
  }));
  await partial.finish();

  assertSameBytes(system.bytesOf("/cat.txt"), content);
  assertEquals(written.reduce((sum, bytes) => sum + bytes), content.length);
});

/** A file that takes two bytes of a stream and then fails. */
function failingFiles(system: FakeSystem, failure: Error): WritableFiles {
  return {
    ...filesOf(system),
    claim: () =>
      Promise.resolve({
        kind: "found",
        value: { id: { device: 1, inode: 1 }, length: 0 },
      }),
    openToWrite: () =>
      Promise.resolve({
        kind: "found",
        value: {
          write: () => Promise.resolve(),
          target: (_at, length) => ({
            length,
            written: 2,
            take: () => Promise.reject(failure),
          }),
          close: () => Promise.resolve(),
        },
      }),
  };
}

for (
  const [what, failure, kind] of [
    [
      "a file that takes no more",
      Object.assign(new Error("No space left"), { code: "ENOSPC" }),
      ConfigError,
    ],
    ["a stream that breaks", new TypeError("reset"), TypeError],
  ] as const
) {
  Deno.test(`PartialFile.writeRange tells ${what} where the platform writes`, async () => {
    const partial = await PartialFile.open(
      failingFiles(new FakeSystem(), failure),
      {
        path: "/cat.txt",
        size: 2_000_000,
        rangeSize: 2_000_000,
        identity: "cat",
        resume: false,
      },
    );
    let target: BodyTarget | undefined;

    const error = await assertRejects(
      () =>
        partial.writeRange(
          { start: 0, end: 2_000_000 },
          async function* (place): AsyncGenerator<Uint8Array> {
            target = place;
            const { signal } = new AbortController();
            await place?.take(new Blob().stream(), signal);
            yield new Uint8Array(1);
          },
          () => {},
        ),
      kind,
    );

    assertEquals([target?.length, target?.written], [2_000_000, 2]);
    assertEquals(error === failure, kind === TypeError);
    assert(/No space left|reset/.test(error.message), error.message);
  });
}

Deno.test("a body that the platform could not write gives its place in the retry budget back", async () => {
  const size = 2_000_000;
  const failure = new Error("No space left");
  const headers = {
    etag: '"a"',
    "last-modified": "Thu, 29 Feb 2024 12:00:00 GMT",
    "content-length": `${size}`,
  };
  const body = {
    ...rawBody(new Uint8Array(size)),
    writeTo: async (target: BodyTarget) => {
      const { signal } = new AbortController();
      await target.take(new Blob().stream(), signal);
      return true;
    },
  };
  const places = { begun: 0, given: 0 };
  const session = new Session({
    transport: {
      limits: ["attempt", "read"],
      send: ({ method, headers: { range } }) =>
        Promise.resolve({
          status: range === undefined ? 200 : 206,
          headers: {
            ...headers,
            ...range && { "content-range": `bytes 0-${size - 1}/${size}` },
          },
          body: method === "HEAD" ? null : body,
        }),
      [Symbol.dispose]: () => {},
    },
    system: Object.assign(
      new FakeSystem(),
      failingFiles(new FakeSystem(), failure),
    ),
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    retry: {
      mode: "counting",
      maxAttempts: 1,
      begin: () => {
        places.begun++;
        const ticket = { attempt: 1, held: 0 };
        return { kind: "go", ticket, delayMs: 0 };
      },
      afterFailure: () => ({ kind: "stop", reason: "attempts" }),
      afterSuccess: () => {
        places.given++;
      },
    },
  });

  const error = await assertRejects(
    () => download(session.client(S3), OBJECT, TO),
    ConfigError,
  );

  assertEquals(error.cause, failure);
  assert(places.begun > 0);
  assertEquals(places.given, places.begun);
});

function rawBody(
  bytes: Uint8Array<ArrayBuffer>,
): NonNullable<HttpResponse["body"]> {
  return {
    open: () => ReadableStream.from([bytes]),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  };
}
