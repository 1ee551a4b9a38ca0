/**
 * The token of single sign-on, as the AWS CLI keeps it.
 *
 * @module
 */
import { hex, utf8 } from "../foundation/bytes.ts";
import { expandPath } from "../foundation/paths.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import type { System } from "../ports/system.ts";
import type { SignInEndpoint } from "./context.ts";
import { readExpiry } from "./expiry.ts";
import { failure } from "./failure.ts";
import { missingTexts, readJsonFile, writeJsonFile } from "./json_file.ts";
import type { JsonObject } from "./metadata_keys.ts";
import { newToken } from "./sso_refresh.ts";
import type { SsoSettings } from "./sso_settings.ts";

/** Name of the provider that the token is for. */
const NAME = "sso";

/** A token that ends sooner is refreshed. */
const REFRESH_MS = 15 * 60_000;

/** What {@linkcode SsoTokens} needs. */
export interface SsoTokenDeps {
  /** Home folder and cache files. */
  readonly system: System;
  /** Tells when tokens end. */
  readonly clock: Clock;
  /** Is told of refreshes that failed. */
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
export class SsoTokens {
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
export function unauthorized(): Error {
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
