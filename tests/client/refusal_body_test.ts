import { assertEquals, assertStrictEquals } from "@std/assert";
import { withShortRefusal } from "../../src/client/refusal_body.ts";
import type { HttpResponse } from "../../src/ports/http.ts";

/** A response of so many pieces of 10 000 bytes, and what was asked of it. */
function responseOf(
  pieces: number,
  parts: Partial<HttpResponse> = {},
): { response: HttpResponse; taken: () => number; isCancelled: () => boolean } {
  let taken = 0;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      if (taken++ < pieces) controller.enqueue(new Uint8Array(10_000));
      else controller.close();
    },
    cancel: () => {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  const body = {
    open: () => stream,
    bytes: () => new Response(stream).bytes(),
    cancel: () => Promise.resolve(),
  };
  return {
    response: { status: 403, headers: {}, body, ...parts },
    taken: () => taken,
    isCancelled: () => cancelled,
  };
}

Deno.test("withShortRefusal reads a short refusal whole", async () => {
  const { response, isCancelled } = responseOf(3);

  const bytes = await withShortRefusal(response).body?.bytes();

  assertEquals(bytes?.length, 30_000);
  assertEquals(isCancelled(), false);
});

Deno.test("withShortRefusal cancels the rest of a long one", async () => {
  const { response, taken, isCancelled } = responseOf(1_000);

  const bytes = await withShortRefusal(response).body?.bytes();

  assertEquals(bytes?.length, 70_000);
  assertEquals([taken(), isCancelled()], [7, true]);
});

Deno.test("withShortRefusal leaves alone what cannot be a long refusal", () => {
  for (
    const parts of [
      { status: 200 },
      { headers: { "content-length": "65536" } },
      { body: null },
    ]
  ) {
    const { response } = responseOf(1, parts);

    assertStrictEquals(withShortRefusal(response), response);
  }
});
