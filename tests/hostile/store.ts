/**
 * Whole calls against a server that does what its script says.
 *
 * @module
 */
import type { LogFields, Logger, LogLevel } from "../../src/ports/telemetry.ts";
import { S3, type S3Config } from "../../src/services/s3/mod.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { transportName } from "../both_transports.ts";
import type { Script } from "../transport/hostile_server.ts";

/** What the calls are signed with. */
export const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

/** An object that the calls ask for. */
export const CAT = { Bucket: "photos", Key: "cat.txt" };

/** A session that calls a server; retries come at once. */
export function sessionAt(
  endpointUrl: string,
  options: SessionOptions = {},
): Session {
  return new Session({
    system: new FakeSystem(),
    random: () => 0,
    region: "us-east-1",
    credentials: KEYS,
    endpointUrl,
    ...options.transport ? {} : { proxy: false, transport: transportName() },
    ...options,
  });
}

/** The session and its S3 client. */
export function s3At(
  endpointUrl: string,
  options: SessionOptions = {},
  config: S3Config = {},
): Disposable & { readonly s3: S3 } {
  const session = sessionAt(endpointUrl, options);
  return {
    s3: session.client(S3, config),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

/** A complete answer. */
export function answer(
  status: string,
  body = "",
  ...fields: readonly string[]
): string {
  return [
    `HTTP/1.1 ${status}`,
    `content-length: ${body.length}`,
    ...fields,
    "",
    body,
  ].join("\r\n");
}

/** An error document. */
export function refusal(status: string, code: string, more = ""): string {
  return answer(
    status,
    `<Error><Code>${code}</Code><Message>no</Message>${more}</Error>`,
  );
}

/** Answers requests in their order, over all connections; the last answer stays. */
export function inTurn(...answers: readonly string[]): Script {
  let next = 0;
  return async (peer) => {
    for (;;) {
      await peer.request();
      const index = Math.min(next++, answers.length - 1);
      await peer.send(answers[index] ?? "");
    }
  };
}

/** A line that was logged. */
export interface Line {
  /** Its level. */
  readonly level: LogLevel;
  /** Name of its logger. */
  readonly name: string;
  /** What it says. */
  readonly message: string;
  /** Facts that go with it. */
  readonly fields: LogFields;
}

/** A logger that keeps all lines. */
export function keeping(lines: Line[], name = "inia"): Logger {
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    lines.push({ level, name, message, fields });
  };
  return {
    enabled: () => true,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (part) => keeping(lines, `${name}.${part}`),
  };
}

/** What a promise was rejected with, whatever it is, and after which time. */
export async function rejected(
  promise: Promise<unknown>,
): Promise<{ readonly reason: unknown; readonly ms: number }> {
  const start = performance.now();
  try {
    await promise;
  } catch (reason) {
    return { reason, ms: performance.now() - start };
  }
  throw new Error("It was not rejected");
}
