/**
 * The cache of assumed roles that the AWS CLI keeps on disk.
 *
 * @module
 */
import { hex, utf8 } from "../foundation/bytes.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Logger } from "../ports/telemetry.ts";
import type { Clock, System } from "../ports/system.ts";
import type { JsonObject } from "./exchange.ts";
import { readJsonFile, writeJsonFile } from "./section.ts";
import { readExpiry } from "./value.ts";

/** Credentials with less time than this, in milliseconds, are not taken. */
const LEAST_MS = 15 * 60_000;

/** What a {@linkcode RoleCache} needs. */
export interface RoleCacheDeps {
  /** Home folder and files. */
  readonly system: Pick<
    System,
    "env" | "readText" | "windows" | "writePrivate"
  >;
  /** Tells whether credentials are over. */
  readonly clock: Clock;
  /** Is told of files that cannot be used or written. */
  readonly logger: Logger;
}

/** The parameters of the call that name a file. */
export type CachedRole = Readonly<Record<string, unknown>>;

/**
 * Keeps the credentials of roles in `~/.aws/cli/cache`, where the CLI finds them
 * and leaves its own: files of the same names and content, readable only for
 * their owner. A file that cannot be used is passed over with a warning, and so is
 * a folder that cannot be written to.
 *
 * As in the CLI, a name says which role is assumed and not with whose keys.
 *
 * Source: botocore, `JSONFileCache` and `CachedCredentialFetcher`.
 */
export class RoleCache {
  readonly #deps: RoleCacheDeps;

  /**
   * Makes a cache; nothing is read yet.
   *
   * @param deps The machine, time and messages.
   */
  constructor(deps: RoleCacheDeps) {
    this.#deps = deps;
  }

  /**
   * Gets the credentials of a role.
   *
   * @param role The parameters of the call, without a generated session name.
   * @returns The credentials, or `undefined` where none are there that live for
   * another 15 minutes.
   */
  async get(role: CachedRole): Promise<Credentials | undefined> {
    const path = await this.#pathOf(role);
    if (path === undefined) return undefined;
    const file = await readJsonFile(this.#deps.system, path);
    if (file.kind === "absent") return undefined;
    if (file.kind === "denied") {
      return this.#warn("The cache of roles may not be read", path, file.flag);
    }
    const credentials = file.kind === "found"
      ? credentialsIn(file.value)
      : undefined;
    if (credentials === undefined) {
      return this.#warn("A file of the cache of roles cannot be used", path);
    }
    const leftMs = credentials.expiration.getTime() -
      this.#deps.clock.now().getTime();
    return leftMs < LEAST_MS ? undefined : credentials;
  }

  /**
   * Keeps the credentials of a role.
   *
   * @param role The parameters of the call, without a generated session name.
   * @param credentials The credentials.
   */
  async set(role: CachedRole, credentials: Credentials): Promise<void> {
    const { expiration, accountId } = credentials;
    const path = await this.#pathOf(role);
    if (path === undefined || expiration === undefined) return;
    const unwritten = await writeJsonFile(this.#deps.system, path, {
      Credentials: {
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        SessionToken: credentials.sessionToken ?? null,
        Expiration: expiration.toISOString().replace(/\.\d+Z$/, "Z"),
        ...accountId !== undefined && { AccountId: accountId },
      },
    }, "make");
    if (unwritten !== undefined) {
      const { why, needs } = unwritten;
      this.#warn(`The cache of roles was not written: ${why}`, path, needs);
    }
  }

  async #pathOf(role: CachedRole): Promise<string | undefined> {
    const { system } = this.#deps;
    const home = system.env(system.windows ? "USERPROFILE" : "HOME");
    if (home.kind !== "found" || home.value === "") {
      return this.#warn(
        "The cache of roles is not used: the home folder is not known",
        undefined,
        home.kind === "denied" ? home.flag : undefined,
      );
    }
    const text = utf8(asPythonWrites(named(role)));
    const name = hex(
      new Uint8Array(await crypto.subtle.digest("SHA-1", text)),
    );
    return `${home.value}/.aws/cli/cache/${name}.json`;
  }

  #warn(message: string, path?: string, flag?: string): undefined {
    this.#deps.logger.warn(message, {
      ...path === undefined ? {} : { path },
      ...flag === undefined ? {} : { flag },
    });
  }
}

/** What is part of a name: a policy as the object that its text stands for. */
function named({ Policy, TokenCode: _code, ...role }: CachedRole): CachedRole {
  return Policy === undefined
    ? role
    : { ...role, Policy: JSON.parse(String(Policy)) };
}

/** JSON as `json.dumps(…, sort_keys=True)` of Python writes it. */
function asPythonWrites(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asPythonWrites).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, member]) =>
        `${asPythonWrites(key)}: ${asPythonWrites(member)}`
      );
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function credentialsIn(
  { Credentials: found }: JsonObject,
): Credentials & { readonly expiration: Date } | undefined {
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: end,
    AccountId: accountId,
  } = Object(found);
  const expiration = typeof end === "string"
    ? readExpiry(end.replace(/UTC$/, "Z"))
    : undefined;
  const whole = typeof accessKeyId === "string" && accessKeyId !== "" &&
    typeof secretAccessKey === "string" && secretAccessKey !== "" &&
    (sessionToken === null || typeof sessionToken === "string");
  if (!whole || expiration === undefined) return undefined;
  return {
    accessKeyId,
    secretAccessKey,
    expiration,
    ...sessionToken !== null && { sessionToken },
    ...typeof accountId === "string" && { accountId },
  };
}
