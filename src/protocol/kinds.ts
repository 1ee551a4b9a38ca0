/**
 * What kind of value each type of a table takes, for checks and their messages.
 *
 * @module
 */
import type { BodyInput } from "../ports/body.ts";
import type { ScalarType } from "../ports/schema.ts";

/** What a value of each type is, in words. */
export const EXPECTED: Readonly<Record<ScalarType, string>> = {
  blob: "a string or bytes",
  boolean: "true or false",
  double: "a number",
  float: "a number",
  integer: "a whole number",
  long: "a whole number",
  string: "a string",
  timestamp: "a valid Date",
};

/** Whether a value is of a type without members. */
export function isScalar(type: ScalarType, value: unknown): boolean {
  switch (type) {
    case "blob":
      return typeof value === "string" || value instanceof Uint8Array;
    case "boolean":
      return typeof value === "boolean";
    case "double":
    case "float":
      return typeof value === "number";
    case "integer":
    case "long":
      return Number.isSafeInteger(value);
    case "string":
      return typeof value === "string";
    case "timestamp":
      return value instanceof Date && !Number.isNaN(value.getTime());
  }
}

/** Says what a value must be, and what it is instead; never the value. */
export function mustBe(expected: string, value: unknown): string {
  return `must be ${expected}: it is ${kindOf(value)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    return Number.isInteger(value)
      ? "a number too large to be exact"
      : "a number that is not whole";
  }
  if (typeof value === "object") {
    // "[object Map]" tells the class also of what comes from another realm.
    const name = Object.prototype.toString.call(value).slice(8, -1);
    return name === "Object" ? "an object" : `of class ${name}`;
  }
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

/** Whether a value can be the body of a request. */
export function isBodyInput(value: unknown): value is BodyInput {
  if (typeof value === "string") return true;
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Uint8Array || value instanceof Blob ||
    value instanceof ReadableStream || value instanceof URL ||
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) ||
    value instanceof Response || value instanceof Request ||
    Symbol.asyncIterator in value || isBodySource(value);
}

function isBodySource(value: object): boolean {
  return "open" in value && typeof value.open === "function" &&
    "replayable" in value;
}
