import { assert, assertEquals, assertRejects } from "@std/assert";
import { bodyFacts, placeOf } from "../../src/client/response_bodies.ts";
import { lengthOf, restFields } from "../../src/client/resume.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import {
  AwsError,
  ChecksumError,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type {
  HeaderMap,
  HttpResponse,
  ResponseBody,
} from "../../src/ports/http.ts";
import type { RetryStrategy } from "../../src/ports/retry.ts";
import {
  GetObject,
  type GetObjectInput,
  GetObjectTorrent,
  HeadObject,
  PutObject,
  S3,
} from "../../src/services/s3/mod.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { seeded } from "../retry/seeded.ts";
import { assertSameBytes } from "../same_bytes.ts";
import { type BrokenStore, brokenStore, cutOff } from "./broken_store.ts";

const MIB = 1_048_576;

const OBJECT = { Bucket: "photos", Key: "cat.txt" };

/** Bytes that differ from place to place; small bodies are read at once. */
const BYTES = Uint8Array.from(
  { length: 1_000_000 },
  (_, i) => i * 7 + (i >> 8),
);

Deno.test("a download of 1 MiB survives 1,000 random cuts byte by byte", async () => {
  const random = seeded(4_711);
  const bytes = Uint8Array.from({ length: MIB }, () => random() * 256);
  let cuts = 0;
  while (cuts < 1_000) {
    const places = cutsIn(bytes.length, random);
    const store = await brokenStore({ bytes, cuts: places });

    const body = await bodyFrom(store, { retry: { maxAttempts: 9 } });
    const read = cuts % 2 === 0
      ? await body.bytes()
      : await new Response(body.stream).bytes();

    assert(same(read, bytes), `cuts after ${places}`);
    assertEquals(store.open, 0);
    cuts += places.length;
  }
});

Deno.test("a broken body goes on behind its last byte, of the same object, signed", async () => {
  const store = await brokenStore({
    bytes: BYTES,
    cuts: [300_000, 0, 500_000],
  });
  const body = await bodyFrom(store, { retry: { maxAttempts: 4 } });

  assertSameBytes(await read(body), BYTES);

  const asked = store.sent.map(({ headers }) => [
    headers["range"],
    headers["if-match"],
    headers["amz-sdk-request"],
  ]);
  assertEquals(asked, [
    [undefined, undefined, "attempt=1; max=4"],
    ["bytes=300000-999999", '"v1"', "attempt=2; max=4"],
    ["bytes=300000-999999", '"v1"', "attempt=3; max=4"],
    ["bytes=800000-999999", '"v1"', "attempt=4; max=4"],
  ]);
  assert(store.sent[1]?.headers["authorization"]?.includes(";if-match;range;"));
});

Deno.test("a body that is read whole is asked for anew when it breaks, and then goes on", async () => {
  const store = await brokenStore({ bytes: BYTES, cuts: [300_000, 400_000] });
  const body = await bodyFrom(store);

  assertSameBytes(await body.bytes(), BYTES);

  assertEquals(ranges(store), [
    undefined,
    "bytes=0-999999",
    "bytes=400000-999999",
  ]);
});

Deno.test("a small body is asked for anew when it breaks", async () => {
  const bytes = BYTES.slice(0, 1_000);
  const store = await brokenStore({ bytes, cuts: [300] });

  assertSameBytes(await read(await bodyFrom(store)), bytes);

  assertEquals(ranges(store), [undefined, "bytes=0-999"]);
});

Deno.test("a broken range goes on within itself", async () => {
  const cases = [
    ["bytes=100000-299999", 100_000, 300_000, "bytes=150000-299999"],
    ["bytes=-200000", 800_000, 1_000_000, "bytes=850000-999999"],
    ["bytes=900000-", 900_000, 1_000_000, "bytes=950000-999999"],
  ] as const;
  for (const [Range, start, end, rest] of cases) {
    const store = await brokenStore({ bytes: BYTES, cuts: [50_000] });
    const body = await bodyFrom(store, {}, { Range });

    assertEquals(await read(body), BYTES.slice(start, end));
    assertEquals(ranges(store), [Range, rest]);
  }
});

Deno.test("a broken body of unknown length goes on to the end of the object", async () => {
  const store = await brokenStore({
    bytes: BYTES,
    cuts: [300_000],
    instead: (request) =>
      request === 1 ? { headers: { etag: '"v1"' } } : undefined,
  });

  assertSameBytes(await read(await bodyFrom(store)), BYTES);

  assertEquals(ranges(store), [undefined, "bytes=300000-"]);
});

Deno.test("a body that breaks behind its last byte is whole", async () => {
  const store = await brokenStore({ bytes: BYTES, cuts: [BYTES.length] });

  assertSameBytes(await read(await bodyFrom(store)), BYTES);

  assertEquals(store.sent.length, 1);
});

Deno.test("other failures on the way are retried in the same budget", async () => {
  const store = await brokenStore({
    bytes: BYTES,
    cuts: [300_000],
    instead: (request) => request === 2 ? refusal(503, "SlowDown") : undefined,
  });

  assertSameBytes(await read(await bodyFrom(store)), BYTES);

  const attempts = store.sent.map(({ headers }) => headers["amz-sdk-request"]);
  assertEquals(attempts.slice(1), ["attempt=2; max=3", "attempt=3; max=3"]);
});

Deno.test("a body fails as it broke when the budget is used up", async () => {
  const failure = cutOff();
  const store = await brokenStore({ bytes: BYTES, cuts: [1, 1, 1], failure });
  const body = await bodyFrom(store);

  const error = await assertRejects(() => read(body), TransportError);

  assertEquals(error, failure);
  assertEquals(error.ResponseMetadata?.StopReason, "attempts");
  assertEquals(
    error.ResponseMetadata?.Attempts.map(({ attempt, status, failure }) => [
      attempt,
      status,
      failure,
    ]),
    [[1, 200, "cut"], [2, 206, "cut"], [3, 206, "cut"]],
  );
});

Deno.test("an object that changed or went away ends its body", async () => {
  const cases = [
    [refusal(412, "PreconditionFailed"), "replaced"],
    [refusal(416, "InvalidRange"), "replaced"],
    [refusal(404, "NoSuchKey"), "removed"],
    [{ headers: { etag: '"v2"' } }, "replaced"],
  ] as const;
  for (const [answer, kind] of cases) {
    const store = await storeWithSecond(answer);
    const body = await bodyFrom(store);

    const error = await assertRejects(
      () => read(body),
      ObjectChangedError,
      `Cannot read photos.s3.eu-west-1.amazonaws.com/cat.txt to its end: it was ${kind} in the meantime`,
    );

    assertEquals(error.kind, kind);
    assertEquals(error.ResponseMetadata?.Attempts.length, 2);
    assertEquals(store.open, 0);
  }
});

Deno.test("a refusal that says nothing about the object is passed on", async () => {
  const store = await storeWithSecond(refusal(403, "AccessDenied"));
  const body = await bodyFrom(store);

  const error = await assertRejects(() => read(body), ServiceError);

  assertEquals(error.code, "AccessDenied");
  assertEquals(error.ResponseMetadata?.StopReason, "not-retryable");
});

Deno.test("a refusal of a rest shows no secret of those that asked before it", async () => {
  const SECRETS = ["first-secret-key", "second-secret-key", "third-secret-key"];
  const clock = new FixedClock("2024-02-29T12:34:56Z");
  let loads = 0;
  const credentials: SessionOptions["credentials"] = {
    name: "changing",
    load: () =>
      Promise.resolve({
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey: SECRETS[loads++] ?? "",
        expiration: new Date(clock.now().getTime() + 1_000),
      }),
  };
  const quoting = utf8(
    `<Error><Code>AccessDenied</Code><Message>${SECRETS.join()}</Message></Error>`,
  );
  const store = await brokenStore({
    bytes: BYTES,
    cuts: [300_000, 400_000],
    instead: (request) => {
      // Each attempt finds keys that have ended.
      clock.advance(2_000);
      return request === 3
        ? { status: 403, headers: {}, body: bodyOf(quoting) }
        : undefined;
    },
  });
  const body = await bodyFrom(store, { credentials, clock });

  const error = await assertRejects(() => read(body), ServiceError);

  assertEquals(loads, 3);
  for (const secret of SECRETS) {
    assert(!Deno.inspect(error).includes(secret), secret);
  }
});

Deno.test("a rest that is not what was asked for ends the body", async () => {
  const etag = '"v1"';
  const cases: readonly Partial<HttpResponse>[] = [
    { status: 200, headers: { etag } },
    { headers: { etag } },
    { headers: { etag, "content-range": "bytes 299999-999999/1000000" } },
    { headers: { etag, "content-range": "bytes 300000-999998/1000000" } },
    { headers: { etag, "content-range": "bytes 300000-999999/1000001" } },
    { headers: { "content-range": "bytes 300000-999999/1000000" } },
    {
      headers: { etag, "content-range": "bytes 300000-999999/1000000" },
      body: null,
    },
  ];
  for (const answer of cases) {
    const store = await storeWithSecond(answer);
    const body = await bodyFrom(store);

    await assertRejects(() => read(body), ProtocolError, "to its end");

    assertEquals(store.sent.length, 2);
    assertEquals(store.open, 0);
  }
});

Deno.test("a rest of another length ends the body", async () => {
  for (const length of [699_999, 700_001]) {
    const store = await storeWithSecond({
      headers: { etag: '"v1"', "content-range": "bytes 300000-999999/1000000" },
      body: bodyOf(new Uint8Array(length)),
    });
    const body = await bodyFrom(store);

    await assertRejects(
      () => read(body),
      ProtocolError,
      `it has ${300_000 + length} bytes, the service says 1000000`,
    );
  }
});

Deno.test("the checksum is that of the bytes before and after the break", async () => {
  const store = await storeWithSecond({
    body: bodyOf(new Uint8Array(700_000)),
  });
  const body = await bodyFrom(store);

  await assertRejects(() => read(body), ChecksumError);
});

Deno.test("a body without a tag of its exact bytes, or a part by number, is not resumed", async () => {
  const range = "bytes 0-999999/1000000";
  const cases: readonly Partial<HttpResponse>[] = [
    { headers: {} },
    { headers: { etag: 'W/"v1"' } },
    { status: 206, headers: { etag: '"v1"', "content-range": range } },
  ];
  for (const answer of cases) {
    const store = await brokenStore({
      bytes: BYTES,
      cuts: [300_000],
      instead: () => answer,
    });
    const { retry, settled } = counting();
    const body = await bodyFrom(store, { retry });
    assertEquals(settled(), [1]);

    await assertRejects(() => read(body), TransportError);

    assertEquals(store.sent.length, 1);
  }
});

Deno.test("what is no failure of the exchange ends the body at once", async () => {
  const gone = new Error("not ours");
  const store = await brokenStore({
    bytes: BYTES,
    instead: () => ({
      body: {
        ...bodyOf(BYTES),
        open: () =>
          new ReadableStream({
            pull: (to) => to.error(new AbortedError(gone)),
          }),
      },
    }),
  });

  const error = await assertRejects(
    async () => await read(await bodyFrom(store)),
    AbortedError,
  );

  assertEquals(error.cause, gone);
  assertEquals(store.sent.length, 1);
});

Deno.test("the call keeps its place in the budget until its body is read", async () => {
  const { retry, settled } = counting();
  const store = await brokenStore({ bytes: BYTES, cuts: [300_000] });

  const body = await bodyFrom(store, { retry });
  assertEquals(settled(), []);
  await read(body);

  assertEquals(settled(), [2]);
});

Deno.test("the place is given back by a body that is read whole, and by one that is cancelled", async () => {
  const { retry, settled } = counting();

  await (await bodyFrom(await brokenStore({ bytes: BYTES }), { retry }))
    .bytes();
  assertEquals(settled(), [1]);
  await (await bodyFrom(await brokenStore({ bytes: BYTES }), { retry }))
    .cancel();
  assertEquals(settled(), [1, 1]);
});

Deno.test("a body that is cancelled on its way gives its connection back", async () => {
  const { retry, settled } = counting();
  const store = await brokenStore({
    bytes: BYTES,
    cuts: [300_000],
  });
  const body = await bodyFrom(store, { retry });

  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > 300_000) break;
  }

  assertEquals([store.sent.length, store.open], [2, 0]);
  assertEquals(settled(), [2]);
});

Deno.test("a cancellation ends the wait before the rest is asked for", async () => {
  const clock = new WaitingClock("2024-02-29T12:34:56Z");
  const store = await brokenStore({ bytes: BYTES, cuts: [300_000] });
  const reader = (await bodyFrom(store, { clock })).stream.getReader();
  const reading = (async (): Promise<void> => {
    while (!(await reader.read()).done);
  })();
  await clock.waits;

  await reader.cancel("enough");

  await reading;
  assertEquals(clock.ended, ["enough"]);
  assertEquals([store.sent.length, store.open], [1, 0]);
});

Deno.test("the caller's signal ends the wait before the rest is asked for", async () => {
  const clock = new WaitingClock("2024-02-29T12:34:56Z");
  const store = await brokenStore({ bytes: BYTES, cuts: [300_000] });
  const caller = new AbortController();
  const body = await bodyFrom(store, { clock }, {}, caller.signal);
  const reading = assertRejects(() => read(body), DOMException, "aborted");
  await clock.waits;

  caller.abort();

  await reading;
  assertEquals([store.sent.length, store.open], [1, 0]);
});

/** One to five places, each in what is left by those before it. */
function cutsIn(length: number, random: () => number): number[] {
  return Array.from(
    { length: 1 + Math.floor(random() * 5) },
    () => Math.floor(random() * length / 4),
  );
}

async function storeWithSecond(
  answer: Partial<HttpResponse>,
): Promise<BrokenStore> {
  return await brokenStore({
    bytes: BYTES,
    cuts: [300_000],
    instead: (request) => request === 2 ? answer : undefined,
  });
}

async function bodyFrom(
  transport: BrokenStore,
  options: SessionOptions = {},
  input: Partial<GetObjectInput> = {},
  signal?: AbortSignal,
): Promise<StreamingBody> {
  const session = new Session({
    transport,
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    system: new FakeSystem(),
    random: () => 0.5,
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    ...options,
  });
  const { Body } = await session.client(S3)
    .getObject({ ...OBJECT, ...input }, signal === undefined ? {} : { signal });
  return Body;
}

/** Reads a body as a stream. */
async function read(body: StreamingBody): Promise<Uint8Array> {
  return await new Response(body.stream).bytes();
}

function ranges({ sent }: BrokenStore): readonly (string | undefined)[] {
  return sent.map(({ headers }) => headers["range"]);
}

function refusal(status: number, code: string): Partial<HttpResponse> {
  const body = bodyOf(utf8(`<Error><Code>${code}</Code></Error>`));
  return { status, headers: {}, body };
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>): ResponseBody {
  return {
    open: () => ReadableStream.from([bytes.slice()]),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  };
}

/** A strategy that tells the attempts whose places were given back. */
function counting(): {
  readonly retry: RetryStrategy;
  readonly settled: () => readonly number[];
} {
  const settled: number[] = [];
  const retry: RetryStrategy = {
    mode: "counting",
    maxAttempts: 3,
    begin: () => ({ kind: "go", ticket: { attempt: 1, held: 0 }, delayMs: 0 }),
    afterFailure: ({ attempt }) => ({
      kind: "go",
      ticket: { attempt: attempt + 1, held: 5 },
      delayMs: 0,
    }),
    afterSuccess: ({ attempt }) => {
      settled.push(attempt);
    },
  };
  return { retry, settled: () => settled };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A clock on which a sleep lasts until its signal ends it. */
class WaitingClock extends FixedClock {
  readonly ended: unknown[] = [];
  readonly #waiting = Promise.withResolvers<void>();

  get waits(): Promise<void> {
    return this.#waiting.promise;
  }

  override sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    this.#waiting.resolve();
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => {
        this.ended.push(signal.reason);
        reject(signal.reason);
      }, { once: true });
    });
  }
}

class AbortedError extends AwsError {
  constructor(cause: unknown) {
    super("ended", { cause });
  }
}

const TAG = { etag: '"v1"' };

Deno.test("bodyFacts finds the streams that can be asked for in part", () => {
  const taken = [GetObject, GetObjectTorrent, HeadObject, PutObject]
    .map((operation) => bodyFacts<never, unknown>(operation).takesRanges);

  assertEquals(taken, [true, false, false, false]);
});

Deno.test("bodyFacts answers alike however often it is asked", () => {
  const asked = [GetObject, PutObject, GetObject, PutObject]
    .map((operation) => bodyFacts<never, unknown>(operation).takesRanges);

  assertEquals(asked, [true, false, true, false]);
});

Deno.test("placeOf finds the bytes of an answer", () => {
  const range = { ...TAG, "content-range": "bytes 5-9/100" };
  const cases: readonly (readonly [
    number,
    HeaderMap,
    string | undefined,
    ReturnType<typeof placeOf>,
  ])[] = [
    [200, { ...TAG, "content-length": "7" }, undefined, {
      ...TAG,
      start: 0,
      end: 6,
      total: 7,
    }],
    [200, TAG, undefined, { ...TAG, start: 0 }],
    [200, { ...TAG, "content-length": "7, 7" }, undefined, {
      ...TAG,
      start: 0,
    }],
    // A server that knows no ranges sends it all.
    [200, { ...TAG, "content-length": "7" }, "bytes=2-3", {
      ...TAG,
      start: 0,
      end: 6,
      total: 7,
    }],
    [206, range, "bytes=5-9", { ...TAG, start: 5, end: 9, total: 100 }],
    [206, { ...TAG, "content-range": "bytes 5-9/*" }, "bytes=5-9", {
      ...TAG,
      start: 5,
      end: 9,
    }],
    [206, range, undefined, undefined],
    [206, TAG, "bytes=5-9", undefined],
    [206, { ...TAG, "content-range": "rows 5-9/100" }, "rows=5-9", undefined],
    [200, { "content-length": "7" }, undefined, undefined],
    [200, { etag: "" }, undefined, undefined],
    [200, { etag: 'W/"v1"' }, undefined, undefined],
    [304, TAG, undefined, undefined],
  ];
  for (const [status, headers, asked, place] of cases) {
    const response = { status, headers, body: null };

    assertEquals(placeOf(asked, response), place);
  }
});

Deno.test("restFields asks for the same state from a byte on", () => {
  const open = { etag: '"v1"', start: 0 };

  assertEquals(restFields({ ...open, end: 9 }, 4), {
    "if-match": '"v1"',
    range: "bytes=4-9",
  });
  assertEquals(restFields(open, 4).range, "bytes=4-");
  assertEquals([lengthOf({ ...open, end: 9 }), lengthOf(open)], [
    10,
    undefined,
  ]);
});
