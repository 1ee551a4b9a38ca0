/**
 * Requests of HTTP/1.1, written to bytes, without a connection.
 *
 * Source: RFC 9112. Where it lets a client choose, this one refuses.
 *
 * @module
 */
import { encodeParam } from "../../foundation/bytes.ts";
import type { HttpRequest, RequestBody } from "../../ports/http.ts";
import type { Route } from "./dial.ts";
import { nameOf, NOT_IN_VALUE, TOKEN } from "./http1.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The request holds what HTTP does not allow. */
export class UnsendableRequest extends Error {}

/** What every request says, whatever else it says. */
const OURS = { "accept-encoding": "identity" };

/**
 * The head of a request on its way, as text of Latin-1.
 *
 * @param expects Whether it asks the server whether it wants the body.
 * @throws {UnsendableRequest} If HTTP does not allow what stands in it.
 */
export function headOf(
  request: HttpRequest,
  { proxy, tls, host, origin }: Route,
  expects: boolean,
): string {
  const { method, path, query, headers, body } = request;
  if (!path.startsWith("/")) {
    throw new UnsendableRequest('its path does not start with "/"');
  }
  const search = query.length === 0
    ? ""
    : `?${query.map(encodeParam).join("&")}`;
  const isWhole = proxy !== undefined && !tls;
  const authorization = isWhole ? proxy.authorization : undefined;
  const ours = !expects && authorization === undefined ? OURS : {
    ...OURS,
    ...expects ? { expect: "100-continue" } : {},
    ...authorization === undefined
      ? {}
      : { "proxy-authorization": authorization },
  };
  return writeHead({
    method,
    target: (isWhole ? origin : "") + path + search,
    host,
    headers,
    ours,
    length: lengthOf(method, body),
  });
}

function lengthOf(method: string, body: RequestBody): number | undefined {
  if (body !== undefined) {
    const { length } = body;
    // A length that is none would leave the body without an end.
    if (length === undefined || Number.isSafeInteger(length) && length >= 0) {
      return length;
    }
    throw new UnsendableRequest(
      `the length of its body must be a whole number >= 0, found ${length}`,
    );
  }
  // Section 8.6 of RFC 9110: where a body could be, its absence is told.
  return method === "PUT" || method === "POST" || method === "PATCH" ? 0 : -1;
}

/** What stands in the head of a request. */
export interface RequestHead {
  /** Method. */
  readonly method: string;
  /** Path and query, or what a proxy wants; sent as it is. */
  readonly target: string;
  /** Host and port, where the header fields do not name them. */
  readonly host: string;
  /** Header fields by name. Those of the framing are left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** Header fields that count instead. */
  readonly ours: Readonly<Record<string, string>>;
  /** Length of the body; `undefined`: chunked; `-1`: none. */
  readonly length: number | undefined;
}

/** The framing is the transport's, whatever a caller says. */
const FRAMING = new Set(["content-length", "transfer-encoding", "host"]);
// deno-fmt-ignore
const NOT_IN_TARGET = new RegExp("[^\\x21-\\x7e]");

/**
 * The head of a request as text of Latin-1.
 *
 * @throws {UnsendableRequest} If HTTP does not allow what stands in it.
 */
export function writeHead(head: RequestHead): string {
  const { method, target, headers, ours, length } = head;
  if (!TOKEN.test(method)) {
    throw new UnsendableRequest("its method is not one of HTTP");
  }
  if (target === "" || NOT_IN_TARGET.test(target)) {
    throw new UnsendableRequest(
      "its path or query has a character that must be percent-encoded",
    );
  }
  let host = head.host;
  let fields = "";
  for (const name in headers) {
    const known = nameOf(name);
    const value = headers[name] ?? "";
    if (known === undefined || NOT_IN_VALUE.test(value)) {
      throw new UnsendableRequest(BAD_FIELD);
    }
    const { lower, start } = known;
    if (lower === "host") host = value;
    if (FRAMING.has(lower) || Object.hasOwn(ours, lower)) continue;
    fields += start + value;
  }
  for (const name in ours) fields += `\r\n${name}: ${ours[name]}`;
  if (length === undefined) fields += "\r\ntransfer-encoding: chunked";
  else if (length >= 0) fields += `\r\ncontent-length: ${length}`;
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}${fields}\r\n\r\n`;
}

const BAD_FIELD =
  "a header field has a name or a value that HTTP does not allow, such as a line break or a character outside Latin-1";

const ENCODER = new TextEncoder();

/**
 * Writes text of Latin-1 into bytes.
 *
 * @param into Where to; at least as long as the text.
 */
export function writeLatin1(text: string, into: Bytes): void {
  const { read, written } = ENCODER.encodeInto(text, into);
  if (read === text.length && written === read) return;
  for (let at = 0; at < text.length; at++) into[at] = text.charCodeAt(at);
}

/** What stands before and after a piece of a chunked body. */
export const CHUNK_END: Bytes = Uint8Array.of(13, 10);
/** The end of a chunked body. */
export const LAST_CHUNK: Bytes = ENCODER.encode("0\r\n\r\n");

/** The line before a piece of a chunked body. */
export function chunkStart(length: number): Bytes {
  return ENCODER.encode(`${length.toString(16)}\r\n`);
}
