/**
 * The rest of a body that broke off: how it is asked for, within the call's retry
 * budget, and what tells that it is of the same state of the object. Loaded with
 * the first break.
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
import type { Call, Parts } from "./attempt.ts";
import {
  type ByteRange,
  lengthField,
  type ObjectState,
  readContentRange,
  type ResumeSteps,
} from "./response_bodies.ts";
import type { Attempt, AttemptTrace, RetryLoop } from "./retry_loop.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a refusal of the rest says about the object, by its status. */
const CHANGES: Readonly<Record<number, ObjectChange>> = {
  404: "removed",
  412: "replaced",
  416: "replaced",
};

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
  /** How much of that came since the last break. */
  readonly since: number;
  readonly failure: TransportError;
  readonly signal: AbortSignal;
}

/**
 * Asks for the rest of a body.
 *
 * @param parts The client's parts.
 * @param call The call.
 * @param attempts Its attempts.
 * @param broke Where and why the body broke off.
 * @param steps What asks.
 * @throws What ends the call: the failure, if the budget is used up.
 */
export async function restOf<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempts: RetryLoop,
  { place, received, since, failure, signal: ended }: Break,
  { exchange, secretsOf }: ResumeSteps,
): Promise<ResponseBody> {
  const { draft, options } = call;
  const from = place.start + received;
  const headers = { ...draft.headers, ...restFields(place, from) };
  const signal = options.signal
    ? AbortSignal.any([options.signal, ended])
    : ended;
  // Shared by all who ask for a rest: what one was signed with, all keep secret.
  secretsOf(call);
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
      (response) =>
        checked(parts, again, response, { place, from, trace, secretsOf }),
    );
  try {
    const anew = isProgress(since, lengthOf(place));
    return await attempts.goOn(failure, { send, signal, anew });
  } catch (error) {
    throw secretsOf(again).removedFrom(error);
  } finally {
    secretsOf(again);
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
  readonly secretsOf: ResumeSteps["secretsOf"];
}

async function checked<Input, Output>(
  { protocol }: Parts,
  call: Call<Input, Output>,
  response: HttpResponse,
  { place, from, trace, secretsOf }: Expected,
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

/** A part of a body that came whole. */
class PartOfBody implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #skip: number;
  readonly #length: number;

  /**
   * Wraps a body.
   *
   * @param body The body as it came.
   * @param part Bytes before the part, and its length; without one it is the rest.
   */
  constructor(
    body: ResponseBody,
    { skip, length = Infinity }: {
      readonly skip: number;
      readonly length?: number;
    },
  ) {
    this.#body = body;
    this.#skip = skip;
    this.#length = length;
  }

  open(): ReadableStream<Bytes> {
    const reader = this.#body.open().getReader();
    let skip = this.#skip;
    let left = this.#length;
    return new ReadableStream<Bytes>({
      async pull(controller): Promise<void> {
        while (left > 0) {
          const { value } = await reader.read();
          if (value === undefined) break;
          const piece = value.subarray(Math.min(skip, value.length))
            .subarray(0, left);
          skip -= Math.min(skip, value.length);
          left -= piece.length;
          if (piece.length > 0) return controller.enqueue(piece);
        }
        if (left === 0) await reader.cancel();
        controller.close();
      },
      cancel: async (reason): Promise<void> => await reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  async bytes(): Promise<Bytes> {
    return await new Response(this.open()).bytes();
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}
