/**
 * Responses whose bodies go on where they break off: which bytes of which object
 * a body has, and how the rest of it is asked for.
 *
 * Source: RFC 9110, sections 13.1.1 (If-Match) and 14 (ranges).
 *
 * @module
 */
import {
  type ObjectChange,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  type TransportError,
} from "../foundation/errors.ts";
import type { HeaderMap, HttpResponse, ResponseBody } from "../ports/http.ts";
import { type Call, exchange, secretsOf } from "./attempt.ts";
import type { Parts } from "./parts.ts";
import {
  type AskForRest,
  bodyFacts,
  PartOfBody,
  ResumedBody,
} from "./response_bodies.ts";
import type {
  Attempt,
  AttemptTrace,
  Mutable,
  RetryLoop,
} from "./retry_loop.ts";

/** What a refusal of the rest says about the object, by its status. */
const CHANGES: Readonly<Record<number, ObjectChange>> = {
  404: "removed",
  412: "replaced",
  416: "replaced",
};

/**
 * Makes the body of an answer go on where it breaks off, within the call's retry
 * budget: the rest is asked for by its range, of the same state of the object.
 * A body that can go on keeps the call's place in the budget until it ends.
 *
 * @param parts The client's parts.
 * @param call The call.
 * @param attempts Its attempts.
 * @param response The answer.
 * @returns The answer; the same one, where the rest could not be asked for.
 */
export function resumable<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempts: RetryLoop,
  response: HttpResponse,
): HttpResponse {
  const { status, headers, body, decoded } = response;
  // Of a body that the platform has decompressed, no range can be asked for.
  const place = body === null || decoded || !bodyFacts(call.table).takesRanges
    ? undefined
    : placeOf(call.draft.headers["range"], response);
  attempts.keptByBody = place !== undefined;
  if (place === undefined || body === null) return response;
  const { start, end } = place;
  const length = end === undefined ? undefined : end + 1 - start;
  let counted = 0;
  const rest: AskForRest = (received, failure, signal) => {
    const progressed = isProgress(received - counted, length);
    counted = received;
    return restOf(parts, call, attempts, {
      place,
      received,
      progressed,
      failure,
      signal,
    });
  };
  return {
    status,
    headers,
    body: new ResumedBody(body, length, rest, attempts),
  };
}

/** Enough to count the breaks of a body anew: a server may hand out byte by byte. */
const PROGRESS = 64 * 1_024;

/** Of a short body, this part is enough. */
const PROGRESS_SHARE = 1 / 16;

function isProgress(bytes: number, length = Infinity): boolean {
  return bytes > 0 && bytes >= Math.min(PROGRESS, length * PROGRESS_SHARE);
}

/** Where and why a body broke off. */
interface Break {
  readonly place: ByteRange;
  readonly received: number;
  /** Whether much of it came since the last break. */
  readonly progressed: boolean;
  readonly failure: TransportError;
  readonly signal: AbortSignal;
}

async function restOf<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempts: RetryLoop,
  { place, received, progressed, failure, signal: ended }: Break,
): Promise<ResponseBody> {
  const { draft, options } = call;
  const from = place.start + received;
  const headers = { ...draft.headers, ...restFields(place, from) };
  const signal = options.signal
    ? AbortSignal.any([options.signal, ended])
    : ended;
  const again: Call<Input, Output> = {
    ...call,
    draft: { ...draft, headers },
    options: { ...options, signal },
  };
  const send = (
    attempt: Attempt,
    trace: AttemptTrace,
  ): Promise<ResponseBody> =>
    exchange(
      parts,
      again,
      attempt,
      trace,
      (response) => checked(parts, again, response, { place, from, trace }),
    );
  try {
    return await attempts.goOn(failure, { send, signal, anew: progressed });
  } catch (error) {
    throw secretsOf(again).removedFrom(error);
  }
}

/** The rest of a body that was whole already. */
const NOTHING: ResponseBody = {
  open: () => new Blob().stream(),
  bytes: () => Promise.resolve(new Uint8Array()),
  cancel: () => Promise.resolve(),
};

/** What the rest is checked against. */
interface Expected {
  readonly place: ByteRange;
  readonly from: number;
  readonly trace: AttemptTrace;
}

async function checked<Input, Output>(
  { protocol }: Parts,
  call: Call<Input, Output>,
  response: HttpResponse,
  { place, from, trace }: Expected,
): Promise<ResponseBody> {
  const { table, draft } = call;
  const object = `${trace.facts?.host}${draft.path}`;
  if (isComplete(place, from, response)) {
    await response.body?.cancel();
    return NOTHING;
  }
  try {
    if (response.status >= 300) {
      await protocol.deserialize(table, response);
    }
    const part = checkRest(place, from, response, object);
    if (response.body !== null) {
      return part.skip === 0
        ? response.body
        : new PartOfBody(response.body, part);
    }
    throw new ProtocolError(`Cannot read ${object} to its end: no body came`);
  } catch (error) {
    await response.body?.cancel();
    const change = error instanceof ServiceError
      ? CHANGES[error.status]
      : undefined;
    if (change === undefined) throw error;
    const cause = secretsOf(call).removedFrom(error);
    throw new ObjectChangedError(change, object, { cause });
  }
}

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
  const { etag, "last-modified": modified } = headers;
  const place: Mutable<ByteRange> = { start: 0 };
  if (etag) place.etag = etag;
  if (!etag || etag.startsWith("W/")) {
    if (!modified) return undefined;
    place.modified = modified;
  }
  if (status === 206 && asked !== undefined) {
    const range = readContentRange(headers["content-range"]);
    return range && Object.assign(place, range);
  }
  if (status !== 200) return undefined;
  const total = lengthField(headers);
  if (total !== undefined) {
    place.end = total - 1;
    place.total = total;
  }
  return place;
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
