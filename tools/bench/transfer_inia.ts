/**
 * This library in the transfer benchmark. Prints the seconds of one transfer.
 *
 * Arguments: "upload" or "download", the server's URL, the key, the file.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { download, file, upload } from "../../src/transfer/mod.ts";

const [act, origin = "", Key = "", path = ""] = Deno.args;
const Bucket = "photos";
const options = { concurrency: 10, partSize: 8 * 1_024 * 1_024 };
const session = new Session({
  region: "us-east-1",
  endpointUrl: origin,
  credentials: {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  },
  maxIdleConnections: options.concurrency,
});
// As on Amazon's own hosts, and as the peers do everywhere.
const s3 = session.client(S3, { requestChecksum: "when_supported" });

const start = performance.now();
if (act === "upload") {
  await upload(s3, { Bucket, Key, Body: file(path) }, options);
} else {
  await download(s3, { Bucket, Key }, file(path), options);
}
console.log((performance.now() - start) / 1_000);
Deno.exit(0);
