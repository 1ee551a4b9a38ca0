/**
 * What a call puts right by itself: the clock, and the region of a bucket.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../src/foundation/errors.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import type {
  HeaderMap,
  HttpRequest,
  HttpResponse,
  Transport,
} from "../../src/ports/http.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { CAT, keeping, KEYS, type Line } from "./store.ts";

const LOCAL = new Date("2024-02-29T12:00:00Z");
const SERVER = new Date("2024-02-29T13:00:00Z");
const CALLS = 100;

Deno.test("a hundred calls at once learn the server's time, outside the retry budget", async () => {
  const sent: HttpRequest[] = [];
  using session = sessionOver(clockServer(sent), {
    retry: { maxAttempts: 1 },
  });
  const s3 = session.client(S3);

  const results = await Promise.all(
    Array.from({ length: CALLS }, () => s3.listBuckets()),
  );

  // A call that is signed after the first refusal has the right time at once.
  const refused = results.filter(({ ResponseMetadata }) =>
    ResponseMetadata.RetryAttempts === 1
  );
  assertEquals(sent.length, CALLS + refused.length);
  const { Attempts } = results[0]?.ResponseMetadata ?? { Attempts: [] };
  assertEquals(
    Attempts.map(({ delayMs, failure, recovery }) => [
      delayMs,
      failure,
      recovery,
    ]),
    [[0, "RequestTimeTooSkewed", "skew"], [0, undefined, undefined]],
  );
  await s3.listBuckets();
  assertEquals(sent.length, CALLS + refused.length + 1);
});

Deno.test("a HEAD, whose refusal has no body, learns the server's time", async () => {
  const sent: HttpRequest[] = [];
  using session = sessionOver(clockServer(sent));

  await session.client(S3).headObject(CAT);

  assertEquals(sent.length, 2);
});

Deno.test("a time that is right is not corrected", async () => {
  const sent: HttpRequest[] = [];
  using session = sessionOver(clockServer(sent, { always: true }), {
    clock: new FixedClock(SERVER),
  });

  const error = await assertRejects(
    () => session.client(S3).listBuckets(),
    ServiceError,
  );

  assertEquals(error.code, "RequestTimeTooSkewed");
  assertEquals(sent.length, 1);
});

Deno.test("a server whose clock is never content is asked twice", async () => {
  const sent: HttpRequest[] = [];
  using session = sessionOver(clockServer(sent, { always: true }));

  await assertRejects(() => session.client(S3).listBuckets(), ServiceError);

  assertEquals(sent.length, 2);
});

Deno.test("calls at once follow a bucket to its region, and the session remembers", async () => {
  const lines: Line[] = [];
  const store = regionStore({ photos: "eu-west-1" });
  using session = sessionOver(store, {
    logger: keeping(lines),
    retry: { maxAttempts: 1 },
  });

  await Promise.all(
    Array.from({ length: 20 }, () => session.client(S3).headObject(CAT)),
  );
  const before = store.sent.length;
  const { ResponseMetadata } = await session.client(S3).headObject(CAT);

  assertEquals(ResponseMetadata.RetryAttempts, 0);
  assertEquals(store.sent.slice(before).map(regionOf), ["eu-west-1"]);
  const told = lines.filter(({ name }) => name === "inia.retry");
  assertEquals(told.length, before - 20);
  assertEquals(told[0], {
    level: "info",
    name: "inia.retry",
    message: "attempt failed, corrected and sent again",
    fields: {
      operation: "HeadObject",
      failure: "301",
      recovery: "region",
      region: "eu-west-1",
      skewMs: undefined,
    },
  });
});

Deno.test("a bucket that moves is followed again", async () => {
  const places: Record<string, string> = { photos: "eu-west-1" };
  const store = regionStore(places);
  using session = sessionOver(store);
  const s3 = session.client(S3);
  await s3.headObject(CAT);

  places["photos"] = "ap-south-1";
  await s3.headObject(CAT);
  await s3.headObject(CAT);

  assertEquals(store.sent.map(regionOf), [
    "us-east-1",
    "eu-west-1",
    "eu-west-1",
    "ap-south-1",
    "ap-south-1",
  ]);
});

Deno.test("a bucket that is sent in circles is followed once per call", async () => {
  const store = regionStore(
    {},
    (request) => regionOf(request) === "eu-west-1" ? "us-east-1" : "eu-west-1",
  );
  using session = sessionOver(store);

  const error = await assertRejects(
    () => session.client(S3).getObject(CAT),
    ServiceError,
  );

  assertEquals(error.status, 301);
  assertEquals(store.sent.length, 2);
});

Deno.test("the region of a bucket does not hold for another store or partition", async () => {
  const store = regionStore({ photos: "eu-west-1" });
  using session = sessionOver(store);
  await session.client(S3).headObject(CAT);
  const before = store.sent.length;

  const other = session.client(S3, { endpointUrl: "http://store.example" });
  await other.headObject(CAT).catch(() => {});
  const china = session.client(S3, { region: "cn-north-1" });
  await china.headObject(CAT).catch(() => {});

  const [first, , third] = store.sent.slice(before);
  assertEquals(first && regionOf(first), "us-east-1");
  assertEquals(third && regionOf(third), "cn-north-1");
});

Deno.test("an endpoint of one's own keeps its host when the region is corrected", async () => {
  const store = regionStore({ photos: "eu-west-1" });
  using session = sessionOver(store, { endpointUrl: "http://store.example" });

  await session.client(S3).headObject(CAT);

  assertEquals(
    store.sent.map((request) => [request.origin, regionOf(request)]),
    [
      ["http://store.example", "us-east-1"],
      ["http://store.example", "eu-west-1"],
    ],
  );
});

function sessionOver(
  transport: Transport,
  options: SessionOptions = {},
): Session {
  return new Session({
    system: new FakeSystem(),
    clock: new FixedClock(LOCAL),
    random: () => 0,
    region: "us-east-1",
    credentials: KEYS,
    transport,
    ...options,
  });
}

/** A server whose clock is an hour ahead, and that minds. */
function clockServer(
  sent: HttpRequest[],
  { always = false } = {},
): Transport {
  return transportOf(async (request) => {
    sent.push(request);
    // All requests are under way before the first one is answered.
    await Promise.resolve();
    const signedAt = request.headers["x-amz-date"] ?? "";
    const off = Math.abs(SERVER.getTime() - timeOf(signedAt));
    const headers = { date: SERVER.toUTCString() };
    return off < 15 * 60_000 && !always
      ? responseTo(request, 200, "<ListAllMyBucketsResult/>", headers)
      : responseTo(
        request,
        403,
        "<Error><Code>RequestTimeTooSkewed</Code></Error>",
        headers,
      );
  });
}

/** `20240229T120000Z` in milliseconds. */
function timeOf(signedAt: string): number {
  const parts = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(signedAt) ?? [];
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}Z`,
  );
}

/** A service whose buckets are where a table, or a rule, says. */
function regionStore(
  places: Readonly<Record<string, string>>,
  rule?: (request: HttpRequest) => string,
): Transport & { readonly sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  const transport = transportOf((request) => {
    sent.push(request);
    const region = rule?.(request) ?? places["photos"] ?? "";
    const response = regionOf(request) === region
      ? responseTo(request, 200, "", {})
      : responseTo(
        request,
        301,
        "<Error><Code>PermanentRedirect</Code></Error>",
        { "x-amz-bucket-region": region },
      );
    return Promise.resolve(response);
  });
  return Object.assign(transport, { sent });
}

function regionOf({ headers }: HttpRequest): string {
  return headers["authorization"]?.split("/")[2] ?? "";
}

function transportOf(
  send: (request: HttpRequest) => Promise<HttpResponse>,
): Transport {
  return { send, [Symbol.dispose]: () => {} };
}

function responseTo(
  { method }: HttpRequest,
  status: number,
  document: string,
  headers: HeaderMap,
): HttpResponse {
  const bytes = utf8(document);
  return {
    status,
    headers,
    body: method === "HEAD" ? null : {
      open: () => ReadableStream.from([bytes]),
      bytes: () => Promise.resolve(bytes),
      cancel: () => Promise.resolve(),
    },
  };
}
