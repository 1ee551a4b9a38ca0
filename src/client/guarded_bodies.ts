/**
 * The bodies of responses that are checked against their checksum, and those that
 * are read to a limit. Loaded with the first of them.
 *
 * @module
 */
import { base64, concat } from "../foundation/bytes.ts";
import type { ExpectedChecksum } from "../foundation/checksums.ts";
import { ChecksumError, ProtocolError } from "../foundation/errors.ts";
import { bytesUpTo, MAX_CREDENTIAL_BYTES } from "../foundation/body_content.ts";
import type { HeaderMap, HttpResponse, ResponseBody } from "../ports/http.ts";
import { hasChecksum, ResumedBody, streamOfPieces } from "./response_bodies.ts";

type Bytes = Uint8Array<ArrayBuffer>;

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
  if (!hasChecksum(headers)) return response;
  const check = new ChecksumCheck(headers, complete);
  if (body instanceof ResumedBody) {
    body.verify(check);
    return response;
  }
  return { status, headers, body: new VerifiedBody(body, check) };
}

/** Loaded with the first answer that has a checksum. */
let checksums: typeof import("../foundation/checksums.ts") | undefined;

/** Compares the checksum of a body with the one that it came with. */
export class ChecksumCheck {
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
export interface RunningCheck {
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

/** How long a document may be, and who says so. */
export interface DocumentLimit {
  /** The longest that is read, in bytes. Default: that of the option. */
  readonly bytes: number | undefined;
  /** The option of the session that changes it. */
  readonly option: "maxCredentialBytes" | "maxDocumentBytes";
}

/** The longest documents that are read where nobody says otherwise. */
const LIMITS: Readonly<Record<DocumentLimit["option"], number>> = {
  maxCredentialBytes: MAX_CREDENTIAL_BYTES,
  // A page of 1 000 keys is a fiftieth of this.
  maxDocumentBytes: 64 * 1_024 * 1_024,
};

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
 * @returns The response; the same one, where its body cannot be longer.
 */
export function withLimitedDocument(
  response: HttpResponse,
  operation: string,
  { option, bytes: maxBytes = LIMITS[option] }: DocumentLimit,
): HttpResponse {
  const { body, decoded, headers } = response;
  if (body === null) return response;
  // A transport hands out what was stated, or fails.
  const isShort = Number(headers["content-length"]) <= maxBytes;
  if (isShort && !decoded) return response;
  const read = async (room?: Bytes): Promise<Bytes> => {
    const bytes = await bytesUpTo(maxBytes, response, body, room);
    if (bytes !== undefined) return bytes;
    throw new ProtocolError(
      `Cannot read the answer to ${operation}: it is longer than ${maxBytes} bytes. Longer ones are read with ${option} of the session`,
    );
  };
  return { ...response, body: new LimitedDocument(body, read) };
}

class LimitedDocument implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #read: (room?: Bytes) => Promise<Bytes>;

  constructor(body: ResponseBody, read: (room?: Bytes) => Promise<Bytes>) {
    this.#body = body;
    this.#read = read;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#body.open();
  }

  async bytes(room?: Bytes): Promise<Bytes> {
    return await this.#read(room);
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
