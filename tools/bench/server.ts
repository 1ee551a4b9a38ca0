/**
 * The server of the call benchmark: one small object, as S3 answers.
 *
 * @module
 */
const BODY = new Uint8Array(1_024).fill(120);

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
}, () =>
  new Response(BODY, {
    headers: {
      "x-amz-request-id": "A1B2C3D4E5F60718",
      "x-amz-id-2": "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
      "etag": '"5d41402abc4b2a76b9719d911017c592"',
      "last-modified": "Thu, 29 Feb 2024 12:34:56 GMT",
      "accept-ranges": "bytes",
      "content-type": "binary/octet-stream",
    },
  }));
