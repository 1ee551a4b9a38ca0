/**
 * What all responses have in common: members in the header, values from text,
 * and what becomes of members that a response lacks.
 *
 * Source: Smithy 2.0, "HTTP bindings".
 *
 * @module
 */
import { strictText } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";
import type {
  Member,
  ParsedResponse,
  StructureShape,
} from "../ports/schema.ts";
import { PreparedShape, type Slot } from "./prepared_shape.ts";
import {
  parseHeaderJson,
  parseScalar,
  type Scalar,
  splitHeaderDates,
  splitHeaderList,
} from "./scalars.ts";

/** Values that are being put together. */
export type Output = Record<string, unknown>;

/** The part of a response that comes before its body. */
export type ResponseHead = Pick<HttpResponse, "headers" | "status">;

/**
 * What stands for a required value that a response lacks. Nothing can stand for
 * numbers, times and structures: they stay absent.
 */
const EMPTY: Readonly<Record<string, () => unknown>> = {
  list: () => [],
  map: () => ({}),
  string: () => "",
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads the values of one response, and notes what is wrong with them. */
export class ValueReader {
  /** Required members that the response lacks. */
  readonly missing: Set<string> = new Set();
  /** Times that could not be read and are absent. */
  readonly unreadable: Set<string> = new Set();

  readonly #operation: string;
  #failure: ProtocolError | undefined;

  /**
   * Makes a reader.
   *
   * @param operation Name of the operation, for errors.
   */
  constructor(operation: string) {
    this.#operation = operation;
  }

  /**
   * Reads the members that travel before the body.
   *
   * @throws {ProtocolError} If a field is not of its member's type.
   */
  head({ headers, status }: ResponseHead, shape: StructureShape): Output {
    const prepared = PreparedShape.of(shape);
    const output = prepared.blank();
    for (const slot of prepared.head) {
      const { key, member, name } = slot;
      if (member.at === "header") {
        const field = headers[name];
        if (field === undefined) continue;
        const value = typeof member.of === "string" && !member.json
          ? this.scalar(field, member, key)
          : this.#listOrJson(field, slot);
        if (value !== undefined) output[key] = value;
      } else if (member.at === "status") output[key] = status;
      else output[key] = prefixed(headers, name);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return output;
  }

  /**
   * Reads a value without members.
   *
   * A time that cannot be read is left out and noted: it is beside what was
   * asked for. Other failures are thrown by {@linkcode settle}.
   *
   * @param path Where the value is, for errors; its last part may be in `key`.
   * @returns `undefined` where there is no value.
   */
  scalar(
    text: string,
    member: Member,
    path: string,
    key = "",
  ): Scalar | undefined {
    if (member.of === "string") return text;
    if (typeof member.of !== "string") return undefined;
    const value = parseScalar(member.of, text);
    if (value === undefined && !member.lenient && text.trim() !== "") {
      if (member.of === "timestamp") this.unreadable.add(path + key);
      else {
        this.#failure ??= new ProtocolError(
          `Cannot read ${path}${key} of the response to ${this.#operation}: it is no ${member.of}`,
        );
      }
    }
    return value;
  }

  /**
   * Fills in the members of a structure that the response lacks, where something
   * can stand for them: the required ones, which are noted, and those that Amazon
   * always sends.
   */
  complete(output: Output, shape: StructureShape, path: string): Output {
    const { always, required } = PreparedShape.of(shape);
    for (const slot of required) {
      if (output[slot.key] !== undefined) continue;
      this.missing.add(path + slot.key);
      const empty = EMPTY[kindOf(slot)];
      if (empty !== undefined) output[slot.key] = empty();
    }
    for (const slot of always) {
      if (output[slot.key] !== undefined) continue;
      const kind = kindOf(slot);
      const value = kind === "boolean" ? false : EMPTY[kind]?.();
      if (value !== undefined) output[slot.key] = value;
    }
    return output;
  }

  /**
   * Ends the reading of a head or a document.
   *
   * @throws {ProtocolError} If a text was not of its member's type.
   */
  settle(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Makes the result of the call, with what can stand for required members that
   * the response lacks.
   *
   * @param output What was read.
   * @param shape The operation's output.
   * @param requestId The service's id of the request, where the body has it.
   */
  parsed<Result>(
    output: Output,
    shape: StructureShape,
    requestId?: string,
  ): ParsedResponse<Result> {
    this.complete(output, shape, "");
    const { missing, unreadable } = this;
    const parsed: Mutable<ParsedResponse<Result>> = {
      // The table that led the reader was generated with the type.
      output: output as ParsedResponse<Result>["output"],
    };
    if (requestId) parsed.requestId = requestId;
    if (missing.size > 0) parsed.missing = [...missing];
    if (unreadable.size > 0) parsed.unreadable = [...unreadable];
    return parsed;
  }

  #listOrJson(field: string, { key, member, shape }: Slot): unknown {
    if (member.json) return parseHeaderJson(field);
    if (shape?.kind !== "list") return undefined;
    const { item } = shape;
    const texts = item.of === "timestamp" && !item.time
      ? splitHeaderDates(field)
      : splitHeaderList(field);
    return texts.map((text) => this.scalar(text, item, key));
  }
}

function kindOf({ member: { of }, shape }: Slot): string {
  return typeof of === "string" ? of : shape?.kind ?? "";
}

/** The fields whose names begin with a prefix, by the rest of their names. */
function prefixed(
  headers: HttpResponse["headers"],
  prefix: string,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of Object.keys(headers)) {
    const text = headers[field];
    if (text === undefined || !field.startsWith(prefix)) continue;
    const name = field.slice(prefix.length);
    if (name !== "__proto__") found[name] = text;
    // Not assigned, as it would be the prototype.
    else Object.defineProperty(found, name, { ...OWN, value: text });
  }
  return found;
}

/** What a member is that was assigned. */
const OWN = { configurable: true, enumerable: true, writable: true };

/** Stands for the body of a response that has none. */
export const NO_BODY: ResponseBody = {
  open: () => new Blob().stream(),
  bytes: () => Promise.resolve(new Uint8Array()),
  cancel: () => Promise.resolve(),
};

/** Reads the body; one without bytes where the response has none. */
export async function bodyBytes(
  { body }: HttpResponse,
): Promise<Uint8Array<ArrayBuffer>> {
  return await (body ?? NO_BODY).bytes();
}

/**
 * Decodes a body.
 *
 * @throws {ProtocolError} If it is not UTF-8.
 */
export function bodyText(bytes: Uint8Array): string {
  try {
    return strictText(bytes);
  } catch (cause) {
    throw new ProtocolError(
      `Cannot read the response: its body of ${bytes.length} bytes is not UTF-8`,
      { cause },
    );
  }
}
