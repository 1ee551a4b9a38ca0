import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { verified, withShortRefusal } from "../../src/client/guarded_bodies.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import { ChecksumError } from "../../src/foundation/errors.ts";
import type {
  HeaderMap,
  HttpResponse,
  ResponseBody,
} from "../../src/ports/http.ts";

const RIGHT = { "x-amz-checksum-crc32": "DUoRhQ==" };
const WRONG = { "x-amz-checksum-crc32": "AAAAAA==" };

Deno.test("verified hands over a body that is what the service has", async () => {
  assertEquals(await readBoth(RIGHT), ["hello world", "hello world"]);
});

Deno.test("verified fails at the end of a body that is something else", async () => {
  const error = await assertRejects(
    () => bodyOf(WRONG).bytes(),
    ChecksumError,
    'Cannot trust the body: its CRC32 is "DUoRhQ==", the service says "AAAAAA=="',
  );
  assertEquals(error.algorithm, "CRC32");

  const completed: ChecksumError[] = [];
  const told = bodyOf(WRONG, 200, (error) => completed.push(error));
  const second = await assertRejects(
    () => new Response(told.open()).bytes(),
    ChecksumError,
  );
  assertEquals(completed, [second]);
});

Deno.test("verified does not judge by checksums of parts or of other bytes", async () => {
  const composite = { "x-amz-checksum-crc32": "AAAAAA==-2" };

  assertEquals(await readBoth(composite), ["hello world", "hello world"]);
  assertEquals(await readBoth(WRONG, 206), ["hello world", "hello world"]);
  assertEquals(await readBoth({}), ["hello world", "hello world"]);
});

Deno.test("verified passes a cancellation on", async () => {
  const reasons: unknown[] = [];
  const body: ResponseBody = {
    open: () => ReadableStream.from([]),
    bytes: () => Promise.resolve(utf8("")),
    cancel: (reason) => {
      reasons.push(reason);
      return Promise.resolve();
    },
  };

  const { body: checked } = verified(
    { status: 200, headers: RIGHT, body },
    () => {},
  );
  await checked?.cancel("enough");

  assertEquals(reasons, ["enough"]);
});

async function readBoth(
  headers: HeaderMap,
  status = 200,
): Promise<readonly string[]> {
  return [
    new TextDecoder().decode(await bodyOf(headers, status).bytes()),
    await new Response(bodyOf(headers, status).open()).text(),
  ];
}

function bodyOf(
  headers: HeaderMap,
  status = 200,
  complete: (error: ChecksumError) => void = () => {},
): ResponseBody {
  const bytes = utf8("hello world");
  const response: HttpResponse = {
    status,
    headers,
    body: {
      open: () => ReadableStream.from([bytes.slice(0, 4), bytes.slice(4)]),
      bytes: () => Promise.resolve(bytes),
      cancel: () => Promise.resolve(),
    },
  };
  const { body } = verified(response, complete);
  if (body === null) throw new Error("the body is gone");
  return body;
}

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
