/**
 * Looks for credentials on a runtime that shows neither environment nor files, as
 * a browser. Run by runtimes_test.ts.
 *
 * @module
 */
Reflect.deleteProperty(globalThis, "Deno");
Reflect.deleteProperty(globalThis, "process");

const { Session, TransportError } = await import("../../mod.ts");
const { S3 } = await import("../../src/services/s3/mod.ts");
const { file, upload } = await import("../../src/transfer/mod.ts");

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const options = {
  region: "us-east-1",
  transport: {
    send: () =>
      Promise.reject(new TransportError("refused", "no", { maybeSent: false })),
    [Symbol.dispose]: () => {},
  },
};
const session = new Session(options);
const s3 = new Session({ ...options, credentials: keys }).client(S3);
const object = { Bucket: "photos", Key: "cat.txt" };
const path = new URL("file:///tmp/cat.txt");
const calls = [
  () => session.credentials(),
  () => new Session({ ...options, profile: "dev" }).client(S3).listBuckets(),
  () => upload(s3, { ...object, Body: file("/tmp/cat.txt") }),
  () => s3.putObject({ ...object, Body: path }),
];
for (const call of calls) {
  try {
    await call();
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
    console.log("---");
  }
}
