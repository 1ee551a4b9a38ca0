#!/usr/bin/env bash
# Seen on 2026-11-29, @aws-sdk/client-s3 3.1175.0 under Deno 2.9.6.
#
# S3 lists ten checksum algorithms, and an object may have been stored with any of
# them by another program. The JavaScript SDK asks for the checksum with each
# GetObject by default; where the only one that comes is SHA-512 or an xxHash, it
# refuses the whole answer. One has to set `responseChecksumValidation` to
# "WHEN_REQUIRED" to read the object at all.
#
# Expected below: the outcome of reading "hello" with each right checksum.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6 @aws-sdk/client-s3@3.1175.0

cat >run.mjs <<'JS'
import http from "node:http";
import { S3 } from "@aws-sdk/client-s3";
const checksums = {
  crc32: "NhCmhg==",
  crc64nvme: "M3eFcAZSQlc=",
  sha256: "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
  sha512: "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==",
  xxhash64: "JseCfYifbaM=",
  xxhash3: "lVXoVVxi3P0=",
  xxhash128: "tenBrQcbPn/Hec+qXlI4GA==",
};
const server = http.createServer(({ url }, response) => {
  const name = url.split("?")[0].slice(5);
  response.setHeader(`x-amz-checksum-${name}`, checksums[name]);
  response.end("hello");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const s3 = new S3({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: "us-east-1",
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" },
});
for (const name of Object.keys(checksums)) {
  try {
    const { Body } = await s3.getObject({ Bucket: "bkt", Key: name });
    console.log(`${name}: ${await Body.transformToString()}`);
  } catch (error) {
    console.log(`${name}: ${error.message.slice(0, 100)}`);
  }
}
process.exit(0);
JS
./node_modules/.bin/deno run -A --node-modules-dir=manual run.mjs | tee seen.txt

diff seen.txt - <<'EXPECTED' && echo "as expected"
crc32: hello
crc64nvme: hello
sha256: hello
sha512: The checksum algorithm "SHA512" is not supported by the client. Select one of CRC32,CRC32C,CRC64NVME
xxhash64: The checksum algorithm "XXHASH64" is not supported by the client. Select one of CRC32,CRC32C,CRC64NV
xxhash3: The checksum algorithm "XXHASH3" is not supported by the client. Select one of CRC32,CRC32C,CRC64NVM
xxhash128: The checksum algorithm "XXHASH128" is not supported by the client. Select one of CRC32,CRC32C,CRC64N
EXPECTED
