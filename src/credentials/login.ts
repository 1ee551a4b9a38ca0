/**
 * Credentials of a session that was begun with `aws login`.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import { iso8601 } from "../foundation/timestamps.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import type { System } from "../ports/system.ts";
import type { SignInEndpoint } from "./context.ts";
import { dpopProof } from "./dpop.ts";
import { type Answer, steadyExchange } from "./exchange.ts";
import { failure } from "./failure.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./resolution.ts";
import {
  type LoginToken,
  loginToken,
  loginTokenPath,
  readLoginToken,
} from "./login_token.ts";
import { writeJsonFile } from "./json_file.ts";
import { isObject, readObject } from "./metadata_keys.ts";
import { notInProfile, type ProfileDeps, textIn } from "./section.ts";
import { signInOrigin, signInUrl } from "./sign_in_hosts.ts";

const NAME = "login";
const KEY = "login_session";

/** Credentials that end sooner are replaced. */
const REFRESH_MS = 5 * 60_000;
/** Longest time to connect, and longest silence. */
const TIMEOUT_MS = 10_000;

/** What {@linkcode loginProvider} needs. */
export interface LoginDeps extends ProfileDeps {
  /** Home folder and cache files. */
  readonly system: System;
  /** Tells when credentials end. */
  readonly clock: Clock;
  /** Is told where a new session cannot be written. */
  readonly logger: Logger;
  /** Sends the refresh. */
  readonly transport: Transport;
  /** Region that signs in, where the cached session names none. */
  readonly region?: string;
  /** Endpoint that replaces that of AWS Sign-In. Absent: none. */
  readonly endpoint?: SignInEndpoint;
  /** Makes proofs unique. Default: `crypto.randomUUID`. */
  readonly uuid?: () => string;
  /** Longest time to connect, and longest silence, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
}

/**
 * Makes the provider of profiles with `login_session`: takes the credentials in
 * the AWS CLI's cache, and gets new ones within five minutes of their end.
 *
 * Source: AWS Sign-In API Reference, CreateOAuth2Token; the cache as in botocore,
 * `LoginCredentialFetcher`.
 *
 * @param deps The profile, files, time and transport.
 */
export function loginProvider(deps: LoginDeps): ExplainableProvider {
  /** A renewed session that could not be written, by the one in the file. */
  let unwritten:
    | { readonly replaces: string; readonly token: LoginToken }
    | undefined;
  return provider(NAME, async (signal): Promise<Resolution> => {
    const section = deps.profiles.profiles.get(deps.profile);
    const session = textIn(section, KEY);
    if (session === undefined) return notInProfile(deps, KEY);
    const path = await loginTokenPath(deps.system, session);
    const cached = await readLoginToken(deps.system, path);
    let token = unwritten?.replaces === cached.refreshToken
      ? unwritten.token
      : cached;
    const { expiration } = token.credentials;
    if (expiration.getTime() - deps.clock.now().getTime() <= REFRESH_MS) {
      token = await refresh(deps, token, signal);
      unwritten = await write(deps, path, token)
        ? undefined
        : { replaces: cached.refreshToken, token };
    }
    return {
      kind: "found",
      credentials: token.credentials,
      at: `${KEY} in profile "${deps.profile}"`,
      refresh: "asks AWS Sign-In again with the session of aws login",
    };
  });
}

async function refresh(
  deps: LoginDeps,
  token: LoginToken,
  signal: AbortSignal | undefined,
): Promise<LoginToken> {
  const answer = await ask(deps, token, signal);
  if (answer.status !== 200) throw refused(answer);
  const { accessToken, refreshToken, expiresIn } = readObject(answer.text) ??
    {};
  if (!isObject(accessToken) || typeof expiresIn !== "number") {
    throw failure(
      NAME,
      "LoginTokenLoadError",
      'the answer of AWS Sign-In has no credentials; run "aws login"',
    );
  }
  const nowSeconds = Math.floor(deps.clock.now().getTime() / 1_000);
  const { accountId } = token.credentials;
  return loginToken({
    ...token.fields,
    refreshToken,
    accessToken: {
      accessKeyId: accessToken["accessKeyId"],
      secretAccessKey: accessToken["secretAccessKey"],
      sessionToken: accessToken["sessionToken"],
      ...accountId !== undefined && { accountId },
      expiresAt: iso8601(new Date(1_000 * (nowSeconds + expiresIn))),
    },
  });
}

async function ask(
  deps: LoginDeps,
  { clientId, refreshToken, dpopKey, signInRegion }: LoginToken,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const {
    clock,
    transport,
    endpoint,
    maxCredentialBytes,
    timeoutMs = TIMEOUT_MS,
  } = deps;
  const region = signInRegion ?? deps.region;
  if (region === undefined) {
    throw failure(
      NAME,
      "NoRegionError",
      "the session is to be renewed and no region is known; set AWS_REGION or region in the profile",
    );
  }
  const url = signInUrl(
    endpoint?.("signin"),
    () => signInOrigin(region),
    "/v1/token",
  );
  const id = (deps.uuid ?? (() => crypto.randomUUID()))();
  const dpop = await proof(dpopKey, { url, at: clock.now(), id });
  try {
    return await steadyExchange(transport, {
      method: "POST",
      url,
      headers: { "content-type": "application/json", dpop },
      body: JSON.stringify({
        clientId,
        refreshToken,
        grantType: "refresh_token",
      }),
    }, {
      clock,
      timeoutMs,
      signal,
      ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
    });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    const flag = error.kind === "denied"
      ? `; run with --allow-net=${new URL(url).host}`
      : "";
    throw failure(
      NAME,
      "CredentialRetrievalError",
      `AWS Sign-In cannot be reached (${error.kind})${flag}`,
    );
  }
}

/** What Web Crypto says of a key it refuses may hold parts of it: no cause. */
async function proof(
  pem: string,
  claims: Parameters<typeof dpopProof>[1],
): Promise<string> {
  try {
    return await dpopProof(pem, claims);
  } catch {
    throw failure(
      NAME,
      "LoginTokenLoadError",
      'the key of the session (dpopKey) is none of the curve P-256; run "aws login"',
    );
  }
}

function refused({ status, text }: Answer): Error {
  const told = readObject(text)?.["error"];
  switch (told) {
    case "TOKEN_EXPIRED":
    case "USER_CREDENTIALS_CHANGED":
      return failure(
        NAME,
        "LoginRefreshRequired",
        'the session has ended; run "aws login"',
      );
    case "INSUFFICIENT_PERMISSIONS":
      return failure(
        NAME,
        "LoginInsufficientPermissions",
        "the user may not sign in programs; it needs the policy SignInLocalDevelopmentAccess",
      );
    default:
      return failure(
        NAME,
        "LoginError",
        `AWS Sign-In answered ${status}; if that goes on, run "aws login"`,
      );
  }
}

async function write(
  { system, logger }: LoginDeps,
  path: string,
  { fields }: LoginToken,
): Promise<boolean> {
  const failed = await writeJsonFile(system, path, fields);
  if (failed === undefined) return true;
  logger.warn(
    "Cannot write the renewed session of aws login; this program uses it, others will log in again",
    { path, ...failed },
  );
  return false;
}
