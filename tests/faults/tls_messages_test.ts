import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AwsError, ServiceError, Session, TransportError } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { answer, type Peer, type Wire, wire } from "./wire.ts";

const CAT = { Bucket: "photos", Key: "cat" };

overBoth(
  "a certificate that is refused is told by its cause and its remedy",
  async () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["expired", ["expired on 2021-01-01T00:00:00Z", "correct the clock"]],
      ["future", ["valid from 2100-01-01T00:00:00Z", "correct the clock"]],
      ["elsewhere", [
        "not for localhost but for elsewhere.example",
        "endpoint",
      ]],
      ["self-signed", ["CA:TRUE", "refuses, also from caCerts", "CA:FALSE"]],
    ];
    for (const [name, words] of cases) {
      await using server = tls(name);
      const message = await failureOf(server, [pem("authority"), pem(name)]);

      for (const word of words) assertStringIncludes(message, word);
    }
  },
);

overBoth(
  "an authority that is not trusted names caCerts and AWS_CA_BUNDLE, which help",
  async () => {
    await using server = tls("localhost");

    const message = await failureOf(server, []);
    using session = sessionAt(`https://localhost:${server.port}`, [
      pem("authority"),
    ]);
    await session.client(S3).headObject(CAT);

    assertStringIncludes(message, "authority that is not trusted here");
    assertStringIncludes(message, "caCerts");
    assertStringIncludes(message, "AWS_CA_BUNDLE");
  },
);

overBoth(
  "a self-signed certificate with CA:FALSE can be given in caCerts",
  async () => {
    await using server = tls("no-authority");
    using session = sessionAt(`https://localhost:${server.port}`, [
      pem("no-authority"),
    ]);

    await session.client(S3).headObject(CAT);
  },
);

overBoth(
  "a server without TLS, and one with TLS of old, are told apart",
  async () => {
    await using plain = wire(async (peer) => {
      await peer.send(answer("400 Bad Request"));
    });
    await using old = wire(async (peer) => {
      // A fatal alert: protocol_version.
      await peer.send(new Uint8Array([21, 3, 1, 0, 2, 2, 70]));
      await peer.drain();
    });

    assertStringIncludes(await failureOf(plain, []), "use http://");
    assertStringIncludes(await failureOf(old, []), "TLS 1.2 or 1.3");
  },
);

overBoth("plain HTTP on a port for TLS is told to use https", async () => {
  const page = (words: string): string =>
    answer("400 Bad Request", `<html>${words}</html>`);
  await using deno = tls("localhost");
  await using nginx = wire(
    each(page("The plain HTTP request was sent to HTTPS port")),
  );
  await using go = wire(
    each(
      answer(
        "400 Bad Request",
        "Client sent an HTTP request to an HTTPS server.\n",
      ),
    ),
  );
  await using python = wire(async (peer) => {
    await peer.head();
  });

  for (const { port } of [deno, nginx, go, python]) {
    using session = sessionAt(`http://localhost:${port}`, []);
    const error = await assertRejects(
      () => session.client(S3).getObject(CAT),
      AwsError,
      "https://",
    );

    assertEquals(
      error instanceof TransportError || error instanceof ServiceError,
      true,
    );
  }
});

/** How a call over TLS to a server fails. */
async function failureOf(
  { port }: Wire,
  caCerts: readonly string[],
): Promise<string> {
  using session = sessionAt(`https://localhost:${port}`, caCerts);
  const error = await assertRejects(
    () => session.client(S3).headObject(CAT),
    TransportError,
  );
  assertEquals([error.kind, error.maybeSent], ["tls", false]);
  return error.message;
}

function sessionAt(endpointUrl: string, caCerts: readonly string[]): Session {
  return new Session({
    transport: transportName(),
    system: new FakeSystem(),
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    endpointUrl,
    caCerts,
    retry: { maxAttempts: 1 },
  });
}

/** A server with one of the certificates. */
function tls(name: string): Wire {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: pem(name),
    key: pem("key"),
  });
  return wire(each(answer("200 OK")), listener);
}

function each(text: string): (peer: Peer) => Promise<void> {
  return async (peer) => {
    for (;;) {
      await peer.head();
      await peer.send(text);
    }
  };
}

function pem(name: string): string {
  return Deno.readTextFileSync(new URL(`tls/${name}.pem`, import.meta.url));
}
