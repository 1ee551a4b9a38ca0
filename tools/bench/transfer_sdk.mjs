/**
 * The AWS SDK for JavaScript in the transfer benchmark, found from the working
 * directory. Prints the seconds of one transfer. It has no download in parts:
 * what is measured is the body of GetObject, piped to a file.
 *
 * Arguments: "upload" or "download", the server's URL, the key, the file.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { pipeline } from "node:stream/promises";

const require = createRequire(`${process.cwd()}/`);
const { GetObjectCommand, S3Client } = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");

const [act, endpoint, Key, path] = process.argv.slice(2);
const client = new S3Client({
  region: "us-east-1",
  endpoint,
  forcePathStyle: true,
  credentials: {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  },
});

const start = performance.now();
if (act === "upload") {
  await new Upload({
    client,
    params: { Bucket: "photos", Key, Body: createReadStream(path) },
    queueSize: 10,
    partSize: 8 * 1_024 * 1_024,
  }).done();
} else {
  const get = new GetObjectCommand({ Bucket: "photos", Key });
  const { Body } = await client.send(get);
  await pipeline(Body, createWriteStream(path));
}
console.log((performance.now() - start) / 1_000);
process.exit(0);
