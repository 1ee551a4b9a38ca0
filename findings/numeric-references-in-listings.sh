#!/usr/bin/env bash
# Seen on 2026-11-29, minio 8.0.7, lean-s3 0.6.3, s3mini 1.0.2, the JavaScript
# SDK 3.1175.0, all under Deno 2.9.6.
#
# XML may write a quotation mark as &quot; or as a numeric reference, &#34; or
# &#x22;. Stores use all of them: Amazon S3 writes &quot;, others the numeric ones.
# Three S3 clients read the named reference and leave the numeric ones as text, so
# that an ETag does not equal itself and a listed key cannot be fetched. A fourth
# reads all of them.
#
# Expected below: what each client makes of the key a"b and of "a&b" written in
# three ways.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6 minio@8.0.7 lean-s3@0.6.3 s3mini@1.0.2 @aws-sdk/client-s3@3.1175.0

cat >run.mjs <<'JS'
import http from "node:http";
const keys = ["a&quot;b", "a&#34;b", "a&#x22;b", "a&amp;b", "a&#38;b", "a&#x26;b"];
const page = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bkt</Name><Prefix></Prefix><KeyCount>6</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>${
  keys.map((key) => `<Contents><Key>${key}</Key><LastModified>2024-02-29T12:34:56.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>`).join("")
}</ListBucketResult>`;
const server = http.createServer((_, response) => {
  response.setHeader("content-type", "application/xml");
  response.end(page);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const endpoint = `http://127.0.0.1:${port}`;
const accessKeyId = "AKIAIOSFODNN7EXAMPLE", secretAccessKey = "example";
const clients = {
  "@aws-sdk/client-s3": async () => {
    const { S3 } = await import("@aws-sdk/client-s3");
    const s3 = new S3({ endpoint, region: "us-east-1", forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
    return (await s3.listObjectsV2({ Bucket: "bkt" })).Contents.map(({ Key }) => Key);
  },
  minio: async () => {
    const { Client } = await import("minio");
    const s3 = new Client({ endPoint: "127.0.0.1", port, useSSL: false, region: "us-east-1", accessKey: accessKeyId, secretKey: secretAccessKey });
    return (await s3.listObjectsV2("bkt", "", true).toArray()).map(({ name }) => name);
  },
  "lean-s3": async () => {
    const { S3Client } = await import("lean-s3");
    const s3 = new S3Client({ endpoint, region: "us-east-1", bucket: "bkt", accessKeyId, secretAccessKey });
    return (await s3.list({})).contents.map(({ key }) => key);
  },
  s3mini: async () => {
    const { S3mini } = await import("s3mini");
    const s3 = new S3mini({ endpoint: `${endpoint}/bkt`, region: "us-east-1", accessKeyId, secretAccessKey });
    return (await s3.listObjects("/", "")).map((it) => it.Key ?? it.key);
  },
};
for (const [name, list] of Object.entries(clients)) console.log(`${name}: ${(await list()).join(" ")}`);
process.exit(0);
JS
./node_modules/.bin/deno run -A --node-modules-dir=manual run.mjs | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
@aws-sdk/client-s3: a"b a"b a"b a&b a&b a&b
minio: a"b a&#34;b a&#x22;b a&b a&#38;b a&#x26;b
lean-s3: a"b a&#34;b a&#x22;b a&b a&#38;b a&#x26;b
s3mini: a"b a&#34;b a&#x22;b a&b a&#38;b a&#x26;b
EXPECTED
