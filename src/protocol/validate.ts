/**
 * Checks an input against its shape before anything is sent.
 *
 * Names, types, required members and shortest lengths are checked, and what
 * header fields and paths cannot carry. Values of enums are not: services learn
 * new ones faster than their clients do.
 *
 * @module
 */
import {
  ValidationError,
  type ValidationProblem,
} from "../foundation/errors.ts";
import { nearestName } from "../foundation/options.ts";
import type { Member, Shape, StructureShape } from "../ports/schema.ts";
import { EXPECTED, isBodyInput, isScalar, mustBe } from "./kinds.ts";
import { given, isValues, shapeOf, type Values } from "./members.ts";
import { PreparedShape } from "./prepared_shape.ts";

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

class Validator {
  readonly problems: ValidationProblem[] = [];
  /** Where the value stands; written out only where something is wrong. */
  readonly #path: (number | string)[] = [];

  structure(shape: StructureShape, value: unknown): void {
    if (!isValues(value)) {
      this.#add(mustBe("an object", value));
      return;
    }
    for (const { key } of PreparedShape.of(shape).required) {
      if (value[key] === undefined) this.#add("is required", key);
    }
    for (const key of Object.keys(value)) {
      if (value[key] !== undefined && !Object.hasOwn(shape.members, key)) {
        this.#add(unknownMember(key, Object.keys(shape.members)), key);
      }
    }
    const members = given(shape, value);
    for (const [key, member, one] of members) this.#part(key, member, one);
    if (shape.union && members.length !== 1) {
      const allowed = Object.keys(shape.members).join(", ");
      this.#add(
        `must have exactly one of ${allowed}: it has ${members.length}`,
      );
    }
  }

  #part(key: number | string, member: Member, value: unknown): void {
    this.#path.push(key);
    const shape = shapeOf(member);
    if (shape === undefined) this.#scalar(member, value);
    else this.#parts(member, shape, value);
    this.#path.pop();
  }

  #parts(member: Member, shape: Shape, value: unknown): void {
    if (shape.kind === "structure") this.structure(shape, value);
    else if (shape.kind === "list") {
      if (!Array.isArray(value)) {
        this.#add(mustBe("an array", value));
        return;
      }
      this.#length(member, value.length);
      const item = placed(shape.item, member);
      value.forEach((one, index) => this.#part(index, item, one));
    } else if (isValues(value)) {
      const item = placed(shape.value, member);
      for (const [key, one] of Object.entries(value)) {
        this.#part(key, item, one);
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
    } else if (!isScalar(type, value)) {
      this.#add(mustBe(EXPECTED[type], value));
    } else if (typeof value === "string") {
      this.#length(member, value.length);
      this.#text(member, value);
    } else if (typeof value === "number" && value < (member.min ?? value)) {
      this.#add(`must be at least ${member.min}`);
    }
  }

  #length(member: Member, length: number): void {
    // An empty part of a path would name something else.
    const least = member.min ?? (member.at === "path" ? 1 : 0);
    if (length < least) {
      this.#add(
        `must have a length of at least ${least}: it has ${length}`,
      );
    }
  }

  #text({ at }: Member, value: string): void {
    if (!value.isWellFormed()) {
      // It would be sent as U+FFFD, and name another object.
      this.#add(
        "must be text that UTF-8 can carry: it has half of a surrogate pair",
      );
    }
    if ((at === "header" || at === "headers") && !HEADER_VALUE.test(value)) {
      this.#add(
        "must be ASCII text in one line, as it travels in a header field",
      );
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
