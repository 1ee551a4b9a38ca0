/**
 * Endpoints that a user sets.
 *
 * @module
 */
import { EndpointError } from "../foundation/errors.ts";
import { redactAddress } from "../foundation/redact.ts";

/** An endpoint set by the user, in its parts. */
export interface CustomEndpoint {
  /** Transfer protocol. */
  readonly scheme: "http" | "https";
  /** Host and port, as written. */
  readonly authority: string;
  /** Path without a slash at its end: `""`, or starting with a slash. */
  readonly path: string;
  /** Whether the host is an address, which cannot have labels put before it. */
  readonly isAddress: boolean;
}

// The characters are those of RFC 3986 (pchar), and the underscore that names of
// containers have. User names, queries and fragments are left out on purpose.
const ENDPOINT =
  /^(https?):\/\/((\[[\da-f:.]+\]|[a-z\d._-]+)(?::(\d{1,5}))?)((?:\/[\w.~!$&'()*+,;=:@%-]*)*)$/i;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const HIGHEST_PORT = 65_535;

/** Whether a text is written like an IPv4 address. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/**
 * Reads an endpoint. The text is taken as it is written, never normalized: what
 * is signed must be what is sent.
 *
 * @param url The endpoint, for example `"http://localhost:9000"`.
 * @throws {EndpointError} If it is none.
 */
export function parseEndpointUrl(url: string): CustomEndpoint {
  const [, scheme, authority, host, port, path] = ENDPOINT.exec(url) ?? [];
  if (
    scheme === undefined || authority === undefined || host === undefined ||
    Number(port ?? 0) > HIGHEST_PORT
  ) {
    throw new EndpointError(
      `Cannot use the endpoint URL ${
        JSON.stringify(redactAddress(url))
      }: it must be http:// or ` +
        "https://, a host, and neither user name, query nor fragment, for " +
        'example "http://localhost:9000" (endpointUrl, AWS_ENDPOINT_URL)',
    );
  }
  return {
    scheme: scheme.toLowerCase() === "http" ? "http" : "https",
    authority,
    path: (path ?? "").replace(/\/+$/, ""),
    isAddress: host.startsWith("[") || isIpv4(host),
  };
}
