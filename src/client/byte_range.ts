/**
 * Where a body stands in its object, and how the rest of it is asked for.
 *
 * Source: RFC 9110, sections 13.1.1 (If-Match) and 14 (ranges).
 *
 * @module
 */
import { ObjectChangedError, ProtocolError } from "../foundation/errors.ts";
import type { HeaderMap, HttpResponse } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";

/** What tells one state of an object from others. */
interface ObjectState {
  /** Its tag, as the answer had it; one that begins with `W/` is weak. */
  readonly etag?: string;
  /** Time of its last change, as the answer had it, where no strong tag stands for it. */
  readonly modified?: string;
}

/** A part of one state of an object. */
export interface ByteRange extends ObjectState {
  /** First byte. */
  readonly start: number;
  /** Last byte; absent: only the end of the body tells. */
  readonly end?: number;
  /** Length of the object, where it is known. */
  readonly total?: number;
}

/** Operations that take ranges; each table is looked through once only. */
export class RangeTakers {
  readonly #known = new WeakMap<object, boolean>();

  /** Whether an operation is one, by {@linkcode takesRanges}. */
  has<Input, Output>(operation: Operation<Input, Output>): boolean {
    let takes = this.#known.get(operation);
    if (takes === undefined) {
      takes = takesRanges(operation);
      this.#known.set(operation, takes);
    }
    return takes;
  }
}

/**
 * Whether an operation's answer can be asked for from the middle on: it is a
 * stream, and the operation takes a range and a tag.
 */
export function takesRanges<Input, Output>(
  operation: Operation<Input, Output>,
): boolean {
  const { method, idempotent } = operation;
  if (method !== "GET" || !idempotent) return false;
  const results = Object.values(operation.output().members);
  if (!results.some(({ stream }) => stream)) return false;
  const fields = Object.entries(operation.input().members)
    .filter(([, { at }]) => at === "header")
    .map(([key, { name = key }]) => name.toLowerCase());
  return fields.includes("range") && fields.includes("if-match");
}

/**
 * Finds which bytes an answer has.
 *
 * @param asked The range that the request asked for, if any. An answer with a
 * part that nobody asked for by a range (S3: by its number) is not placed, since
 * the rest cannot be asked for by both.
 * @param response The answer.
 * @returns The place, or `undefined` where the answer names none, or has neither
 * a tag that stands for its exact bytes nor the time of their last change.
 */
export function placeOf(
  asked: string | undefined,
  { status, headers }: HttpResponse,
): ByteRange | undefined {
  const state = stateOf(headers);
  if (state === undefined) return undefined;
  if (status === 206 && asked !== undefined) {
    const range = readContentRange(headers["content-range"]);
    return range && { ...state, ...range };
  }
  if (status !== 200) return undefined;
  const total = lengthField(headers);
  return total === undefined
    ? { ...state, start: 0 }
    : { ...state, start: 0, end: total - 1, total };
}

function stateOf(
  { etag, "last-modified": modified }: HeaderMap,
): ObjectState | undefined {
  if (etag && !isWeak(etag)) return { etag };
  return modified ? { ...etag && { etag }, modified } : undefined;
}

function isWeak(etag: string): boolean {
  return etag.startsWith("W/");
}

/** Whether an answer may be of the same state; a tag that became weak may be. */
function isSameState(
  { etag, modified }: ObjectState,
  headers: HeaderMap,
): boolean {
  const { etag: given, "last-modified": changed } = headers;
  if (etag && given && bare(etag) !== bare(given)) return false;
  return modified === undefined || changed === undefined ||
    modified === changed;
}

function bare(etag: string): string {
  return isWeak(etag) ? etag.slice(2) : etag;
}

function lengthField(
  { "content-length": field }: HeaderMap,
): number | undefined {
  return field === undefined || !/^\d+$/.test(field)
    ? undefined
    : Number(field);
}

/** Number of bytes of a place, where it is known. */
export function lengthOf({ start, end }: ByteRange): number | undefined {
  return end === undefined ? undefined : end + 1 - start;
}

/** The header fields that ask for a place from a byte on. */
export function restFields(
  { etag, modified, end }: ByteRange,
  from: number,
): HeaderMap {
  const range = `bytes=${from}-${end ?? ""}`;
  // A weak tag never matches (RFC 9110, section 13.1.1).
  if (modified !== undefined) return { "if-unmodified-since": modified, range };
  return etag === undefined ? { range } : { "if-match": etag, range };
}

/**
 * Whether the refusal of a rest says that there is none: the body lacked only the
 * mark of its end.
 *
 * @param place The place.
 * @param from The byte that the rest should begin with.
 * @param response The refusal.
 */
export function isComplete(
  place: ByteRange,
  from: number,
  { status, headers }: HttpResponse,
): boolean {
  if (status !== 416 || !isSameState(place, headers)) return false;
  const [, total] = /^bytes \*\/(\d+)$/.exec(headers["content-range"] ?? "") ??
    [];
  return total !== undefined && Number(total) === from;
}

/** What of an answer is the rest of a place. */
export interface RestOf {
  /** Bytes before it, where the answer is the whole object. */
  readonly skip: number;
  /** Its length, where it is known. */
  readonly length?: number;
}

/**
 * Checks that an answer is the rest of a place.
 *
 * @param place The place.
 * @param from The byte that the rest begins with.
 * @param response The answer, which is no refusal.
 * @param object The object, in words.
 * @returns What of the answer is the rest.
 * @throws {ObjectChangedError} If it is of another state of the object.
 * @throws {ProtocolError} If it does not say that it is what was asked for.
 */
export function checkRest(
  place: ByteRange,
  from: number,
  { status, headers }: HttpResponse,
  object: string,
): RestOf {
  const { etag, "content-range": field } = headers;
  if (!isSameState(place, headers)) {
    throw new ObjectChangedError("replaced", object);
  }
  const range = status === 206 ? readContentRange(field) : undefined;
  const total = place.total ?? range?.total;
  const end = place.end ?? (total === undefined ? undefined : total - 1);
  const known = (place.etag ?? headers["last-modified"]) !== undefined &&
    (place.etag === undefined || etag !== undefined);
  const length = end === undefined ? {} : { length: end + 1 - from };
  // A server that knows no ranges, or has forgotten them, sends it all anew.
  if (known && status === 200 && lengthField(headers) === place.total) {
    return { skip: from, ...length };
  }
  const fits = known && range?.start === from && range.end === end &&
    (range.total ?? total) === total;
  if (fits) return { skip: 0, ...length };
  throw new ProtocolError(
    `Cannot read ${object} to its end: it was asked for bytes ${from} to ${
      end ?? "the last"
    } of ${
      place.etag ?? place.modified
    }, the answer has status ${status}, content-range "${
      field ?? ""
    }" and etag ${etag ?? '""'}`,
  );
}

function readContentRange(
  field = "",
):
  | Omit<ByteRange, keyof ObjectState> & { readonly end: number }
  | undefined {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(field) ??
    [];
  if (start === undefined || end === undefined) return undefined;
  return {
    start: Number(start),
    end: Number(end),
    ...total === undefined || total === "*" ? {} : { total: Number(total) },
  };
}
