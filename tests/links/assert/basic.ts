import { AssertionError, noted } from "./assertion_error.ts";

/** The values {@linkcode assertFalse} lets pass. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails when `actual` is null or undefined. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  const text = `Expected actual: "${actual}" to not be null or undefined`;
  throw new AssertionError(noted(text, msg));
}

/** Fails unless `actual` was built by `expectedType` or a subclass of it. */
export function assertInstanceOf<I>(
  actual: unknown,
  expectedType: abstract new (...args: never[]) => I,
  msg = "",
): asserts actual is I {
  if (actual instanceof expectedType) return;
  const wanted = expectedType.name;
  const found = typeName(actual);
  let text = `Expected object to be an instance of "${wanted}"`;
  if (found === "function" && wanted !== found) {
    text += " but was not an instanced object";
  } else if (found !== wanted) {
    text += ` but was "${found}"`;
  }
  throw new AssertionError(noted(text, msg));
}

/** Fails when `actual` was built by `unexpectedType`. */
export function assertNotInstanceOf<A, I>(
  actual: A,
  unexpectedType: abstract new (...args: never[]) => I,
  msg?: string,
): asserts actual is Exclude<A, I> {
  if (!(actual instanceof unexpectedType)) return;
  const text =
    `Expected object to not be an instance of "${unexpectedType.name}"`;
  throw new AssertionError(noted(text, msg));
}

/** Fails always: the test came where it must not. */
export function fail(msg?: string): never {
  throw new AssertionError(noted("Failed assertion", msg));
}

/** Fails always: marks a branch that is never taken. */
export function unreachable(msg?: string): never {
  throw new AssertionError(noted("Unreachable", msg));
}

/** Fails always: marks a part still to be written. */
export function unimplemented(msg?: string): never {
  throw new AssertionError(noted("Unimplemented", msg));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "Object";
}
