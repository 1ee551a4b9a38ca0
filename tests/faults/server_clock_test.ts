import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Logger, Session, type SessionOptions } from "../../mod.ts";
import { GetObject, presignPost, S3 } from "../../src/services/s3/mod.ts";
import {
  FakeSystem,
  FixedClock,
  type HttpRequest,
  type Transport,
} from "../../src/testing/mod.ts";

const LOCAL = "2026-11-22T10:00:00Z";
const HOUR_MS = 3_600_000;

Deno.test("a server's clock is not believed beyond a day", async () => {
  const offs = [-25, 25, 24 * 365, 24 * 365 * 73, -24 * 365 * 20];
  for (const hours of offs) {
    const { s3, dates, warnings } = sessionAt(hours);

    const error = await assertRejects(() => s3.getObject(OBJECT), Error);
    await assertRejects(() => s3.getObject(OBJECT));

    assert(error.message.includes("RequestTimeTooSkewed"), error.message);
    assertEquals(dates, ["20261122T100000Z", "20261122T100000Z"]);
    assert(
      warnings.some((message) => message.includes("more than 24 hours")),
      `${hours}: ${warnings.join("; ")}`,
    );
  }
});

Deno.test("a server's clock is followed within a day, and that is logged", async () => {
  for (const hours of [-23, 1, 23]) {
    const { s3, dates, warnings } = sessionAt(hours, { oneRefusal: true });

    await s3.getObject(OBJECT);

    assertEquals(dates, ["20261122T100000Z", amzDate(hours)]);
    assertEquals(warnings.length, 1);
  }
});

Deno.test("presigned URLs and forms are good from the local clock's now", async () => {
  const { s3, dates } = sessionAt(23, { oneRefusal: true });
  await s3.getObject(OBJECT);

  const { url, expiresAt } = await s3.presign(GetObject, OBJECT, {
    expiresInSeconds: 60,
  });
  const form = await presignPost(s3, { Bucket: "photos", Key: "cat.txt" });

  assertEquals(dates.length, 2);
  assertEquals(new URL(url).searchParams.get("X-Amz-Date"), "20261122T100000Z");
  assertEquals(expiresAt.toISOString(), "2026-11-22T10:01:00.000Z");
  assert(
    JSON.stringify(form.fields).includes("20261122T100000Z"),
    JSON.stringify(form.fields),
  );
});

Deno.test("a server's clock of another year is not told as a time to live", async () => {
  const sent: HttpRequest[] = [];
  using session = new Session({
    ...settings(),
    transport: answering((request) => {
      sent.push(request);
      return { status: 503, headers: { date: httpDate(24 * 365 * 73) } };
    }),
    retry: { maxAttempts: 2 },
  });

  await assertRejects(() => session.client(S3).listBuckets());

  assertEquals(sent.length, 2);
  for (const { headers } of sent) {
    assert(!headers["amz-sdk-request"]?.includes("ttl=2099"), "ttl of 2099");
  }
});

const OBJECT = { Bucket: "photos", Key: "cat.txt" };

function settings(): SessionOptions {
  return {
    region: "eu-west-1",
    clock: new FixedClock(LOCAL),
    system: new FakeSystem(),
    credentials: {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "secret",
    },
  };
}

/** A server whose clock is off, and that minds ours once or always. */
function sessionAt(
  hours: number,
  { oneRefusal = false } = {},
): { s3: S3; dates: string[]; warnings: string[] } {
  const dates: string[] = [];
  const warnings: string[] = [];
  const session = new Session({
    ...settings(),
    logger: warningsTo(warnings),
    transport: answering(({ headers }) => {
      dates.push(headers["x-amz-date"] ?? "");
      return oneRefusal && dates.length > 1 ? { status: 200, headers: {} } : {
        status: 403,
        headers: { date: httpDate(hours) },
        body: "<Error><Code>RequestTimeTooSkewed</Code></Error>",
      };
    }),
  });
  return { s3: session.client(S3), dates, warnings };
}

function httpDate(hours: number): string {
  return new Date(Date.parse(LOCAL) + hours * HOUR_MS).toUTCString();
}

function amzDate(hours: number): string {
  return new Date(Date.parse(LOCAL) + hours * HOUR_MS).toISOString()
    .replace(/[-:]|\.000/g, "");
}

function answering(
  answer: (
    request: HttpRequest,
  ) => { status: number; headers: Record<string, string>; body?: string },
): Transport {
  return {
    send: (request) => {
      const { body = "", ...head } = answer(request);
      const bytes = () => new TextEncoder().encode(body);
      return Promise.resolve({
        ...head,
        body: {
          open: () => new Blob([bytes()]).stream(),
          bytes: () => Promise.resolve(bytes()),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}

function warningsTo(warnings: string[]): Logger {
  const logger: Logger = {
    enabled: (level) => level === "warn",
    debug: () => {},
    info: () => {},
    warn: (message) => void warnings.push(message),
    error: () => {},
    child: () => logger,
  };
  return logger;
}
