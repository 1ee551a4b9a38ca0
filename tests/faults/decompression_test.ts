import { assertEquals } from "@std/assert";
import { FetchTransport } from "../../src/transport/mod.ts";

const program = new URL("decompressing_program.ts", import.meta.url).href;

Deno.test("objects with a content-encoding come whole where the platform decompresses them", async () => {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", program],
  }).output();

  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), [
    "whole gzip true",
    "whole br true",
    "whole deflate true",
    "whole zstd true",
    "whole x-gzip, br true",
    "whole long-gzip true",
    "head true",
    // A part of a compressed body cannot be decompressed.
    "part ProtocolError",
    "cut TransportError",
  ]);
});

Deno.test("an answer that has no body is complete, whatever length it names", async () => {
  for (
    const [method, status] of [["HEAD", 200], ["GET", 304], [
      "DELETE",
      204,
    ]] as const
  ) {
    let cancelled = false;
    const empty = new ReadableStream({
      pull: (controller) => controller.close(),
      cancel: () => {
        cancelled = true;
      },
    }, { highWaterMark: 0 });
    const answer = new Response(null, {
      status,
      headers: { "content-length": "1000" },
    });
    // The class refuses a body here; browsers have one all the same.
    Object.defineProperty(answer, "body", { value: empty });
    using transport = new FetchTransport({
      fetch: () => Promise.resolve(answer),
    });

    const response = await transport.send({
      method,
      origin: "https://store.example",
      path: "/photos/cat",
      query: [],
      headers: {},
      body: undefined,
    });

    assertEquals([response.body, cancelled], [null, true]);
  }
});
