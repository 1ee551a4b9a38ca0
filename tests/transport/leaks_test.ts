import { newTransport, overBoth, transportName } from "../both_transports.ts";
import { assertEquals } from "@std/assert";
import { TransportError } from "../../src/foundation/errors.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpRequest, SendOptions } from "../../src/ports/http.ts";
import type { Transport } from "../../src/ports/http.ts";
import { countingSignal } from "./counting_signal.ts";
import { HostileServer, ok } from "./hostile_server.ts";
import { bytesOf, piecesOf, requestTo } from "./requests.ts";

const CALLS = 1_000;

/** What the server makes of a request, by its path. */
const ANSWERS: Readonly<Record<string, string>> = {
  "/whole": ok("hello"),
  "/pieces": ok("x".repeat(200_000)),
  "/cancelled": ok("x".repeat(300_000)),
  "/drained": ok("x".repeat(10_000)),
  "/half": ok("x".repeat(300_000)),
  "/cut": ok("hello").slice(0, -2),
  "/closed": "",
  "/garbage": "SSH-2.0\r\n\r\n",
  "/upload": ok("taken"),
};

/** The answers after which the server hangs up. */
const LAST = ["/cut", "/closed", "/garbage"];

overBoth(
  "a transport leaves nothing behind after a thousand calls of all kinds",
  async () => {
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        const path = /^\w+ (\S+)/.exec(await peer.head())?.[1] ?? "";
        if (path === "/aborted") await peer.drain();
        await peer.send(ANSWERS[path] ?? "");
        if (LAST.includes(path)) return peer.close();
      }
    });
    const { signal, listeners } = countingSignal();
    const results = new Map<string, number>();
    {
      using transport = newTransport({ maxConnections: 16 });
      const call = callOf(transport, server.origin);
      const names = [...Object.keys(ANSWERS), "/aborted"];

      await Promise.all(Array.from({ length: CALLS }, async (_, index) => {
        const name = names[index % names.length] ?? "";
        const result = `${name} ${await call(name, { signal })}`;
        results.set(result, (results.get(result) ?? 0) + 1);
      }));
    }

    assertEquals(listeners(), 0);
    assertEquals(Object.fromEntries(results), {
      "/whole done": 100,
      "/pieces done": 100,
      "/cancelled done": 100,
      "/drained done": 100,
      "/half done": 100,
      "/cut cut": 100,
      "/closed closed": 100,
      "/garbage not-http": 100,
      "/upload done": 100,
      "/aborted aborted": 100,
    });
  },
);

overBoth("a transport does not keep a program alive", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(ok("x".repeat(300_000)));
    await peer.drain();
  });
  const program = new URL("unfinished_program.ts", import.meta.url).href;

  const { code } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      program,
      server.origin,
      transportName(),
    ],
    signal: AbortSignal.timeout(20_000),
  }).output();

  // 143 would be the signal: the limits of the transport are at a minute.
  assertEquals(code, 0);
});

overBoth(
  "a request that waits for a connection keeps a program alive",
  async () => {
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        await peer.head();
        await peer.pause(100);
        const [head = "", body = ""] = ok("hello").split("\r\n\r\n");
        await peer.send(`${head}\r\n\r\n`);
        await peer.pause(100);
        await peer.send(body);
      }
    });
    const program = new URL("queued_program.ts", import.meta.url).href;

    const { stdout } = await new Deno.Command("deno", {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        program,
        server.origin,
        transportName(),
      ],
      signal: AbortSignal.timeout(20_000),
    }).output();

    assertEquals(new TextDecoder().decode(stdout).trim(), "5 5");
  },
);

/** Makes a call of a kind and tells in a word how it ended. */
function callOf(
  transport: Transport,
  origin: string,
): (path: string, options: SendOptions) => Promise<string> {
  const send = async (
    path: string,
    options: SendOptions,
    parts: Partial<HttpRequest> = {},
  ): Promise<void> => {
    const response = await transport.send(
      requestTo(origin, { path, ...parts }),
      options,
    );
    if (path === "/pieces") return void await piecesOf(response);
    if (path === "/cancelled" || path === "/drained") {
      return await response.body?.cancel();
    }
    if (path === "/half") {
      const reader = response.body?.open().getReader();
      await reader?.read();
      return await reader?.cancel();
    }
    await bytesOf(response);
  };
  return async (path, options) => {
    try {
      if (path === "/aborted") await sendAborted(send);
      else if (path === "/upload") await send(path, options, upload());
      else await send(path, options);
      return "done";
    } catch (error) {
      return error instanceof TransportError ? error.kind : String(error);
    }
  };
}

async function sendAborted(
  send: (path: string, options: SendOptions) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const abort = setTimeout(() => controller.abort("aborted"), 20);
  try {
    await send("/aborted", { signal: controller.signal });
  } finally {
    clearTimeout(abort);
  }
}

function upload(): Partial<HttpRequest> {
  return { method: "PUT", body: utf8("small") };
}
