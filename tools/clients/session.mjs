/**
 * The everyday session of clients from npm: one story, and how each of them
 * tells it. A step that a client does not have is left out and named.
 *
 * Run as `node session.mjs CLIENT ENDPOINT BUCKET KEYID SECRET` in a folder in
 * which the client is installed; prints JSON.
 */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import process from "node:process";
import { Readable } from "node:stream";

const [, , name, endpoint, bucket, accessKeyId, secretAccessKey] = process.argv;
const region = "us-east-1";
const MIB = 1024 * 1024;
const TYPE = "text/plain; charset=utf-8";
const METADATA = { mood: "calm", "two-words": "a b" };

/** Keys and contents; the last three have keys that are hard to write. */
const SMALL = {
  empty: "",
  "folder/small.txt": "miaow",
  'a "b" & <c>': "odd",
  "folder/naïve 日本 +%25.txt": "odder",
  "it's (odd) ~*!;=,": "oddest",
};
const BIG = "folder/big";

/** Loads a package that no resolver shall look for before it is installed. */
const load = (name) => import(name);
const bytesOf = (text) => Buffer.from(text);
const md5 = (bytes) => createHash("md5").update(bytes).digest();
const bare = (etag) => etag.replace(/^"|"$/g, "");

/** The ETag of an object in parts. */
function etagOfParts(bytes, partSize) {
  const digests = [];
  for (let at = 0; at < bytes.length; at += partSize) {
    digests.push(md5(bytes.subarray(at, at + partSize)));
  }
  return `${md5(Buffer.concat(digests)).toString("hex")}-${digests.length}`;
}

function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += MIB) {
    yield bytes.subarray(at, at + MIB);
  }
}

async function collected(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function fetched(url, init) {
  const response = await fetch(url, init);
  return {
    status: response.status,
    text: await response.text(),
    response,
  };
}

/** A story's keys, without those that the client cannot write. */
const keysOf = ({ writes = () => true }) =>
  Object.entries(SMALL).filter(([key]) => writes(key));

/** Tells the story and returns the steps that were made and left out. */
async function everyday(client) {
  const steps = [];
  const lacks = [];
  const small = keysOf(client);
  const step = async (title, needs, run) => {
    if (needs.some((method) => client[method] === undefined)) {
      lacks.push(title);
      return;
    }
    try {
      await run();
    } catch (error) {
      error.message = `${title}: ${error.message}`;
      throw error;
    }
    steps.push(title);
  };
  // Numbers that differ from part to part.
  const big = Buffer.alloc(16 * MIB + 1);
  for (let at = 0; at + 4 <= big.length; at += 4) big.writeUInt32LE(at, at);

  await step("bucket", ["makeBucket"], () => client.makeBucket());
  await step("put", ["put"], async () => {
    for (const [key, text] of small) {
      await client.put(key, bytesOf(text));
    }
  });
  await step("multipart", ["putLarge"], async () => {
    await client.putLarge(BIG, big);
    const { size, etag } = await client.head(BIG);
    assert.equal(size, big.length);
    assert.equal(bare(etag), etagOfParts(big, client.partSize));
    assert.ok((await client.get(BIG)).equals(big), "contents of the parts");
  });
  await step("list", ["list"], async () => {
    const listed = await client.list();
    const expected = [...small.map(([key]) => key), BIG]
      .sort((a, b) => Buffer.compare(bytesOf(a), bytesOf(b)));
    assert.deepEqual(listed.map(({ key }) => key), expected);
    for (const { key, size, etag } of listed) {
      if (key === BIG) {
        assert.equal(size, big.length);
      } else {
        assert.equal(size, bytesOf(SMALL[key]).length, key);
        assert.equal(bare(etag), md5(SMALL[key]).toString("hex"), key);
      }
    }
  });
  await step("prefixes", ["prefixes"], async () => {
    assert.deepEqual(await client.prefixes(), ["folder/"]);
  });
  await step("head", ["head"], async () => {
    for (const [key, text] of small) {
      const { size, etag } = await client.head(key);
      assert.equal(size, bytesOf(text).length, key);
      assert.equal(bare(etag), md5(text).toString("hex"), key);
    }
  });
  await step("get", ["get"], async () => {
    for (const [key, text] of small) {
      assert.equal((await client.get(key)).toString(), text, key);
    }
  });
  await step("range", ["range"], async () => {
    const range = await client.range(BIG, 8 * MIB - 3, 8 * MIB + 2);
    assert.deepEqual(
      Buffer.from(range),
      big.subarray(8 * MIB - 3, 8 * MIB + 3),
    );
  });
  await step("metadata", ["putWith"], async () => {
    await client.putWith("with", bytesOf("x"), TYPE, METADATA);
    const { type, metadata } = await client.head("with");
    assert.equal(type, TYPE);
    if (metadata !== undefined) {
      for (const [name, value] of Object.entries(METADATA)) {
        assert.equal(metadata[name], value);
      }
    }
    await client.deleteOne("with");
  });
  await step("copy", ["copy"], async () => {
    const [odd] = small.at(-1);
    await client.copy(odd, `copy of ${odd}`);
    assert.equal((await client.get(`copy of ${odd}`)).toString(), SMALL[odd]);
    await client.deleteOne(`copy of ${odd}`);
  });
  await step("presigned get", ["presignGet"], async () => {
    for (const [key, text] of small) {
      const url = await client.presignGet(key);
      const { status, text: body } = await fetched(url);
      assert.equal(status, 200, `${key}: ${body}`);
      assert.equal(body, text);
      const wrong = await fetched(
        url.replace(/(X-Amz-Signature=).{4}/i, "$10000"),
      );
      assert.equal(wrong.status, 403, "a wrong signature");
      assert.match(wrong.text, /<Code>SignatureDoesNotMatch</);
    }
  });
  await step("presigned put", ["presignPut"], async () => {
    const url = await client.presignPut("by url");
    const { status, text } = await fetched(url, {
      method: "PUT",
      body: "sent",
    });
    assert.equal(status, 200, text);
    assert.equal((await client.get("by url")).toString(), "sent");
    await client.deleteOne("by url");
  });
  await step("form", ["form"], async () => {
    const { url, fields } = await client.form("by form");
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    body.set("file", new Blob(["filled in"]));
    const { status, text } = await fetched(url, { method: "POST", body });
    assert.equal(status, 204, text);
    assert.equal((await client.get("by form")).toString(), "filled in");
    await client.deleteOne("by form");
  });
  await step("404", ["missing"], async () => {
    assert.match(String(await client.missing("nothing here")), /NoSuchKey|404/);
  });
  await step("delete many", ["deleteMany"], async () => {
    await client.deleteMany([...small.map(([key]) => key), BIG]);
    assert.deepEqual(await client.list(), []);
  });
  if (client.deleteMany === undefined) {
    await step("delete one by one", ["deleteOne"], async () => {
      const left = [...small.map(([key]) => key), BIG];
      for (const key of left) await client.deleteOne(key);
      assert.deepEqual(await client.list(), []);
    });
  }
  await step("remove bucket", ["removeBucket"], () => client.removeBucket());
  const keys = small.map(([key]) => key);
  return { steps, lacks, keys: client.putLarge ? [...keys, BIG] : keys };
}

/** What an action throws, by name or status; throws if it does not. */
async function thrown(action) {
  try {
    await action();
  } catch (error) {
    return [
      error.name,
      error.Code,
      error.code,
      error.serviceCode,
      error.$metadata?.httpStatusCode,
      error.message,
    ].join(" ");
  }
  throw new Error("nothing was thrown");
}

const CLIENTS = {
  async "aws-sdk"() {
    const {
      CopyObjectCommand,
      CreateBucketCommand,
      DeleteBucketCommand,
      DeleteObjectCommand,
      DeleteObjectsCommand,
      GetObjectCommand,
      HeadObjectCommand,
      paginateListObjectsV2,
      PutObjectCommand,
      S3Client,
      ListObjectsV2Command,
    } = await load("@aws-sdk/client-s3");
    const { Upload } = await load("@aws-sdk/lib-storage");
    const { getSignedUrl } = await load("@aws-sdk/s3-request-presigner");
    const { createPresignedPost } = await load("@aws-sdk/s3-presigned-post");
    const client = new S3Client({
      region,
      endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const send = (Command, more = {}) =>
      client.send(new Command({ Bucket: bucket, ...more }));
    const get = async (Key, more) => {
      const { Body } = await send(GetObjectCommand, { Key, ...more });
      return Buffer.from(await Body.transformToByteArray());
    };
    return {
      partSize: 5 * MIB,
      makeBucket: () => send(CreateBucketCommand),
      removeBucket: () => send(DeleteBucketCommand),
      put: (Key, Body) => send(PutObjectCommand, { Key, Body }),
      putWith: (Key, Body, ContentType, Metadata) =>
        send(PutObjectCommand, { Key, Body, ContentType, Metadata }),
      putLarge: (Key, Body) =>
        new Upload({ client, params: { Bucket: bucket, Key, Body } }).done(),
      async list() {
        const found = [];
        const pages = paginateListObjectsV2({ client, pageSize: 2 }, {
          Bucket: bucket,
        });
        for await (const { Contents = [] } of pages) {
          for (const { Key: key, Size: size, ETag: etag } of Contents) {
            found.push({ key, size, etag });
          }
        }
        return found;
      },
      async prefixes() {
        const { CommonPrefixes = [] } = await send(ListObjectsV2Command, {
          Delimiter: "/",
        });
        return CommonPrefixes.map(({ Prefix }) => Prefix);
      },
      async head(Key) {
        const { ContentLength, ETag, ContentType, Metadata } = await send(
          HeadObjectCommand,
          { Key },
        );
        return {
          size: ContentLength,
          etag: ETag,
          type: ContentType,
          metadata: Metadata,
        };
      },
      get,
      range: (Key, first, last) =>
        get(Key, { Range: `bytes=${first}-${last}` }),
      copy: (from, Key) =>
        send(CopyObjectCommand, {
          Key,
          CopySource: encodeURIComponent(`${bucket}/${from}`),
        }),
      presignGet: (Key) =>
        getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key })),
      presignPut: (Key) =>
        getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key })),
      form: (Key) => createPresignedPost(client, { Bucket: bucket, Key }),
      missing: (key) => thrown(() => get(key)),
      deleteOne: (Key) => send(DeleteObjectCommand, { Key }),
      async deleteMany(keys) {
        const { Deleted, Errors = [] } = await send(DeleteObjectsCommand, {
          Delete: { Objects: keys.map((Key) => ({ Key })) },
        });
        assert.deepEqual(Errors, []);
        assert.deepEqual(Deleted.map(({ Key }) => Key).sort(), keys.toSorted());
      },
    };
  },

  async minio() {
    const { Client, CopyConditions } = await load("minio");
    const { hostname, port } = new URL(endpoint);
    const client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      region,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      partSize: 5 * MIB,
    });
    const listed = async (
      recursive,
    ) => (await client.listObjectsV2(bucket, "", recursive).toArray());
    return {
      partSize: 5 * MIB,
      makeBucket: () => client.makeBucket(bucket, region),
      removeBucket: () => client.removeBucket(bucket),
      async put(key, bytes) {
        const { etag } = await client.putObject(bucket, key, bytes);
        assert.equal(etag, md5(bytes).toString("hex"));
      },
      putWith: (key, bytes, type, metadata) =>
        client.putObject(bucket, key, bytes, bytes.length, {
          ...metadata,
          "content-type": type,
        }),
      putLarge: (key, bytes) =>
        client.putObject(
          bucket,
          key,
          Readable.from(pieces(bytes)),
          bytes.length,
        ),
      async list() {
        return (await listed(true)).map(({ name, size, etag }) => ({
          key: name,
          size,
          etag,
        }));
      },
      async prefixes() {
        return (await listed(false)).map(({ prefix }) => prefix)
          .filter((prefix) => prefix !== undefined);
      },
      async head(key) {
        const { size, etag, metaData } = await client.statObject(bucket, key);
        return {
          size,
          etag,
          type: metaData["content-type"],
          metadata: metaData,
        };
      },
      get: async (key) => await collected(await client.getObject(bucket, key)),
      range: async (key, first, last) =>
        await collected(
          await client.getPartialObject(bucket, key, first, last - first + 1),
        ),
      copy: (from, to) =>
        client.copyObject(
          bucket,
          to,
          `/${bucket}/${from}`,
          new CopyConditions(),
        ),
      presignGet: (key) => client.presignedGetObject(bucket, key, 60),
      presignPut: (key) => client.presignedPutObject(bucket, key, 60),
      async form(key) {
        const policy = client.newPostPolicy();
        policy.setBucket(bucket);
        policy.setKey(key);
        policy.setExpires(new Date(Date.now() + 60_000));
        const { postURL, formData } = await client.presignedPostPolicy(policy);
        return { url: postURL, fields: formData };
      },
      missing: (key) => thrown(() => client.getObject(bucket, key)),
      deleteOne: (key) => client.removeObject(bucket, key),
      async deleteMany(keys) {
        const errors = await client.removeObjects(bucket, keys);
        assert.deepEqual(errors.filter((one) => one?.Error), []);
      },
    };
  },

  async aws4fetch() {
    const { AwsClient } = await load("aws4fetch");
    const client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      region,
      service: "s3",
      retries: 0,
    });
    const urlOf = (key = "", query = "") =>
      `${endpoint}/${bucket}${key && "/"}${
        key.split("/").map(encodeURIComponent).join("/")
      }${query}`;
    const call = async (method, url, init = {}) => {
      const response = await client.fetch(url, { method, ...init });
      if (!response.ok) {
        throw new Error(`${response.status} ${await response.text()}`);
      }
      return response;
    };
    const unescaped = (text) =>
      text.replaceAll("&lt;", "<").replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"').replaceAll("&amp;", "&");
    const valueOf = (xml, name) =>
      unescaped(xml.match(new RegExp(`<${name}>([^<]*)</${name}>`))?.[1] ?? "");
    const get = async (key, headers) => {
      const response = await call("GET", urlOf(key), { headers });
      return Buffer.from(await response.arrayBuffer());
    };
    const presign = async (key, method) => {
      const { url } = await client.sign(urlOf(key, "?X-Amz-Expires=60"), {
        method,
        aws: { signQuery: true },
      });
      return url;
    };
    const put = (key, body, headers) =>
      call("PUT", urlOf(key), { body, headers });
    return {
      partSize: 8 * MIB,
      makeBucket: () => call("PUT", urlOf()),
      removeBucket: () => call("DELETE", urlOf()),
      put,
      putWith: (key, bytes, type, metadata) =>
        put(key, bytes, {
          "content-type": type,
          ...Object.fromEntries(
            Object.entries(metadata).map(([n, v]) => [`x-amz-meta-${n}`, v]),
          ),
        }),
      async putLarge(key, bytes) {
        const begun = await call("POST", urlOf(key, "?uploads="));
        const id = valueOf(await begun.text(), "UploadId");
        const parts = [];
        for (let at = 0; at < bytes.length; at += 8 * MIB) {
          const number = parts.length + 1;
          const { headers } = await call(
            "PUT",
            urlOf(key, `?partNumber=${number}&uploadId=${id}`),
            { body: bytes.subarray(at, at + 8 * MIB) },
          );
          parts.push(
            `<Part><PartNumber>${number}</PartNumber><ETag>${
              headers.get("etag")
            }</ETag></Part>`,
          );
        }
        const done = await call("POST", urlOf(key, `?uploadId=${id}`), {
          body: `<CompleteMultipartUpload>${
            parts.join("")
          }</CompleteMultipartUpload>`,
        });
        assert.equal(
          valueOf(await done.text(), "ETag"),
          `"${etagOfParts(bytes, 8 * MIB)}"`,
        );
      },
      async list() {
        const xml = await (await call("GET", urlOf("", "?list-type=2"))).text();
        return [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map((
          [, one],
        ) => ({
          key: valueOf(one, "Key"),
          size: Number(valueOf(one, "Size")),
          etag: valueOf(one, "ETag"),
        }));
      },
      async prefixes() {
        const xml = await (await call(
          "GET",
          urlOf("", "?list-type=2&delimiter=%2F"),
        )).text();
        return [...xml.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs)]
          .map(([, one]) => valueOf(one, "Prefix"));
      },
      async head(key) {
        const { headers } = await call("HEAD", urlOf(key), {
          headers: { "accept-encoding": "identity" },
        });
        return {
          size: Number(headers.get("content-length")),
          etag: headers.get("etag"),
          type: headers.get("content-type"),
          metadata: Object.fromEntries(
            [...headers].filter(([n]) => n.startsWith("x-amz-meta-"))
              .map(([n, v]) => [n.slice("x-amz-meta-".length), v]),
          ),
        };
      },
      get,
      range: (key, first, last) =>
        get(key, { range: `bytes=${first}-${last}` }),
      copy: (from, to) =>
        put(to, undefined, {
          "x-amz-copy-source": encodeURIComponent(`/${bucket}/${from}`),
        }),
      presignGet: (key) => presign(key, "GET"),
      presignPut: (key) => presign(key, "PUT"),
      missing: (key) => thrown(() => get(key)),
      deleteOne: (key) => call("DELETE", urlOf(key)),
      async deleteMany(keys) {
        const objects = keys.map((key) =>
          `<Object><Key>${
            key.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
          }</Key></Object>`
        );
        const body = `<Delete><Quiet>true</Quiet>${objects.join("")}</Delete>`;
        const answer = await call("POST", urlOf("", "?delete="), {
          body,
          headers: { "content-md5": md5(body).toString("base64") },
        });
        assert.doesNotMatch(await answer.text(), /<Error>/);
      },
    };
  },

  async bun() {
    const { S3Client } = await load("bun");
    const client = new S3Client({
      endpoint,
      bucket,
      region,
      accessKeyId,
      secretAccessKey,
    });
    const get = async (key) => Buffer.from(await client.file(key).bytes());
    const list = async (options) => await client.list(options);
    return {
      partSize: 5 * MIB,
      put: (key, bytes) => client.write(key, bytes),
      putWith: (key, bytes, type) => client.write(key, bytes, { type }),
      async putLarge(key, bytes) {
        const writer = client.file(key).writer({ partSize: 5 * MIB });
        for (let at = 0; at < bytes.length; at += MIB) {
          writer.write(bytes.subarray(at, at + MIB));
          await writer.flush();
        }
        await writer.end();
      },
      async list() {
        const { contents = [] } = await list();
        return contents.map(({ key, size, eTag }) => ({
          key,
          size,
          etag: eTag,
        }));
      },
      async prefixes() {
        const { commonPrefixes = [] } = await list({ delimiter: "/" });
        return commonPrefixes.map(({ prefix }) => prefix);
      },
      async head(key) {
        const { size, etag, type } = await client.stat(key);
        return { size, etag, type };
      },
      get,
      range: async (key, first, last) =>
        Buffer.from(await client.file(key).slice(first, last + 1).bytes()),
      presignGet: (key) => client.presign(key),
      presignPut: (key) => client.presign(key, { method: "PUT" }),
      missing: (key) => thrown(() => get(key)),
      deleteOne: (key) => client.delete(key),
    };
  },

  async "lean-s3"() {
    const { S3Client } = await load("lean-s3");
    const client = new S3Client({
      endpoint,
      bucket,
      region,
      accessKeyId,
      secretAccessKey,
    });
    const get = async (key) => Buffer.from(await client.file(key).bytes());
    return {
      partSize: 8 * MIB,
      // Its signature covers the path as the URL class writes it, not as S3 encodes it.
      writes: (key) => !/[&=;!'*%]/.test(key),
      makeBucket: () => client.createBucket(bucket),
      removeBucket: () => client.deleteBucket(bucket),
      put: (key, bytes) => client.file(key).write(bytes),
      async putLarge(key, bytes) {
        const { uploadId } = await client.createMultipartUpload(key);
        const parts = [];
        for (let at = 0; at < bytes.length; at += 8 * MIB) {
          parts.push(
            await client.uploadPart(
              key,
              uploadId,
              bytes.subarray(at, at + 8 * MIB),
              parts.length + 1,
            ),
          );
        }
        const { etag, key: name } = await client.completeMultipartUpload(
          key,
          uploadId,
          parts,
        );
        assert.equal(name, key);
        assert.equal(bare(etag), etagOfParts(bytes, 8 * MIB));
      },
      async list() {
        const found = [];
        for await (
          const { key, size, etag } of client.listIterating({
            internalPageSize: 2,
          })
        ) {
          found.push({ key, size, etag });
        }
        return found;
      },
      head: async (key) => await client.file(key).stat(),
      get,
      range: async (key, first, last) =>
        Buffer.from(await client.file(key).slice(first, last + 1).bytes()),
      presignGet: (key) => client.presign(key),
      presignPut: (key) => client.presign(key, { method: "PUT" }),
      async missing(key) {
        assert.equal(await client.file("empty").exists(), true);
        return await client.file(key).exists() ? "found" : "404";
      },
      deleteOne: (key) => client.file(key).delete(),
      async deleteMany(keys) {
        const { errors } = await client.deleteObjects(keys);
        assert.deepEqual(errors, []);
      },
    };
  },

  async s3mini() {
    const { S3mini } = await load("s3mini");
    const client = new S3mini({
      endpoint: `${endpoint}/${bucket}`,
      region,
      accessKeyId,
      secretAccessKey,
      minPartSize: 8 * MIB,
    });
    const get = async (key) => {
      const bytes = await client.getObjectArrayBuffer(key);
      return bytes === null ? null : Buffer.from(bytes);
    };
    return {
      partSize: 8 * MIB,
      async makeBucket() {
        assert.equal(await client.createBucket(), true);
        assert.equal(await client.bucketExists(), true);
      },
      put: (key, bytes) => client.putObject(key, bytes),
      putWith: (key, bytes, type, metadata) =>
        client.putObject(
          key,
          bytes,
          type,
          undefined,
          Object.fromEntries(
            Object.entries(metadata).map(([n, v]) => [`x-amz-meta-${n}`, v]),
          ),
        ),
      putLarge: (key, bytes) => client.putAnyObject(key, bytes),
      async list() {
        const found = await client.listObjects();
        return (found ?? []).map(({ Key, Size, ETag }) => ({
          key: Key,
          size: Number(Size),
          etag: ETag,
        }));
      },
      async head(key) {
        const response = await client.getObjectResponse(key);
        await response.body?.cancel();
        return {
          size: await client.getContentLength(key),
          etag: await client.getEtag(key),
          type: response.headers.get("content-type"),
          metadata: Object.fromEntries(
            [...response.headers].filter(([n]) => n.startsWith("x-amz-meta-"))
              .map(([n, v]) => [n.slice("x-amz-meta-".length), v]),
          ),
        };
      },
      get,
      range: async (key, first, last) => {
        const response = await client.getObjectRaw(key, false, first, last + 1);
        return Buffer.from(await response.arrayBuffer());
      },
      async copy(from, to) {
        const { etag } = await client.copyObject(from, to);
        assert.equal(bare(etag), md5(SMALL[from]).toString("hex"));
      },
      presignGet: (key) => client.getPresignedUrl("GET", key, 60),
      presignPut: (key) => client.getPresignedUrl("PUT", key, 60),
      missing: async (key) => {
        assert.equal(await client.objectExists(key), false);
        return await get(key) === null ? "404" : "found";
      },
      deleteOne: (key) => client.deleteObject(key),
      async deleteMany(keys) {
        assert.deepEqual(
          await client.deleteObjects(keys),
          keys.map(() => true),
        );
      },
    };
  },
};

console.log(JSON.stringify(await everyday(await CLIENTS[name]())));
