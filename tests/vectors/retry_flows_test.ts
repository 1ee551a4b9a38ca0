/**
 * Whole calls, retried.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import {
  AwsError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { ResponseBase } from "../../src/foundation/metadata.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";
import { callerOf, sessionOf, USUAL_META } from "./client_cases.ts";
import { failureOf, isUnknown } from "./retry_cases.ts";
import { vectorTest } from "./suite.ts";

interface FlowCase {
  readonly name: string;
  readonly mode: "adaptive" | "legacy" | "standard";
  readonly v21: boolean;
  readonly totalMaxAttempts: number | null;
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly random: number;
  readonly responses: readonly (number | RecordedAnswer)[];
  readonly expect: {
    readonly requests: number;
    readonly sleeps: readonly number[];
    readonly amzSdkRequest: readonly string[];
    readonly status?: number;
    readonly error?: string;
    readonly exception?: string;
    readonly retryAttempts?: number;
    readonly MaxAttemptsReached?: boolean;
  };
}

type RecordedAnswer =
  | { readonly exception: string }
  | {
    readonly status: number;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };

vectorTest<FlowCase>({
  file: "retries.json",
  section: "flows",
  cases: (data) => (data as { flows?: readonly FlowCase[] }).flows,
  name: ({ name, mode, v21 }) => `${name} (${mode}${v21 ? ", 2026" : ""})`,
  run: async (vector) => {
    const { expect, mode, v21, totalMaxAttempts, random } = vector;
    const sent: HttpRequest[] = [];
    const clock = new FixedClock(USUAL_META.now);
    using session = sessionOf(
      { region: "us-west-2" },
      USUAL_META,
      scripted(vector.responses.map(answerOf), sent),
      {
        clock,
        random: () => random,
        retry: {
          mode,
          constants: v21 ? "2026" : "classic",
          repeatUnsafe: true,
          ...totalMaxAttempts === null ? {} : { maxAttempts: totalMaxAttempts },
        },
      },
    );

    const result = await callerOf(session, { region: "us-west-2" })(
      vector.operation,
      vector.params,
    ).catch((error: unknown) => error);

    assertEquals(sent.length, expect.requests);
    assertEquals(clock.slept.map((ms) => ms / 1_000), expect.sleeps);
    assertEquals(
      sent.map(({ headers }) => headers["amz-sdk-request"]),
      [...expect.amzSdkRequest],
    );
    assertOutcome(result, expect);
  },
});

function assertOutcome(result: unknown, expect: FlowCase["expect"]): void {
  const metadata = (result as ResponseBase | AwsError).ResponseMetadata;
  if (expect.exception !== undefined && isUnknown(expect.exception)) {
    // What a transport throws that nobody knows passes through as it is.
    assert(result instanceof Error && !(result instanceof AwsError));
    assertEquals(result.name, expect.exception);
    return;
  }
  if (expect.exception !== undefined) {
    assert(result instanceof TransportError, `${result}`);
    // A time limit's error goes on with how far the attempts came.
    const [message] = result.message.split("; waited");
    assertEquals(message, failureOf(expect).message);
    return;
  }
  if (expect.error === undefined) {
    if (result instanceof Error) throw result;
    assertEquals(metadata?.HTTPStatusCode, expect.status);
  } else {
    assert(result instanceof ServiceError, `${result}`);
    assertEquals(result.code, expect.error);
    assertEquals(result.status, expect.status);
    assertEquals(
      metadata?.StopReason === "attempts",
      expect.MaxAttemptsReached === true,
    );
  }
  assertEquals(metadata?.RetryAttempts, expect.retryAttempts);
}

function answerOf(recorded: FlowCase["responses"][number]): ScriptedAnswer {
  if (typeof recorded === "number") return { status: recorded };
  if ("exception" in recorded) {
    const { exception } = recorded;
    return isUnknown(exception)
      ? Object.assign(new Error("unknown"), { name: exception })
      : failureOf(recorded);
  }
  const { status, headers, body = "" } = recorded;
  return { status, body: utf8(body), ...headers && { headers } };
}
