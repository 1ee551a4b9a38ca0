/**
 * A request as URL and in words, and the errors that both transports have: of a
 * body that broke off, and of a wait for a connection.
 *
 * @module
 */
import { encodeParam } from "../foundation/bytes.ts";
import {
  EndpointError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import type { HttpRequest } from "../ports/http.ts";

/** What the platform takes for a way up or for nothing. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** Paths that the platform leaves as they are. */
const PLAIN_PATH = /^(?:\/(?![.%])[\w.~!$&()*+,;=:@%-]*)+$/;

/** Origins as the platform writes them; all are forgotten when there are many. */
const ORIGINS = new Map<string, string>();
const MOST_ORIGINS = 256;

/** The origin in the platform's words, where it is nothing but an origin. */
function knownOrigin(origin: string): string | undefined {
  const url = URL.parse(origin);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.href !== `${url.origin}/`) return undefined;
  if (ORIGINS.size >= MOST_ORIGINS) ORIGINS.clear();
  ORIGINS.set(origin, url.origin);
  return url.origin;
}

/**
 * The URL of a request.
 *
 * The platform parses it again and on the way removes `.` and `..` segments,
 * which names another object or even another bucket. So what it makes of the
 * path and the query is compared with what was signed.
 *
 * Source: WHATWG URL, section 4.4.
 *
 * @param request The request.
 * @throws {EndpointError} If the platform would send another path or query.
 */
export function requestUrl(request: HttpRequest): string {
  const { origin, path, query } = request;
  const search = query.length === 0
    ? ""
    : `?${query.map(encodeParam).join("&")}`;
  if (PLAIN_PATH.test(path)) {
    const base = ORIGINS.get(origin) ?? knownOrigin(origin);
    if (base !== undefined) return base + path + search;
  }
  const url = parse(origin + path + search, request);
  if (url.pathname !== path) {
    throw refusal(
      request,
      `the platform would send the path "${url.pathname}" instead${
        DOT_SEGMENT.test(path)
          ? '; a key with a "." or ".." segment cannot be sent by fetch, use transport: "socket" for it'
          : ""
      }`,
    );
  }
  if (url.search !== search || url.hash !== "") {
    throw refusal(request, "the platform would change its query");
  }
  if (url.username !== "" || url.password !== "") {
    throw refusal(request, "its origin holds a name or a password");
  }
  return url.href;
}

/**
 * A request in words. Its query is left out, as it may hold a signature, and so
 * is a name or password in its origin.
 */
export function describe({ method, origin, path }: HttpRequest): string {
  return `${method} ${origin.replace(/\/\/.*@/, "//***@")}${path}`;
}

function refusal(request: HttpRequest, why: string): EndpointError {
  return new EndpointError(`Cannot send ${describe(request)}: ${why}`);
}

function parse(text: string, request: HttpRequest): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refusal(
      request,
      'its origin must be "http://" or "https://" and a host',
    );
  }
  return url;
}

/**
 * What a body that failed means.
 *
 * @param error What its stream threw; `undefined` if it just ended.
 * @param request What it is the answer to.
 * @param progress How far it came, in words.
 */
export function bodyFault(
  error: unknown,
  request: HttpRequest,
  progress: string,
): TransportError {
  return new TransportError(
    "cut",
    `Cannot read the answer to ${
      describe(request)
    }: it ended after ${progress}`,
    { ...error === undefined ? {} : { cause: error }, maybeSent: true },
  );
}

/** How a wait for a connection ended. */
export interface QueueState {
  /** How many connections the host may have. */
  readonly maxConnections: number;
  /** How long a connection was waited for, in milliseconds. */
  readonly queueTimeoutMs: number;
  /** How many requests wait for one. */
  readonly waiting: number;
}

/** The error of a request for which no connection became free in time. */
export function queueTimeout(
  origin: string,
  { maxConnections, queueTimeoutMs, waiting }: QueueState,
): TimeoutError {
  const error = new TimeoutError(
    "queue",
    queueTimeoutMs,
    `Cannot send to ${origin}: none of its ${maxConnections} connections (maxConnections) became free within ${queueTimeoutMs} ms (queueTimeoutMs), with ${waiting} in the queue; read or cancel the bodies of answers, or allow more connections`,
    { maybeSent: false },
  );
  error.place({ queuedMs: queueTimeoutMs });
  return error;
}
