import { assertEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { copy, downloadBytes, upload } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";

const MIB = 1_024 * 1_024;
const SIZE = 20 * MIB;
const CAT = { Bucket: "photos", Key: "cat" };

overBoth(
  "a transfer waits for its own parts longer than for a connection of others",
  async () => {
    let moved = 0;
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const answer = await answered(request);
        // Longer than the queue's limit.
        if (answer.isPart) {
          await new Promise((resolve) => setTimeout(resolve, 60));
        }
        if (answer.isPart) moved++;
        return answer.response;
      },
    );
    using session = new Session({
      transport: transportName(),
      system: new FakeSystem(),
      region: "us-east-1",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
      endpointUrl: `http://127.0.0.1:${server.addr.port}`,
      proxy: false,
      maxConnections: 1,
      queueTimeoutMs: 40,
      retry: { maxAttempts: 1 },
    });
    const s3 = session.client(S3);
    const options = { partSize: 5 * MIB, concurrency: 4 };

    await upload(s3, { ...CAT, Body: new Uint8Array(SIZE) }, options);
    await copy(s3, { ...CAT, CopySource: { Bucket: "photos", Key: "dog" } }, {
      ...options,
      threshold: 5 * MIB,
    });
    const { Body } = await downloadBytes(s3, CAT, options);

    assertEquals([moved, Body.length], [12, SIZE]);
  },
);

/** What a store of one large object says. */
async function answered(
  request: Request,
): Promise<{ readonly response: Response; readonly isPart: boolean }> {
  await request.arrayBuffer();
  const { searchParams } = new URL(request.url);
  const isPart = searchParams.has("partNumber");
  const fields = {
    etag: '"e"',
    "last-modified": "Sun, 29 Nov 2026 00:00:00 GMT",
  };
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.get("range") ?? "");
  if (request.method === "HEAD") {
    const headers = { ...fields, "content-length": `${SIZE}` };
    return { response: new Response(null, { headers }), isPart: false };
  }
  if (range !== null) {
    const [, from = "0", to = "0"] = range;
    const body = new Uint8Array(Number(to) + 1 - Number(from));
    const headers = {
      ...fields,
      "content-range": `bytes ${from}-${to}/${SIZE}`,
    };
    const response = new Response(body, { status: 206, headers });
    return { response, isPart: true };
  }
  const root = searchParams.has("uploads")
    ? "InitiateMultipartUploadResult"
    : isPart
    ? "CopyPartResult"
    : searchParams.has("tagging")
    ? "Tagging"
    : "CompleteMultipartUploadResult";
  const document = `<${root}><UploadId>u</UploadId><ETag>"e"</ETag></${root}>`;
  const isPlain = isPart && !request.headers.has("x-amz-copy-source");
  const response = new Response(isPlain ? null : document, { headers: fields });
  return { response, isPart };
}
