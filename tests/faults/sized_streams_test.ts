import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session, ValidationError } from "../../mod.ts";
import {
  type PutObjectInput,
  S3,
  type S3Config,
} from "../../src/services/s3/mod.ts";
import type { HttpRequest, Transport } from "../../src/transport/mod.ts";
import { file, upload } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { wireServer } from "./wire_server.ts";

type Body = NonNullable<PutObjectInput["Body"]>;

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "b", Key: "k" };
const BYTES = new Uint8Array(9 * MIB).map((_, index) => index * 7);
const SHA256 = hex(await crypto.subtle.digest("SHA-256", BYTES));

/** Bodies that can be read more than once. */
const REPLAYABLE: Readonly<Record<string, () => Body>> = {
  "a Blob": () => new Blob([BYTES]),
  "a source": () => ({
    length: BYTES.length,
    replayable: true,
    open: () => new Blob([BYTES]).stream(),
  }),
};

/** Bodies that can be read once. */
const ONCE: Readonly<Record<string, () => Body>> = {
  "a stream": () => new Blob([BYTES]).stream(),
  "a Response": () =>
    new Response(BYTES, { headers: { "content-length": `${BYTES.length}` } }),
  "a source": () => ({
    length: BYTES.length,
    replayable: false,
    open: () => new Blob([BYTES]).stream(),
  }),
};

for (const [kind, make] of Object.entries(REPLAYABLE)) {
  overBoth(
    `${kind} beyond 8 MiB goes to a store over http with its length and its hash`,
    async () => {
      await using server = wireServer(() => ({ headers: { etag: '"e"' } }));
      using session = sessionFor(server.origin);

      await session.client(S3).putObject({ ...OBJECT, Body: make() });

      const [request] = server.requests;
      assertEquals(request?.headers["content-length"], `${BYTES.length}`);
      assertEquals(request?.headers["transfer-encoding"], undefined);
      assertEquals(request?.headers["content-encoding"], undefined);
      assertEquals(request?.headers["x-amz-content-sha256"], SHA256);
      assertEquals(
        hex(await crypto.subtle.digest("SHA-256", request?.body ?? BYTES)),
        SHA256,
      );
    },
  );

  overBoth(
    `${kind} beyond 8 MiB goes with the checksum that is asked for in front`,
    async () => {
      await using server = wireServer(() => ({ headers: { etag: '"e"' } }));
      using session = sessionFor(server.origin);

      await session.client(S3).putObject({
        ...OBJECT,
        Body: make(),
        ChecksumAlgorithm: "SHA256",
      });

      const [request] = server.requests;
      assertEquals(
        request?.headers["x-amz-checksum-sha256"],
        btoa(String.fromCharCode(...unhex(SHA256))),
      );
      assertEquals(request?.headers["x-amz-trailer"], undefined);
    },
  );
}

overBoth(
  "a file beyond 8 MiB goes to a store with its length, by each verb",
  async () => {
    const path = await Deno.makeTempFile();
    await Deno.writeFile(path, BYTES);
    try {
      await using server = wireServer(() => ({ headers: { etag: '"e"' } }));
      using session = sessionFor(server.origin);
      const s3 = session.client(S3);

      await s3.putObject({ ...OBJECT, Body: new URL(`file://${path}`) });
      await upload(s3, { ...OBJECT, Body: file(path) }, {
        threshold: 20 * MIB,
      });

      for (const { headers, body } of server.requests) {
        assertEquals(headers["content-length"], `${BYTES.length}`);
        assertEquals(headers["x-amz-content-sha256"], SHA256);
        assertEquals(body.length, BYTES.length);
      }
      assertEquals(server.requests.length, 2);
    } finally {
      await Deno.remove(path);
    }
  },
);

overBoth("a body is hashed once, however often it is sent", async () => {
  let opened = 0;
  let answers = 0;
  await using server = wireServer(() => ({
    status: answers++ < 2 ? 503 : 200,
  }));
  using session = sessionFor(server.origin);
  const Body = {
    length: BYTES.length,
    replayable: true,
    open: () => {
      opened++;
      return new Blob([BYTES]).stream();
    },
  };

  await session.client(S3).putObject({ ...OBJECT, Body });

  assertEquals(server.requests.length, 3);
  assertEquals(opened, 4);
});

for (const [kind, make] of Object.entries(ONCE)) {
  const input = (): PutObjectInput => ({
    ...OBJECT,
    Body: make(),
    ContentLength: BYTES.length,
  });

  overBoth(
    `${kind} that can be read once is refused over http, where its hash would have to be known`,
    async () => {
      await using server = wireServer(() => ({}));
      using session = sessionFor(server.origin);

      await assertRejects(
        () => session.client(S3).putObject(input()),
        ValidationError,
        "payloadSigning: false",
      );

      assertEquals(server.requests.length, 0);
    },
  );

  overBoth(
    `${kind} that can be read once goes with its length where the body is not signed`,
    async () => {
      await using server = wireServer(() => ({}));
      using session = sessionFor(server.origin);

      await session.client(S3, { payloadSigning: false }).putObject(input());

      const [request] = server.requests;
      assertEquals(request?.headers["content-length"], `${BYTES.length}`);
      assertEquals(
        request?.headers["x-amz-content-sha256"],
        "UNSIGNED-PAYLOAD",
      );
      assertEquals(request?.body.length, BYTES.length);
    },
  );

  Deno.test(`${kind} goes to a store over https as it is, unsigned`, async () => {
    const { s3, requests } = s3Into("https://store.example");

    await s3.putObject(input());

    const [request] = requests;
    assertEquals(request?.headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
    assertEquals(request?.headers["content-encoding"], undefined);
    assertEquals(lengthOf(request), BYTES.length);
  });

  Deno.test(`${kind} goes to Amazon in chunks with the checksum behind it`, async () => {
    const { s3, requests } = s3Into(undefined);

    await s3.putObject(input());

    const [request] = requests;
    assertEquals(request?.headers["content-encoding"], "aws-chunked");
    assertEquals(request?.headers["x-amz-trailer"], "x-amz-checksum-crc32");
    assertEquals(
      request?.headers["x-amz-decoded-content-length"],
      `${BYTES.length}`,
    );
  });
}

overBoth(
  "the first reading of a body ends with the call's signal",
  async () => {
    await using server = wireServer(() => ({}));
    using session = sessionFor(server.origin);
    const controller = new AbortController();
    const reason = new Error("enough");
    const cancelled: unknown[] = [];
    const Body = {
      length: BYTES.length,
      replayable: true,
      open: () =>
        new ReadableStream<Uint8Array>({
          pull: () => {
            controller.abort(reason);
            return new Promise(() => {});
          },
          cancel: (why) => {
            cancelled.push(why);
          },
        }, { highWaterMark: 0 }),
    };

    const error = await session.client(S3)
      .putObject({ ...OBJECT, Body }, { signal: controller.signal })
      .then(() => undefined, (error) => error);

    assertEquals(error, reason);
    assertEquals(cancelled, [reason]);
  },
);

for (const status of [411, 501]) {
  Deno.test(`a store that answers a stream with ${status} is told apart, with what helps`, async () => {
    const cases:
      readonly (readonly [S3Config, Partial<PutObjectInput>, string])[] = [
        [{}, { ChecksumAlgorithm: "CRC32" }, "leave ChecksumAlgorithm out"],
        [
          { requestChecksum: "when_supported" },
          {},
          'requestChecksum: "when_required"',
        ],
      ];
    for (const [config, input, advice] of cases) {
      const { s3 } = s3Into("http://store.example", config, status);

      const error = await assertRejects(
        () =>
          s3.putObject({
            ...OBJECT,
            Body: new Blob([BYTES]).stream(),
            ContentLength: BYTES.length,
            ...input,
          }),
        ServiceError,
        advice,
      );
      assert(error.message.includes("upload()"));
    }
    const { s3 } = s3Into("http://store.example", {}, status);
    await assertRejects(
      () =>
        s3.putObject({
          ...OBJECT,
          Body: {
            length: undefined,
            replayable: true,
            open: () => new Blob([BYTES]).stream(),
          },
        }),
      ServiceError,
      "state the length of the body as ContentLength",
    );
  });
}

function sessionFor(endpointUrl: string): Session {
  return new Session({
    transport: transportName(),
    endpointUrl,
    region: "us-east-1",
    credentials: { accessKeyId: "A", secretAccessKey: "S" },
    clock: {
      now: () => new Date(),
      sleep: () => Promise.resolve(),
      timer: (ms, fn) => {
        const id = setTimeout(fn, ms);
        return { [Symbol.dispose]: () => clearTimeout(id) };
      },
    },
  });
}

/** A client whose requests go nowhere. */
function s3Into(
  endpointUrl: string | undefined,
  config: S3Config = {},
  status = 200,
): { readonly s3: S3; readonly requests: readonly HttpRequest[] } {
  const requests: HttpRequest[] = [];
  const transport: Transport = {
    send: async (request) => {
      requests.push(request);
      const { body } = request;
      if (body !== undefined && !(body instanceof Uint8Array)) {
        await new Response(body.open()).bytes();
      }
      return { status, headers: { etag: '"e"' }, body: null };
    },
    [Symbol.dispose]: () => {},
  };
  const session = new Session({
    region: "us-east-1",
    credentials: { accessKeyId: "A", secretAccessKey: "S" },
    retry: { maxAttempts: 1 },
    transport,
    ...endpointUrl === undefined ? {} : { endpointUrl },
  });
  return { s3: session.client(S3, config), requests };
}

function lengthOf(request: HttpRequest | undefined): number | undefined {
  return request?.body?.length;
}

function hex(bytes: ArrayBuffer | Uint8Array): string {
  return [...new Uint8Array(bytes)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text: string): number[] {
  return (text.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
}
