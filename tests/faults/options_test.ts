import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { AwsError, ConfigError, Session, ValidationError } from "../../mod.ts";
import { connectS3, S3Connection } from "../../src/boto2/mod.ts";
import { S3Resource } from "../../src/resource/mod.ts";
import { retryStrategy } from "../../src/retry/mod.ts";
import {
  editObject,
  GetObject,
  presignPost,
  S3,
  statObject,
} from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { presignUrl, signRequest, SigV4 } from "../../src/signing/mod.ts";
import {
  FakeSystem,
  LocalAws,
  RecordingTransport,
} from "../../src/testing/mod.ts";
import {
  abortUnfinishedUploads,
  copy,
  deleteBucketWithObjects,
  deleteMany,
  download,
  downloadBytes,
  downloadStream,
  emptyBucket,
  file,
  listUnfinishedUploads,
  upload,
} from "../../src/transfer/mod.ts";
import { FetchTransport } from "../../src/transport/mod.ts";

/** A call as a program writes it that nobody type-checks. */
type Call = (given: Given) => unknown;

interface Given {
  readonly s3: S3;
  readonly session: Session;
  /** The options as they are given. */
  readonly options: never;
}

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const CAT = { Bucket: "photos", Key: "cat.txt" };
const SIGNED = { credentials: KEYS, region: "us-east-1", service: "s3" };

/** Every place that takes options: a misspelt one, and what was meant. */
const PLACES: readonly (readonly [
  name: string,
  misspelt: string,
  meant: string,
  call: Call,
])[] = [
  [
    "emptyBucket",
    "dryrun",
    "dryRun",
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "deleteBucketWithObjects",
    "dry_run",
    "dryRun",
    ({ s3, options }) => deleteBucketWithObjects(s3, "photos", options),
  ],
  [
    "abortUnfinishedUploads",
    "olderthan",
    "olderThan",
    ({ s3, options }) => abortUnfinishedUploads(s3, "photos", options),
  ],
  [
    "listUnfinishedUploads",
    "Prefix",
    "prefix",
    ({ s3, options }) =>
      Array.fromAsync(listUnfinishedUploads(s3, "photos", options)),
  ],
  [
    "deleteMany",
    "BypassGovernanceRetenton",
    "BypassGovernanceRetention",
    ({ s3, options }) => deleteMany(s3, "photos", ["cat.txt"], options),
  ],
  [
    "upload",
    "partsize",
    "partSize",
    ({ s3, options }) => upload(s3, { ...CAT, Body: "miaow" }, options),
  ],
  [
    "upload",
    "multipart_threshold",
    "threshold",
    ({ s3, options }) => upload(s3, { ...CAT, Body: "miaow" }, options),
  ],
  [
    "upload",
    "queueSize",
    "concurrency",
    ({ s3, options }) => upload(s3, { ...CAT, Body: "miaow" }, options),
  ],
  [
    "download",
    "resumed",
    "resume",
    ({ s3, options }) => download(s3, CAT, file("/out.txt"), options),
  ],
  [
    "download",
    "Callback",
    "onProgress",
    ({ s3, options }) => download(s3, CAT, file("/out.txt"), options),
  ],
  [
    "downloadBytes",
    "concurency",
    "concurrency",
    ({ s3, options }) => downloadBytes(s3, CAT, options),
  ],
  [
    "downloadStream",
    "part_size",
    "partSize",
    ({ s3, options }) => downloadStream(s3, CAT, options),
  ],
  [
    "copy",
    "treshold",
    "threshold",
    ({ s3, options }) =>
      copy(s3, { ...CAT, Key: "dog.txt", CopySource: CAT }, options),
  ],
  [
    "presignPost",
    "ExpiresIn",
    "expiresInSeconds",
    ({ s3, options }) => presignPost(s3, CAT, options),
  ],
  [
    "presignPost's input",
    "conditions",
    "Conditions",
    ({ s3, options }) => presignPost(s3, Object.assign({}, CAT, options)),
  ],
  [
    "presign",
    "expiresInSecond",
    "expiresInSeconds",
    ({ s3, options }) => s3.presign(GetObject, CAT, options),
  ],
  [
    "FetchTransport",
    "maxConnection",
    "maxConnections",
    ({ options }) => new FetchTransport(options),
  ],
  [
    "FetchTransport",
    "max_pool_connections",
    "maxIdleConnections",
    ({ options }) => new FetchTransport(options),
  ],
  [
    "LocalAws",
    "Region",
    "region",
    ({ options }) => new LocalAws(options),
  ],
  [
    "LocalAws.start",
    "prot",
    "port",
    async ({ options }) => await using(LocalAws.start(options)),
  ],
  [
    "FakeSystem",
    "files_",
    "files",
    ({ options }) => new FakeSystem(options),
  ],
  [
    "RecordingTransport",
    "secret",
    "secrets",
    ({ options }) =>
      new RecordingTransport(new LocalAws().transport(), options),
  ],
  [
    "session.assumeRole",
    "durationSeconds",
    "DurationSeconds",
    ({ session, options }) =>
      session.assumeRole("arn:aws:iam::123456789012:role/reader", options),
  ],
  ["Session", "regions", "region", ({ options }) => new Session(options)],
  [
    "session.client",
    "payloadSignin",
    "payloadSigning",
    ({ session, options }) => session.client(S3, options),
  ],
  [
    "a call",
    "readTimeOut",
    "readTimeoutMs",
    ({ s3, options }) => s3.getObject(CAT, options),
  ],
  [
    "statObject",
    "signl",
    "signal",
    ({ s3, options }) => statObject(s3, CAT, options),
  ],
  [
    "editObject",
    "maxAttempt",
    "maxAttempts",
    ({ s3, options }) => editObject(s3, CAT, () => "purr", options),
  ],
  [
    "a waiter",
    "delay",
    "delayMs",
    ({ s3, options }) => s3.waitUntilObjectExists(CAT, options),
  ],
  [
    "signRequest",
    "Region",
    "region",
    ({ options }) =>
      signRequest(
        new Request("https://example.com/"),
        Object.assign({}, SIGNED, options),
      ),
  ],
  [
    "presignUrl",
    "expiresIn",
    "expiresInSeconds",
    ({ options }) =>
      presignUrl("https://example.com/", Object.assign({}, SIGNED, options)),
  ],
  [
    "SigV4",
    "unsignedHeader",
    "unsignedHeaders",
    ({ options }) => new SigV4(options),
  ],
  [
    "connectS3",
    "sessiontoken",
    "sessionToken",
    ({ options }) => connectS3("AKIDEXAMPLE", "secret", options),
  ],
  [
    "connectS3",
    "host",
    "endpointUrl",
    ({ options }) => connectS3("AKIDEXAMPLE", "secret", options),
  ],
  [
    "boto2 getBucket",
    "validated",
    "validate",
    ({ session, options }) => connection(session).getBucket("photos", options),
  ],
  [
    "boto2 getKey",
    "totalTimeout",
    "totalTimeoutMs",
    async ({ session, options }) =>
      (await bucket(session)).getKey("a", options),
  ],
  [
    "boto2 deleteKeys",
    "MFa",
    "MFA",
    async ({ session, options }) =>
      (await bucket(session)).deleteKeys(["cat.txt"], options),
  ],
  [
    "boto2 setContentsFromString",
    "ContentTyp",
    "ContentType",
    async ({ session, options }) =>
      (await bucket(session)).newKey("a").setContentsFromString("b", options),
  ],
  [
    "boto2 getContentsToFilename",
    "partsize",
    "partSize",
    async ({ session, options }) =>
      (await bucket(session)).newKey("cat.txt").getContentsToFilename(
        "/out.txt",
        options,
      ),
  ],
  [
    "boto2 copy",
    "inputs",
    "input",
    async ({ session, options }) =>
      (await bucket(session)).newKey("cat.txt").copy("photos", "b", options),
  ],
  [
    "resource uploadFile",
    "inputs",
    "input",
    ({ s3, options }) => object(s3).uploadFile("/in.txt", options),
  ],
  [
    "resource downloadFile",
    "inputs",
    "input",
    ({ s3, options }) => object(s3).downloadFile("/out.txt", options),
  ],
  [
    "resource copyFrom",
    "onprogress",
    "onProgress",
    ({ s3, options }) => object(s3).copyFrom(CAT, options),
  ],
  [
    "resource put",
    "contentType",
    "ContentType",
    ({ s3, options }) => object(s3).put(Object.assign({ Body: "b" }, options)),
  ],
  [
    "resource filter",
    "prefix",
    "Prefix",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.filter(options).delete(),
  ],
  [
    "resource delete of a collection",
    "Signal",
    "signal",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.delete(options),
  ],
  [
    "resource withOptions",
    "signals",
    "signal",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.withOptions(options),
  ],
  [
    "resource deleteObjects",
    "signals",
    "signal",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").deleteObjects(["cat.txt"], options),
  ],
];

for (const [name, misspelt, meant, call] of PLACES) {
  Deno.test(`${name} refuses the option ${misspelt}, names ${meant}, and changes nothing`, async () => {
    await using store = await storeWithCat();
    const options = { [misspelt]: true } as never;

    const error = await assertRejects(
      async () => await call({ ...store, options }),
      AwsError,
      misspelt,
    );

    assert(error instanceof ConfigError || error instanceof ValidationError);
    assertStringIncludes(error.message, meant);
    assertEquals(await store.keys(), ["cat.txt"]);
  });
}

/** Values that an option cannot have. */
const VALUES: readonly (readonly [
  name: string,
  options: unknown,
  said: string,
  call: Call,
])[] = [
  [
    "an AbortController as signal",
    { signal: new AbortController() },
    "an AbortController, give its signal",
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "an AbortController as signal of a call",
    { signal: new AbortController() },
    "an AbortController, give its signal",
    ({ s3, options }) => s3.deleteObject(CAT, options),
  ],
  [
    "a signal in place of options",
    new AbortController().signal,
    "give it as { signal }",
    ({ s3, options }) => s3.deleteObject(CAT, options),
  ],
  [
    "null in place of options",
    null,
    "got null",
    ({ s3, options }) => s3.deleteObject(CAT, options),
  ],
  [
    "a prefix in place of options",
    "tmp/",
    "must be an object",
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "a list in place of options",
    ["tmp/"],
    "got a list",
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "dryRun as a number",
    { dryRun: 0 },
    'the option "dryRun" must be true or false, got 0',
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "dryRun as text",
    { dryRun: "no" },
    'the option "dryRun" must be true or false',
    ({ s3, options }) => deleteBucketWithObjects(s3, "photos", options),
  ],
  [
    "a prefix that is undefined",
    { prefix: undefined },
    'the option "prefix" is undefined, which would narrow nothing',
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "a prefix that is null",
    { prefix: null },
    'the option "prefix" must be text',
    ({ s3, options }) => emptyBucket(s3, "photos", options),
  ],
  [
    "an olderThan that is undefined",
    { olderThan: undefined },
    'the option "olderThan" is undefined',
    ({ s3, options }) => abortUnfinishedUploads(s3, "photos", options),
  ],
  [
    "an olderThan that is text",
    { olderThan: "2026-01-01" },
    "a valid Date",
    ({ s3, options }) => abortUnfinishedUploads(s3, "photos", options),
  ],
  [
    "a prefix for the delete of a whole bucket",
    { prefix: "tmp/" },
    "a bucket is deleted whole; emptyBucket takes a prefix",
    ({ s3, options }) => deleteBucketWithObjects(s3, "photos", options),
  ],
  [
    "a filter without its value",
    { Prefix: undefined },
    "Prefix is undefined, which would narrow nothing",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.filter(options).delete(),
  ],
  [
    "a filter that is text",
    "tmp/",
    "must be an object",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.filter(options).delete(),
  ],
  [
    "a limit that is undefined",
    undefined,
    "Cannot set the limit of a collection",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.limit(options).delete(),
  ],
  [
    "a limit that is no number",
    NaN,
    "got NaN",
    ({ s3, options }) =>
      new S3Resource(s3).bucket("photos").objects.limit(options).delete(),
  ],
  [
    "one key as the keys of deleteMany",
    "cat.txt",
    "keys must be a list of keys",
    ({ s3, options }) => deleteMany(s3, "photos", options),
  ],
  [
    "one key as the keys of deleteKeys",
    "cat.txt",
    "keys must be a list",
    async ({ session, options }) => (await bucket(session)).deleteKeys(options),
  ],
  [
    "the key of another object in a resource's verb",
    { Key: "dog.txt" },
    "Key is that of the resource",
    ({ s3, options }) => object(s3).delete(options),
  ],
  [
    "the bucket of another object in a boto2 verb",
    { Bucket: "videos" },
    "Bucket is given by the verb and its key",
    async ({ session, options }) =>
      (await bucket(session)).newKey("a").setContentsFromString("b", options),
  ],
  [
    "a parameter of the API as an option",
    { StorageClass: "GLACIER" },
    "parameters of the API belong into the input",
    ({ s3, options }) => upload(s3, { ...CAT, Body: "miaow" }, options),
  ],
  [
    "an option as a parameter of the API",
    { partSize: 5_242_880 },
    "partSize is an option of upload: give it behind the input",
    ({ s3, options }) =>
      upload(s3, Object.assign({ ...CAT, Body: "miaow" }, options)),
  ],
  [
    "a misspelt parameter of an upload in parts",
    { ServerSideEncrytion: "AES256" },
    'is unknown: the nearest known name is "ServerSideEncryption"',
    ({ s3, options }) =>
      upload(
        s3,
        Object.assign(
          { ...CAT, Body: new Uint8Array(5_242_881) },
          options,
        ),
        { threshold: 1 },
      ),
  ],
  [
    "a directive of a copy",
    { MetadataDirective: "COPY" },
    "MetadataDirective is decided by what is given",
    ({ s3, options }) =>
      copy(s3, Object.assign({ ...CAT, CopySource: CAT }, options)),
  ],
  [
    "a range of a download",
    { Range: "bytes=0-1" },
    "Range cannot be given, as the whole object is downloaded",
    ({ s3, options }) =>
      download(s3, Object.assign({ ...CAT }, options), file("/out.txt")),
  ],
  [
    "the parameters of AssumeRole in place of the role",
    { RoleArn: "arn:aws:iam::123456789012:role/reader" },
    "its ARN comes first",
    ({ session, options }) => session.assumeRole(options),
  ],
  [
    "the code of an MFA device",
    { TokenCode: "123456" },
    "mfaCode, an option of the session, gets the code",
    ({ session, options }) =>
      session.assumeRole("arn:aws:iam::123456789012:role/reader", options),
  ],
  [
    "a method that no URL is for",
    "POST",
    'Cannot make a URL for the method "POST": allowed are DELETE, GET, HEAD, PUT',
    async ({ session, options }) =>
      (await bucket(session)).newKey("a").generateUrl(60, options),
  ],
];

for (const [name, options, said, call] of VALUES) {
  Deno.test(`${name} is refused, and changes nothing`, async () => {
    await using store = await storeWithCat();

    const error = await assertRejects(
      async () => await call({ ...store, options: options as never }),
      AwsError,
      said,
    );

    assert(error instanceof ConfigError || error instanceof ValidationError);
    assertEquals(await store.keys(), ["cat.txt"]);
  });
}

Deno.test("options that are undefined are left out", async () => {
  await using store = await storeWithCat();
  const options = { signal: undefined, partSize: undefined } as never;

  await upload(store.s3, { ...CAT, Body: "purr" }, options);
  await store.s3.headObject(CAT, undefined);

  assertEquals(await store.keys(), ["cat.txt"]);
});

Deno.test("a secret under a wrong name does not stand in the error", async () => {
  await using store = await storeWithCat();

  const error = await assertRejects(
    async () =>
      await upload(
        store.s3,
        { ...CAT, Body: "miaow" },
        { signal: "wJalrXUtnFEMI", SSECustomerKey: "hush" } as never,
      ),
    ConfigError,
  );

  assert(!/wJalrXUtnFEMI|hush/.test(error.message));
});

/** Options that contradict each other. */
const CONTRADICTIONS: readonly (readonly [
  name: string,
  call: (session: (options?: object) => Session) => unknown,
])[] = [
  [
    "the legacy mode with the constants of 2026",
    (session) =>
      session().client(S3, { retry: { mode: "legacy", constants: "2026" } })
        .listBuckets(),
  ],
  [
    "the legacy mode of a session with the constants of 2026 of its client",
    (session) =>
      session({ retry: "legacy" }).client(S3, { retry: { constants: "2026" } })
        .listBuckets(),
  ],
  [
    "the legacy mode with the constants of 2026 in retryStrategy",
    () => retryStrategy({ mode: "legacy", constants: "2026" }),
  ],
  [
    "FIPS with an endpoint of one's own, no bucket named",
    (session) => session().client(S3, { useFipsEndpoint: true }).listBuckets(),
  ],
  [
    "FIPS with an endpoint of one's own, a bucket named",
    (session) =>
      session().client(S3, { useFipsEndpoint: true }).headObject(CAT),
  ],
  [
    "FIPS of a session with an endpoint of one's own, for STS",
    (session) =>
      session({ useFipsEndpoint: true }).client(STS).getCallerIdentity(),
  ],
  [
    "dual stack with an endpoint of one's own",
    (session) =>
      session().client(S3, { useDualstackEndpoint: true }).listBuckets(),
  ],
  [
    "a fetch of one's own with a proxy",
    () => new FetchTransport({ fetch, proxy: "http://localhost:3128" }),
  ],
  [
    "a fetch of one's own with certificates",
    () => new FetchTransport({ fetch, caCerts: [] }),
  ],
];

for (const [name, call] of CONTRADICTIONS) {
  Deno.test(`${name} is refused as a contradiction`, async () => {
    const local = new LocalAws();
    const open: Session[] = [];
    const session = (options: object = {}): Session => {
      const made = new Session({
        ...local.clientConfig,
        transport: local.transport(),
        system: new FakeSystem({}),
        ...options,
      });
      open.push(made);
      return made;
    };
    try {
      const error = await assertRejects(
        async () => await call(session),
        ConfigError,
      );
      assertEquals(error.code, "ContradictoryOptions");
    } finally {
      for (const one of open) one[Symbol.dispose]();
    }
  });
}

Deno.test("what the environment says to all programs contradicts nothing", async () => {
  const local = new LocalAws();
  using session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
    system: new FakeSystem({
      env: { AWS_USE_FIPS_ENDPOINT: "true", AWS_NEW_RETRIES_2026: "true" },
    }),
    retry: "legacy",
  });

  const { Buckets } = await session.client(S3).listBuckets();

  assertEquals(Buckets, []);
});

interface Store extends AsyncDisposable {
  readonly s3: S3;
  readonly session: Session;
  /** The keys of the bucket as they are now. */
  readonly keys: () => Promise<readonly string[]>;
}

/** A bucket with one object, and an unfinished upload that nobody may abort. */
async function storeWithCat(): Promise<Store> {
  const local = new LocalAws();
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
    system: new FakeSystem({ files: { "/in.txt": "miaow" } }),
  });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: "photos" });
  await s3.putObject({ ...CAT, Body: "miaow" });
  await s3.createMultipartUpload({ ...CAT, Key: "unfinished" });
  return {
    s3,
    session,
    keys: async () => {
      const { Uploads = [] } = await s3.listMultipartUploads({
        Bucket: "photos",
      });
      assertEquals(Uploads.length, 1);
      const { Contents = [] } = await s3.listObjectsV2({ Bucket: "photos" });
      return Contents.map(({ Key }) => Key);
    },
    [Symbol.asyncDispose]: () => {
      session[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function connection(session: Session): S3Connection {
  return new S3Connection({}, session);
}

async function bucket(
  session: Session,
): Promise<Awaited<ReturnType<S3Connection["getBucket"]>>> {
  return await connection(session).getBucket("photos", { validate: false });
}

function object(s3: S3): ReturnType<S3Resource["object"]> {
  return new S3Resource(s3).object("photos", "cat.txt");
}

async function using(made: Promise<AsyncDisposable>): Promise<void> {
  await (await made)[Symbol.asyncDispose]();
}

Deno.test("*Items of a listing refuses a bare signal, and options that do not exist", async () => {
  await using local = await storeWithCat();
  const { s3 } = local;
  const { signal } = new AbortController();
  const walks: readonly (readonly [
    wanted: string,
    walk: () => AsyncGenerator<unknown, void, void>,
  ])[] = [
    [
      "Cannot call listObjectsV2Items: the options must be an object, got an AbortSignal; give it as { signal }",
      () => s3.listObjectsV2Items({ Bucket: "photos" }, signal as never),
    ],
    [
      "Cannot call listBucketsItems: the options must be an object, got an AbortSignal; give it as { signal }",
      () => s3.listBucketsItems({}, signal as never),
    ],
    [
      'did you mean "limit"?',
      () => s3.listBucketsItems({}, { limits: 1 } as never),
    ],
    [
      'the option "limit" must be a number, got text',
      () =>
        s3.listPartsItems({ ...CAT, UploadId: "1" }, { limit: "1" } as never),
    ],
  ];
  for (const [wanted, walk] of walks) {
    const { message } = await assertRejects(() => walk().next(), ConfigError);
    assertStringIncludes(message, wanted);
  }
});

Deno.test("what is no list of keys, or no path, is a typed error", async () => {
  const local = new LocalAws();
  using session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
  });
  using connection = connectS3(undefined, undefined, { session });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: "photos" });
  const bucket = await connection.getBucket("photos");
  for (const wrong of [{}, undefined, 5] as never[]) {
    assertThrows(
      () => file(wrong),
      ConfigError,
      "expected a path or a file: URL",
    );
    const calls = [
      () => deleteMany(s3, "photos", wrong),
      () => bucket.deleteKeys(wrong),
      () => bucket.newKey("cat.txt").setContentsFromFilename(wrong),
    ];
    for (const call of calls) await assertRejects(call, AwsError);
  }
});
