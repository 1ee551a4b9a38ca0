/**
 * Checks an input against its shape before anything is sent.
 *
 * Names, types, required members and shortest lengths are checked, and what
 * header fields and paths cannot carry. Values of enums are not: services learn
 * new ones faster than their clients do.
 *
 * @module
 */
import { LONE_SURROGATE } from "../foundation/bytes.ts";
import {
  ValidationError,
  type ValidationProblem,
} from "../foundation/errors.ts";
import { nearestName } from "../foundation/options.ts";
import type { BodyInput } from "../ports/http.ts";
import type {
  Member,
  ScalarType,
  Shape,
  StructureShape,
} from "../ports/schema.ts";
import {
  isValues,
  PreparedShape,
  shapeOf,
  type Slot,
  type Values,
} from "./prepared_shape.ts";

/** Text that a header field carries unchanged (RFC 9110, section 5.5). */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** RFC 9110, section 5.6.2: `token`. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\da-z]+$/i;

/**
 * Checks an input.
 *
 * @param operation Name of the operation, for the error.
 * @param shape The operation's input.
 * @param input What the caller gave.
 * @returns The same input, its type now known.
 * @throws {ValidationError} If it does not fit, with all that is wrong.
 */
export function validated(
  operation: string,
  shape: StructureShape,
  input: unknown,
): Values {
  const validator = new Validator();
  validator.structure(shape, input);
  if (validator.problems.length > 0 || !isValues(input)) {
    throw new ValidationError(operation, validator.problems);
  }
  return input;
}

/**
 * Whether a value surely fits its member. Whether another one does, and what is
 * wrong with it, is for {@linkcode validated} to tell.
 */
export function fits(
  { member, shape, least }: Slot,
  value: unknown,
): boolean {
  if (shape !== undefined) return false;
  const { at, of } = member;
  if (typeof value === "string") {
    return (of === "string" || of === "blob") &&
      (least === undefined || value.length >= least) && value.isWellFormed() &&
      (at !== "header" && at !== "headers" || HEADER_VALUE.test(value));
  }
  if (typeof value === "number") {
    return (of === "integer" || of === "long") && Number.isSafeInteger(value) &&
      (least === undefined || value >= least);
  }
  return of === "blob" && value instanceof Uint8Array ||
    of === "boolean" && typeof value === "boolean";
}

class Validator {
  readonly problems: ValidationProblem[] = [];
  /** Where the value stands; written out only where something is wrong. */
  readonly #path: (number | string)[] = [];

  structure(shape: StructureShape, value: unknown): void {
    if (!isValues(value)) {
      this.#add(mustBe("an object", value));
      return;
    }
    const { required, slots } = PreparedShape.of(shape);
    for (const { key } of required) {
      if (value[key] === undefined) this.#add("is required", key);
      // Only those are written: without it a call could mean something else.
      else if (!Object.prototype.propertyIsEnumerable.call(value, key)) {
        this.#add("must be a property of the object itself", key);
      }
    }
    const keys = Object.keys(value);
    for (const key of keys) {
      if (value[key] !== undefined && !slots.has(key)) {
        this.#add(unknownMember(key, Object.keys(shape.members)), key);
      }
    }
    let set = 0;
    for (const key of keys) {
      const slot = slots.get(key);
      const one = value[key];
      if (slot === undefined || one === undefined) continue;
      set++;
      this.#part(key, slot.member, slot.shape, one);
    }
    if (shape.union && set !== 1) {
      const allowed = Object.keys(shape.members).join(", ");
      this.#add(`must have exactly one of ${allowed}: it has ${set}`);
    }
  }

  #part(
    key: number | string,
    member: Member,
    shape: Shape | undefined,
    value: unknown,
  ): void {
    this.#path.push(key);
    if (shape === undefined) this.#scalar(member, value);
    else if (shape.kind === "structure") this.structure(shape, value);
    else this.#parts(member, shape, value);
    this.#path.pop();
  }

  #parts(
    member: Member,
    shape: Exclude<Shape, StructureShape>,
    value: unknown,
  ): void {
    if (shape.kind === "list") {
      if (!Array.isArray(value)) {
        this.#add(mustBe("an array", value));
        return;
      }
      this.#length(member, value.length);
      const item = placed(shape.item, member);
      const inner = shapeOf(item);
      value.forEach((one, index) => this.#part(index, item, inner, one));
    } else if (isValues(value)) {
      const item = placed(shape.value, member);
      const inner = shapeOf(item);
      for (const [key, one] of Object.entries(value)) {
        this.#part(key, item, inner, one);
      }
      if (member.at === "headers") this.#headerNames(member, value);
    } else this.#add(mustBe("an object", value));
  }

  #scalar(member: Member, value: unknown): void {
    const type = member.of;
    if (typeof type !== "string" || member.json) return;
    if (member.stream) {
      if (!isBodyInput(value)) {
        this.#add(mustBe("a string, bytes or a stream", value));
      }
    } else if (typeof value === "string") {
      if (type !== "string" && type !== "blob") {
        this.#add(mustBe(EXPECTED[type], value));
        return;
      }
      this.#length(member, value.length);
      if (!value.isWellFormed()) {
        // It would be sent as U+FFFD, and name another object.
        this.#add(
          LONE_SURROGATE,
        );
      }
      const { at } = member;
      if ((at === "header" || at === "headers") && !HEADER_VALUE.test(value)) {
        this.#add(
          "must be ASCII text in one line, as it travels in a header field",
        );
      }
    } else if (!isScalar(type, value)) {
      this.#add(mustBe(EXPECTED[type], value));
    } else if (typeof value === "number" && value < (member.min ?? value)) {
      this.#add(`must be at least ${member.min}`);
    }
  }

  #length(member: Member, length: number): void {
    // An empty part of a path would name something else.
    const least = member.min ?? (member.at === "path" ? 1 : 0);
    if (length < least) {
      this.#add(`must have a length of at least ${least}: it has ${length}`);
    }
  }

  #headerNames({ name = "" }: Member, values: Values): void {
    const seen = new Map<string, string>();
    for (const key of Object.keys(values)) {
      if (key === "") this.#add("has an entry without a name");
      if (!HEADER_NAME.test(name + key)) {
        this.#add(
          "must have a name of ASCII letters, digits and hyphens, as it is part of a header field",
          key,
        );
      }
      const first = seen.get(key.toLowerCase());
      if (first === undefined) seen.set(key.toLowerCase(), key);
      else this.#add(`is the same header field as "${first}"`, key);
    }
  }

  /** Notes a problem, with the value or with one of its members. */
  #add(problem: string, ...member: readonly string[]): void {
    const path = [...this.#path, ...member].reduce<string>(join, "");
    this.problems.push({ path: path || "The input", problem });
  }
}

/** Parts of a list or map travel where the whole does. */
function placed(part: Member, { at }: Member): Member {
  return at === undefined ? part : { ...part, at };
}

function unknownMember(key: string, names: readonly string[]): string {
  const nearest = nearestName(key, names);
  return nearest === undefined
    ? "is unknown"
    : `is unknown: the nearest known name is "${nearest}"`;
}

/** `Delete.Objects[0]`; a name that is no plain word in quotes. */
function join(path: string, part: number | string): string {
  if (typeof part === "number") return `${path}[${part}]`;
  const shown = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
  return path === "" ? shown : `${path}.${shown}`;
}

/** What a value of each type is, in words. */
const EXPECTED: Readonly<Record<ScalarType, string>> = {
  blob: "a string or bytes",
  boolean: "true or false",
  double: "a number",
  float: "a number",
  integer: "a whole number",
  long: "a whole number",
  string: "a string",
  timestamp: "a valid Date",
};

function isScalar(type: ScalarType, value: unknown): boolean {
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
function mustBe(expected: string, value: unknown): string {
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
