/**
 * From a request to the URL text that `fetch` takes.
 *
 * @module
 */
import { EndpointError } from "../foundation/errors.ts";
import { encodeParam } from "../foundation/bytes.ts";
import type { HttpRequest } from "../ports/http.ts";

/** What the platform takes for a way up or for nothing. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

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
  const url = parse(origin + path + search, request);
  if (url.pathname !== path) {
    throw refusal(
      request,
      `the platform would send the path "${url.pathname}" instead${
        DOT_SEGMENT.test(path)
          ? '; a key with a "." or ".." segment cannot be sent by fetch'
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
