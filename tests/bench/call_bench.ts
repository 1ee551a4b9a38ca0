/**
 * What a call costs without a server: everything but the transport.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpResponse, Transport } from "../../src/ports/http.ts";
import { GetObject, S3 } from "../../src/services/s3/mod.ts";

const BODY = utf8("x".repeat(1_024));

/** A transport that answers at once. */
const transport: Transport = {
  limits: ["attempt", "connect", "queue", "read"],
  send: () => Promise.resolve(answer()),
  [Symbol.dispose]: () => {},
};

const s3 = new Session({
  region: "eu-west-1",
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
  transport,
}).client(S3);
const OBJECT = { Bucket: "photos", Key: "2024/cat.jpg" };

Deno.bench("GetObject and its body, without a server", async () => {
  const { Body } = await s3.getObject(OBJECT);
  await Body.bytes();
});

Deno.bench("a presigned URL", async () => {
  await s3.presign(GetObject, OBJECT);
});

function answer(): HttpResponse {
  return {
    status: 200,
    headers: {
      "accept-ranges": "bytes",
      "content-length": String(BODY.length),
      "content-type": "binary/octet-stream",
      "date": "Thu, 29 Feb 2024 12:34:56 GMT",
      "etag": '"5d41402abc4b2a76b9719d911017c592"',
      "last-modified": "Thu, 29 Feb 2024 12:34:56 GMT",
      "x-amz-id-2": "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
      "x-amz-request-id": "A1B2C3D4E5F60718",
    },
    body: {
      open: () => new Blob([BODY]).stream(),
      bytes: () => Promise.resolve(BODY),
      cancel: () => Promise.resolve(),
    },
  };
}
