/**
 * What session_test.ts runs in a page: the library as a bundle for browsers. Each
 * function returns plain facts, since only JSON leaves the page.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { GetObject, presignPost, S3 } from "../../src/services/s3/mod.ts";
import {
  copy,
  deleteMany,
  downloadBytes,
  downloadStream,
  upload,
} from "../../src/transfer/mod.ts";

/** What the test knows of the server. */
export interface PageSettings {
  readonly endpointUrl: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

/** Facts that can be written as JSON. */
export type Facts = Readonly<Record<string, unknown>>;

const Bucket = "photos";

/** A clock that never waits. */
const clock = {
  now: (): Date => new Date(),
  sleep: (): Promise<void> => Promise.resolve(),
  timer: (): Disposable => ({ [Symbol.dispose]: () => {} }),
};

/** Objects are put, read, listed, tagged, copied and deleted. */
export async function objects(settings: PageSettings): Promise<Facts> {
  using session = new Session(settings);
  const s3 = session.client(S3);
  const at = { Bucket, Key: "a b/cat ü+.txt" };

  const put = await s3.putObject({
    ...at,
    Body: "one\ntwo\n",
    ContentType: "text/plain",
    Metadata: { from: "page" },
    Tagging: "team=video",
  });
  const head = await s3.headObject(at);
  const lines = await Array.fromAsync((await s3.getObject(at)).Body.lines());
  const { Body, ContentRange } = await s3.getObject({
    ...at,
    Range: "bytes=4-6",
  });
  const range = await Body.text();
  for (let i = 0; i < 5; i++) {
    const Key = `many/${i}`;
    await s3.putObject({ Bucket, Key, Body: new Blob([Key]) });
  }
  await copy(s3, { Bucket, Key: "copy", CopySource: at });
  const keys = [];
  for await (const item of s3.listObjectsV2Items({ Bucket, MaxKeys: 2 })) {
    if ("Key" in item) keys.push(item.Key);
  }
  const { TagSet } = await s3.getObjectTagging({ Bucket, Key: "copy" });
  const deleted = await deleteMany(s3, Bucket, keys);
  const { KeyCount } = await s3.listObjectsV2({ Bucket });
  return {
    sameETag: put.ETag === head.ETag && put.ETag !== undefined,
    length: head.ContentLength,
    type: head.ContentType,
    metadata: head.Metadata,
    isDate: head.LastModified instanceof Date,
    lines,
    range,
    ContentRange,
    keys,
    TagSet,
    deleted: deleted.map(({ kind }) => kind),
    KeyCount,
    requestId: put.ResponseMetadata.RequestId !== undefined,
  };
}

/** Uploads in parts, from a stream and from a file; downloads at once. */
export async function transfers(settings: PageSettings): Promise<Facts> {
  using session = new Session(settings);
  const s3 = session.client(S3);
  const bytes = new Uint8Array(11_000_000).map((_, at) => at % 251);

  const file = new File([bytes], "film.mp4", { type: "video/mp4" });
  const whole = await upload(s3, { Bucket, Key: "file", Body: file });
  const stream = new Blob([bytes]).stream();
  const pieces = await upload(s3, { Bucket, Key: "stream", Body: stream });
  const read = await downloadBytes(s3, { Bucket, Key: "file" });
  const { Body } = await downloadStream(s3, { Bucket, Key: "stream" });
  const streamed = new Uint8Array(await new Response(Body).arrayBuffer());
  return {
    file: [whole.kind, whole.parts],
    stream: [pieces.kind, pieces.parts],
    sameBytes: equal(read.Body, bytes) && equal(streamed, bytes),
  };
}

/** URLs and forms are signed, and used without the library. */
export async function presigned(settings: PageSettings): Promise<Facts> {
  using session = new Session(settings);
  const s3 = session.client(S3);
  const { url, fields } = await presignPost(s3, { Bucket, Key: "form" });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", new Blob(["miaow"]));

  const { status } = await fetch(url, { method: "POST", body: form });
  const get = await s3.presign(GetObject, { Bucket, Key: "form" });
  return { status, text: await (await fetch(get.url)).text() };
}

/** Each checksum that S3 has is computed here and verified there, and back. */
export async function checksums(settings: PageSettings): Promise<Facts> {
  using session = new Session(settings);
  const s3 = session.client(S3);
  const facts: Record<string, unknown> = {};
  for (
    const ChecksumAlgorithm of [
      "CRC32",
      "CRC32C",
      "CRC64NVME",
      "SHA1",
      "SHA256",
    ] as const
  ) {
    const at = { Bucket, Key: ChecksumAlgorithm };
    const put = await s3.putObject({ ...at, ChecksumAlgorithm, Body: "miaow" });
    const { Body } = await s3.getObject({ ...at, ChecksumMode: "ENABLED" });
    facts[ChecksumAlgorithm] = `${
      put[`Checksum${ChecksumAlgorithm}`]
    } ${await Body
      .text()}`;
  }
  const secret = {
    Bucket,
    Key: "secret",
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: "0123456789abcdef0123456789abcdef",
  };
  await s3.putObject({ ...secret, Body: "miaow" });
  const { SSECustomerKeyMD5 } = await s3.headObject(secret);
  facts["MD5 of a customer key"] = SSECustomerKeyMD5;
  return facts;
}

/** Failures arrive as the errors of the library. */
export async function failures(settings: PageSettings): Promise<Facts> {
  using session = new Session({ ...settings, retry: { maxAttempts: 1 } });
  const s3 = session.client(S3);
  const at = { Bucket, Key: "missing" };
  const stranger = session.client(S3, {
    credentials: { ...settings.credentials, secretAccessKey: "wrong" },
  });
  const aborted = AbortSignal.abort(new RangeError("enough"));
  const nobody = session.client(S3, { endpointUrl: "http://127.0.0.1:1" });
  using bare = new Session({ region: "us-east-1" });
  const invalid: Record<string, unknown> = { Bucket };
  const hidden = await s3.listBuckets().catch(({ message }) => message);
  return {
    saysCors: String(hidden).includes("CORS does not allow"),
    missing: await failure(() => s3.getObject(at)),
    head: await failure(() => s3.headObject(at)),
    invalid: await failure(() => s3.getObject(invalid as typeof at)),
    wrongSecret: await failure(() => stranger.listObjectsV2({ Bucket })),
    unreachable: await failure(() => nobody.listObjectsV2({ Bucket })),
    late: await failure(() =>
      s3.listObjectVersions({ Bucket }, { attemptTimeoutMs: 50 })
    ),
    aborted: await failure(() => s3.getObject(at, { signal: aborted })),
    noCredentials: await failure(() => bare.client(S3).listBuckets()),
    noCors: await failure(() => s3.listBuckets()),
    proxy: await failure(() =>
      new Session({ ...settings, proxy: "http://127.0.0.1:1" }).client(S3)
        .getObject(at)
    ),
    socket: await failure(() =>
      new Session({ ...settings, transport: "socket" }).client(S3)
        .getObject(at)
    ),
  };
}

/** What fails twice is asked for three times. */
export async function retries(settings: PageSettings): Promise<Facts> {
  using session = new Session({ ...settings, clock });
  const { Body, ResponseMetadata } = await session.client(S3).getObject({
    Bucket,
    Key: "slow",
  });
  return {
    text: await Body.text(),
    attempts: ResponseMetadata.Attempts.map(({ failure }) => failure ?? "none"),
  };
}

/** Class and code of the error that a call ends with. */
async function failure(
  call: () => Promise<unknown>,
): Promise<readonly string[]> {
  try {
    await call();
    return [];
  } catch (error) {
    const { name, code = "" } = error as Error & { readonly code?: string };
    return [name, code];
  }
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length &&
    left.every((byte, index) => byte === right[index]);
}
