/**
 * The bodies of responses: those that go on where they break off, those that are
 * checked against their checksum, and those that are read to a limit.
 *
 * @module
 */
import { base64, concat } from "../foundation/bytes.ts";
import type { ExpectedChecksum } from "../foundation/checksums.ts";
import {
  ChecksumError,
  ProtocolError,
  TransportError,
} from "../foundation/errors.ts";
import { bytesUpTo } from "../foundation/streaming_body.ts";
import type { HeaderMap, HttpResponse, ResponseBody } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import type { RetryLoop } from "./retry_loop.ts";

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
        const piece = await this.#piece(room);
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

  async #piece(room?: Bytes): Promise<Bytes | undefined> {
    if (this.#body.readInto !== undefined) {
      return await this.#body.readInto(room);
    }
    this.#reader ??= this.#body.open().getReader();
    return (await this.#reader.read()).value;
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

/** A part of a body that came whole. */
export class PartOfBody implements ResponseBody {
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

/**
 * Makes the body of a response check itself, where it came with a checksum of
 * all its bytes. A range of an object comes without one, or with that of the
 * whole; a part that was asked for by its number comes with its own.
 *
 * @param response The response to a request that asked for the checksum.
 * @param complete Completes the error before it is thrown.
 * @param byNumber Whether the request named a part by its number, and no range.
 * @returns The response; reading its body to the end fails with a
 * {@linkcode ChecksumError} if it is not what the service has.
 */
export function verified(
  response: HttpResponse,
  complete: (error: ChecksumError) => void,
  byNumber = false,
): HttpResponse {
  const { status, headers, body, decoded } = response;
  if (
    (status !== 200 && !(byNumber && status === 206)) || body === null ||
    decoded
  ) return response;
  if (!Object.keys(headers).some(isChecksumField)) return response;
  const check = new ChecksumCheck(headers, complete);
  if (body instanceof ResumedBody) {
    body.verify(check);
    return response;
  }
  return { status, headers, body: new VerifiedBody(body, check) };
}

function isChecksumField(name: string): boolean {
  return name.startsWith("x-amz-checksum-") && name !== "x-amz-checksum-type";
}

/** Loaded with the first answer that has a checksum. */
let checksums: typeof import("../foundation/checksums.ts") | undefined;

/** Compares the checksum of a body with the one that it came with. */
class ChecksumCheck {
  readonly #headers: HeaderMap;
  readonly #complete: (error: ChecksumError) => void;

  constructor(
    headers: HeaderMap,
    complete: (error: ChecksumError) => void,
  ) {
    this.#headers = headers;
    this.#complete = complete;
  }

  /** Checks a body that is there as a whole. */
  async whole(bytes: Bytes): Promise<void> {
    checksums ??= await import("../foundation/checksums.ts");
    const expected = checksums.checksumToVerify(this.#headers);
    if (expected === undefined) return;
    const actual = await checksums.checksum(expected.algorithm, bytes);
    this.#compare(expected, actual);
  }

  /** Starts the check of one that comes by pieces; `undefined`: nothing to check. */
  async start(): Promise<RunningCheck | undefined> {
    checksums ??= await import("../foundation/checksums.ts");
    const expected = checksums.checksumToVerify(this.#headers);
    if (expected === undefined) return undefined;
    const sum = await checksums.startChecksum(expected.algorithm);
    let actual: string | undefined;
    return {
      update: (piece) => sum.update(piece),
      // A hash tells its digest once only.
      finish: () => this.#compare(expected, actual ??= base64(sum.digest())),
    };
  }

  /** Throws where it is another one. */
  #compare({ algorithm, value }: ExpectedChecksum, actual: string): void {
    if (actual === value) return;
    const error = new ChecksumError(algorithm, value, actual);
    this.#complete(error);
    throw error;
  }
}

/** The check of a body that comes by pieces. */
interface RunningCheck {
  /** Adds a piece. */
  update(piece: Bytes): void;
  /** Compares all pieces with what the service has. */
  finish(): void;
}

/** A body that was not asked to go on, checked. */
class VerifiedBody implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #check: ChecksumCheck;

  constructor(body: ResponseBody, check: ChecksumCheck) {
    this.#body = body;
    this.#check = check;
  }

  async bytes(): Promise<Bytes> {
    const bytes = await this.#body.bytes();
    await this.#check.whole(bytes);
    return bytes;
  }

  open(): ReadableStream<Bytes> {
    const reader = this.#body.open().getReader();
    const started = this.#check.start();
    return streamOfPieces(async () => {
      const { value } = await reader.read();
      const sum = await started;
      if (value === undefined) sum?.finish();
      else sum?.update(value);
      return value;
    }, (reason) => reader.cancel(reason));
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}

function streamOfPieces(
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

/** How long a document may be, and who says so. */
export interface DocumentLimit {
  /** The longest that is read, in bytes. */
  readonly bytes: number;
  /** The option of the session that changes it. */
  readonly option: string;
}

/** Error documents are a thousandth of this. */
const MOST = 64 * 1_024;

/**
 * Makes sure that the body of a refusal is short: of a longer one the start is
 * read, and the rest cancelled.
 *
 * @param response Any response.
 * @returns The response; the same one, where its body cannot be long.
 */
export function withShortRefusal(response: HttpResponse): HttpResponse {
  const { status, headers, body, decoded } = response;
  if (status < 300 || body === null) return response;
  const isShort = Number(headers["content-length"]) <= MOST;
  if (isShort && !decoded) return response;
  return { status, headers, body: new ShortRefusalBody(body) };
}

/**
 * Makes sure that the document of a success is read only to a limit.
 *
 * @param response A response whose body is not handed out as a stream.
 * @param operation Name of the operation, for the error.
 * @param limit The limit.
 */
export function withLimitedDocument(
  response: HttpResponse,
  operation: string,
  { bytes: maxBytes, option }: DocumentLimit,
): HttpResponse {
  const { body } = response;
  if (body === null) return response;
  const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await bytesUpTo(maxBytes, response, body);
    if (bytes !== undefined) return bytes;
    throw new ProtocolError(
      `Cannot read the answer to ${operation}: it is longer than ${maxBytes} bytes. Longer ones are read with ${option} of the session`,
    );
  };
  return { ...response, body: new LimitedDocument(body, read) };
}

class LimitedDocument implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #read: () => Promise<Uint8Array<ArrayBuffer>>;

  constructor(
    body: ResponseBody,
    read: () => Promise<Uint8Array<ArrayBuffer>>,
  ) {
    this.#body = body;
    this.#read = read;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#body.open();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#read();
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}

class ShortRefusalBody implements ResponseBody {
  readonly #body: ResponseBody;

  constructor(body: ResponseBody) {
    this.#body = body;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#body.open();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const reader = this.#body.open().getReader();
    const pieces: Uint8Array[] = [];
    let length = 0;
    while (length <= MOST) {
      const { done, value } = await reader.read();
      if (done) return concat(pieces);
      pieces.push(value);
      length += value.length;
    }
    await reader.cancel();
    return concat(pieces);
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}
