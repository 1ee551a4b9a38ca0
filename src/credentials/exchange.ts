/**
 * One unsigned exchange with a service that hands out credentials or tokens.
 *
 * @module
 */
import { text, utf8 } from "../foundation/bytes.ts";
import { CredentialsError, TransportError } from "../foundation/errors.ts";
import {
  bytesUpTo,
  MAX_CREDENTIAL_BYTES,
} from "../foundation/streaming_body.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  QueryParam,
  Transport,
} from "../ports/http.ts";

/** What is asked. */
export interface Question {
  /** HTTP method. Default: `"GET"`. */
  readonly method?: HttpMethod;
  /** The URL, as text. */
  readonly url: string;
  /** Header fields by lower-case name. Default: none. */
  readonly headers?: HeaderMap;
  /** The body. Default: none. */
  readonly body?: string;
}

/** What is answered, read to its end. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body. May hold secrets: never shown. */
  readonly text: string;
}

/** How long an exchange may take, and who may end it. */
export interface ExchangeLimits {
  /** Longest time to reach the server, and longest silence after that. */
  readonly timeoutMs: number;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Whether it must not go through a proxy. Default: `false`. */
  readonly direct?: boolean;
  /** Whether the platform may ask for a permission that is missing. Default: `true`. */
  readonly mayPrompt?: boolean;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks once and reads the answer whole.
 *
 * @param transport Sends it.
 * @param question What is asked.
 * @param limits How long it may take.
 * @throws {TransportError} If the exchange failed.
 * @throws {CredentialsError} If the answer is too long.
 * @throws {EndpointError} If the URL cannot be sent.
 */
export async function exchange(
  transport: Transport,
  question: Question,
  {
    timeoutMs,
    signal,
    direct,
    mayPrompt,
    maxCredentialBytes = MAX_CREDENTIAL_BYTES,
  }: ExchangeLimits,
): Promise<Answer> {
  const response = await transport.send(
    requestOf(question),
    {
      purpose: "credentials",
      connectTimeoutMs: timeoutMs,
      readTimeoutMs: timeoutMs,
      // For transports that know neither, and for an answer that never ends.
      attemptTimeoutMs: 2 * timeoutMs,
      ...signal && { signal },
      ...direct && { direct },
      ...mayPrompt === undefined ? {} : { mayPrompt },
    },
  );
  const { status, headers, body } = response;
  const bytes = body === null
    ? new Uint8Array()
    : await bytesUpTo(maxCredentialBytes, response, body);
  if (bytes === undefined) {
    throw new CredentialsError(
      "CredentialRetrievalError",
      `Cannot get credentials from ${
        requestOf(question).origin
      }: its answer is longer than ${maxCredentialBytes} bytes. Longer ones are read with maxCredentialBytes of the session`,
    );
  }
  return { status, headers, text: text(bytes) };
}

/** Attempts of {@linkcode steadyExchange}, and the first pause between two. */
const ATTEMPTS = 3;
const PAUSE_MS = 500;

/**
 * Asks up to three times: again where the service is busy or failed, or where the
 * exchange did.
 *
 * @param transport Sends it.
 * @param question What is asked.
 * @param limits How long one attempt may take, and what waits between two.
 * @throws {TransportError} If the last exchange failed, or one is not permitted.
 * @throws {EndpointError} If the URL cannot be sent.
 */
export async function steadyExchange(
  transport: Transport,
  question: Question,
  { clock, ...limits }: ExchangeLimits & { readonly clock: Clock },
): Promise<Answer> {
  for (let attempt = 1;; attempt++) {
    const last = attempt === ATTEMPTS;
    try {
      const answer = await exchange(transport, question, limits);
      if (last || answer.status < 500 && answer.status !== 429) return answer;
    } catch (error) {
      const again = error instanceof TransportError && error.kind !== "denied";
      if (last || !again) throw error;
    }
    await clock.sleep(PAUSE_MS * 2 ** (attempt - 1), limits.signal);
  }
}

function requestOf(
  { method = "GET", url, headers = {}, body }: Question,
): HttpRequest {
  const [, origin = "", path = "", query = ""] =
    /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? [];
  return {
    method,
    origin,
    path: path === "" ? "/" : path,
    query: query === "" ? [] : query.split("&").map(paramOf),
    headers,
    body: body === undefined ? undefined : utf8(body),
  };
}

function paramOf(pair: string): QueryParam {
  const equals = pair.indexOf("=");
  return equals < 0
    ? [decoded(pair)]
    : [decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))];
}

/** What is no percent-encoding stays as it is written. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
