import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AwsError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { SinkLogger } from "../../src/foundation/log.ts";
import type { ResponseMetadata } from "../../src/foundation/metadata.ts";
import {
  type Attempt,
  type AttemptedCall,
  type AttemptTrace,
  type LoopParts,
  RetryLoop,
} from "../../src/client/retry_loop.ts";
import type { RetryStrategy } from "../../src/ports/retry.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";

const NOW = new Date("2024-02-29T12:34:56Z");

const CLOSED = new TransportError("closed", "the connection was closed", {
  maybeSent: true,
});
const REFUSED = new TransportError("refused", "nobody listens", {
  maybeSent: false,
});

Deno.test("RetryLoop returns the first attempt that succeeds, with its facts", async () => {
  const clock = new FixedClock(NOW);
  const { call, attempts } = failing([slowDown(), slowDown()], clock);

  const loop = new RetryLoop(parts({ clock }), call);
  const value = await loop.run(call);
  const metadata = loop.metadata();

  assertEquals(value, "done");
  assertEquals(attempts.map(({ number }) => number), [1, 2, 3]);
  assertEquals(loop.ticket?.attempt, 3);
  const sent = { durationMs: 10, host: "b.example" };
  const refused = { ...sent, status: 503, failure: "SlowDown" };
  assertEquals(metadata, {
    HTTPStatusCode: 200,
    RequestId: "R3",
    HTTPHeaders: { "x-amz-request-id": "R3" },
    RetryAttempts: 2,
    Attempts: [
      { attempt: 1, delayMs: 0, ...refused, requestId: "R1" },
      { attempt: 2, delayMs: 100, ...refused, requestId: "R2" },
      { attempt: 3, delayMs: 200, ...sent, status: 200, requestId: "R3" },
    ],
  });
});

Deno.test("RetryLoop throws the last failure, with attempts and reason", async () => {
  const { call } = failing(Array.from({ length: 9 }, slowDown));

  const error = await assertRejects(
    () => run(parts(), call),
    ServiceError,
  );

  assertEquals(error.ResponseMetadata?.StopReason, "attempts");
  assertEquals(error.ResponseMetadata?.Attempts.length, 3);
  assertEquals(
    error.message,
    "SlowDown (PutObject, 503, request R1, 3 attempts): reduce your rate",
  );
  assert(error.stack?.includes("3 attempts"));
});

Deno.test("RetryLoop tells a strategy the names of a call, and nothing else of it", async () => {
  const { call } = failing([slowDown()]);
  const told: unknown[] = [];
  const retry: RetryStrategy = {
    ...strategy(1),
    afterFailure: (_ticket, _failure, call) => {
      told.push(call);
      return { kind: "stop", reason: "attempts" };
    },
  };

  await assertRejects(() => run(parts({ retry }), call), ServiceError);

  const { service, operation } = call;
  assertEquals(told, [{ service, operation }]);
});

Deno.test("RetryLoop does not repeat what may have been carried out", async () => {
  const { call, attempts } = failing([CLOSED]);

  const error = await assertRejects(
    () => run(parts(), { ...call, idempotent: false }),
    TransportError,
  );

  assertEquals(error.ResponseMetadata?.StopReason, "unsafe");
  assertEquals(attempts.length, 1);
});

Deno.test("RetryLoop repeats an unsafe call where that is wanted, or nothing was sent", async () => {
  for (
    const [failure, repeatUnsafe] of [[CLOSED, true], [REFUSED, false]] as const
  ) {
    const { call } = failing([failure]);

    const { metadata } = await run(parts({ repeatUnsafe }), {
      ...call,
      idempotent: false,
    });

    assertEquals(metadata.RetryAttempts, 1);
  }
});

Deno.test("RetryLoop does not repeat a body that is gone", async () => {
  const { call } = failing([slowDown()]);

  const error = await assertRejects(
    () => run(parts(), { ...call, replayable: false }),
    ServiceError,
  );

  assertEquals(error.ResponseMetadata?.StopReason, "body");
});

Deno.test("RetryLoop passes on what is not ours, without asking anyone", async () => {
  const abort = new DOMException("stop", "AbortError");
  const { call, attempts } = failing([abort]);

  const error = await assertRejects(() => run(parts(), call));

  assertEquals(error, abort);
  assertEquals(attempts.length, 1);
});

Deno.test("RetryLoop does not repeat what failed before anything was sent", async () => {
  const { call } = failing([]);
  let attempts = 0;
  const send = (): Promise<string> => {
    attempts++;
    return Promise.reject(slowDown());
  };

  const error = await assertRejects(
    () => run(parts(), { ...call, send }),
    ServiceError,
  );

  assertEquals(error.ResponseMetadata?.StopReason, "not-retryable");
  assertEquals(attempts, 1);
});

Deno.test("RetryLoop corrects once per kind, outside the attempts", async () => {
  const { call, attempts } = failing([moved()]);
  const recovery = regionRecovery();

  const { metadata } = await run(
    parts({ recoveries: [recovery], retry: strategy(1) }),
    call,
  );

  const corrections = attempts.map(({ correction }) => correction);
  assertEquals(corrections, [{}, { region: "eu-west-1" }]);
  assertEquals(metadata.Attempts[0]?.recovery, "region");
  assertEquals(metadata.RetryAttempts, 1);
});

Deno.test("RetryLoop does not correct the same thing twice", async () => {
  const { call } = failing([moved(), moved()]);
  const recovery = regionRecovery();

  const error = await assertRejects(
    () => run(parts({ recoveries: [recovery], retry: strategy(1) }), call),
    ServiceError,
  );

  assertEquals(error.ResponseMetadata?.StopReason, "attempts");
  assertEquals(recovery.asked, 1);
});

Deno.test("RetryLoop does not wait past the end of the total time", async () => {
  const clock = new FixedClock(NOW);
  const { call } = failing([slowDown(), slowDown()], clock);

  const error = await assertRejects(
    () => run(parts({ clock }), { ...call, totalTimeoutMs: 200 }),
    TimeoutError,
    "Cannot call PutObject within 200 ms: 120 ms are spent and the next attempt is 200 ms away",
  );

  assertEquals(error.limit, "total");
  assert(error.cause instanceof ServiceError);
  assertEquals(error.ResponseMetadata?.Attempts.length, 2);
});

Deno.test("RetryLoop ends a wait with the signal's reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const { call } = failing([slowDown()]);
  const clock = {
    now: () => NOW,
    timer: () => ({ [Symbol.dispose]: () => {} }),
    sleep: (_ms: number, signal?: AbortSignal): Promise<void> => {
      controller.abort(reason);
      return Promise.reject(signal?.reason);
    },
  };

  const error = await assertRejects(() =>
    run(parts({ clock }), { ...call, signal: controller.signal })
  );

  assertEquals(error, reason);
});

Deno.test("RetryLoop goes on after a success that broke, within the same budget", async () => {
  const { call, attempts } = failing([slowDown()]);
  const loop = new RetryLoop(parts(), call);
  await loop.run(call);
  const before = loop.metadata();

  await loop.goOn(CLOSED, { send: call.send });

  assertEquals(attempts.map(({ number }) => number), [1, 2, 3]);
  assertEquals(loop.ticket?.attempt, 3);
  assertEquals(
    loop.metadata().Attempts.map(({ failure }) => failure),
    ["SlowDown", "closed", undefined],
  );
  assertEquals(before.Attempts.length, 2);
});

Deno.test("RetryLoop throws what a success broke with when the budget is used up", async () => {
  const { call } = failing([slowDown(), slowDown()]);
  const loop = new RetryLoop(parts(), call);
  await loop.run(call);

  const error = await assertRejects(
    () => loop.goOn(CLOSED, { send: call.send }),
    TransportError,
  );

  assertEquals(error, CLOSED);
  assertEquals(error.ResponseMetadata?.StopReason, "attempts");
  assertEquals(error.ResponseMetadata?.HTTPStatusCode, 200);
});

/** Runs a call and returns the facts of its success. */
async function run(
  parts: LoopParts,
  call: AttemptedCall<string>,
): Promise<{ readonly metadata: ResponseMetadata }> {
  const loop = new RetryLoop(parts, call);
  await loop.run(call);
  return { metadata: loop.metadata() };
}

function slowDown(): ServiceError {
  return refusal("SlowDown", 503);
}

function moved(): ServiceError {
  return refusal("PermanentRedirect", 301);
}

function refusal(code: string, status: number): ServiceError {
  return new ServiceError("reduce your rate", {
    code,
    operation: "PutObject",
    status,
    requestId: "R1",
    headers: {},
    fields: {},
  });
}

function regionRecovery(): {
  readonly kind: "region";
  asked: number;
  recover(): { region: string };
} {
  return {
    kind: "region",
    asked: 0,
    recover(): { region: string } {
      this.asked++;
      return { region: "eu-west-1" };
    },
  };
}

/** Waits 100 ms, 200 ms, ... and allows so many attempts. */
function strategy(maxAttempts: number): RetryStrategy {
  return {
    mode: "test",
    maxAttempts,
    begin: () => ({
      kind: "go",
      ticket: { attempt: 1, held: 0 },
      delayMs: 0,
    }),
    afterFailure: ({ attempt }) =>
      attempt < maxAttempts
        ? {
          kind: "go",
          ticket: { attempt: attempt + 1, held: 0 },
          delayMs: 100 * attempt,
        }
        : { kind: "stop", reason: "attempts" },
    afterSuccess: () => {},
  };
}

function parts(differing: Partial<LoopParts> = {}): LoopParts {
  return {
    retry: strategy(3),
    repeatUnsafe: false,
    recoveries: [],
    clock: new FixedClock(NOW),
    logger: new SinkLogger("inia"),
    ...differing,
  };
}

/** A call whose attempts fail one after the other, and take 10 ms each. */
function failing(
  failures: readonly (AwsError | DOMException)[],
  clock = new FixedClock(NOW),
): { call: AttemptedCall<string>; attempts: Attempt[] } {
  const attempts: Attempt[] = [];
  const send = (attempt: Attempt, trace: AttemptTrace): Promise<string> => {
    attempts.push(attempt);
    clock.advance(10);
    const failure = failures[attempts.length - 1];
    trace.facts = {
      operation: "PutObject",
      context: {},
      host: "b.example",
      region: "us-east-1",
      signedAt: NOW,
    };
    if (!(failure instanceof TransportError)) {
      trace.answer = {
        status: failure instanceof ServiceError ? failure.status : 200,
        headers: { "x-amz-request-id": `R${attempts.length}` },
      };
    }
    return failure ? Promise.reject(failure) : Promise.resolve("done");
  };
  return {
    attempts,
    call: {
      service: "s3",
      operation: "PutObject",
      idempotent: true,
      replayable: true,
      send,
    },
  };
}
