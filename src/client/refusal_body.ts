/**
 * The bodies of answers that are read into memory: to a limit.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";
import { bytesUpTo } from "../foundation/streaming_body.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";

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
  return { status, headers, body: new StartOfBody(body) };
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

class StartOfBody implements ResponseBody {
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
