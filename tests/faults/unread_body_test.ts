import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import type { HttpResponse, Transport } from "../../src/transport/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { wire } from "./wire.ts";

overBoth(
  "a small body that nobody reads and that does not end keeps no program",
  async () => {
    const heads: string[] = [];
    for (const start of ["", "the start"]) {
      await using server = wire(async (peer) => {
        heads.push(await peer.head());
        await peer.send(
          `HTTP/1.1 200 OK\r\netag: "e"\r\ncontent-length: 1000\r\n\r\n${start}`,
        );
        await peer.drain();
      });
      const child = new Deno.Command("deno", {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          "--allow-net=127.0.0.1",
          new URL("unread_program.ts", import.meta.url).href,
          server.origin,
          transportName(),
        ],
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      // At the default of readTimeoutMs, the sixty seconds take six.
      const id = setTimeout(() => child.kill(), 5_000);
      const { stdout, signal } = await child.output();
      clearTimeout(id);

      assertEquals(new TextDecoder().decode(stdout), "read the head\n");
      assertEquals(signal, null);
    }
    assertEquals(heads.length, 2);
  },
);

Deno.test("a transport that resolves to no answer ends the call with an error that says so", async () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [undefined, "found undefined"],
    [null, "found null"],
    ["200 OK", "found 200 OK"],
    [{}, "found an object with no members"],
    [{ status: 200 }, "found an object with status"],
    [{ status: 200, headers: {}, body: "text" }, "status, headers, body"],
    [new Response("text"), "found a Response of the platform"],
  ];
  for (const limits of [undefined, ["attempt", "read"] as const]) {
    for (const [value, words] of wrong) {
      const transport: Transport = {
        ...limits && { limits },
        send: () => Promise.resolve(value as HttpResponse),
        [Symbol.dispose]: () => {},
      };
      const session = new Session({
        system: new FakeSystem(),
        region: "us-east-1",
        credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
        transport,
      });

      const error = await assertRejects(
        () => inTime(session.client(S3).listBuckets()),
        ConfigError,
        words,
      );

      assertEquals(error.code, "InvalidPart");
    }
  }
});

/** So that a call that hangs fails the test instead of the run. */
async function inTime<T>(call: Promise<T>): Promise<T> {
  let id: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    id = setTimeout(() => reject(new Error("The call hangs")), 200);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(id);
  }
}
