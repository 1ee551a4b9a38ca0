/**
 * A transfer that stands still in the middle, to be killed there.
 * Arguments: `upload` or `download`, the endpoint, the file.
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { download, file, upload } from "../../src/transfer/mod.ts";

const [act, endpointUrl = "", path = ""] = Deno.args;

const session = new Session({
  endpointUrl,
  region: "us-east-1",
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
});
const s3 = session.client(S3);
const object = { Bucket: "photos", Key: "film.mp4" };
const options = {
  partSize: 5 * 1_024 * 1_024,
  concurrency: 2,
  resume: true,
  onProgress: ({ bytes }: { readonly bytes: number }): void => {
    // Two parts may be on their way: two more are stored.
    if (bytes < 21 * 1_024 * 1_024) return;
    console.log("in the middle");
    // Blocks the whole process for good.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
};

if (act === "upload") {
  await upload(s3, { ...object, Body: file(path) }, options);
} else {
  await download(s3, object, file(path), options);
}
