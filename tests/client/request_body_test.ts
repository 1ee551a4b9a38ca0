import { assert, assertEquals, assertRejects } from "@std/assert";
import { prepareBody as bodyOrPromise } from "../../src/client/request_body.ts";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import { ConfigError, ValidationError } from "../../src/foundation/errors.ts";
import type { RequestBody } from "../../src/ports/http.ts";
import type { Files } from "../../src/ports/system.ts";

const MIB = 1_024 * 1_024;

const NO_FILES: Files = { open: () => Promise.resolve({ kind: "absent" }) };
const CONTEXT = { operation: "PutObject", files: NO_FILES };

Deno.test("prepareBody leaves no body alone", async () => {
  assertEquals(await prepareBody(undefined, CONTEXT), undefined);
});

Deno.test("prepareBody holds what is small in memory, whatever it was", async () => {
  const file = opening(() => pieces("he", "llo"), 5);
  const given = [
    "hello",
    utf8("hello"),
    new Blob(["hello"]),
    pieces("hel", "lo"),
    { length: 5, replayable: false, open: () => pieces("hello") },
    new URL("file:///songs/hello.txt"),
  ];

  for (const body of given) {
    const prepared = await prepareBody(body, { ...CONTEXT, files: file });

    assert(prepared instanceof Uint8Array);
    assertEquals(text(prepared), "hello");
  }
});

Deno.test("prepareBody keeps a large blob as something to open again", async () => {
  const blob = new Blob([new Uint8Array(9 * MIB)]);

  const prepared = await prepareBody(blob, CONTEXT);

  const source = sourceOf(prepared);
  assertEquals(source.length, 9 * MIB);
  assertEquals(source.replayable, true);
  assertEquals((await new Response(source.open()).bytes()).length, 9 * MIB);
});

Deno.test("prepareBody opens a large file anew for each attempt", async () => {
  let opened = 0;
  const files = opening(() => {
    opened++;
    return zeros(9);
  }, 9 * MIB);

  const prepared = await prepareBody(new URL("file:///film.mp4"), {
    ...CONTEXT,
    files,
  });

  const source = sourceOf(prepared);
  await new Response(source.open()).bytes();
  assertEquals((await new Response(source.open()).bytes()).length, 9 * MIB);
  assertEquals(opened, 3);
});

Deno.test("prepareBody sends a large stream once, from its first byte", async () => {
  const prepared = await prepareBody(zeros(10), {
    ...CONTEXT,
    statedLength: 10 * MIB,
  });

  const source = sourceOf(prepared);
  assertEquals(source.replayable, false);
  assertEquals(source.length, 10 * MIB);
  assertEquals((await new Response(source.open()).bytes()).length, 10 * MIB);
});

Deno.test("prepareBody refuses a large stream of unknown length", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(MIB)),
    cancel: () => {
      cancelled = true;
    },
  });

  await assertRejects(
    () => prepareBody(endless, CONTEXT),
    ValidationError,
    "state it as ContentLength",
  );
  assert(cancelled);
});

Deno.test("prepareBody refuses a body of another length than stated", async () => {
  for (const body of ["hello", new Blob(["hello"]), pieces("hello")]) {
    await assertRejects(
      () => prepareBody(body, { ...CONTEXT, statedLength: 4 }),
      ValidationError,
      "ContentLength must be the length of Body, 5 bytes: current value is 4",
    );
  }
});

Deno.test("prepareBody fails a long stream that ends early or late", async () => {
  for (const [mebibytes, stated] of [[10, 11], [11, 10]] as const) {
    const prepared = await prepareBody(zeros(mebibytes), {
      ...CONTEXT,
      statedLength: stated * MIB,
    });

    const { open } = sourceOf(prepared);
    await assertRejects(
      () => new Response(open()).bytes(),
      ValidationError,
      "ContentLength must be the length of Body",
    );
  }
});

Deno.test("prepareBody passes on what a failing stream throws", async () => {
  const failure = new Error("disk on fire");
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(failure),
  });

  const error = await assertRejects(() => prepareBody(broken, CONTEXT));

  assertEquals(error, failure);
});

Deno.test("prepareBody tells a missing file from a forbidden one", async () => {
  const flag = "--allow-read=/songs/a.mp3";
  const denied: Files = {
    open: () => Promise.resolve({ kind: "denied", flag }),
  };
  const url = new URL("file:///songs/a.mp3");

  await assertRejects(
    () => prepareBody(url, CONTEXT),
    ConfigError,
    'Cannot send "/songs/a.mp3": there is no such file',
  );
  await assertRejects(
    () => prepareBody(url, { ...CONTEXT, files: denied }),
    ConfigError,
    `the program may not read it; run it with ${flag}`,
  );
});

Deno.test("prepareBody refuses a URL that is no file", async () => {
  await assertRejects(
    () => prepareBody(new URL("https://example.com/a"), CONTEXT),
    ValidationError,
    'must be a file URL where it is a URL: current scheme is "https:"',
  );
});

function sourceOf(
  body: RequestBody,
): Exclude<RequestBody, Uint8Array | undefined> {
  assert(body !== undefined && !(body instanceof Uint8Array));
  return body;
}

function pieces(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts.map(utf8));
}

function zeros(mebibytes: number): ReadableStream<Uint8Array> {
  return ReadableStream.from(
    Array.from({ length: mebibytes }, () => new Uint8Array(MIB)),
  );
}

function opening(
  open: () => ReadableStream<Uint8Array>,
  length: number,
): Files {
  return {
    open: () =>
      Promise.resolve({ kind: "found", value: { length, stream: open() } }),
  };
}

/** As a promise, also where it is there at once. */
async function prepareBody(
  ...args: Parameters<typeof bodyOrPromise>
): Promise<Awaited<ReturnType<typeof bodyOrPromise>>> {
  return await bodyOrPromise(...args);
}
