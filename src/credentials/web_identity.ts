/**
 * Roles that are assumed with a token of an identity provider.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { Clock, Found, System } from "../ports/system.ts";
import type { AssumeRoleWithWebIdentity } from "../ports/credentials.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./chain.ts";
import type { RoleCache } from "./role_cache.ts";
import {
  needTextFile,
  notInProfile,
  type ProfileDeps,
  textIn,
} from "./section.ts";
import { credentialsValue } from "./value.ts";

const NAME = "assume-role-with-web-identity";

const TOKEN_FILE = {
  key: "web_identity_token_file",
  variable: "AWS_WEB_IDENTITY_TOKEN_FILE",
} as const;
const ROLE = { key: "role_arn", variable: "AWS_ROLE_ARN" } as const;
const SESSION = {
  key: "role_session_name",
  variable: "AWS_ROLE_SESSION_NAME",
} as const;

/** What {@linkcode webIdentityProvider} needs. */
export interface WebIdentityDeps extends ProfileDeps {
  /** Environment, and the token's file. */
  readonly system: Pick<System, "env" | "readText">;
  /** Names the session where nothing else does. */
  readonly clock: Clock;
  /** Keeps credentials on disk. Absent: they are kept in memory only. */
  readonly roleCache?: RoleCache;
  /** Reaches STS without a signature. */
  readonly assumeRoleWithWebIdentity: AssumeRoleWithWebIdentity;
  /** Whether variables count beside the profile; each overrides its key. */
  readonly environment: "counts" | "ignored";
}

/**
 * Makes the provider of `AWS_WEB_IDENTITY_TOKEN_FILE` and of profiles with
 * `web_identity_token_file`. The file is read whenever the role is assumed.
 *
 * @param deps The profile, the machine and STS.
 */
export function webIdentityProvider(
  deps: WebIdentityDeps,
): ExplainableProvider {
  // One name for the life of the provider, so that the audit log shows one user.
  const seconds = Math.floor(deps.clock.now().getTime() / 1_000);
  return provider(NAME, async (signal): Promise<Resolution> => {
    const path = setting(deps, TOKEN_FILE);
    if (path.kind === "denied") return { kind: "denied", flags: [path.flag] };
    if (path.kind === "absent" || path.value === "") return absent(deps);
    const role = setting(deps, ROLE);
    if (role.kind !== "found" || role.value === "") {
      throw roleMissing(deps, role);
    }
    const session = setting(deps, SESSION);
    const asked = {
      RoleArn: role.value,
      ...session.kind === "found" && session.value &&
        { RoleSessionName: session.value },
    };
    const kept = await deps.roleCache?.get(asked);
    const credentials = kept ?? await deps.assumeRoleWithWebIdentity(
      await needTextFile(deps.system, path.value, NAME),
      { RoleSessionName: `botocore-session-${seconds}`, ...asked },
      signal,
    );
    if (kept === undefined) await deps.roleCache?.set(asked, credentials);
    return {
      kind: "found",
      credentials: credentialsValue(credentials, NAME),
      at: `the token in "${path.value}"`,
      refresh: "reads the token again and assumes the role",
    };
  });
}

/** A variable that is set counts, also where it is empty. */
function setting(
  { profiles, profile, system, environment }: WebIdentityDeps,
  { key, variable }: { readonly key: string; readonly variable: string },
): Found<string> {
  const inProfile = textIn(profiles.profiles.get(profile), key);
  const found = environment === "counts"
    ? system.env(variable)
    : { kind: "absent" } as const;
  if (found.kind === "found" || inProfile === undefined) return found;
  return { kind: "found", value: inProfile };
}

function absent(deps: WebIdentityDeps): Resolution {
  const resolution = notInProfile(deps, TOKEN_FILE.key);
  return resolution.kind === "absent" && deps.environment === "counts"
    ? {
      ...resolution,
      why: `${TOKEN_FILE.variable} is not set, and ${resolution.why}`,
    }
    : resolution;
}

function roleMissing(
  { profile, environment }: WebIdentityDeps,
  found: Found<string>,
): ConfigError {
  const flag = found.kind === "denied" ? `; run with ${found.flag}` : "";
  const variable = environment === "counts" ? `${ROLE.variable}, or ` : "";
  return new ConfigError(
    "InvalidConfigError",
    `Cannot assume a role with a web identity: there is a token file and no role; ` +
      `set ${variable}${ROLE.key} in profile "${profile}"${flag}`,
  );
}
