/**
 * Credentials of IAM Identity Center (SSO): the settings of a profile, the token
 * that the AWS CLI keeps, its refresh, and the keys of the role.
 *
 * @module
 */
import { encodeComponent, hex, utf8 } from "../foundation/bytes.ts";
import { ConfigError, TransportError } from "../foundation/errors.ts";
import { nearestName } from "../foundation/options.ts";
import { expandPath } from "../foundation/paths.ts";
import { iso8601 } from "../foundation/timestamps.ts";
import type { ConfigSection, ProfileSet } from "../ports/config.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { Clock, System } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  type ExplainableProvider,
  failure,
  provider,
  type Resolution,
} from "./chain.ts";
import {
  errorType,
  isObject,
  type JsonObject,
  oidcOrigin,
  portalOrigin,
  readObject,
  type SignInEndpoint,
  signInUrl,
  steadyExchange,
  type TextResponse,
} from "./exchange.ts";
import {
  locationText,
  missingTexts,
  notInProfile,
  type ProfileDeps,
  readJsonFile,
  textIn,
  writeJsonFile,
} from "./section.ts";
import { readExpiry } from "./value.ts";

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
): Promise<TextResponse> {
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

function readKeys(
  answer: TextResponse,
  { accountId }: SsoSettings,
): Credentials {
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

function refused(answer: TextResponse): Error {
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

/** A role to get through single sign-on. */
interface SsoSettings {
  /** Name of the role. */
  readonly roleName: string;
  /** Account of the role. */
  readonly accountId: string;
  /** Address of the access portal: names the token in the older form. */
  readonly startUrl: string;
  /** Region of the access portal. */
  readonly region: string;
  /** Name of the `sso-session` section; absent in the older form. */
  readonly session?: string;
}

/** What a profile needs to say itself. */
const OF_PROFILE = ["sso_role_name", "sso_account_id"];
/** What it may leave to its `sso-session` section. */
const OF_SESSION = ["sso_start_url", "sso_region"];

/** Reads the settings of a profile. */
function ssoSettings(
  profiles: Pick<ProfileSet, "profiles" | "ssoSessions">,
  name: string,
): SsoSettings | undefined {
  const profile = profiles.profiles.get(name);
  if (profile === undefined) return undefined;
  if (!OF_PROFILE.some((key) => key in profile.values)) return undefined;

  const session = textIn(profile, "sso_session");
  const section = session === undefined
    ? undefined
    : sessionOf(profiles.ssoSessions, { name, profile, session });
  const text = (key: string): string | undefined =>
    textIn(profile, key) ?? textIn(section, key);
  refuseMissing(name, profile, [
    ...OF_PROFILE.filter((key) => text(key) === undefined),
    // The token belongs to the session, so the session has to say where it is from.
    ...OF_SESSION.filter((key) =>
      textIn(section ?? profile, key) === undefined
    ),
  ]);
  return {
    roleName: text("sso_role_name") ?? "",
    accountId: text("sso_account_id") ?? "",
    startUrl: text("sso_start_url") ?? "",
    region: text("sso_region") ?? "",
    ...session !== undefined && { session },
  };
}

function sessionOf(
  sessions: ProfileSet["ssoSessions"],
  { name, profile, session }: {
    readonly name: string;
    readonly profile: ConfigSection;
    readonly session: string;
  },
): ConfigSection {
  const section = sessions.get(session);
  if (section === undefined) {
    const like = nearestName(session, sessions.keys());
    throw invalid(
      `Cannot use profile "${name}": there is no section [sso-session ${session}], ` +
        `its sso_session (${locationText(profile, "sso_session")})` +
        (like === undefined ? "" : `; did you mean "${like}"?`),
    );
  }
  for (const key of Object.keys(section.values)) {
    const own = textIn(profile, key);
    if (own !== undefined && own !== textIn(section, key)) {
      throw invalid(
        `Cannot use profile "${name}": its ${key} (${
          locationText(profile, key)
        }) differs from ` +
          `that of its sso-session (${locationText(section, key)}); remove one`,
      );
    }
  }
  return section;
}

function refuseMissing(
  name: string,
  profile: ConfigSection,
  missing: readonly string[],
): void {
  if (missing.length === 0) return;
  const session = textIn(profile, "sso_session");
  const where = session === undefined
    ? "the profile"
    : `the profile or, for sso_start_url and sso_region, [sso-session ${session}]`;
  throw invalid(
    `Cannot use profile "${name}": it uses SSO and lacks ${
      missing.join(", ")
    }; set them in ${where}`,
  );
}

function invalid(message: string): ConfigError {
  return new ConfigError("InvalidConfigError", message);
}

/** A token that ends sooner is refreshed. */
const REFRESH_MS = 15 * 60_000;

/** What {@linkcode SsoTokens} needs. */
export interface SsoTokenDeps {
  /** Home folder and cache files. */
  readonly system: System;
  /** Tells when tokens end. */
  readonly clock: Clock;
  /** Gets a warning for each refresh that failed. */
  readonly logger: Logger;
  /** Sends the refresh. */
  readonly transport: Transport;
  /** Longest time to connect, and longest silence, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Endpoints that replace those of SSO. Absent: none. */
  readonly endpoint?: SignInEndpoint;
}

interface Token {
  readonly fields: JsonObject;
  readonly accessToken: string;
  readonly endsMs: number;
}

/**
 * The tokens in `~/.aws/sso/cache`. Those of an `sso-session` are refreshed before
 * they end and written back; those of the older form cannot be.
 *
 * Source: botocore, `SSOTokenLoader` and `SSOTokenProvider`.
 */
class SsoTokens {
  readonly #deps: SsoTokenDeps;
  /** A refreshed token that could not be written, by the one it replaces. */
  #unwritten: { readonly replaces: string; readonly token: Token } | undefined;

  /**
   * Reads nothing yet.
   *
   * @param deps Files, time and transport.
   */
  constructor(deps: SsoTokenDeps) {
    this.#deps = deps;
  }

  /**
   * Gets a token that is valid now.
   *
   * @param settings Whose token.
   * @param signal Ends a refresh early.
   * @throws {CredentialsError} If there is none, or it has ended.
   */
  async get(settings: SsoSettings, signal?: AbortSignal): Promise<string> {
    const path = await this.#pathOf(settings);
    let token = await this.#read(path, settings);
    if (settings.session !== undefined && this.#leftMs(token) < REFRESH_MS) {
      token = await this.#refreshed(token, { path, settings, signal });
    }
    if (this.#leftMs(token) > 0) return token.accessToken;
    throw settings.session === undefined ? unauthorized() : failure(
      NAME,
      "TokenRetrievalError",
      `the token of sso-session "${settings.session}" has ended and could not be refreshed; ` +
        `run "aws sso login --sso-session ${settings.session}"`,
    );
  }

  #leftMs({ endsMs }: Token): number {
    return endsMs - this.#deps.clock.now().getTime();
  }

  async #pathOf({ session, startUrl }: SsoSettings): Promise<string> {
    const name = utf8(session ?? startUrl);
    const digest = hex(
      new Uint8Array(await crypto.subtle.digest("SHA-1", name)),
    );
    const { path, denied } = expandPath(
      `~/.aws/sso/cache/${digest}.json`,
      this.#deps.system,
    );
    if (path !== undefined) return path;
    throw failure(
      NAME,
      "SSOTokenLoadError",
      denied.length > 0
        ? `the home folder is not known; run with ${denied.join(" ")}`
        : "the home folder is not known; set HOME",
    );
  }

  async #read(path: string, settings: SsoSettings): Promise<Token> {
    const { session, startUrl } = settings;
    const whose = session === undefined ? startUrl : `sso-session "${session}"`;
    const found = await readJsonFile(this.#deps.system, path);
    const refuse = (why: string): Error =>
      failure(NAME, "SSOTokenLoadError", `the token of ${whose} ${why}`);
    if (found.kind === "denied") {
      throw refuse(`may not be read; run with ${found.flag}`);
    }
    if (found.kind === "absent") {
      throw refuse(`does not exist; run "aws sso login"`);
    }
    const token = found.kind === "found" ? tokenOf(found.value) : undefined;
    if (token === undefined) {
      throw refuse(`is invalid ("${path}"); run "aws sso login"`);
    }
    return this.#unwritten?.replaces === token.accessToken
      ? this.#unwritten.token
      : token;
  }

  /** A newer token, or the same one where there is none to be had. */
  async #refreshed(
    token: Token,
    { path, settings, signal }: {
      readonly path: string;
      readonly settings: SsoSettings;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Token> {
    const { system, logger } = this.#deps;
    const result = await newToken(this.#deps, token.fields, settings, signal);
    if (typeof result === "string") {
      logger.warn("Cannot refresh the SSO token", { why: result });
      // Another program may have refreshed it in the meantime.
      return await this.#read(path, settings);
    }
    const fresh = tokenOf(result);
    if (fresh === undefined) return token;
    const failed = await writeJsonFile(system, path, result);
    if (failed === undefined) return fresh;
    // The file keeps the token that was first replaced.
    const replaces = this.#unwritten?.token.accessToken === token.accessToken
      ? this.#unwritten.replaces
      : token.accessToken;
    this.#unwritten = { replaces, token: fresh };
    logger.warn(
      "Cannot write the refreshed SSO token; this program uses it, others will log in again",
      { path, ...failed },
    );
    return fresh;
  }
}

/** The error of a token that the service, or the clock, refuses. */
function unauthorized(): Error {
  return failure(
    NAME,
    "UnauthorizedSSOTokenError",
    'the SSO session has ended or is invalid; run "aws sso login" with this profile',
  );
}

function tokenOf(fields: JsonObject): Token | undefined {
  if (missingTexts(fields, ["accessToken"]).length > 0) return undefined;
  const endsMs = readExpiry(fields["expiresAt"])?.getTime();
  if (endsMs === undefined) return undefined;
  return { fields, accessToken: String(fields["accessToken"]), endsMs };
}

/** What a refresh is made with, beside the token. */
const NEEDED = ["refreshToken", "clientId", "clientSecret"];

/** What a refresh needs of its surroundings. */
interface SsoRefreshDeps {
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
 */
async function newToken(
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
  let answer: TextResponse;
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
