import { assertEquals, assertRejects } from "@std/assert";
import { exchange, steadyExchange } from "../../src/credentials/exchange.ts";
import { TransportError } from "../../src/foundation/errors.ts";
import { FixedClock } from "../../src/testing/mod.ts";
import { NOW } from "./doubles.ts";
import { loopback } from "./loopback.ts";

Deno.test("exchange sends the URL as it is written, and reads the answer whole", async () => {
  await using server = loopback(async (request) =>
    new Response(`${request.method} ${await request.text()}`, { status: 201 })
  );

  const { status, text } = await exchange(server.transport, {
    method: "POST",
    url: `${server.origin}/a/b?bare&x=1%202&y=a%3Db`,
    body: "hello",
  }, { timeoutMs: 5_000 });

  assertEquals([status, text], [201, "POST hello"]);
  assertEquals(server.requests, ["POST /a/b?bare&x=1%202&y=a%3Db"]);
});

Deno.test("exchange gives up an answer that never ends", async () => {
  await using server = loopback(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(1)),
      }),
    )
  );

  await assertRejects(
    () => exchange(server.transport, { url: server.origin }, { timeoutMs: 20 }),
    TransportError,
  );
});

Deno.test("steadyExchange asks a busy service three times in all", async () => {
  const clock = new FixedClock(NOW);
  await using server = loopback(() => new Response(null, { status: 503 }));

  const { status } = await steadyExchange(
    server.transport,
    { url: server.origin },
    { clock, timeoutMs: 5_000 },
  );

  assertEquals(status, 503);
  assertEquals(server.requests.length, 3);
  assertEquals(clock.slept, [500, 1_000]);
});

Deno.test("steadyExchange does not repeat what is not permitted", async () => {
  let sent = 0;
  const denied = {
    send: () => {
      sent++;
      return Promise.reject(
        new TransportError("denied", "no", { maybeSent: false }),
      );
    },
    [Symbol.dispose]: () => {},
  };

  await assertRejects(
    () =>
      steadyExchange(denied, { url: "http://127.0.0.1/" }, {
        clock: new FixedClock(NOW),
        timeoutMs: 5_000,
      }),
    TransportError,
  );

  assertEquals(sent, 1);
});
