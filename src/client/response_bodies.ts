/**
 * The bodies of responses, which go on where they break off: which bytes of which
 * object they have. How the rest is asked for is loaded with the first break.
 *
 * Source: RFC 9110, sections 13.1.1 (If-Match) and 14 (ranges).
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import { ProtocolError, TransportError } from "../foundation/errors.ts";
import type {
  BodyTarget,
  HeaderMap,
  HttpResponse,
  ResponseBody,
} from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import type { Call, exchange, Parts, secretsOf } from "./attempt.ts";
import type { ChecksumCheck, RunningCheck } from "./guarded_bodies.ts";
import type { Mutable, RetryLoop } from "./retry_loop.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What an operation's table says of the body of its answers. */
export interface BodyFacts {
  /** Whether it is handed out as a stream. */
  readonly streams: boolean;
  /**
   * Whether it can be asked for from the middle on: it is a stream, and the
   * operation takes a range and a tag.
   */
  readonly takesRanges: boolean;
}

const FACTS = new WeakMap<object, BodyFacts>();

/** The facts of an operation; each table is looked through once only. */
export function bodyFacts<Input, Output>(
  table: Operation<Input, Output>,
): BodyFacts {
  let facts = FACTS.get(table);
  if (facts === undefined) {
    const streams = Object.values(table.output().members)
      .some(({ stream }) => stream);
    const fields = Object.entries(table.input().members)
      .filter(([, { at }]) => at === "header")
      .map(([key, { name = key }]) => name.toLowerCase());
    facts = {
      streams,
      takesRanges: streams && table.method === "GET" &&
        table.idempotent === true && fields.includes("range") &&
        fields.includes("if-match"),
    };
    FACTS.set(table, facts);
  }
  return facts;
}

/**
 * Asks for the rest of a body.
 *
 * @param received The bytes that are there already.
 * @param failure How the body broke.
 * @param signal Ends the asking early.
 * @throws The failure, or a later one, if there is no going on.
 */
export type AskForRest = (
  received: number,
  failure: TransportError,
  signal: AbortSignal,
) => Promise<ResponseBody>;

/** A body that asks for the rest of itself when it breaks. */
export class ResumedBody implements ResponseBody {
  readonly #length: number | undefined;
  readonly #rest: AskForRest;
  readonly #attempts: Pick<RetryLoop, "settle">;
  #asking: AbortController | undefined;
  #cancelled = false;
  #body: ResponseBody;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  #received = 0;
  /** Whether it is read by pieces. */
  #reading = false;
  #check: ChecksumCheck | undefined;
  /** The checksum of the pieces so far. */
  #sum: Promise<RunningCheck | undefined> | undefined;

  /**
   * Wraps a body.
   *
   * @param body The body as it came.
   * @param length Its length, where it is known.
   * @param rest How it goes on.
   * @param attempts What is settled when the body was read to its end or
   * cancelled.
   */
  constructor(
    body: ResponseBody,
    length: number | undefined,
    rest: AskForRest,
    attempts: Pick<RetryLoop, "settle">,
  ) {
    this.#body = body;
    this.#length = length;
    this.#rest = rest;
    this.#attempts = attempts;
  }

  open(): ReadableStream<Bytes> {
    this.#start();
    return streamOfPieces(
      () => this.#checked(),
      (reason) => this.cancel(reason),
    );
  }

  async readInto(room?: Bytes): Promise<Bytes | undefined> {
    if (!this.#reading) this.#start();
    return await this.#checked(room);
  }

  async writeTo(target: BodyTarget): Promise<boolean> {
    let isWhole: boolean | undefined = false;
    try {
      isWhole = this.#check === undefined && await this.#body.writeTo?.(target);
      this.#received = target.written;
    } catch (failure) {
      this.#received = target.written;
      await this.#goOn(failure);
    }
    if (isWhole) this.#finish();
    return !!isWhole;
  }

  async bytes(): Promise<Bytes> {
    let bytes: Bytes | undefined;
    try {
      bytes = await this.#body.bytes();
    } catch (failure) {
      // What a body has read of itself is lost when it breaks.
      await this.#goOn(failure);
    }
    if (bytes === undefined) bytes = await this.#pieces();
    else {
      this.#received = bytes.length;
      this.#finish();
    }
    if (this.#check !== undefined) await this.#check.whole(bytes);
    return bytes;
  }

  /** Has the whole body checked when it is read to its end. */
  verify(check: ChecksumCheck): void {
    this.#check = check;
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#cancelled = true;
    this.#asking?.abort(reason);
    this.#attempts.settle();
    await (this.#reader ?? this.#body).cancel(reason);
  }

  #start(): void {
    // Now, as a body that was read before has to be refused here.
    if (this.#body.readInto === undefined) {
      this.#reader = this.#body.open().getReader();
    }
    this.#reading = true;
    this.#sum = this.#check?.start();
  }

  /** The next piece; at the end, all of them are compared with their checksum. */
  async #checked(room?: Bytes): Promise<Bytes | undefined> {
    const piece = await this.#next(room);
    if (this.#sum === undefined) return piece;
    const sum = await this.#sum;
    if (piece === undefined) sum?.finish();
    else sum?.update(piece);
    return piece;
  }

  async #pieces(): Promise<Bytes> {
    const pieces: Bytes[] = [];
    while (true) {
      const piece = await this.#next();
      if (piece === undefined) return concat(pieces);
      pieces.push(piece);
    }
  }

  async #next(room?: Bytes): Promise<Bytes | undefined> {
    while (true) {
      try {
        const piece = this.#body.readInto === undefined
          ? (await (this.#reader ??= this.#body.open().getReader()).read())
            .value
          : await this.#body.readInto(room);
        if (piece !== undefined) {
          this.#received += piece.length;
          return piece;
        }
        break;
      } catch (failure) {
        if (this.#received === this.#length) break;
        await this.#goOn(failure);
        // It went with the body that broke.
        room = undefined;
      }
    }
    this.#finish();
    return undefined;
  }

  async #goOn(failure: unknown): Promise<void> {
    if (!(failure instanceof TransportError) || this.#cancelled) throw failure;
    // A stream that broke would answer a cancellation with its failure.
    this.#reader = undefined;
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#body = await this.#rest(this.#received, failure, signal);
    this.#asking = undefined;
    if (this.#cancelled) {
      await this.#body.cancel();
      throw failure;
    }
  }

  #finish(): void {
    if (this.#length !== undefined && this.#received !== this.#length) {
      throw new ProtocolError(
        `Cannot trust the body: it has ${this.#received} bytes, the service says ${this.#length}`,
      );
    }
    this.#attempts.settle();
  }
}

/** The pieces of a body as a stream. */
export function streamOfPieces(
  next: () => Promise<Bytes | undefined>,
  cancel: (reason: unknown) => Promise<void>,
): ReadableStream<Bytes> {
  return new ReadableStream<Bytes>({
    async pull(controller): Promise<void> {
      const piece = await next();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel,
  }, { highWaterMark: 0 });
}

/** The steps of a call that asking for the rest repeats. */
export interface ResumeSteps {
  /** Makes one attempt. */
  readonly exchange: typeof exchange;
  /** Finds what errors must not show. */
  readonly secretsOf: typeof secretsOf;
}

/**
 * Makes the body of an answer go on where it breaks off, within the call's retry
 * budget: the rest is asked for by its range, of the same state of the object.
 * A body that can go on keeps the call's place in the budget until it ends.
 *
 * @param parts The client's parts.
 * @param call The call.
 * @param attempts Its attempts.
 * @param response The answer.
 * @param steps What asks for the rest.
 * @returns The answer; the same one, where the rest could not be asked for.
 */
export function resumable<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempts: RetryLoop,
  response: HttpResponse,
  steps: ResumeSteps,
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
  const rest: AskForRest = async (received, failure, signal) => {
    const broke = {
      place,
      received,
      since: received - counted,
      failure,
      signal,
    };
    counted = received;
    const { restOf } = await import("./resume.ts");
    return await restOf(parts, call, attempts, broke, steps);
  };
  return {
    status,
    headers,
    body: new ResumedBody(body, length, rest, attempts),
  };
}

/** What tells one state of an object from others. */
export interface ObjectState {
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

/** The length that a response states. */
export function lengthField(
  { "content-length": field }: HeaderMap,
): number | undefined {
  return field === undefined || !/^\d+$/.test(field)
    ? undefined
    : Number(field);
}

/** The range that a response states. */
export function readContentRange(
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

/** Whether a response came with a checksum of its body. */
export function hasChecksum(headers: HeaderMap): boolean {
  for (const name in headers) {
    if (
      name.startsWith("x-amz-checksum-") && name !== "x-amz-checksum-type"
    ) return true;
  }
  return false;
}
