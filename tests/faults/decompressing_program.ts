/**
 * Reads objects on a platform that decompresses bodies and has no `Deno`, as
 * Node and browsers do. Run by decompression_test.ts.
 *
 * @module
 */
Reflect.deleteProperty(globalThis, "Deno");

const { Session } = await import("../../mod.ts");
const { S3 } = await import("../../src/services/s3/mod.ts");
const { FetchTransport } = await import("../../src/transport/mod.ts");
const { FakeSystem } = await import("../../src/testing/mod.ts");

const PLAIN = "a line of text\n".repeat(20_000);
const packed = await new Response(
  new Blob([PLAIN]).stream().pipeThrough(new CompressionStream("gzip")),
).bytes();

/** A `fetch` that decompresses, and has an empty body for HEAD. */
const platform: typeof fetch = (input, init) => {
  const method = init?.method;
  const headers = new Headers(init?.headers);
  const { pathname } = new URL(String(input));
  const name = decodeURIComponent(pathname.split("/").at(-1) ?? "");
  const [size, encoding] = name.startsWith("long-")
    ? [packed.length * 100, name.slice(5)]
    : [packed.length, name];
  const range = headers.get("range");
  const fields = {
    etag: '"e"',
    "content-length": `${size}`,
    "x-amz-checksum-crc32": "AAAAAA==",
    ...encoding === "none" ? {} : { "content-encoding": encoding },
    ...range === null
      ? {}
      : { "content-range": `${range.replace("=", " ")}/${size}` },
  };
  const isPlain = encoding === "none";
  const bytes = isPlain ? packed : new TextEncoder().encode(PLAIN);
  const body = method === "HEAD" ? new Blob([]).stream() : bytes;
  const status = range === null ? 200 : 206;
  return Promise.resolve(new Response(body, { status, headers: fields }));
};

const session = new Session({
  system: new FakeSystem(),
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  endpointUrl: "https://store.example",
  transport: new FetchTransport({ fetch: platform }),
  retry: { maxAttempts: 1 },
});
const s3 = session.client(S3, { responseChecksum: "when_supported" });

const told = async (
  what: string,
  run: () => Promise<unknown>,
): Promise<void> => {
  try {
    console.log(what, await run());
  } catch (error) {
    console.log(what, error instanceof Error ? error.name : error);
  }
};
for (
  const Key of ["gzip", "br", "deflate", "zstd", "x-gzip, br", "long-gzip"]
) {
  await told(`whole ${Key}`, async () => {
    const { Body } = await s3.getObject({ Bucket: "photos", Key });
    return await Body.text() === PLAIN;
  });
}
await told("head", async () => {
  const { ContentLength } = await s3.headObject({
    Bucket: "photos",
    Key: "none",
  });
  return ContentLength === packed.length;
});
await told("part", async () => {
  const part = { Bucket: "photos", Key: "gzip", Range: "bytes=5-9" };
  return await (await s3.getObject(part)).Body.text();
});
await told("cut", async () => {
  const { Body } = await s3.getObject({ Bucket: "photos", Key: "long-none" });
  return await Body.text();
});
