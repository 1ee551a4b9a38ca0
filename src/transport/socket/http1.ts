/**
 * Responses of HTTP/1.1, read from bytes, without a connection.
 *
 * Source: RFC 9112. Where it lets a client choose, this one refuses.
 *
 * @module
 */

type Bytes = Uint8Array<ArrayBuffer>;

/** What came is not a response of HTTP/1.1. The message says what was found. */
export class MalformedResponse extends Error {
  /** Whether it is a limit that was passed, so that another attempt fails too. */
  readonly tooLarge: boolean;

  constructor(message: string, tooLarge = false) {
    super(message);
    this.tooLarge = tooLarge;
  }
}

/** How the end of a body is told, where it is no number of bytes. */
export const CHUNKED = -1;
/** The end of the connection is the end of the body. */
export const UNTIL_CLOSE = -2;

/** The head of a response. */
export interface ResponseHead {
  /** Status, 100 or more. */
  readonly status: number;
  /** Header fields by lower-case name; repeated ones are joined by commas. */
  readonly headers: Record<string, string>;
  /** Length of the body in bytes, {@linkcode CHUNKED} or {@linkcode UNTIL_CLOSE}. */
  readonly length: number;
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
}

/** What is refused, in bytes or in numbers. */
const MAX_HEAD = 64 * 1_024;
const MAX_FIELDS = 1_000;
const MAX_CHUNK_LINE = 4 * 1_024;
/** All chunk extensions of a body together. */
const MAX_EXTENSIONS = 64 * 1_024;
/** Interim responses before one final. */
const MAX_INTERIM = 32;

const SPACE = 32;
const CR = 13;
const LF = 10;

/** Sections 7.1 and 7.1.1: a size, and extensions that nobody reads. */
const CHUNK_LINE = (() => {
  const token = "[!#$%&'*+.^_`|~\\dA-Za-z-]+";
  const text = "[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]";
  const quoted = `"(?:${text}|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"`;
  const value = `[ \\t]*=[ \\t]*(?:${token}|${quoted})`;
  return new RegExp(
    `^([\\dA-Fa-f]+)((?:[ \\t]*;[ \\t]*${token}(?:${value})?)*)$`,
  );
})();

/** What the response reader waits for. */
type State =
  | "chunk-end"
  | "chunk-size"
  | "data"
  | "done"
  | "failed"
  | "head"
  | "trailers";

/**
 * Reads the responses of one connection, one after another. Bytes go in by
 * {@linkcode room} and {@linkcode filled}; the head and the pieces of the body
 * come out.
 */
export class ResponseReader {
  #buffer: Bytes = new Uint8Array(16 * 1_024);
  #start = 0;
  #end = 0;
  /** Up to where no end of the head was found. */
  #scanned = 0;
  /** Whether the head is lines of ASCII with single spaces in them so far. */
  #isPlain = true;
  #state: State = "done";
  #method = "GET";
  #interim = 0;
  /** How the body ends. */
  #length = 0;
  /** What is left of the body, or of its chunk. */
  #left = 0;
  #extensions = 0;
  #trailerBytes = 0;
  #trailerCount = 0;
  /** The fields of the last head by its method: most servers repeat them. */
  readonly #layouts = new Map<string, Layout>();

  /** Expects a response. */
  begin(method: string): void {
    this.#method = method;
    this.#state = "head";
    this.#scanned = this.#start;
    this.#isPlain = true;
    this.#interim =
      this.#extensions =
      this.#trailerBytes =
      this.#trailerCount =
        0;
  }

  /** Whether the response is complete. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Bytes that came and were not yet taken. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Where the next bytes of the connection belong; say then how many came. */
  room(): Bytes {
    if (this.#start === this.#end) {
      this.#start = this.#end = this.#scanned = 0;
      return this.#buffer;
    }
    if (this.#end === this.#buffer.length) this.#makeRoom();
    return this.#buffer.subarray(this.#end);
  }

  /** Says how many bytes came into the room. */
  filled(count: number): void {
    this.#end += count;
  }

  /**
   * The next head, interim ones (1xx) as well.
   *
   * @returns `undefined` where more bytes are needed.
   * @throws {MalformedResponse}
   */
  head(): ResponseHead | undefined {
    if (this.#buffer[this.#start] === CR) this.#skipEmptyLines();
    const end = this.#headEnd();
    if ((end < 0 ? this.#end + 1 : end) - this.#start > MAX_HEAD) {
      throw this.#failed(`a head of more than ${MAX_HEAD} bytes`, true);
    }
    if (end < 0) return undefined;
    // So it is unless all of it can be read.
    this.#state = "failed";
    const head = this.#isPlain
      ? parseHead(
        DECODER.decode(this.#buffer.subarray(this.#start, end)),
        this.#method,
        this.#layouts,
      )
      : parseHead(latin1(this.#buffer, this.#start, end), this.#method);
    const { status, length } = head;
    this.#start = this.#scanned = end;
    this.#isPlain = true;
    if (status >= 200) {
      this.#length = length;
      this.#left = length === UNTIL_CLOSE ? Infinity : length;
      this.#state = length === 0
        ? "done"
        : length === CHUNKED
        ? "chunk-size"
        : "data";
    } else {
      if (++this.#interim > MAX_INTERIM) {
        throw this.#failed(`more than ${MAX_INTERIM} interim responses`, true);
      }
      this.#state = "head";
    }
    return head;
  }

  /** All of the body, copied, where it has a length and came with its head. */
  whole(): Bytes | undefined {
    const end = this.#start + this.#left;
    if (this.#length < 0 || end > this.#end) return undefined;
    const bytes = this.#buffer.slice(this.#start, end);
    this.#start = end;
    this.#left = 0;
    this.#state = "done";
    return bytes;
  }

  /**
   * A piece of the body from what came; a view, good until the next call.
   *
   * @param most Its greatest length.
   * @returns `undefined` where more bytes are needed, or at the end.
   * @throws {MalformedResponse}
   */
  piece(most = Infinity): Bytes | undefined {
    if (!this.#readFraming()) return undefined;
    const length = Math.min(this.#left, this.buffered, most);
    if (length === 0) return undefined;
    const start = this.#start;
    this.#start += length;
    this.#took(length);
    return this.#buffer.subarray(start, start + length);
  }

  /**
   * How many bytes of the connection are body and nothing else, so that they may
   * be read to where they belong; say then by {@linkcode took} how many came.
   */
  get direct(): number {
    return this.#state === "data" && this.buffered === 0 ? this.#left : 0;
  }

  /** Says how many bytes of the body were read past this reader. */
  took(count: number): void {
    this.#took(count);
  }

  /**
   * Says that the connection has ended.
   *
   * @returns Whether the response ends with it.
   */
  ended(): boolean {
    if (this.#state === "data" && this.#length === UNTIL_CLOSE) {
      this.#state = "done";
    }
    return this.done;
  }

  /** Section 9.2 lets a client discard them before a response. */
  #skipEmptyLines(): void {
    const buffer = this.#buffer;
    while (
      this.buffered > 1 && buffer[this.#start] === CR &&
      buffer[this.#start + 1] === LF
    ) {
      this.#start += 2;
      if (++this.#interim > MAX_INTERIM) {
        throw this.#failed("more empty lines than a response starts with");
      }
    }
    this.#scanned = Math.max(this.#scanned, this.#start);
  }

  #took(count: number): void {
    this.#left -= count;
    if (this.#left > 0) return;
    this.#state = this.#length === CHUNKED ? "chunk-end" : "done";
  }

  /** Reads what stands around the data; says whether there is data next. */
  #readFraming(): boolean {
    while (this.#state !== "data") {
      if (this.#state === "done" || this.#state === "failed") return false;
      const line = this.#line();
      if (line === undefined) return false;
      if (this.#state === "chunk-size") this.#readSize(line);
      else if (this.#state === "chunk-end") {
        if (line !== "") throw this.#failed("a chunk longer than its size");
        this.#state = "chunk-size";
      } else this.#readTrailer(line);
    }
    return true;
  }

  #readSize(line: string): void {
    const [, digits = "", extension = ""] = CHUNK_LINE.exec(line) ?? [];
    if (digits === "") {
      throw this.#failed(`a chunk of the size ${quoted(line)}`);
    }
    // Zeros in front do not make it larger.
    const size = /^0*[\da-f]{1,12}$/i.test(digits)
      ? Number.parseInt(digits, 16)
      : NaN;
    if (Number.isNaN(size)) {
      throw this.#failed(`a chunk of the size ${quoted(line)}`, true);
    }
    this.#extensions += extension.length;
    if (this.#extensions > MAX_EXTENSIONS) {
      throw this.#failed(
        `chunk extensions of more than ${MAX_EXTENSIONS} bytes`,
        true,
      );
    }
    this.#left = size;
    this.#state = size === 0 ? "trailers" : "data";
  }

  #readTrailer(line: string): void {
    if (line === "") {
      this.#state = "done";
      return;
    }
    this.#trailerBytes += line.length;
    this.#trailerCount++;
    if (this.#trailerBytes > MAX_HEAD || this.#trailerCount > MAX_FIELDS) {
      throw this.#failed(`trailers of more than ${MAX_HEAD} bytes`, true);
    }
    try {
      // Nothing asks for them: they only have to be well-formed.
      addField({}, line, 0, line.length, false);
    } catch (error) {
      this.#state = "failed";
      throw error;
    }
  }

  /** The next line without its end. */
  #line(): string | undefined {
    const end = this.#buffer.indexOf(LF, this.#start);
    const inTrailers = this.#state === "trailers";
    const most = inTrailers ? MAX_HEAD : MAX_CHUNK_LINE;
    if (end < 0 || end >= this.#end) {
      // The data of a chunk ends here or nowhere.
      const isLonger = this.#state === "chunk-end" && (this.buffered > 1 ||
        this.buffered === 1 && this.#buffer[this.#start] !== CR);
      if (isLonger) throw this.#failed("a chunk longer than its size");
      if (this.buffered <= most) return undefined;
    }
    if (end < 0 || end >= this.#end || end - this.#start > most) {
      throw this.#failed(
        `a line of more than ${most} bytes in a chunked body`,
        true,
      );
    }
    if (end === this.#start || this.#buffer[end - 1] !== CR) {
      throw this.#failed("a line of a chunked body that ends without CR");
    }
    const line = latin1(this.#buffer, this.#start, end - 1);
    this.#start = end + 1;
    return line;
  }

  /**
   * Where the head ends, or -1. A loop over the bytes costs less than a search
   * for line ends and another for control characters.
   */
  #headEnd(): number {
    const buffer = this.#buffer;
    const end = this.#end;
    for (let at = Math.max(this.#start, this.#scanned - 3); at < end; at++) {
      const byte = buffer[at] ?? 0;
      if (byte > SPACE && byte < 127) continue;
      if (byte !== LF) {
        const next = buffer[at + 1] ?? 0;
        const isPlain = byte === SPACE
          ? next > SPACE && next < 127
          : byte === CR && next === LF;
        // The last byte is seen again, with the next one.
        if (!isPlain && at + 1 < end) this.#isPlain = false;
        continue;
      }
      if (at + 2 < end && buffer[at + 1] === CR && buffer[at + 2] === LF) {
        return at + 3;
      }
      // What cannot become a head is not waited for.
      if (at === this.#start || buffer[at - 1] !== CR) {
        throw this.#failed("a line that ends without CR");
      }
      if (at + 1 < end && isBlank(buffer[at + 1] ?? 0)) {
        throw this.#failed("a folded header line");
      }
    }
    this.#checkStart();
    this.#scanned = end;
    return -1;
  }

  /** Not HTTP is seen by its first bytes, however much follows. */
  #checkStart(): void {
    const known = "HTTP/1.";
    const length = Math.min(this.buffered, known.length);
    const start = latin1(this.#buffer, this.#start, this.#start + length);
    if (known.startsWith(start) || start === "\r") return;
    throw this.#failed(
      `a start of ${
        quoted(latin1(this.#buffer, this.#start, this.#end).slice(0, 20))
      }`,
    );
  }

  #makeRoom(): void {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#scanned -= this.#start;
      this.#start = 0;
      return;
    }
    // Lines and heads have limits, so that this comes to an end.
    const larger = new Uint8Array(this.#buffer.length * 2);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #failed(message: string, tooLarge = false): MalformedResponse {
    this.#state = "failed";
    return new MalformedResponse(message, tooLarge);
  }
}

/** How a server writes its heads: the same lines, time and again. */
interface Layout {
  /** The first line, with the CR at its end. */
  readonly first: string;
  readonly status: number;
  /** What each other line starts with. */
  readonly starts: readonly string[];
  /** The name of the field in each of them, in lower case. */
  readonly names: readonly string[];
  /** An object with these members. */
  readonly blank: Readonly<Record<string, string>>;
}

/**
 * Reads a head.
 *
 * @param layouts Those of former heads, by method, where the text is lines of
 * ASCII with single spaces.
 */
function parseHead(
  text: string,
  method: string,
  layouts?: Map<string, Layout>,
): ResponseHead {
  const layout = layouts?.get(method);
  let headers = layout && knownFields(text, layout);
  let status = layout?.status ?? 0;
  if (headers === undefined) {
    const end = text.indexOf("\r\n");
    status = statusOf(text.slice(0, end));
    headers = fieldsOf(text, end + 2, layouts !== undefined);
    layouts?.set(method, layoutOf(text, end + 1, status, headers));
  }
  const isFirst = text.charCodeAt(7) === 49;
  const length = lengthOf(method, status, headers, isFirst);
  // Who announces a body where there is none may send it all the same.
  const isOdd = (status === 204 || status < 200) && announcesBody(headers);
  if (isOdd && status < 200) {
    throw new MalformedResponse(`an interim response ${status} with a body`);
  }
  const { connection } = headers;
  const keepAlive = length !== UNTIL_CLOSE && !isOdd &&
    (connection === undefined ? isFirst : isKept(connection, isFirst));
  return { status, headers, length, keepAlive };
}

function fieldsOf(
  text: string,
  from: number,
  isClean: boolean,
): Record<string, string> {
  const headers: Record<string, string> = {};
  let at = from;
  for (let count = 0; !text.startsWith("\r\n", at); count++) {
    if (count === MAX_FIELDS) {
      throw new MalformedResponse(
        `more than ${MAX_FIELDS} header fields`,
        true,
      );
    }
    const end = text.indexOf("\r\n", at);
    addField(headers, text, at, end, isClean);
    at = end + 2;
  }
  return headers;
}

/** The fields of a head, where it has a known layout: at a third of the cost. */
function knownFields(
  text: string,
  { first, starts, names, blank }: Layout,
): Record<string, string> | undefined {
  if (!text.startsWith(first)) return undefined;
  // Members that are there are set sooner than new ones are made.
  const headers = { ...blank };
  let at = first.length + 1;
  for (let index = 0; index < starts.length; index++) {
    const start = starts[index] ?? "";
    if (!text.startsWith(start, at)) return undefined;
    const end = text.indexOf("\r", at);
    headers[names[index] ?? ""] = text.slice(at + start.length, end);
    at = end + 2;
  }
  return at === text.length - 2 ? headers : undefined;
}

/** Without lines where a field stands in two, or is written in another way. */
function layoutOf(
  text: string,
  firstEnd: number,
  status: number,
  headers: Readonly<Record<string, string>>,
): Layout {
  const first = text.slice(0, firstEnd);
  const blank = { ...headers };
  const starts: string[] = [];
  let at = firstEnd + 1;
  for (const name in headers) {
    const start = text.slice(at, at + name.length + 2);
    if (start.toLowerCase() !== `${name}: `) {
      return { first, status, starts: [], names: [], blank: {} };
    }
    starts.push(start);
    blank[name] = "";
    at = text.indexOf("\r", at) + 2;
  }
  return { first, status, starts, names: Object.keys(headers), blank };
}

/** Section 9.3: whether the connection goes on, by the field and the version. */
function isKept(field: string, isFirst: boolean): boolean {
  if (field === "keep-alive") return true;
  const options = field.toLowerCase().split(",").map((option) => option.trim());
  return !options.includes("close") &&
    (isFirst || options.includes("keep-alive"));
}

/** Section 8.6 of RFC 9110 forbids it with 1xx and 204; `0` does no harm. */
function announcesBody(headers: Readonly<Record<string, string>>): boolean {
  return headers["transfer-encoding"] !== undefined ||
    !/^0*$/.test(headers["content-length"] ?? "");
}

/** Section 4. The space before an empty reason is often left out. */
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

function statusOf(line: string): number {
  const status = Number(STATUS_LINE.exec(line)?.[1]);
  if (Number.isNaN(status)) {
    throw new MalformedResponse(`a status line ${quoted(line)}`);
  }
  if (status === 101) {
    throw new MalformedResponse(
      "the status 101, a change of protocol that nobody asked for",
    );
  }
  return status;
}

/** Section 6.3. */
function lengthOf(
  method: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  isFirst: boolean,
): number {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return 0;
  }
  if (method === "CONNECT" && status < 300) return 0;
  const coding = headers["transfer-encoding"];
  const length = headers["content-length"];
  if (coding !== undefined) {
    if (length !== undefined) {
      throw new MalformedResponse(
        "content-length together with transfer-encoding",
      );
    }
    if (!isFirst) {
      throw new MalformedResponse("transfer-encoding in HTTP/1.0");
    }
    if (coding.toLowerCase() !== "chunked") {
      throw new MalformedResponse(`transfer-encoding ${quoted(coding)}`);
    }
    return CHUNKED;
  }
  if (length === undefined) return UNTIL_CLOSE;
  let size = length === "" || length.length > 15 ? NaN : 0;
  for (let at = 0; at < length.length; at++) {
    const digit = length.charCodeAt(at) - 48;
    size = digit >= 0 && digit <= 9 ? size * 10 + digit : NaN;
  }
  if (Number.isNaN(size)) {
    throw new MalformedResponse(`content-length ${quoted(length)}`);
  }
  return size;
}

/** Section 5. A line of a text without control characters is clean. */
function addField(
  headers: Record<string, string>,
  text: string,
  from: number,
  to: number,
  isClean: boolean,
): void {
  const colon = text.indexOf(":", from);
  const name = colon < 0 || colon > to
    ? undefined
    : nameOf(text.slice(from, colon))?.lower;
  if (name === undefined) {
    throw new MalformedResponse(
      isBlank(text.charCodeAt(from))
        ? "a folded header line"
        : `a header line ${quoted(text.slice(from, to))}`,
    );
  }
  let start = colon + 1;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  const value = text.slice(start, end);
  if (!isClean && NOT_IN_VALUE.test(value)) {
    throw new MalformedResponse(
      `a control character in the header field ${name}`,
    );
  }
  // Most names are nothing that objects have by themselves.
  if (headers[name] === undefined) headers[name] = value;
  else if (!Object.hasOwn(headers, name)) {
    Object.defineProperty(headers, name, { value, ...PLAIN });
  } else if (name === "content-length") {
    throw new MalformedResponse("two lines of content-length");
  } else headers[name] += `, ${value}`;
}

const PLAIN = { configurable: true, enumerable: true, writable: true };
/** A name, or a method. */
export const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
// deno-fmt-ignore
export const NOT_IN_VALUE = new RegExp("[^\\t\\x20-\\x7e\\x80-\\xff]");

/** A name of a header field. */
interface FieldName {
  readonly lower: string;
  /** What its line starts with, and what ends the line before. */
  readonly start: string;
}

/** Names as they were read or written; servers and clients repeat theirs. */
const NAMES = new Map<string, FieldName>();
const KNOWN_NAMES = 500;

/** A name of a header field, if it is one. */
export function nameOf(text: string): FieldName | undefined {
  const known = NAMES.get(text);
  if (known !== undefined) return known;
  if (!TOKEN.test(text)) return undefined;
  // In one piece, unlike a sum of texts.
  const start = ["\r\n", text, ": "].join("");
  const name = { lower: text.toLowerCase(), start };
  if (NAMES.size < KNOWN_NAMES && text.length < 64) NAMES.set(text, name);
  return name;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Bytes to characters, one to one: the decoder of "latin1" is another. */
function latin1(bytes: Bytes, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) {
    text += String.fromCharCode(bytes[at] ?? 0);
  }
  return text;
}

const DECODER = new TextDecoder();

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}\u2026` : text);
}
