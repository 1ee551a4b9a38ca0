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

/** A value whose members can still be set. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A result that is being put together. */
export interface Parsed
  extends Mutable<Omit<ParsedResponse<unknown>, "output">> {
  /** The members so far. */
  readonly output: Output;
}

/**
 * Reads the members that travel before the body.
 *
 * @param operation Name of the operation, for errors.
 * @param head Header fields and status.
 * @param prepared What they are read as.
 * @throws {ProtocolError} If a field is not of its member's type.
 */
export function readHead(
  operation: string,
  { headers, status }: ResponseHead,
  prepared: PreparedShape,
): Parsed {
  const { fields, maps, prefix, prefixEnd } = prepared;
  const output = prepared.blank();
  let reader: ValueReader | undefined;
  let hasEntries = false;
  for (const name in headers) {
    // Not `startsWith`, which costs V8 as long to compile as all the rest.
    if (prefix !== undefined && name >= prefix && name < prefixEnd) {
      hasEntries = true;
    }
    const text = headers[name];
    if (text === undefined) continue;
    for (let slot = fields.get(name); slot !== undefined; slot = slot.also) {
      let value: unknown = slot.read === undefined ? text : slot.read(text);
      if (value === undefined) {
        reader ??= new ValueReader(operation);
        value = reader.field(text, slot);
      }
      if (value !== undefined) output[slot.key] = value;
    }
  }
  for (let i = 0; i < maps.length; i++) {
    const map = maps[i];
    if (map === undefined) continue;
    output[map.key] = hasEntries ? prefixed(headers, map.name) : {};
  }
  if (prepared.status !== undefined) output[prepared.status.key] = status;
  const parsed: Parsed = { output };
  if (reader !== undefined) {
    reader.settle();
    if (reader.unreadable.size > 0) parsed.unreadable = [...reader.unreadable];
  }
  return parsed;
}

/**
 * Makes the result of a call, with what can stand for required members that the
 * response lacks.
 *
 * @param parsed What was read.
 * @param prepared The operation's output.
 * @param reader Who read the body; absent: nobody had to.
 */
export function completed<Result>(
  parsed: Parsed,
  prepared: PreparedShape,
  reader?: ValueReader,
): ParsedResponse<Result> {
  let missing = fillIn(parsed.output, prepared);
  if (reader !== undefined) {
    missing = [...new Set([...reader.missing, ...missing ?? []])];
    const unreadable = new Set([
      ...parsed.unreadable ?? [],
      ...reader.unreadable,
    ]);
    if (unreadable.size > 0) parsed.unreadable = [...unreadable];
  }
  if (missing !== undefined && missing.length > 0) parsed.missing = missing;
  // The table that led the reader was generated with the type.
  return parsed as ParsedResponse<Result>;
}

/**
 * Fills in what can stand for members that a response lacks: the required ones,
 * and those that Amazon always sends.
 *
 * @returns The required ones that it lacks, if any.
 */
function fillIn(
  output: Output,
  { always, required }: PreparedShape,
): string[] | undefined {
  let missing: string[] | undefined;
  for (let i = 0; i < required.length; i++) {
    const slot = required[i];
    if (slot === undefined || output[slot.key] !== undefined) continue;
    missing ??= [];
    missing.push(slot.key);
    const empty = EMPTY[kindOf(slot)];
    if (empty !== undefined) output[slot.key] = empty();
  }
  for (let i = 0; i < always.length; i++) {
    const slot = always[i];
    if (slot === undefined || output[slot.key] !== undefined) continue;
    const kind = kindOf(slot);
    const value = kind === "boolean" ? false : EMPTY[kind]?.();
    if (value !== undefined) output[slot.key] = value;
  }
  return missing;
}

/** Reads values, and notes what is wrong with them. */
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

  /** Reads a header field as {@linkcode scalar} does, or as a list or JSON. */
  field(text: string, { key, member, shape }: Slot): unknown {
    if (member.json) return parseHeaderJson(text);
    if (shape === undefined) return this.scalar(text, member, key);
    if (shape.kind !== "list") return undefined;
    const { item } = shape;
    const texts = item.of === "timestamp" && !item.time
      ? splitHeaderDates(text)
      : splitHeaderList(text);
    return texts.map((one) => this.scalar(one, item, key));
  }

  /**
   * Fills in the members of a structure that the response lacks, where something
   * can stand for them: the required ones, which are noted, and those that Amazon
   * always sends.
   */
  complete(output: Output, shape: StructureShape, path: string): Output {
    const missing = fillIn(output, PreparedShape.of(shape));
    for (const key of missing ?? []) this.missing.add(path + key);
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
  for (const field in headers) {
    if (!field.startsWith(prefix)) continue;
    const name = field.slice(prefix.length);
    const text = headers[field];
    if (text === undefined) continue;
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
export function bodyBytes(
  { body }: HttpResponse,
  room?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return (body ?? NO_BODY).bytes(room);
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
