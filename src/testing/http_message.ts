/**
 * Requests and responses as text that a person can read, compare and write:
 *
 * ```text
 * GET https://s3.eu-west-1.amazonaws.com/photos/cat.txt HTTP/1.1
 * range: bytes=0-9
 *
 * ```
 *
 * Start line, header fields, an empty line, the body. Lines end with a line
 * feed; the last one after a body is not part of it. A body that would suffer
 * from being text lies in a file of its own.
 *
 * @module
 */
import { encodeParam, strictText, utf8 } from "../foundation/bytes.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  RequestBody,
} from "../ports/http.ts";

/** A request whose body is in memory. */
export interface PlainRequest {
  /** HTTP method in capitals. */
  readonly method: HttpMethod;
  /** The URL exactly as it is sent. */
  readonly url: string;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body, empty where there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A response whose body is in memory. */
export interface PlainResponse {
  /** HTTP status. */
  readonly status: number;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body, empty where there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One request and the answer to it. */
export interface PlainExchange {
  /** The request. */
  readonly request: PlainRequest;
  /** The answer. */
  readonly response: PlainResponse;
}

/** A message as it lies in files. */
export interface MessageFiles {
  /** Content of the `.http` file. */
  readonly text: string;
  /** Content of the `.body` file; absent where the text holds the body. */
  readonly body?: Uint8Array<ArrayBuffer>;
}

const METHODS: readonly string[] = [
  "DELETE",
  "GET",
  "HEAD",
  "PATCH",
  "POST",
  "PUT",
] satisfies readonly HttpMethod[];

/** The URL of a request, in the characters that are sent. */
export function requestUrl(request: HttpRequest): string {
  const query = request.query.map(encodeParam).join("&");
  return `${request.origin}${request.path}${query && `?${query}`}`;
}

/**
 * Reads the body of a request into memory.
 *
 * @param body The body; a source is opened once.
 */
export async function bodyBytes(
  body: RequestBody,
): Promise<Uint8Array<ArrayBuffer>> {
  if (body === undefined) return new Uint8Array();
  if (body instanceof Uint8Array) return body;
  return await new Response(body.open()).bytes();
}

/** A request with its body in memory. A source in it is opened once. */
export async function plainRequest(
  request: HttpRequest,
): Promise<PlainRequest> {
  return {
    method: request.method,
    url: requestUrl(request),
    headers: request.headers,
    body: await bodyBytes(request.body),
  };
}

/**
 * A response as a transport hands it out.
 *
 * @param response What it says.
 * @param method Method of its request: an answer to HEAD has no body.
 */
export function httpResponse(
  response: PlainResponse,
  method: HttpMethod,
): HttpResponse {
  const { status, headers, body } = response;
  const bodiless = method === "HEAD" || status === 204 || status === 304;
  return { status, headers, body: bodiless ? null : memoryBody(body) };
}

/** Writes a request. */
export function writeRequest(request: PlainRequest): MessageFiles {
  const start = `${request.method} ${request.url} HTTP/1.1`;
  return writeMessage(start, request.headers, request.body);
}

/** Writes a response. */
export function writeResponse(response: PlainResponse): MessageFiles {
  const start = `HTTP/1.1 ${response.status}`;
  return writeMessage(start, response.headers, response.body);
}

/**
 * Reads a request.
 *
 * @throws {SyntaxError} If the text is none.
 */
export function readRequest(files: MessageFiles): PlainRequest {
  const { start, headers, body } = readMessage(files);
  const [method = "", url = "", version, ...rest] = start.split(" ");
  if (
    !isMethod(method) || !/^https?:\/\/[^/]+\//.test(url) ||
    version === undefined || rest.length > 0
  ) {
    throw new SyntaxError(
      `Cannot read the request: "${start}" must be a method, a whole URL and HTTP/1.1`,
    );
  }
  return { method, url, headers, body };
}

/**
 * Reads a response.
 *
 * @throws {SyntaxError} If the text is none.
 */
export function readResponse(files: MessageFiles): PlainResponse {
  const { start, headers, body } = readMessage(files);
  const status = /^HTTP\/1\.1 ([2-5]\d\d)(?: .*)?$/.exec(start)?.[1];
  if (status === undefined) {
    throw new SyntaxError(
      `Cannot read the response: "${start}" must be HTTP/1.1 and a status from 200 to 599`,
    );
  }
  return { status: Number(status), headers, body };
}

function writeMessage(
  start: string,
  headers: HeaderMap,
  body: Uint8Array<ArrayBuffer>,
): MessageFiles {
  const fields = Object.entries(headers).map(([name, value]) =>
    `${name}: ${value}`
  );
  const head = `${[start, ...fields].join("\n")}\n\n`;
  if (body.length === 0) return { text: head };
  const text = asText(body);
  return text === undefined
    ? { text: head, body }
    : { text: `${head}${text}\n` };
}

function readMessage(
  files: MessageFiles,
): { start: string; headers: HeaderMap; body: Uint8Array<ArrayBuffer> } {
  const end = files.text.indexOf("\n\n");
  const head = end < 0 ? files.text.trimEnd() : files.text.slice(0, end);
  const rest = end < 0 ? "" : files.text.slice(end + 2).replace(/\n$/, "");
  const [start = "", ...lines] = head.split("\n");
  const headers = Object.fromEntries(lines.map((line) => {
    const [, name, value] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new SyntaxError(
        `Cannot read the header fields: "${line}" must be "name: value"`,
      );
    }
    return [name.toLowerCase(), value];
  }));
  return { start, headers, body: files.body ?? utf8(rest) };
}

/**
 * Bytes as text, where a text file keeps them: UTF-8 without control
 * characters, so that no editor or version control changes them.
 */
function asText(body: Uint8Array): string | undefined {
  try {
    const text = strictText(body);
    return /[^\P{Cc}\t\n]|\ufeff/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function isMethod(method: string): method is HttpMethod {
  return METHODS.includes(method);
}

/** What a body is read from. */
interface BodyContent {
  /** Its bytes as a stream. */
  open(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** All of them. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Told when the body is cancelled before it is read. */
  drop?(): void;
}

/** A body that is read once. */
export function bodyOnce(
  { open, bytes, drop }: BodyContent,
): NonNullable<HttpResponse["body"]> {
  let used = false;
  const use = (): void => {
    if (used) {
      throw new TypeError(
        "Cannot read the body: it was read or cancelled before",
      );
    }
    used = true;
  };
  return {
    open: () => {
      use();
      return open();
    },
    bytes: async () => {
      use();
      return await bytes();
    },
    cancel: () => {
      if (!used) drop?.();
      used = true;
      return Promise.resolve();
    },
  };
}

function memoryBody(
  bytes: Uint8Array<ArrayBuffer>,
): NonNullable<HttpResponse["body"]> {
  return bodyOnce({
    open: () => new Blob([bytes]).stream(),
    bytes: () => Promise.resolve(bytes),
  });
}
