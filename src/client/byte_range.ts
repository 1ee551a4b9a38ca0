/**
 * Where a body stands in its object, and how the rest of it is asked for.
 *
 * Source: RFC 9110, sections 13.1.1 (If-Match) and 14 (ranges).
 *
 * @module
 */
import { ProtocolError } from "../foundation/errors.ts";
import { ObjectChangedError } from "../foundation/object_changed_error.ts";
import type { HeaderMap, HttpResponse } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";

/** A part of one state of an object. */
export interface BytePlace {
  /** Tag of the state. */
  readonly etag: string;
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
 * @returns The place, or `undefined` where the answer names none, or has no tag
 * that stands for its exact bytes.
 */
export function placeOf(
  asked: string | undefined,
  { status, headers }: HttpResponse,
): BytePlace | undefined {
  const { etag } = headers;
  if (!etag || etag.startsWith("W/")) return undefined;
  if (status === 206 && asked !== undefined) {
    const range = readContentRange(headers["content-range"]);
    return range && { etag, ...range };
  }
  if (status !== 200) return undefined;
  const field = headers["content-length"];
  if (field === undefined || !/^\d+$/.test(field)) return { etag, start: 0 };
  const total = Number(field);
  return { etag, start: 0, end: total - 1, total };
}

/** Number of bytes of a place, where it is known. */
export function lengthOf({ start, end }: BytePlace): number | undefined {
  return end === undefined ? undefined : end + 1 - start;
}

/** The header fields that ask for a place from a byte on. */
export function restFields(
  { etag, end }: BytePlace,
  from: number,
): HeaderMap {
  return { "if-match": etag, range: `bytes=${from}-${end ?? ""}` };
}

/**
 * Checks that an answer is the rest of a place.
 *
 * @param place The place.
 * @param from The byte that the rest begins with.
 * @param response The answer, which is no refusal.
 * @param object The object, in words.
 * @throws {ObjectChangedError} If it is of another state of the object.
 * @throws {ProtocolError} If it does not say that it is what was asked for.
 */
export function checkRest(
  place: BytePlace,
  from: number,
  { status, headers }: HttpResponse,
  object: string,
): void {
  const { etag, "content-range": field } = headers;
  if (etag !== undefined && etag !== place.etag) {
    throw new ObjectChangedError("replaced", object);
  }
  const range = status === 206 ? readContentRange(field) : undefined;
  const total = place.total ?? range?.total;
  const end = place.end ?? (total === undefined ? undefined : total - 1);
  const fits = etag !== undefined && range?.start === from &&
    range.end === end && (range.total ?? total) === total;
  if (fits) return;
  throw new ProtocolError(
    `Cannot read ${object} to its end: it was asked for bytes ${from} to ${
      end ?? "the last"
    } of ${place.etag}, the answer has status ${status}, content-range "${
      field ?? ""
    }" and etag ${etag ?? '""'}`,
  );
}

function readContentRange(
  field = "",
): Omit<BytePlace, "etag"> & { readonly end: number } | undefined {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(field) ??
    [];
  if (start === undefined || end === undefined) return undefined;
  return {
    start: Number(start),
    end: Number(end),
    ...total === undefined || total === "*" ? {} : { total: Number(total) },
  };
}
