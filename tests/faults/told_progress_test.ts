/** Progress of uploads is told as the bytes leave; a transfer never fails by its own queue. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { download, file, upload } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { noise } from "./faulty_s3.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };

/** A client with a transport of its own, at a server on loopback. */
async function started(
  options: ConstructorParameters<typeof Session>[0] = {},
): Promise<{ s3: S3 } & AsyncDisposable> {
  const local = await LocalAws.start();
  const session = new Session({
    ...local.clientConfig,
    transport: transportName(),
    ...options,
  });
  const s3 = session.client(S3, { payloadSigning: false });
  await s3.createBucket({ Bucket: "photos" });
  return {
    s3,
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
    },
  };
}

for (
  const [name, size, options] of [
    ["in one request", 5 * MIB, {}],
    ["in parts", 20 * MIB, {}],
    ["in parts of a stream", 20 * MIB, { stream: true }],
    ["in one request of a long stream", 20 * MIB, { threshold: 99 * MIB }],
  ] as const
) {
  overBoth(
    `upload ${name} tells progress per 64 KiB or more, as the bytes leave`,
    async () => {
      await using local = await started();
      const content = noise(size);
      const told: number[] = [];

      const { parts } = await upload(local.s3, {
        ...OBJECT,
        Body: "stream" in options || "threshold" in options
          ? new Blob([content]).stream()
          : content,
        ContentLength: size,
      }, {
        ..."threshold" in options ? options : {},
        concurrency: 2,
        onProgress: ({ bytes }) => told.push(bytes),
      });

      assert(told.length > 4 * parts, `told ${told.length} times`);
      assertEquals(told.at(-1), size);
      const steps = told.map((bytes, index) => bytes - (told[index - 1] ?? 0));
      const small = steps.filter((step) => step < 64 * KIB);
      assert(small.length <= parts, `${small.length} steps are small`);
      const { ContentLength } = await local.s3.headObject(OBJECT);
      assertEquals(ContentLength, size);
    },
  );
}

overBoth("upload of few bytes tells them once", async () => {
  await using local = await started();
  const told: number[] = [];

  await upload(local.s3, { ...OBJECT, Body: "miaow" }, {
    onProgress: ({ bytes }) => told.push(bytes),
  });

  assertEquals(told, [5]);
});

overBoth(
  "upload ends with the error that onProgress throws while the bytes leave",
  async () => {
    for (const size of [5 * MIB, 20 * MIB]) {
      await using local = await started();
      const failure = new Error("no room on the screen");

      const error = await assertRejects(() =>
        upload(local.s3, { ...OBJECT, Body: noise(size) }, {
          onProgress: () => {
            throw failure;
          },
        })
      );

      assertEquals(error, failure);
      const { Uploads = [] } = await local.s3.listMultipartUploads({
        Bucket: "photos",
      });
      assertEquals(Uploads, []);
    }
  },
);

overBoth("the count falls back when a body is sent again", async () => {
  let refuse = true;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, async (request) => {
    await request.bytes();
    if (refuse) {
      refuse = false;
      return new Response("", { status: 503 });
    }
    return new Response("", { headers: { etag: '"1"' } });
  });
  {
    using session = new Session({
      transport: transportName(),
      region: "us-east-1",
      endpointUrl: `http://127.0.0.1:${server.addr.port}`,
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
      random: () => 0,
    });
    const told: number[] = [];

    await upload(session.client(S3), { ...OBJECT, Body: noise(3 * MIB) }, {
      onProgress: ({ bytes }) => told.push(bytes),
    });

    assertEquals(told.at(-1), 3 * MIB);
    assert(told.some((bytes, index) => bytes < (told[index - 1] ?? 0)));
    assert(Math.max(...told) <= 3 * MIB);
  }
  await server.shutdown();
});

overBoth(
  "a transfer waits for its own parts where maxConnections is below its concurrency",
  async () => {
    await using local = await started({
      maxConnections: 1,
      // Below what one part takes: its own queue would end the transfer.
      queueTimeoutMs: 1,
    });
    const content = noise(32 * MIB);
    const path = await Deno.makeTempFile();
    try {
      await upload(local.s3, { ...OBJECT, Body: content }, {
        partSize: 5 * MIB,
        concurrency: 7,
      });
      await download(local.s3, OBJECT, file(path), {
        partSize: 5 * MIB,
        concurrency: 7,
      });
      assertEquals((await Deno.stat(path)).size, content.length);
    } finally {
      await Deno.remove(path);
    }
  },
);
