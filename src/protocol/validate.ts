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
import { nearestName } from "../foundation/nearest.ts";
import type { Member, Shape, StructureShape } from "../ports/schema.ts";
import { EXPECTED, isBodyInput, isScalar, mustBe } from "./kinds.ts";
import { given, isValues, shapeOf, type Values } from "./members.ts";

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
  validator.structure("", shape, input);
  if (validator.problems.length > 0 || !isValues(input)) {
    throw new ValidationError(operation, validator.problems);
  }
  return input;
}

class Validator {
  readonly problems: ValidationProblem[] = [];

  structure(path: string, shape: StructureShape, value: unknown): void {
    if (!isValues(value)) {
      this.#add(path || "The input", mustBe("an object", value));
      return;
    }
    for (const [key, member] of Object.entries(shape.members)) {
      if (member.required && value[key] === undefined) {
        this.#add(join(path, key), "is required");
      }
    }
    const names = Object.keys(shape.members);
    for (const [key, one] of Object.entries(value)) {
      if (one !== undefined && !Object.hasOwn(shape.members, key)) {
        this.#add(join(path, key), unknownMember(key, names));
      }
    }
    const members = [...given(shape, value)];
    for (const [key, member, one] of members) {
      this.#member(join(path, key), member, one);
    }
    if (shape.union && members.length !== 1) {
      const allowed = names.join(", ");
      this.#add(
        path,
        `must have exactly one of ${allowed}: it has ${members.length}`,
      );
    }
  }

  #member(path: string, member: Member, value: unknown): void {
    const shape = shapeOf(member);
    if (shape === undefined) this.#scalar(path, member, value);
    else this.#parts(path, member, { shape, value });
  }

  #parts(
    path: string,
    member: Member,
    { shape, value }: { readonly shape: Shape; readonly value: unknown },
  ): void {
    if (shape.kind === "structure") this.structure(path, shape, value);
    else if (shape.kind === "list") {
      if (!Array.isArray(value)) {
        this.#add(path, mustBe("an array", value));
        return;
      }
      this.#length(path, member, value.length);
      const item = placed(shape.item, member);
      value.forEach((one, index) => {
        this.#member(`${path}[${index}]`, item, one);
      });
    } else if (isValues(value)) {
      const item = placed(shape.value, member);
      for (const [key, one] of Object.entries(value)) {
        this.#member(join(path, key), item, one);
      }
      if (member.at === "headers") this.#headerNames(path, member, value);
    } else this.#add(path, mustBe("an object", value));
  }

  #scalar(path: string, member: Member, value: unknown): void {
    const type = member.of;
    if (typeof type !== "string" || member.json) return;
    if (member.stream) {
      if (!isBodyInput(value)) {
        this.#add(path, mustBe("a string, bytes or a stream", value));
      }
    } else if (!isScalar(type, value)) {
      this.#add(path, mustBe(EXPECTED[type], value));
    } else if (typeof value === "string") {
      this.#length(path, member, value.length);
      this.#text(path, member, value);
    } else if (typeof value === "number" && value < (member.min ?? value)) {
      this.#add(path, `must be at least ${member.min}`);
    }
  }

  #length(path: string, member: Member, length: number): void {
    // An empty part of a path would name something else.
    const least = member.min ?? (member.at === "path" ? 1 : 0);
    if (length < least) {
      this.#add(
        path,
        `must have a length of at least ${least}: it has ${length}`,
      );
    }
  }

  #text(path: string, { at }: Member, value: string): void {
    if ((at === "header" || at === "headers") && !HEADER_VALUE.test(value)) {
      this.#add(
        path,
        "must be ASCII text in one line, as it travels in a header field",
      );
    }
  }

  #headerNames(path: string, { name = "" }: Member, values: Values): void {
    const seen = new Map<string, string>();
    for (const key of Object.keys(values)) {
      if (!HEADER_NAME.test(name + key)) {
        this.#add(
          join(path, key),
          "must have a name of ASCII letters, digits and hyphens, as it is part of a header field",
        );
      }
      const first = seen.get(key.toLowerCase());
      if (first === undefined) seen.set(key.toLowerCase(), key);
      else this.#add(join(path, key), `is the same header field as "${first}"`);
    }
  }

  #add(path: string, problem: string): void {
    this.problems.push({ path, problem });
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

/** `Delete.Objects`; a name that is no plain word in quotes. */
function join(path: string, key: string): string {
  const shown = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return path === "" ? shown : `${path}.${shown}`;
}
