/**
 * A stand-in for `@std/assert`: the assertions this project's tests use, with
 * the behaviour of the real package. Failure messages carry no colours.
 *
 * @module
 */
export { AssertionError } from "./assertion_error.ts";
export * from "./basic.ts";
export * from "./compare.ts";
export { equal } from "./equal.ts";
export * from "./equality.ts";
export * from "./includes.ts";
export * from "./object_match.ts";
export * from "./throws.ts";
