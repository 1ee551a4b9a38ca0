/**
 * One exchange with a service that hands out credentials, what is read in the
 * answer, and where IAM Identity Center and AWS Sign-In are.
 *
 * @module
 */
import { text, utf8 } from "../foundation/bytes.ts";
import {
  ConfigError,
  CredentialsError,
  TransportError,
} from "../foundation/errors.ts";
import { bytesUpTo, MAX_CREDENTIAL_BYTES } from "../foundation/body_content.ts";
import type { Credentials } from "../ports/credentials.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  QueryParam,
  Transport,
} from "../ports/http.ts";
import type { Clock } from "../ports/system.ts";
import { readExpiry } from "./value.ts";

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
export interface TextResponse {
  /** HTTP status. */
  readonly status: number;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body. May hold secrets: never shown. */
  readonly text: string;
}

/** How long an exchange may take, and who may end it. */
interface ExchangeLimits {
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
): Promise<TextResponse> {
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
): Promise<TextResponse> {
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

/** A JSON text, read as far as it is an object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON text.
 *
 * @returns The object, or `undefined` where the text is none.
 */
export function readObject(json: string): JsonObject | undefined {
  const value = readJson(json);
  return isObject(value) ? value : undefined;
}

/**
 * Reads a JSON text.
 *
 * @returns The value, or `undefined` where the text is no JSON.
 */
export function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own error shows a part of the text.
    return undefined;
  }
}

/** Whether a value of a JSON text is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the fields that both services share; all must be there.
 *
 * @param json The document; one that is no object has no fields.
 * @param source Name of the provider that asks.
 * @returns The credentials, or the name of the first field that is missing or
 * wrong.
 */
export function metadataKeys(
  json: unknown,
  source: string,
): Credentials | string {
  const document = isObject(json) ? json : {};
  const { AccessKeyId, SecretAccessKey, Token, AccountId } = document;
  if (!isText(AccessKeyId)) return "AccessKeyId";
  if (!isText(SecretAccessKey)) return "SecretAccessKey";
  if (!isText(Token)) return "Token";
  const expiration = readExpiry(document["Expiration"]);
  if (expiration === undefined) return "Expiration";
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiration,
    ...isText(AccountId) && { accountId: AccountId },
    source,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/**
 * The type of the error that an answer tells.
 *
 * Source: Smithy, AWS restJson1 protocol, "Operation error serialization".
 *
 * @param answer The answer.
 * @returns The type, for example `"UnauthorizedException"`.
 */
export function errorType({ headers, text }: TextResponse): string | undefined {
  const body = readObject(text) ?? {};
  const told = headers["x-amzn-errortype"] ?? body["__type"] ?? body["code"];
  if (typeof told !== "string") return undefined;
  // `aws.protocols#Type:http://…` → `Type`. What is no name is not shown.
  const name = told.split(":")[0]?.split("#").at(-1) ?? "";
  return /^[A-Za-z]{1,64}$/.test(name) ? name : undefined;
}

/** A service that the AWS CLI signs in at. */
export type SignInService = "signin" | "sso" | "sso-oidc";

/** The endpoint that the user has set in place of a service's own, if any. */
export type SignInEndpoint = (service: SignInService) => string | undefined;

/** DNS suffixes of partitions, by how the names of their regions start. */
const SUFFIXES: readonly (readonly [start: string, suffix: string])[] = [
  ["cn-", "amazonaws.com.cn"],
  ["eusc-", "amazonaws.eu"],
  ["eu-isoe-", "cloud.adc-e.uk"],
  ["us-isob-", "sc2s.sgov.gov"],
  ["us-isof-", "csp.hci.ic.gov"],
  ["us-iso-", "c2s.ic.gov"],
];

/**
 * The access portal, which hands out credentials.
 *
 * @param region A region.
 * @throws {ConfigError} If it is no region.
 */
export function portalOrigin(region: string): string {
  return `https://portal.sso.${checked(region)}.${suffixOf(region)}`;
}

/**
 * The service that refreshes SSO tokens.
 *
 * @param region A region.
 * @throws {ConfigError} If it is no region.
 */
export function oidcOrigin(region: string): string {
  return `https://oidc.${checked(region)}.${suffixOf(region)}`;
}

/**
 * The service that refreshes what `aws login` left.
 *
 * @param region A region.
 * @throws {ConfigError} If it is no region.
 */
export function signInOrigin(region: string): string {
  checked(region);
  if (region.startsWith("cn-")) return `https://${region}.signin.amazonaws.cn`;
  if (region.startsWith("us-gov-")) {
    return `https://${region}.signin.amazonaws-us-gov.com`;
  }
  const suffix = suffixOf(region);
  return suffix === DEFAULT_SUFFIX
    ? `https://${region}.signin.aws.amazon.com`
    : `https://signin.${region}.${suffix}`;
}

/**
 * A path under the endpoint that the user has set, else under the service's own.
 *
 * @param custom The user's endpoint, as a URL that may have a path.
 * @param origin The service's own.
 * @param path The path, with its slash.
 */
export function signInUrl(
  custom: string | undefined,
  origin: () => string,
  path: string,
): string {
  return (custom?.replace(/\/+$/, "") ?? origin()) + path;
}

const DEFAULT_SUFFIX = "amazonaws.com";

function suffixOf(region: string): string {
  return SUFFIXES.find(([start]) => region.startsWith(start))?.[1] ??
    DEFAULT_SUFFIX;
}

/** A token must not go where a malformed region would lead. */
function checked(region: string): string {
  if (/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(region)) return region;
  throw new ConfigError(
    "InvalidRegionError",
    `Cannot sign in at region "${region}": a region has letters, digits and inner hyphens only`,
  );
}
