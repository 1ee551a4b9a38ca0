/**
 * Sessions of the library in a page, as a bundle for browsers, against a
 * `LocalAws` of another origin. Ignored where no Chromium is installed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { browserModule, Chromium, Origin } from "../../tools/chromium.ts";
import type * as Program from "./session_program.ts";

const ignore = !await Chromium.isInstalled();
const Bucket = "photos";

/** What S3 shows to pages: each by its name, for it takes no wildcard. */
const EXPOSED = [
  "ETag",
  "Content-Range",
  "x-amz-request-id",
  "x-amz-version-id",
  "x-amz-checksum-crc32",
  "x-amz-checksum-crc32c",
  "x-amz-checksum-crc64nvme",
  "x-amz-checksum-sha1",
  "x-amz-checksum-sha256",
  "x-amz-checksum-type",
  "x-amz-meta-from",
  "x-amz-server-side-encryption-customer-key-md5",
];

let bundle: Promise<string> | undefined;

/** Runs a function of the program in a page; what it has returned. */
async function inPage(
  name: keyof typeof Program,
  prepare: (local: LocalAws, s3: S3) => Promise<void> = () => Promise.resolve(),
): Promise<unknown> {
  await using chromium = await Chromium.start();
  assert(chromium !== undefined);
  await using site = Origin.serve({
    "/": "<!doctype html>",
    "/program.js": await (bundle ??= browserModule(
      "tests/browser/session_program.ts",
    )),
  });
  await using local = await LocalAws.start();
  using session = new Session(local.clientConfig);
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket });
  await s3.putBucketCors({
    Bucket,
    CORSConfiguration: {
      CORSRules: [{
        AllowedOrigins: [new URL(site.url("/")).origin],
        AllowedMethods: ["GET", "HEAD", "PUT", "POST", "DELETE"],
        AllowedHeaders: ["*"],
        ExposeHeaders: EXPOSED,
      }],
    },
  });
  await prepare(local, s3);
  const page = await chromium.open(site.url("/"));
  return await page.evaluate(
    `import("/program.js").then((program) =>
      program.${name}(${JSON.stringify(local.clientConfig)}))`,
  );
}

function test(title: string, fn: () => Promise<void>): void {
  const where = ignore ? " (no Chromium is installed)" : "";
  Deno.test({ name: `a session in Chromium ${title}${where}`, ignore, fn });
}

test("puts, reads, lists, copies and deletes", async () => {
  const keys = [
    "a b/cat ü+.txt",
    "copy",
    ...["0", "1", "2", "3", "4"].map((name) => `many/${name}`),
  ];
  assertEquals(await inPage("objects"), {
    sameETag: true,
    length: 8,
    type: "text/plain",
    metadata: { from: "page" },
    isDate: true,
    lines: ["one", "two"],
    range: "two",
    ContentRange: "bytes 4-6/8",
    keys,
    TagSet: [{ Key: "team", Value: "video" }],
    deleted: keys.map(() => "deleted"),
    KeyCount: 0,
    requestId: true,
  });
});

test("uploads files and streams in parts, and downloads them", async () => {
  assertEquals(await inPage("transfers"), {
    file: ["multipart", 2],
    stream: ["multipart", 2],
    sameBytes: true,
  });
});

test("signs URLs and forms", async () => {
  assertEquals(await inPage("presigned"), { status: 204, text: "miaow" });
});

test("computes every checksum", async () => {
  assertEquals(await inPage("checksums"), {
    CRC32: "hL/OiA== miaow",
    CRC32C: "Yu0H3Q== miaow",
    CRC64NVME: "M9uxKzQ4pV0= miaow",
    SHA1: "TNxhvuPWC4i/Ot+LsDRd4NU3fiQ= miaow",
    SHA256: "RkSR6yV8nglJXpNqP5hBYAyayEsytKtxGWywczqCbvw= miaow",
    "MD5 of a customer key": "hRasmdxgYDKV3nvbahU1MA==",
  });
});

test("tells failures as the errors of the library", async () => {
  const found = await inPage("failures", (local) => {
    local.fail("ListObjectVersions", { delayMs: 200 });
    return Promise.resolve();
  });

  assertEquals(found, {
    saysCors: true,
    missing: ["ServiceError", "NoSuchKey"],
    head: ["ServiceError", "404"],
    invalid: ["ValidationError", ""],
    wrongSecret: ["ServiceError", "SignatureDoesNotMatch"],
    unreachable: ["TransportError", ""],
    late: ["TimeoutError", ""],
    aborted: ["RangeError", ""],
    noCredentials: ["NoCredentialsError", "NoCredentialsError"],
    // S3 has CORS rules for buckets only, so a page cannot list them.
    noCors: ["TransportError", ""],
    proxy: ["ConfigError", "NotOnThisRuntime"],
    socket: ["ConfigError", "UnsupportedRuntime"],
  });
});

test("tries again what fails", async () => {
  const found = await inPage("retries", async (local, s3) => {
    await s3.putObject({ Bucket, Key: "slow", Body: "at last" });
    local.fail("GetObject", { times: 2, code: "SlowDown" });
  });

  assertEquals(found, {
    text: "at last",
    attempts: ["SlowDown", "SlowDown", "none"],
  });
});
