/**
 * Roles that are got through single sign-on.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import { encodeComponent } from "../foundation/bytes.ts";
import type { Credentials } from "../ports/credentials.ts";
import { type Answer, steadyExchange } from "./exchange.ts";
import { failure } from "./failure.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./resolution.ts";
import { missingTexts } from "./json_file.ts";
import { isObject, type JsonObject, readObject } from "./metadata_keys.ts";
import { notInProfile, type ProfileDeps } from "./section.ts";
import { errorType } from "./service_answer.ts";
import { portalOrigin, signInUrl } from "./sign_in_hosts.ts";
import { type SsoSettings, ssoSettings } from "./sso_settings.ts";
import { type SsoTokenDeps, SsoTokens, unauthorized } from "./sso_token.ts";

const NAME = "sso";

/** Longest time to connect, and longest silence. */
const TIMEOUT_MS = 10_000;

/** What {@linkcode ssoProvider} needs. */
export interface SsoDeps extends ProfileDeps, Omit<SsoTokenDeps, "timeoutMs"> {
  /** Longest time to connect, and longest silence, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number;
}

/**
 * Makes the provider of profiles with `sso_account_id` or `sso_role_name`. The
 * token is the one that `aws sso login` left.
 *
 * Source: "IAM Identity Center credential provider", AWS SDKs and Tools Reference
 * Guide; IAM Identity Center Portal API Reference, GetRoleCredentials.
 *
 * @param deps The profile, files, time and transport.
 */
export function ssoProvider(deps: SsoDeps): ExplainableProvider {
  const timed = { ...deps, timeoutMs: deps.timeoutMs ?? TIMEOUT_MS };
  const tokens = new SsoTokens(timed);
  return provider(NAME, async (signal): Promise<Resolution> => {
    const settings = ssoSettings(deps.profiles, deps.profile);
    if (settings === undefined) {
      return notInProfile(deps, "sso_account_id", "sso_role_name");
    }
    const token = await tokens.get(settings, signal);
    const answer = await ask(timed, settings, token, signal);
    return {
      kind: "found",
      credentials: readKeys(answer, settings),
      at: `SSO in profile "${deps.profile}"`,
      refresh: "asks the access portal again with the token of aws sso login",
    };
  });
}

async function ask(
  { clock, transport, timeoutMs, endpoint, maxCredentialBytes }: SsoTokenDeps,
  { region, roleName, accountId }: SsoSettings,
  token: string,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const url = signInUrl(
    endpoint?.("sso"),
    () => portalOrigin(region),
    `/federation/credentials?role_name=${
      encodeComponent(roleName)
    }&account_id=${encodeComponent(accountId)}`,
  );
  const headers = { "x-amz-sso_bearer_token": token };
  try {
    return await steadyExchange(transport, { url, headers }, {
      clock,
      timeoutMs,
      signal,
      ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
    });
  } catch (error) {
    throw error instanceof TransportError ? notReached(error, url) : error;
  }
}

function notReached(error: TransportError, url: string): Error {
  const flag = error.kind === "denied"
    ? `; run with --allow-net=${new URL(url).host}`
    : "";
  return failure(
    NAME,
    "CredentialRetrievalError",
    `the access portal cannot be reached (${error.kind})${flag}`,
  );
}

function readKeys(answer: Answer, { accountId }: SsoSettings): Credentials {
  if (answer.status !== 200) throw refused(answer);
  const keys = readObject(answer.text)?.["roleCredentials"];
  const [lacks] = isObject(keys)
    ? missingTexts(keys, ["accessKeyId", "secretAccessKey", "sessionToken"])
    : ["roleCredentials"];
  if (!isObject(keys) || lacks !== undefined) {
    throw failure(
      NAME,
      "CredentialRetrievalError",
      `the access portal's answer has no ${lacks}`,
    );
  }
  return {
    accessKeyId: String(keys["accessKeyId"]),
    secretAccessKey: String(keys["secretAccessKey"]),
    sessionToken: String(keys["sessionToken"]),
    expiration: endOf(keys),
    accountId,
    source: NAME,
  };
}

function endOf(keys: JsonObject): Date {
  const end = new Date(Number(keys["expiration"] ?? NaN));
  if (!Number.isNaN(end.getTime())) return end;
  throw failure(
    NAME,
    "CredentialRetrievalError",
    "the access portal's answer has no valid expiration",
  );
}

function refused(answer: Answer): Error {
  const type = errorType(answer);
  if (answer.status === 401 || type === "UnauthorizedException") {
    return unauthorized();
  }
  return failure(
    NAME,
    type ?? "CredentialRetrievalError",
    `the access portal answered ${answer.status}${
      type === undefined ? "" : ` (${type})`
    }; check sso_account_id and sso_role_name`,
  );
}
