import { AssertionError, noted } from "./assertion_error.ts";
import { diffMessage, format } from "./diff.ts";
import { equal } from "./equal.ts";

/** Fails unless both values have the same structure, as `equal` sees it. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `${noted("Values are not equal", msg)}\n${diffMessage(actual, expected)}`,
  );
}

/** Fails when both values have the same structure, as `equal` sees it. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  const text = `Expected actual: ${format(actual)} not to be: ${
    format(expected)
  }`;
  throw new AssertionError(noted(text, msg));
}

/** Fails unless `Object.is` holds both values for the same. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const shown = format(actual);
  if (shown === format(expected)) {
    const text = "Values have the same structure but are not reference-equal";
    const indented = shown.replace(/^/gm, "    ");
    throw new AssertionError(`${noted(text, msg)}\n\n${indented}\n`);
  }
  throw new AssertionError(
    `${noted("Values are not strictly equal", msg)}\n${
      diffMessage(actual, expected)
    }`,
  );
}

/** Fails when `Object.is` holds both values for the same. */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  const text = `Expected "actual" to not be strictly equal to: ${
    format(actual)
  }`;
  throw new AssertionError(`${noted(text, msg)}\n`);
}
