/**
 * What went wrong before a response, in our words: loaded when something has.
 *
 * @module
 */
import {
  type AwsError,
  EndpointError,
  TransportError,
  type TransportFault,
  withMessage,
} from "../foundation/errors.ts";
import type { HttpRequest } from "../ports/http.ts";
import { describe } from "./request_url.ts";

export { requestUrl } from "./request_url.ts";

/**
 * What a text or code of a failed `fetch` means; the first that fits counts.
 * Texts are those of Deno 2 (hyper, rustls), codes those of Node (undici).
 */
const MEANINGS: readonly (readonly [RegExp, TransportFault])[] = [
  [/NotCapable|PermissionDenied/, "denied"],
  [/dns error|ENOTFOUND|EAI_AGAIN/, "dns"],
  [/Connection reset|Broken pipe|ECONNRESET|EPIPE/, "reset"],
  [
    /tcp connect error|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|tunnel|proxy authentication|Proxy server unreachable/,
    "refused",
  ],
  [
    /tls handshake|corrupt message|peer certificate|peer is incompatible|fatal alert|peer sent|ERR_TLS|ERR_SSL|_CERT|CERT_|VERIFY/,
    "tls",
  ],
  [
    /connection closed before message completed|UND_ERR_SOCKET|other side closed/,
    "closed",
  ],
  [
    /invalid .* parsed|HPE_|HTTPParserError/,
    "not-http",
  ],
];

/** Of hyper, and of undici. Another attempt would bring the same. */
const HEAD_TOO_LARGE =
  /message head is too large|HPE_HEADER_OVERFLOW|UND_ERR_HEADERS_OVERFLOW/;

/** All that Chromium, Firefox and Safari say of any failure. */
const BROWSER = /Failed to fetch|NetworkError when attempting|Load failed/;

/** What each kind means, for the reader of the error. */
const WORDS: Readonly<Record<TransportFault, string>> = {
  closed: "the server closed the connection before it answered",
  cut: "the answer ended before it was complete",
  denied: "this program may not connect to that host",
  dns: "the name of the host cannot be resolved",
  "not-http": "what came back is not HTTP",
  refused: "the server cannot be reached",
  reset: "the connection was reset",
  timeout: "a time limit passed",
  tls: "no secure connection could be made",
  unknown: "the exchange failed",
};

/** The kinds at which a request cannot have left this machine. */
const NEVER_SENT: readonly TransportFault[] = ["denied", "dns", "refused"];

/**
 * What a `fetch` that rejected means.
 *
 * @param error What it rejected with.
 * @param request What was to be sent.
 * @param proxy The proxy that it was to go through, in words.
 */
export function sendFault(
  error: unknown,
  request: HttpRequest,
  proxy?: string,
): AwsError {
  const text = textOf(error);
  withoutQuery(error, request);
  if (HEAD_TOO_LARGE.test(text)) {
    return new TransportError(
      "not-http",
      `Cannot read the answer to ${
        describe(request)
      }: it has more than 100 header fields, which is all that the platform's fetch takes, or a head of more than some 400 kB; store less metadata, or have what stands in between add fewer fields`,
      { cause: error, maybeSent: true, final: true },
    );
  }
  const refusal = text.includes("client error")
    ? undefined
    : refusalOf(text, request);
  if (refusal !== undefined) {
    return new EndpointError(`Cannot send ${describe(request)}: ${refusal}`);
  }
  const kind = kindOf(text);
  const words = proxyFaultOf(kind, text, proxy) ??
    WORDS[kind] + hint(kind, text, request);
  const maybeSent = !NEVER_SENT.includes(kind) &&
    !text.includes("client error (Connect)");
  return new TransportError(
    kind,
    `Cannot send ${describe(request)}: ${words}`,
    { cause: error, maybeSent },
  );
}

function kindOf(text: string): TransportFault {
  return MEANINGS.find(([pattern]) => pattern.test(text))?.[1] ?? "unknown";
}

/** Why `fetch` does not even try; the value is kept out, as it may be a secret. */
function refusalOf(
  text: string,
  { origin }: HttpRequest,
): string | undefined {
  if (/Requests to port \d+ are blocked|bad port/.test(text)) {
    const port = URL.parse(origin)?.port;
    return `fetch never connects to port ${port}, which the Fetch standard blocks; use another port`;
  }
  if (/header name|header value|ByteString|Headers\./i.test(text)) {
    return "a header field has a name or a value that HTTP does not allow, such as a line break or a character outside Latin-1";
  }
  return undefined;
}

/** What is worth adding to the words of a kind. */
function hint(
  kind: TransportFault,
  text: string,
  { origin }: HttpRequest,
): string {
  if (kind === "denied") {
    return `; allow it with --allow-net=${URL.parse(origin)?.host ?? origin}`;
  }
  if (kind === "tls") return tlsHint(text, origin);
  if (kind === "unknown" && BROWSER.test(text)) {
    return ". Browsers do not say why: either the server cannot be reached, or CORS does not allow this page's origin, method or header fields; put it into the CORS configuration of the bucket (to list buckets there is none)";
  }
  return origin.startsWith("http:") && ["closed", "not-http"].includes(kind)
    ? "; if this port expects TLS, use https://"
    : "";
}

/** What is wrong with a secure connection, by the platform's text, and the remedy. */
const TLS_CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /UnknownIssuer|UNABLE_TO_|SELF_SIGNED_CERT_IN_CHAIN|unable to get (?:local )?issuer/,
    "the certificate comes from an authority that is not trusted here; give that authority's certificate in caCerts, or in the PEM file that AWS_CA_BUNDLE names",
  ],
  [
    /CertificateRequired/,
    "the server asks for a certificate of the client; give it as clientCertificate of the transport",
  ],
  [
    /CaUsedAsEndEntity/,
    "the server presents the certificate of an authority (self-signed, with CA:TRUE) as its own, which the platform always refuses, also from caCerts; make one with CA:FALSE, or sign one with it, and give that or the authority in caCerts",
  ],
  [
    /DEPTH_ZERO_SELF_SIGNED_CERT/,
    "the certificate is self-signed and not trusted here; give it in caCerts, or in the PEM file that AWS_CA_BUNDLE names",
  ],
  [
    /CERT_HAS_EXPIRED|certificate has expired/,
    "the certificate has expired; renew it on the server, or correct the clock of this machine if that is wrong",
  ],
  [
    /CERT_NOT_YET_VALID/,
    "the certificate is not valid yet; correct the clock of this machine if that is wrong, or the certificate on the server",
  ],
  [
    /ALTNAME_INVALID/,
    "the certificate is for another name; use a name that it is for in the endpoint",
  ],
  [
    /ProtocolVersion|peer is incompatible|UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/,
    "the server knows no version of TLS that is safe today; let it offer TLS 1.2 or 1.3",
  ],
  [
    /corrupt message|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    "the server does not speak TLS on this port; use http:// in the endpoint if that is meant, or the port on which it speaks TLS",
  ],
  [
    /tls handshake eof/,
    "the server closed the connection during the handshake; see whether it speaks TLS on this port",
  ],
];

/**
 * What is wrong with a secure connection, and the remedy; empty where it is not known.
 *
 * @param text What the platform says.
 * @param origin Where to.
 */
export function tlsHint(text: string, origin: string): string {
  const known = datesHint(text) ?? nameHint(text, origin) ??
    TLS_CAUSES.find(([pattern]) => pattern.test(text))?.[1];
  return known === undefined ? "" : `: ${known}`;
}

function datesHint(text: string): string | undefined {
  const [, now, side, limit] =
    /verification time (\d+) \(UNIX\), but certificate is not valid (after|before) (\d+)/
      .exec(text) ?? [];
  if (now === undefined || limit === undefined) return undefined;
  return side === "after"
    ? `the certificate expired on ${day(limit)}, and it is ${
      day(now)
    } by the clock of this machine; renew it on the server, or correct the clock`
    : `the certificate is valid from ${day(limit)} on, and it is ${
      day(now)
    } by the clock of this machine; correct the clock, or the certificate on the server`;
}

function day(seconds: string): string {
  const date = new Date(Number(seconds) * 1_000);
  return Number.isNaN(date.getTime())
    ? seconds
    : date.toISOString().replace(/\.000Z$/, "Z");
}

/** Names are what a server says: only what looks like one is shown. */
function nameHint(text: string, origin: string): string | undefined {
  if (!/not valid for name/.test(text)) return undefined;
  const names = [...text.matchAll(/DnsName\("([\w.*-]{1,100})"\)/g)]
    .slice(0, 3).map(([, name]) => name);
  const others = names.length === 0 ? "" : ` but for ${names.join(", ")}`;
  return `the certificate is not for ${
    URL.parse(origin)?.hostname ?? origin
  }${others}; use a name that it is for in the endpoint`;
}

/**
 * The refusal of a host that this program may not connect to.
 *
 * @param request What was to be sent.
 */
export function permissionMissing(request: HttpRequest): TransportError {
  return new TransportError(
    "denied",
    `Cannot send ${describe(request)}: ${WORDS.denied}${
      hint("denied", "", request)
    }`,
    { maybeSent: false },
  );
}

/**
 * The answer of a proxy that wants to know who asks; no server sends it.
 *
 * @param request What was to be sent.
 */
export function proxyRefusal(request: HttpRequest): TransportError {
  return new TransportError(
    "refused",
    `Cannot send ${describe(request)}: ${PROXY_PASSWORD}`,
    { maybeSent: false },
  );
}

/**
 * An answer of which the platform tells nothing.
 *
 * @param request What it is the answer to.
 */
export function hiddenRedirect(request: HttpRequest): TransportError {
  return new TransportError(
    "unknown",
    `Cannot read the answer to ${
      describe(request)
    }: it is a redirect, which this platform hides`,
    { maybeSent: true },
  );
}

/** What is wrong where a proxy wants to know who asks. */
export const PROXY_PASSWORD =
  "the proxy wants a name and a password (407); give them in the URL of the proxy, in the option proxy or in HTTP_PROXY or HTTPS_PROXY";

/** What a fault of the proxy's is in words, if it is one. */
function proxyFaultOf(
  kind: TransportFault,
  text: string,
  proxy = "the proxy",
): string | undefined {
  if (/proxy authentication required/i.test(text)) return PROXY_PASSWORD;
  if (/unsuccessful tunnel|unexpected eof while tunneling/.test(text)) {
    return `${proxy} made no connection to the host; see whether it allows that host and port, or name the host in NO_PROXY`;
  }
  const remedy =
    "correct the option proxy or the variable, or name the host in NO_PROXY";
  if (/Proxy server unreachable/.test(text)) {
    return `${proxy} cannot be reached; ${remedy}`;
  }
  // Only the proxy is connected to, and asked for by name, where there is one.
  if (proxy === "the proxy") return undefined;
  if (kind === "dns") {
    return `the name of ${proxy} cannot be resolved; ${remedy}`;
  }
  return kind === "refused"
    ? `${proxy} cannot be reached; ${remedy}`
    : undefined;
}

/** Names, codes and messages of an error and its causes. */
function textOf(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  // Node puts several addresses' errors into one; the depth is a matter of three.
  for (let depth = 0; depth < 4 && current instanceof Error; depth++) {
    const code = "code" in current ? ` ${current.code}` : "";
    parts.push(`${current.name}${code}: ${withoutUrl(current.message)}`);
    current = current.cause;
  }
  return parts.join(" < ");
}

/** A key may be called "dns error", and then the URL would decide. */
function withoutUrl(message: string): string {
  return message.slice(Math.max(message.indexOf("client error ("), 0));
}

/** The runtime quotes the whole URL, and its query may hold a signature. */
function withoutQuery(error: unknown, { query }: HttpRequest): void {
  if (query.length === 0) return;
  let current = error;
  while (current instanceof Error) {
    withMessage(current, current.message.replace(/\?[^\s)"]*/g, ""));
    current = current.cause;
  }
}
