/**
 * What the runtime throws → this library's errors. The only place that reads
 * the runtime's texts; tests/transport/faults_live_test.ts provokes each.
 *
 * @module
 */
import {
  type AwsError,
  EndpointError,
  retell,
  TransportError,
  type TransportFault,
} from "../foundation/errors.ts";
import type { HttpRequest } from "../ports/http.ts";
import { describe } from "./request_url.ts";

/**
 * What a text or code of a failed `fetch` means; the first that fits counts.
 * Texts are those of Deno 2 (hyper, rustls), codes those of Node (undici).
 */
const MEANINGS: readonly (readonly [RegExp, TransportFault])[] = [
  [/NotCapable|PermissionDenied/, "denied"],
  [/dns error|ENOTFOUND|EAI_AGAIN/, "dns"],
  [/Connection reset|Broken pipe|ECONNRESET|EPIPE/, "reset"],
  [
    /tcp connect error|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|tunnel|proxy authentication/,
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
    /invalid .* parsed|message head is too large|HPE_|HTTPParserError/,
    "not-http",
  ],
];

/** What each kind means to whoever reads the error. */
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
 */
export function sendFault(error: unknown, request: HttpRequest): AwsError {
  const text = textOf(error);
  const refusal = text.includes("client error")
    ? undefined
    : refusalOf(text, request);
  if (refusal !== undefined) {
    return new EndpointError(`Cannot send ${describe(request)}: ${refusal}`);
  }
  const kind = kindOf(text);
  const maybeSent = !NEVER_SENT.includes(kind) &&
    !text.includes("client error (Connect)");
  withoutQuery(error, request);
  return new TransportError(
    kind,
    `Cannot send ${describe(request)}: ${WORDS[kind]}${hint(kind, request)}`,
    { cause: error, maybeSent },
  );
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

function hint(kind: TransportFault, { origin }: HttpRequest): string {
  if (kind !== "denied") return "";
  return `; allow it with --allow-net=${URL.parse(origin)?.host ?? origin}`;
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
    retell(current, current.message.replace(/\?[^\s)"]*/g, ""));
    current = current.cause;
  }
}
