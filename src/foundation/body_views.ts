/**
 * The body of a response as lines of text, and as the answer of a web server.
 * Loaded when first asked for.
 *
 * @module
 */
import { concat, text } from "./bytes.ts";
import { ConfigError, ProtocolError } from "./errors.ts";
import { checkOptions } from "./options.ts";
import type {
  BodyHead,
  LineOptions,
  WebResponseOptions,
} from "./streaming_body.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The longest line where nobody says otherwise. */
const MAX_LINE_BYTES = 16 * 1_024 * 1_024;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The header fields of an object that a browser or a cache can use; all others
 * concern the store or its connection.
 */
const WEB_HEADERS: readonly string[] = [
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "expires",
  "last-modified",
];

/** What is no longer true of bytes that the platform has decompressed. */
const OF_ENCODED_BYTES: readonly string[] = [
  "accept-ranges",
  "content-encoding",
  "content-length",
];

/**
 * Reads lines, as many at once as one piece of the body ends.
 *
 * @param stream The body. It is cancelled when the loop over the lines is left.
 * @param options The longest line that is taken.
 * @throws {ConfigError} If an option does not exist or cannot be.
 * @throws {ProtocolError} If a line is longer.
 */
export async function* lineBatches(
  stream: () => ReadableStream<Bytes>,
  options: LineOptions = {},
): AsyncGenerator<readonly string[], void, undefined> {
  checkOptions("read lines", options, { maxLineBytes: "number" });
  const { maxLineBytes = MAX_LINE_BYTES } = options;
  if (!Number.isInteger(maxLineBytes) || maxLineBytes < 1) {
    throw new ConfigError(
      "InvalidOption",
      `Cannot read lines: the option "maxLineBytes" must be a whole number of bytes, at least 1, got ${maxLineBytes}`,
    );
  }
  const lines = new LineReader(maxLineBytes);
  // Refuses a stream that was read before, which would look like an empty one.
  const { body } = new Response(stream());
  for await (const piece of body ?? []) {
    const ended = lines.read(piece);
    if (ended.length > 0) yield ended;
  }
  yield lines.end();
}

/** Puts lines together from the pieces in which they come. */
class LineReader {
  readonly #maxBytes: number;
  /** The start of a line whose end is not there yet. */
  #start: Uint8Array[] = [];
  #startBytes = 0;
  #count = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the next piece; returns the lines that end in it. */
  read(piece: Uint8Array): string[] {
    const first = piece.indexOf(LF);
    if (first < 0) {
      this.#keep(piece);
      return [];
    }
    const lines = [this.#line(piece.subarray(0, first))];
    const last = piece.lastIndexOf(LF);
    if (last > first) {
      // As arguments of one push, many short lines would overflow the stack.
      for (const line of this.#whole(piece.subarray(first + 1, last))) {
        lines.push(line);
      }
    }
    this.#keep(piece.subarray(last + 1));
    return lines;
  }

  /** The last line, if nothing ended it. */
  end(): string[] {
    if (this.#startBytes === 0) return [];
    const line = this.#taken();
    this.#checkLength(line, 0);
    return [this.#counted(text(line))];
  }

  /** A line whose end came, from its kept start on. */
  #line(rest: Uint8Array): string {
    const line = this.#taken(rest);
    this.#checkLength(line);
    return this.#counted(withoutCr(text(line)));
  }

  /** The lines of a piece that lie in it whole; the last end is left out. */
  *#whole(span: Uint8Array): Iterable<string> {
    if (span.length <= this.#maxBytes) {
      // Several times faster than one by one.
      for (const line of text(span).split("\n")) {
        this.#count++;
        yield withoutCr(line);
      }
      return;
    }
    let from = 0;
    while (from <= span.length) {
      const end = span.indexOf(LF, from);
      const line = span.subarray(from, end < 0 ? span.length : end);
      yield this.#line(line);
      from += line.length + 1;
    }
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return;
    this.#checkLength(rest);
    this.#start.push(rest);
    this.#startBytes += rest.length;
  }

  #taken(rest: Uint8Array = new Uint8Array()): Uint8Array {
    if (this.#startBytes === 0) return rest;
    const bytes = concat([...this.#start, rest]);
    this.#start = [];
    this.#startBytes = 0;
    return bytes;
  }

  #counted(line: string): string {
    return this.#count++ === 0 ? line.replace(/^\uFEFF/, "") : line;
  }

  /** Checks what is there of a line; a CR at its end may belong to the end. */
  #checkLength(more: Uint8Array, end = more.at(-1) === CR ? 1 : 0): void {
    if (this.#startBytes + more.length - end <= this.#maxBytes) return;
    throw new ProtocolError(
      `Cannot read line ${
        this.#count + 1
      } of the body: it is longer than ${this.#maxBytes} bytes. Longer lines are read with a larger maxLineBytes`,
    );
  }
}

function withoutCr(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/**
 * Makes the answer of a web server.
 *
 * @param stream The body.
 * @param head What the store said about it.
 * @param options Header fields that are set over those of the object.
 * @throws {ConfigError} If an option does not exist or cannot be.
 */
export function webResponse(
  stream: () => ReadableStream<Bytes>,
  { status, headers: stored, decoded = false }: BodyHead,
  options: WebResponseOptions = {},
): Response {
  checkOptions("make a web response", options, { headers: "object" });
  const headers = new Headers();
  for (const name of WEB_HEADERS) {
    const value = stored[name];
    if (value === undefined) continue;
    if (decoded && OF_ENCODED_BYTES.includes(name)) continue;
    headers.set(name, decoded && name === "etag" ? weak(value) : value);
  }
  new Headers(options.headers).forEach((value, name) =>
    headers.set(name, value)
  );
  const { body } = new Response(stream());
  return new Response(body && pieceBehind(body), { status, headers });
}

/**
 * Hands the last piece out only when the end is reached: a checksum that is
 * wrong shows then, and an answer that already has all its length would look
 * whole.
 */
function pieceBehind(stream: ReadableStream<Bytes>): ReadableStream<Bytes> {
  const reader = stream.getReader();
  let held: Bytes | undefined;
  return new ReadableStream<Bytes>({
    async pull(controller): Promise<void> {
      for (;;) {
        const { value } = await reader.read();
        const ready = held;
        held = value;
        if (ready !== undefined) controller.enqueue(ready);
        if (value === undefined) return controller.close();
        if (ready !== undefined) return;
      }
    },
    cancel: async (reason): Promise<void> => await reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function weak(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}
