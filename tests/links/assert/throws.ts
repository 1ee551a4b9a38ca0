import { AssertionError, noted } from "./assertion_error.ts";

type ErrorType<E extends Error> = abstract new (...args: never[]) => E;

interface Expectation {
  ErrorClass: ErrorType<Error> | undefined;
  msgIncludes: string | undefined;
  msg: string | undefined;
}

// The escape character opens a terminal colour sequence.
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Fails unless `error` is an error of the class and text asked for. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorType<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    const text = 'Expected "error" to be an Error object';
    throw new AssertionError(noted(text, msg));
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    const text = `Expected error to be instance of "${ErrorClass.name}", ` +
      `but was "${error.constructor?.name}"`;
    throw new AssertionError(noted(text, msg), { cause: error });
  }
  if (!msgMatches) return;
  const message = error.message.replace(COLOUR, "");
  const found = typeof msgMatches === "string"
    ? message.includes(msgMatches.replace(COLOUR, ""))
    : msgMatches.test(message);
  if (found) return;
  const wanted = typeof msgMatches === "string"
    ? JSON.stringify(msgMatches)
    : String(msgMatches);
  const text = `Expected error message to include ${wanted}, but got ${
    JSON.stringify(error.message)
  }`;
  throw new AssertionError(noted(text, msg), { cause: error });
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Fails unless `fn` throws an error of the class given whose message contains
 * `msgIncludes`; returns the error.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorType<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorType<Error> | string,
  includesOrMsg?: string,
  lastMsg?: string,
): unknown {
  const { ErrorClass, msgIncludes, msg } = expectation(
    classOrMsg,
    includesOrMsg,
    lastMsg,
  );
  try {
    fn();
  } catch (error) {
    if (ErrorClass) {
      if (!(error instanceof Error)) {
        const text = "A non-Error object was thrown";
        throw new AssertionError(noted(text, msg));
      }
      assertIsError(error, ErrorClass, msgIncludes, msg);
    }
    return error;
  }
  throw new AssertionError(noted("Expected function to throw", msg));
}

/** Fails unless the promise `fn` returns rejects; resolves to the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Fails unless the promise `fn` returns rejects with an error of the class
 * given whose message contains `msgIncludes`; resolves to the error.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorType<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorType<Error> | string,
  includesOrMsg?: string,
  lastMsg?: string,
): Promise<unknown> {
  const { ErrorClass, msgIncludes, msg } = expectation(
    classOrMsg,
    includesOrMsg,
    lastMsg,
  );
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
    if (typeof promise !== "object" || typeof promise.then !== "function") {
      throw new TypeError("no promise was returned");
    }
  } catch (cause) {
    const text = "Function throws when expected to reject";
    throw new AssertionError(noted(text, msg), { cause });
  }
  try {
    await promise;
  } catch (error) {
    if (ErrorClass) {
      if (!(error instanceof Error)) {
        const text = "A non-Error object was rejected";
        throw new AssertionError(noted(text, msg));
      }
      assertIsError(error, ErrorClass, msgIncludes, msg);
    }
    return error;
  }
  throw new AssertionError(noted("Expected function to reject", msg));
}

/** Sorts out the overloads; a class that is no error class checks nothing. */
function expectation(
  classOrMsg: ErrorType<Error> | string | undefined,
  includesOrMsg: string | undefined,
  msg: string | undefined,
): Expectation {
  const nothing = { ErrorClass: undefined, msgIncludes: undefined };
  if (typeof classOrMsg === "string") return { ...nothing, msg: classOrMsg };
  if (classOrMsg === undefined) return { ...nothing, msg };
  const { prototype } = classOrMsg;
  if (prototype !== Error.prototype && !(prototype instanceof Error)) {
    return { ...nothing, msg: includesOrMsg };
  }
  return { ErrorClass: classOrMsg, msgIncludes: includesOrMsg, msg };
}
