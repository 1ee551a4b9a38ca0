/**
 * Clients whose servers give the answers of a list, in memory.
 *
 * @module
 */
import { Session, type SessionOptions } from "../../mod.ts";
import type { HttpRequest, Logger, Transport } from "../../src/ports/mod.ts";
import { S3, type S3Config } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";

/** An answer: its body alone, or all of it. */
export type Answer =
  | string
  | {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array<ArrayBuffer>;
  };

/** Clients, what they sent and what they warned of. */
export interface Answering {
  readonly s3: S3;
  readonly sts: STS;
  readonly session: Session;
  readonly sent: HttpRequest[];
  readonly warnings: { message: string; fields: unknown }[];
}

/** Settings of a session; its credentials may be those of its profile, and `""` is no region. */
export type Settings = Omit<SessionOptions, "credentials"> & {
  readonly credentials?: SessionOptions["credentials"] | "profile";
};

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

/**
 * Makes clients that get these answers, in order; the last one stays.
 *
 * @param answers The answers.
 * @param options Settings of the session.
 * @param config Settings of the S3 client.
 */
export function answering(
  answers: readonly Answer[],
  options: Settings = {},
  config: S3Config = {},
): Answering {
  const sent: HttpRequest[] = [];
  const warnings: Answering["warnings"] = [];
  const { credentials = KEYS, region = "eu-west-1", ...others } = options;
  const session = new Session({
    transport: transportOf(answers, sent),
    system: new FakeSystem(),
    clock: new FixedClock("2026-11-29T12:00:00Z"),
    random: () => 0,
    ...region === "" ? {} : { region },
    ...credentials === "profile" ? {} : { credentials },
    logger: warningTo(warnings),
    ...others,
  });
  const s3 = session.client(S3, config);
  return { s3, sts: session.client(STS), session, sent, warnings };
}

/** Makes a transport that gives these answers, in order; the last one stays. */
export function transportOf(
  answers: readonly Answer[],
  sent: HttpRequest[] = [],
): Transport {
  return {
    send: (request) => {
      const answer = answers[Math.min(sent.length, answers.length - 1)] ?? "";
      sent.push(request);
      const { status = 200, headers = {}, body = "" } =
        typeof answer === "string" ? { body: answer } : answer;
      const bytes = typeof body === "string"
        ? new TextEncoder().encode(body)
        : body;
      const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> =>
        new Blob([bytes]).stream();
      return Promise.resolve({
        status,
        headers,
        body: request.method === "HEAD" ? null : {
          open: stream,
          bytes: () => Promise.resolve(bytes),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}

function warningTo(warnings: Answering["warnings"]): Logger {
  const logger: Logger = {
    enabled: (level) => level === "warn",
    debug: () => {},
    info: () => {},
    warn: (message, fields) => warnings.push({ message, fields }),
    error: () => {},
    child: () => logger,
  };
  return logger;
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error("It was not rejected");
}
