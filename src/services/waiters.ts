/**
 * Waiting until something is so, by looking again and again.
 *
 * @module
 */
import {
  ConfigError,
  ServiceError,
  TimeoutError,
} from "../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  isMilliseconds,
  MILLISECONDS,
  type OptionKinds,
} from "../foundation/options.ts";
import type { ResponseBase } from "../foundation/metadata.ts";
import type { CallOptions, ClientCore } from "../ports/caller.ts";
import type { Operation } from "../ports/schema.ts";

/** What an answer of a certain HTTP status means. */
export interface Acceptor {
  /** The status. */
  readonly status: number;
  /** Whether it ends the wait well, ends it badly, or lets it go on. */
  readonly state: "failure" | "retry" | "success";
}

/**
 * What is waited for, and what shows it.
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of its result.
 */
export interface Waiting<Input, Output extends ResponseBase> {
  /** What is waited for, for errors, for example `"ObjectExists"`. */
  readonly name: string;
  /** The operation that is called. */
  readonly operation: Operation<Input, Output>;
  /** Wait between two calls, in milliseconds. */
  readonly delayMs: number;
  /** Looks in all. */
  readonly maxAttempts: number;
  /** What the answers mean; the first that fits counts. */
  readonly acceptors: readonly Acceptor[];
}

/** What you may say about a wait. */
export interface WaitOptions extends CallOptions {
  /** Wait between two calls, in milliseconds. Default: 5 000. */
  readonly delayMs?: number;
  /** Looks in all, at least 1. Default: 20. */
  readonly maxAttempts?: number;
}

const OPTIONS: OptionKinds<WaitOptions> = {
  ...CALL_OPTION_KINDS,
  delayMs: "any",
  maxAttempts: "any",
};

/**
 * Looks until the answer is the one that is waited for.
 *
 * An error that says nothing about it ends the wait; a success that says nothing
 * lets it go on (botocore's waiters).
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of its result.
 * @param core Makes the calls, and waits.
 * @param waiting What is waited for.
 * @param request The parameters of the operation, and how to wait.
 * @throws {TimeoutError} If it is not so after all calls.
 * @throws {ConfigError} `"InvalidWaitOption"`, if a number makes no sense.
 */
export async function waitUntil<Input, Output extends ResponseBase>(
  core: ClientCore,
  waiting: Waiting<Input, Output>,
  request: { readonly input: Input; readonly options?: WaitOptions },
): Promise<void> {
  checkOptions(`wait for ${waiting.name}`, request.options, OPTIONS);
  const {
    delayMs = waiting.delayMs,
    maxAttempts = waiting.maxAttempts,
    ...options
  } = request.options ?? {};
  checkWait(waiting.name, { delayMs, maxAttempts });
  for (let attempt = 1; true; attempt++) {
    const { status, error } = await look(
      () => core.call(waiting.operation, request.input, options),
    );
    const known = waiting.acceptors.find((one) => one.status === status);
    if (known?.state === "success") return;
    const hopeless = known === undefined || known.state === "failure";
    if (error !== undefined && hopeless) throw error;
    if (attempt >= maxAttempts) {
      throw new TimeoutError(
        "total",
        delayMs * (maxAttempts - 1),
        `Cannot wait any longer for ${waiting.name}: it was not so at any of ${maxAttempts} looks, ${delayMs} ms apart; maxAttempts and delayMs make the wait longer`,
        { maybeSent: true, cause: error },
      );
    }
    await core.clock.sleep(delayMs, options.signal);
  }
}

function checkWait(
  name: string,
  { delayMs, maxAttempts }: { delayMs: unknown; maxAttempts: unknown },
): void {
  const problem = delayMs !== 0 && !isMilliseconds(delayMs)
    ? `delayMs must be 0 or ${MILLISECONDS}: current value is ${delayMs}`
    : !Number.isSafeInteger(maxAttempts) || Number(maxAttempts) < 1
    ? `maxAttempts must be a whole number, >= 1: current value is ${maxAttempts}`
    : undefined;
  if (problem === undefined) return;
  throw new ConfigError(
    "InvalidWaitOption",
    `Cannot wait for ${name} as ${problem}`,
  );
}

/** The status of one answer, and the error where it is one. */
async function look(
  call: () => Promise<ResponseBase>,
): Promise<{ readonly status?: number; readonly error?: ServiceError }> {
  try {
    const { HTTPStatusCode: status } = (await call()).ResponseMetadata;
    return status === undefined ? {} : { status };
  } catch (error) {
    if (error instanceof ServiceError) return { status: error.status, error };
    throw error;
  }
}
