/**
 * A stand-in for `@std/ini`: `parse` and `stringify` with the results, the
 * oddities and the error texts of the real package.
 *
 * @module
 */
export * from "./parse.ts";
export * from "./stringify.ts";
