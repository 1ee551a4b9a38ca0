import { assertEquals, assertInstanceOf } from "@std/assert";
import { Session, TransportError } from "../../mod.ts";
import { createObject, S3 } from "../../src/services/s3/mod.ts";
import { newTransport, overBoth, transportName } from "../both_transports.ts";
import { wireServer } from "./wire_server.ts";

const OBJECT = { Bucket: "b", Key: "k" };

/** Calls that may have been carried out where no answer came. */
const CALLS: readonly (readonly [string, (s3: S3) => Promise<unknown>])[] = [
  [
    "createObject of bytes",
    (s3) => createObject(s3, { ...OBJECT, Body: new Uint8Array(70_000) }),
  ],
  ["createObject of text", (s3) => createObject(s3, { ...OBJECT, Body: "x" })],
  [
    "createObject of nothing",
    (s3) => createObject(s3, { ...OBJECT, Body: "" }),
  ],
  ["createObject without a body", (s3) => createObject(s3, OBJECT)],
  [
    "createObject of an empty Blob",
    (s3) => createObject(s3, { ...OBJECT, Body: new Blob([]) }),
  ],
  [
    "createObject of a Blob beyond 8 MiB",
    (s3) =>
      createObject(s3, {
        ...OBJECT,
        Body: new Blob([new Uint8Array(9 << 20)]),
      }),
  ],
  ["createMultipartUpload", (s3) => s3.createMultipartUpload(OBJECT)],
  [
    "deleteObject with a condition",
    (s3) => s3.deleteObject({ ...OBJECT, IfMatch: "*" }),
  ],
  [
    "putObject at an offset",
    (s3) => s3.putObject({ ...OBJECT, Body: "x", WriteOffsetBytes: 5 }),
  ],
  [
    "completeMultipartUpload with a condition",
    (s3) =>
      s3.completeMultipartUpload({
        ...OBJECT,
        UploadId: "u",
        IfNoneMatch: "*",
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"e"' }] },
      }),
  ],
];

for (const [name, call] of CALLS) {
  overBoth(
    `${name} is sent once when a kept connection breaks before the answer`,
    async () => {
      await using server = wireServer(({ method }) =>
        method === "HEAD" ? { headers: { etag: '"e"' } } : "close"
      );
      using session = sessionFor(server.origin);
      const s3 = session.client(S3);
      // Whatever is kept of these is used next.
      await s3.headObject(OBJECT);
      await s3.headObject(OBJECT);

      const error = await call(s3).then(() => undefined, (error) => error);

      assertInstanceOf(error, TransportError);
      assertEquals(
        [error.kind, error.maybeSent, error.ResponseMetadata?.Attempts.length],
        ["closed", true, 1],
      );
      assertEquals(server.requests.filter(isCall).length, 1);
    },
  );
}

overBoth(
  "a put that is repeated tells every time that it was sent",
  async () => {
    for (const Body of ["x", new Uint8Array(300_000)]) {
      let puts = 0;
      await using server = wireServer(({ method, turn }) =>
        method === "PUT" && turn > 1 && puts++ < 1 ? "close" : {}
      );
      using session = sessionFor(server.origin);
      const s3 = session.client(S3);
      await s3.headObject(OBJECT);

      const { ResponseMetadata } = await s3.putObject({ ...OBJECT, Body });

      assertEquals(
        ResponseMetadata.Attempts.length,
        server.requests.filter(isCall).length,
      );
      assertEquals(ResponseMetadata.Attempts.length, 2);
    }
  },
);

overBoth("a body states its length, whatever it is made of", async () => {
  await using server = wireServer(() => ({ headers: { etag: '"e"' } }));
  using session = sessionFor(server.origin);
  const s3 = session.client(S3);
  for (const length of [0, 1, 65_536, 262_144, 262_145, 3_000_000]) {
    await s3.putObject({ ...OBJECT, Body: new Uint8Array(length).fill(7) });
    await s3.putObject({ ...OBJECT, Body: new Blob(["x".repeat(length)]) });
  }

  for (const { headers, body } of server.requests) {
    assertEquals(headers["transfer-encoding"], undefined);
    assertEquals(headers["content-length"], `${body.length}`);
  }
  assertEquals(server.requests.length, 12);
  assertEquals(
    server.requests.at(-1)?.body.every((byte) => byte === 120),
    true,
  );
});

overBoth(
  "a transport asks no new connection for what may be sent twice",
  async () => {
    let connections = 0;
    await using server = wireServer(({ turn }) => {
      if (turn === 1) connections++;
      return {};
    });
    using transport = newTransport();
    const send = async (method: "DELETE" | "GET", repeatable?: boolean) => {
      const { body } = await transport.send({
        method,
        origin: server.origin,
        path: "/",
        query: [],
        headers: {},
        body: undefined,
      }, repeatable === undefined ? {} : { repeatable });
      await body?.bytes();
    };
    for (let round = 0; round < 3; round++) {
      await send("GET");
      await send("DELETE", true);
    }

    assertEquals(connections, 1);
    await send("DELETE");
    await send("DELETE", false);
    assertEquals(connections, 3);
  },
);

function isCall({ method }: { readonly method: string }): boolean {
  return method !== "HEAD";
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
