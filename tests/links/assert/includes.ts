import { AssertionError, noted } from "./assertion_error.ts";
import { format } from "./diff.ts";
import { equal } from "./equal.ts";

/** Anything with a length and indexed items, strings excepted. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Fails unless `expected` matches somewhere in `actual`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  const text = `Expected actual: "${actual}" to match: "${expected}"`;
  throw new AssertionError(noted(text, msg));
}

/** Fails when `expected` matches somewhere in `actual`. */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) return;
  const text = `Expected actual: "${actual}" to not match: "${expected}"`;
  throw new AssertionError(noted(text, msg));
}

/** Fails unless `actual` contains the text `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  const text = `Expected actual: "${actual}" to contain: "${expected}"`;
  throw new AssertionError(noted(text, msg));
}

/** Fails unless every item of `expected` equals some item of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const have = Array.from(actual);
  const missing = Array.from(expected).filter((item) =>
    !have.some((candidate) => equal(item, candidate))
  );
  if (missing.length === 0) return;
  const text = `Expected actual: "${format(actual)}" to include: "${
    format(expected)
  }"`;
  throw new AssertionError(
    `${noted(text, msg)}\nmissing: ${format(missing)}`,
  );
}
