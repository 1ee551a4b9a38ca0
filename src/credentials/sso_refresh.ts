/**
 * A new SSO token for an old one.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import { iso8601 } from "../foundation/timestamps.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/http.ts";
import { type Answer, steadyExchange } from "./exchange.ts";
import type { SignInEndpoint } from "./context.ts";
import { readExpiry } from "./expiry.ts";
import { missingTexts } from "./json_file.ts";
import { type JsonObject, readObject } from "./metadata_keys.ts";
import { oidcOrigin, signInUrl } from "./sign_in_hosts.ts";
import type { SsoSettings } from "./sso_settings.ts";

/** What a refresh is made with, beside the token. */
const NEEDED = ["refreshToken", "clientId", "clientSecret"];

/** What a refresh needs of its surroundings. */
export interface SsoRefreshDeps {
  /** Tells when the new token ends. */
  readonly clock: Clock;
  /** Sends it. */
  readonly transport: Transport;
  /** Longest time to connect, and longest silence, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Endpoints that replace those of SSO. Absent: none. */
  readonly endpoint?: SignInEndpoint;
}

/**
 * Asks for a new token.
 *
 * Source: IAM Identity Center OIDC API Reference, CreateToken; the fields that are
 * kept as in botocore, `SSOTokenProvider`.
 *
 * @param deps Time and transport.
 * @param old The cached token.
 * @param settings Whose it is.
 * @param signal Ends the exchange early.
 * @returns The new token as it is to be cached, or why there is none.
 */
export async function newToken(
  { clock, transport, timeoutMs, endpoint, maxCredentialBytes }: SsoRefreshDeps,
  old: JsonObject,
  { region, startUrl }: SsoSettings,
  signal: AbortSignal | undefined,
): Promise<JsonObject | string> {
  const missing = missingTexts(old, NEEDED);
  if (missing.length > 0) return `the cached token lacks ${missing.join(", ")}`;
  const { refreshToken, clientId, clientSecret, registrationExpiresAt } = old;
  const registeredUntil = readExpiry(registrationExpiresAt)?.getTime() ?? 0;
  if (registeredUntil <= clock.now().getTime()) {
    return "the registration of the client has ended";
  }

  const url = signInUrl(
    endpoint?.("sso-oidc"),
    () => oidcOrigin(region),
    "/token",
  );
  let answer: Answer;
  try {
    answer = await steadyExchange(transport, {
      method: "POST",
      url,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        grantType: "refresh_token",
        clientId,
        clientSecret,
        refreshToken,
      }),
    }, {
      clock,
      timeoutMs,
      signal,
      ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
    });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return `the exchange failed (${error.kind})`;
  }
  if (answer.status !== 200) return `the service answered ${answer.status}`;
  const fields = readObject(answer.text) ?? {};
  const { accessToken, expiresIn } = fields;
  if (typeof accessToken !== "string" || typeof expiresIn !== "number") {
    return "the answer has no token";
  }
  const end = new Date(clock.now().getTime() + 1_000 * expiresIn);
  return {
    startUrl,
    region,
    accessToken,
    expiresAt: iso8601(new Date(1_000 * Math.floor(end.getTime() / 1_000))),
    clientId,
    clientSecret,
    registrationExpiresAt,
    ...typeof fields["refreshToken"] === "string" &&
      { refreshToken: fields["refreshToken"] },
  };
}
