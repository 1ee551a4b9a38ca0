import { assertEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";

const TLS = new URL("../fixtures/tls/", import.meta.url);

overBoth(
  "a TLS server that offers HTTP/2 is spoken to in HTTP/1.1",
  async () => {
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: read("localhost.pem"),
      key: read("localhost.key.pem"),
      alpnProtocols: ["h2", "http/1.1"],
    });
    const served = serveOnce(listener);
    using session = new Session({
      transport: transportName(),
      endpointUrl: `https://localhost:${listener.addr.port}`,
      region: "eu-west-1",
      credentials: "anonymous",
      caCerts: [read("authority.pem")],
      retry: { maxAttempts: 1 },
      system: new FakeSystem(),
    });

    const { Body } = await session.client(S3).getObject({
      Bucket: "photos",
      Key: "cat.txt",
    });

    assertEquals(await Body.text(), "miaow");
    const { protocol, start } = await served;
    assertEquals(protocol, "http/1.1");
    assertEquals(start, "GET /photos/cat.txt HTTP/1.1");
  },
);

/** Answers the first request; whoever only looks whether the port is open is left. */
async function serveOnce(
  listener: Deno.TlsListener,
): Promise<{ protocol: string | null; start: string }> {
  // Leaving the loop closes the listener.
  for await (const connection of listener) {
    try {
      const { alpnProtocol } = await connection.handshake();
      const bytes = new Uint8Array(65_536);
      const length = await connection.read(bytes) ?? 0;
      const request = new TextDecoder().decode(bytes.subarray(0, length));
      await connection.write(new TextEncoder().encode(
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nmiaow",
      ));
      return { protocol: alpnProtocol, start: request.split("\r\n")[0] ?? "" };
    } catch (error) {
      if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
    } finally {
      connection.close();
    }
  }
  throw new Error("Cannot test: no request came");
}

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, TLS));
}
