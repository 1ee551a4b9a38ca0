/**
 * One measurement in one process, on Deno or Bun: what a peer of this
 * library takes for an act. Prints microseconds of CPU per call.
 *
 * Arguments: peer, act, calls, calls at once. Environment: BASE, the server;
 * CA, the PEM file of its authority; FILE, the file of a transfer.
 *
 * @module
 */
import process from "node:process";

const [peer, act, calls, atOnce] = process.argv.slice(2);
const { BASE: base, CA: authority, FILE: path } = process.env;
const onDeno = globalThis.Deno !== undefined;
const MIB = 1_024 * 1_024;

const keys = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const KIB = new Uint8Array(1_024).fill(97);
const list = "/bkt?list-type=2&max-keys=1000";

/** The acts of each peer; what one lacks it does not do. */
const PEERS = { fetch: bare, floor, inia, aws4fetch, leanS3, s3mini, s3lite };
const SOCKETS = { "inia-socket": () => inia("socket") };
const OTHERS = { minio, sdk, bun };

const acts = await { ...PEERS, ...SOCKETS, ...OTHERS }[peer]();
const once = acts[act];
if (once === undefined) {
  console.log("none");
  process.exit(0);
}
const count = Number(calls);
if (count > 1) await run(Math.ceil(count / 2));
const before = process.cpuUsage();
await run(count);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / count);
process.exit(0);

async function run(total) {
  let left = total;
  const lane = async () => {
    while (left-- > 0) {
      const got = await once();
      if (got !== true) throw new Error(`${peer} ${act}: got ${got}`);
    }
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, lane));
}

async function client() {
  if (!onDeno) return {};
  const { Deno } = globalThis;
  return {
    client: Deno.createHttpClient({
      http2: false,
      poolMaxIdlePerHost: 64,
      ...authority && { caCerts: [await Deno.readTextFile(authority)] },
    }),
  };
}

/** `fetch` and nothing else. */
async function bare() {
  const options = await client();
  const put = async (body) => {
    const response = await fetch(`${base}/bkt/put`, {
      ...options,
      method: "PUT",
      body,
    });
    await response.arrayBuffer();
    return response.status === 200;
  };
  return {
    get: async () => {
      const response = await fetch(`${base}/bkt/small`, options);
      return (await response.arrayBuffer()).byteLength === 1_024;
    },
    put: () => put(KIB),
    list: async () => {
      const response = await fetch(base + list, options);
      return (await response.text()).includes("<IsTruncated>");
    },
    stream: async () => {
      let length = 0;
      const { body } = await fetch(`${base}/bkt/big`, options);
      for await (const piece of body) length += piece.length;
      return length > MIB;
    },
    // Ten parts at once, as transfers send them.
    upload: async () => {
      const { Deno } = globalThis;
      const { size } = await Deno.stat(path);
      let next = 0;
      const lane = async () => {
        const part = new Uint8Array(8 * MIB);
        const file = await Deno.open(path);
        while (next < size) {
          const start = next;
          next += part.length;
          const length = Math.min(part.length, size - start);
          await file.seek(start, Deno.SeekMode.Start);
          for (let held = 0; held < length;) {
            held += await file.read(part.subarray(held, length));
          }
          await put(part.subarray(0, length));
        }
        file.close();
      };
      await Promise.all(Array.from({ length: 10 }, lane));
      return true;
    },
    download: async () => {
      const { Deno } = globalThis;
      const { body } = await fetch(`${base}/bkt/big`, options);
      const file = await Deno.open(path, { write: true, create: true });
      await body.pipeTo(file.writable);
      return true;
    },
  };
}

/** The least that a signed call can be by Web Crypto with a ready key. */
async function floor() {
  const options = await client();
  const { host } = new URL(base);
  const utf8 = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    utf8.encode(keys.secretAccessKey),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const empty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const names = "host;x-amz-content-sha256;x-amz-date";
  const scope = "20240229/us-east-1/s3/aws4_request";
  return {
    get: async () => {
      const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
      const canonical =
        `GET\n/bkt/small\n\nhost:${host}\nx-amz-content-sha256:${empty}\nx-amz-date:${date}\n\n${names}\n${empty}`;
      const hash = await crypto.subtle.digest(
        "SHA-256",
        utf8.encode(canonical),
      );
      const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hex(hash)}`;
      const proof = await crypto.subtle.sign("HMAC", key, utf8.encode(text));
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), 60_000);
      const response = await fetch(`${base}/bkt/small`, {
        ...options,
        signal: controller.signal,
        headers: {
          authorization:
            `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${
              hex(proof)
            }`,
          "x-amz-content-sha256": empty,
          "x-amz-date": date,
        },
      });
      const body = await response.arrayBuffer();
      clearTimeout(timer);
      return body.byteLength === 1_024;
    },
  };
}

function hex(buffer) {
  return new Uint8Array(buffer).toHex();
}

/** This library, as a script uses it. */
async function inia(transport = "fetch") {
  const { Session } = await import("../../mod.ts");
  const { S3 } = await import("../../src/services/s3/mod.ts");
  const session = new Session({
    region: "us-east-1",
    endpointUrl: base,
    credentials: keys,
    maxIdleConnections: 64,
    transport,
    ...authority && { caCerts: [await Deno.readTextFile(authority)] },
  });
  const s3 = session.client(S3, {
    requestChecksum: "when_supported",
    responseChecksum: "when_supported",
  });
  const small = { Bucket: "bkt", Key: "small" };
  const transfer = () => import("../../src/transfer/mod.ts");
  const signing = () => import("../../src/signing/mod.ts");
  return {
    get: async () => {
      const { Body } = await s3.getObject(small);
      return (await Body.bytes()).length === 1_024;
    },
    put: async () => {
      const { ResponseMetadata } = await s3.putObject({
        Bucket: "bkt",
        Key: "put",
        Body: KIB,
      });
      return ResponseMetadata.HTTPStatusCode === 200;
    },
    list: async () => {
      const { Contents } = await s3.listObjectsV2({ Bucket: "bkt" });
      return Contents.length === 1_000;
    },
    presign: async () => {
      const { GetObject } = await import("../../src/services/s3/mod.ts");
      const { url } = await s3.presign(GetObject, small);
      return url.includes("X-Amz-Signature");
    },
    sign: async () => {
      const { signRequest } = await signing();
      const request = await signRequest(new Request(`${base}/bkt/small`), {
        credentials: keys,
        region: "us-east-1",
        service: "s3",
      });
      return request.headers.has("authorization");
    },
    stream: async () => {
      let length = 0;
      const { Body } = await s3.getObject({ Bucket: "bkt", Key: "big" });
      for await (const piece of Body.stream) length += piece.length;
      return length > MIB;
    },
    upload: async () => {
      const { upload, file } = await transfer();
      await upload(s3, { Bucket: "bkt", Key: "up", Body: file(path) });
      return true;
    },
    download: async () => {
      const { download, file } = await transfer();
      await download(s3, { Bucket: "bkt", Key: "big" }, file(path));
      return true;
    },
  };
}

async function aws4fetch() {
  const { AwsClient } = await import("aws4fetch");
  const aws = new AwsClient({ ...keys, service: "s3", region: "us-east-1" });
  const options = await client();
  return {
    get: async () => {
      const response = await aws.fetch(`${base}/bkt/small`, options);
      return (await response.arrayBuffer()).byteLength === 1_024;
    },
    put: async () => {
      const response = await aws.fetch(`${base}/bkt/put`, {
        ...options,
        method: "PUT",
        body: KIB,
      });
      await response.arrayBuffer();
      return response.status === 200;
    },
    presign: async () => {
      const signed = await aws.sign(`${base}/bkt/small`, {
        aws: { signQuery: true },
      });
      return signed.url.includes("X-Amz-Signature");
    },
    sign: async () => {
      const request = await aws.sign(`${base}/bkt/small`);
      return request.headers.has("authorization");
    },
  };
}

async function leanS3() {
  const { S3Client } = await import("lean-s3");
  const s3 = new S3Client({
    endpoint: base,
    region: "us-east-1",
    bucket: "bkt",
    ...keys,
  });
  return {
    get: async () => (await s3.file("small").bytes()).length === 1_024,
    put: async () => {
      await s3.file("put").write(KIB);
      return true;
    },
    list: async () => (await s3.list({})).contents.length === 1_000,
    presign: () =>
      Promise.resolve(
        s3.presign("small").includes("X-Amz-Signature"),
      ),
  };
}

async function s3mini() {
  const { S3mini } = await import("s3mini");
  const s3 = new S3mini({
    endpoint: `${base}/bkt`,
    region: "us-east-1",
    ...keys,
  });
  return {
    get: async () =>
      (await s3.getObjectArrayBuffer("small")).byteLength === 1_024,
    put: async () => (await s3.putObject("put", KIB)).ok,
    list: async () => (await s3.listObjects("/", "", 1_000)).length === 1_000,
  };
}

async function s3lite() {
  const { S3Client } = await import("@bradenmacdonald/s3-lite-client");
  const s3 = new S3Client({
    endPoint: base,
    region: "us-east-1",
    bucket: "bkt",
    accessKey: keys.accessKeyId,
    secretKey: keys.secretAccessKey,
    pathStyle: true,
  });
  return {
    get: async () => {
      const response = await s3.getObject("small");
      return (await response.arrayBuffer()).byteLength === 1_024;
    },
    put: async () => {
      await s3.putObject("put", KIB);
      return true;
    },
    list: async () => {
      const names = await Array.fromAsync(
        s3.listObjects({ maxResults: 1_000 }),
      );
      return names.length === 1_000;
    },
    presign: async () => {
      const url = await s3.getPresignedUrl("GET", "small");
      return url.includes("X-Amz-Signature");
    },
  };
}

async function minio() {
  const { Client } = await import("minio");
  const { hostname, port, protocol } = new URL(base);
  const s3 = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === "https:",
    region: "us-east-1",
    accessKey: keys.accessKeyId,
    secretKey: keys.secretAccessKey,
  });
  return {
    get: async () => {
      let length = 0;
      for await (const piece of await s3.getObject("bkt", "small")) {
        length += piece.length;
      }
      return length === 1_024;
    },
    put: async () => {
      await s3.putObject("bkt", "put", globalThis.Buffer.from(KIB));
      return true;
    },
    presign: async () => {
      const url = await s3.presignedGetObject("bkt", "small");
      return url.includes("X-Amz-Signature");
    },
  };
}

/** The JavaScript SDK of Amazon. */
async function sdk() {
  const { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3 } =
    await import("@aws-sdk/client-s3");
  const s3 = new S3({
    endpoint: base,
    region: "us-east-1",
    credentials: keys,
    forcePathStyle: true,
  });
  const small = { Bucket: "bkt", Key: "small" };
  return {
    get: async () => {
      const { Body } = await s3.send(new GetObjectCommand(small));
      return (await Body.transformToByteArray()).length === 1_024;
    },
    put: async () => {
      await s3.send(
        new PutObjectCommand({ Bucket: "bkt", Key: "put", Body: KIB }),
      );
      return true;
    },
    list: async () => {
      const { Contents } = await s3.send(
        new ListObjectsV2Command({ Bucket: "bkt" }),
      );
      return Contents.length === 1_000;
    },
    presign: async () => {
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const url = await getSignedUrl(s3, new GetObjectCommand(small));
      return url.includes("X-Amz-Signature");
    },
    stream: async () => {
      let length = 0;
      const { Body } = await s3.send(
        new GetObjectCommand({ Bucket: "bkt", Key: "big" }),
      );
      for await (const piece of Body) length += piece.length;
      return length > MIB;
    },
    upload: async () => {
      const { Upload } = await import("@aws-sdk/lib-storage");
      const { createReadStream } = await import("node:fs");
      await new Upload({
        client: s3,
        params: { Bucket: "bkt", Key: "up", Body: createReadStream(path) },
        partSize: 8 * MIB,
        queueSize: 8,
      }).done();
      return true;
    },
  };
}

/** The client that Bun has built in. */
function bun() {
  const { Bun } = globalThis;
  const s3 = new Bun.S3Client({
    endpoint: base,
    region: "us-east-1",
    bucket: "bkt",
    ...keys,
  });
  return {
    get: async () =>
      (await s3.file("small").arrayBuffer()).byteLength === 1_024,
    put: async () => {
      await s3.write("put", KIB);
      return true;
    },
    list: async () => (await s3.list({})).contents.length === 1_000,
    presign: () =>
      Promise.resolve(s3.presign("small").includes("X-Amz-Signature")),
    stream: async () => {
      let length = 0;
      for await (const piece of s3.file("big").stream()) length += piece.length;
      return length > MIB;
    },
  };
}
