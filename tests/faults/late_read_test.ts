import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Session, TransportError } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";

/** How long a reader takes to come: longer than the cut. */
const LATE_MS = 60;

for (const sent of [0, 1, 10, 99]) {
  overBoth(
    `an answer cut after ${sent} of 100 bytes and read later fails when it is read`,
    async () => {
      const unhandled: unknown[] = [];
      const note = (event: PromiseRejectionEvent): void => {
        event.preventDefault();
        unhandled.push(event.reason);
      };
      globalThis.addEventListener("unhandledrejection", note);
      try {
        const error = await readLate(sent);

        assertInstanceOf(error, TransportError);
        assertEquals(error.kind, "cut");
        assertEquals(unhandled, []);
      } finally {
        globalThis.removeEventListener("unhandledrejection", note);
      }
    },
  );
}

async function readLate(sent: number): Promise<Error> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveOnce(listener, sent);
  using session = new Session({
    transport: transportName(),
    endpointUrl: `http://127.0.0.1:${listener.addr.port}`,
    region: "eu-west-1",
    credentials: "anonymous",
    retry: { maxAttempts: 1 },
    system: new FakeSystem(),
  });
  const { Body } = await session.client(S3).getObject({
    Bucket: "photos",
    Key: "cat.txt",
  });
  await served;
  await new Promise((resolve) => setTimeout(resolve, LATE_MS));
  return await assertRejects(() => Body.bytes(), Error);
}

/** Answers the first request; whoever only looks whether the port is open is left. */
async function serveOnce(
  listener: Deno.TcpListener,
  sent: number,
): Promise<void> {
  // Leaving the loop closes the listener.
  for await (const connection of listener) {
    try {
      const length = await connection.read(new Uint8Array(65_536));
      if (length === null) continue;
      await connection.write(new TextEncoder().encode(
        `HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n${"x".repeat(sent)}`,
      ));
      return;
    } finally {
      connection.close();
    }
  }
}
