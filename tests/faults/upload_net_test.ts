/** What uploads must go on doing, whatever moves inside. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError, ServiceError, Session } from "../../mod.ts";
import type { HttpRequest } from "../../src/ports/mod.ts";
import { editObject, S3 } from "../../src/services/s3/mod.ts";
import { upload } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { answer, faultyS3, lineOf, noise, refusal } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };

function partOf({ query }: HttpRequest): number {
  return Number(query.find(([name]) => name === "partNumber")?.[1] ?? 0);
}

Deno.test("upload lists more than nine parts by number, in whatever order they arrived", async () => {
  let listed = "";
  await using local = await faultyS3(async (request, send) => {
    const number = partOf(request);
    if (number > 0) {
      // Later parts are faster.
      for (let turn = number; turn < 30; turn++) await Promise.resolve();
      return answer(200, "", { etag: `"${number}"` });
    }
    if (request.method !== "POST" || lineOf(request).includes("?uploads")) {
      return await send();
    }
    assert(request.body instanceof Uint8Array);
    listed = new TextDecoder().decode(request.body);
    return answer(
      200,
      '<CompleteMultipartUploadResult><ETag>"all"</ETag></CompleteMultipartUploadResult>',
    );
  });

  await upload(local.s3, {
    ...OBJECT,
    Body: {
      length: 12 * 5 * MIB,
      replayable: true,
      open: () => ReadableStream.from(Array(12).fill(new Uint8Array(5 * MIB))),
    },
  }, { partSize: 5 * MIB, concurrency: 6 });

  const numbers = [...listed.matchAll(/<PartNumber>(\d+)</g)];
  assertEquals(
    numbers.map(([, number]) => Number(number)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  );
  const tags = [...listed.matchAll(/<ETag>(?:&quot;|")(\d+)/g)];
  assertEquals(
    tags.map(([, tag]) => Number(tag)),
    numbers.map((n) => Number(n[1])),
  );
});

Deno.test("upload that failed says nothing of parts where its upload is gone", async () => {
  await using local = await faultyS3((request, send) =>
    partOf(request) > 0
      ? refusal(403, "AccessDenied")
      : request.method === "DELETE"
      ? refusal(404, "NoSuchUpload")
      : send()
  );

  const error = await assertRejects(
    () => upload(local.s3, { ...OBJECT, Body: noise(9 * MIB) }),
    ServiceError,
    "AccessDenied",
  );

  assertEquals(error.message.includes("NoSuchUpload"), false);
  assertEquals(error.message.includes("remain"), false);
});

/** What editObject keeps, as header fields. */
const KEPT = {
  "cache-control": "no-store",
  "content-disposition": "inline",
  "content-encoding": "br",
  "content-language": "de",
  "content-type": "text/plain",
  "expires": "Thu, 01 Jan 2026 00:00:00 GMT",
  "x-amz-meta-mood": "fine",
  "x-amz-server-side-encryption": "aws:kms",
  "x-amz-server-side-encryption-aws-kms-key-id": "key",
  "x-amz-server-side-encryption-bucket-key-enabled": "true",
  "x-amz-storage-class": "STANDARD_IA",
  "x-amz-website-redirect-location": "/dog.txt",
} as const;

for (const [name, value] of Object.entries(KEPT)) {
  Deno.test(`editObject keeps ${name}`, async () => {
    let written: Readonly<Record<string, string>> = {};
    await using local = await faultyS3((request) => {
      if (request.method === "GET") {
        return answer(200, "old", { etag: '"1"', ...KEPT });
      }
      written = request.headers;
      return answer(200, "", { etag: '"2"' });
    });

    await editObject(local.s3, OBJECT, () => "new");

    assertEquals(written[name], value);
  });
}

for (
  const [what, refuse] of [
    ["a region", () =>
      answer(
        400,
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>",
        { "x-amz-bucket-region": "eu-west-1" },
      )],
    ["the clock", () =>
      answer(
        403,
        "<Error><Code>RequestTimeTooSkewed</Code><Message>No</Message></Error>",
        { date: new Date(Date.now() - 3_600_000).toUTCString() },
      )],
  ] as const
) {
  Deno.test(`a stream that is used up is not sent again to correct ${what}`, async () => {
    const puts: number[] = [];
    await using local = await faultyS3(async (request) => {
      const { body } = request;
      if (request.method !== "PUT") return answer(200);
      if (body !== undefined && "open" in body) {
        puts.push((await new Response(body.open()).bytes()).length);
      }
      return refuse();
    }, { payloadSigning: false });

    await assertRejects(() =>
      local.s3.putObject({
        ...OBJECT,
        Body: new Blob([noise(9 * MIB)]).stream(),
        ContentLength: 9 * MIB,
      }), AwsError);

    assertEquals(puts.length, 1);
  });
}

overBoth(
  "an early answer ends an upload whose source is slow, and cancels the source",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const open: Deno.Conn[] = [];
    const serve = async (connection: Deno.Conn): Promise<void> => {
      const length = await connection.read(new Uint8Array(65_536));
      // A connection that only tries whether there is a server.
      if (length === null) return;
      const text =
        "<Error><Code>AccessDenied</Code><Message>No</Message></Error>";
      await connection.write(
        new TextEncoder().encode(
          `HTTP/1.1 403 Forbidden\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
        ),
      );
    };
    const serving = (async () => {
      for await (const connection of listener) {
        open.push(connection);
        serve(connection).catch(() => {});
      }
    })();
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    let pulled = 0;
    const Body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (pulled++ === 0) return controller.enqueue(noise(9 * MIB));
        // Nothing more comes.
        return new Promise<void>(() => {});
      },
      cancel: () => resolve(),
    }, { highWaterMark: 0 });
    {
      using session = new Session({
        transport: transportName(),
        region: "us-east-1",
        endpointUrl: `http://127.0.0.1:${listener.addr.port}`,
        credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
      });
      const s3 = session.client(S3, { payloadSigning: false });

      await assertRejects(
        () =>
          s3.putObject({ ...OBJECT, Body, ContentLength: 12 * MIB }, {
            totalTimeoutMs: 5_000,
          }),
        ServiceError,
        "AccessDenied",
      );

      await cancelled;
    }
    listener.close();
    for (const connection of open) connection.close();
    await serving;
  },
);
