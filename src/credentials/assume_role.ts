/**
 * Roles: those that a profile assumes with other credentials, and those that are
 * assumed with a token of an identity provider.
 *
 * @module
 */
import { ConfigError, PartialCredentialsError } from "../foundation/errors.ts";
import { nearestName, readInteger } from "../foundation/options.ts";
import type { ConfigSection, ProfileSet } from "../ports/config.ts";
import type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  CredentialProvider,
  CredentialSource,
  RoleRequest,
} from "../ports/credentials.ts";
import type { Clock, Found, System } from "../ports/system.ts";
import {
  CredentialChain,
  type ExplainableProvider,
  failure,
  find,
  provider,
  type Resolution,
  verdictOf,
} from "./chain.ts";
import { type RefreshDeps, RefreshingCredentials } from "./refreshing.ts";
import type { RoleCache } from "./role_cache.ts";
import {
  locationText,
  needTextFile,
  notInProfile,
  type ProfileDeps,
  textIn,
} from "./section.ts";
import { hasStaticKeys } from "./static_keys.ts";
import { credentialsValue } from "./value.ts";

const NAME = "assume-role";

/**
 * Gets the code of an MFA device.
 *
 * @param serialNumber The device.
 * @param signal Ends the wait for a person early.
 */
export type MfaCode = (
  serialNumber: string,
  signal?: AbortSignal,
) => Promise<string>;

/** What {@linkcode assumeRoleProvider} needs. */
export interface AssumeRoleDeps extends ProfileDeps, RefreshDeps {
  /** Reaches STS. */
  readonly assumeRole: AssumeRole;
  /** Gets the code of an MFA device. Absent: roles that need one fail. */
  readonly mfaCode?: MfaCode;
  /** Keeps credentials on disk. Absent: they are kept in memory only. */
  readonly roleCache?: RoleCache;
  /** The providers that a source profile is asked through, in order. */
  readonly sourceProviders: (profile: string) => readonly CredentialProvider[];
  /** The providers that `credential_source` can name. */
  readonly named: Readonly<Record<NamedSource, CredentialProvider>>;
}

/**
 * Makes the provider of profiles with `role_arn`: gets the credentials of
 * `source_profile` or `credential_source` and assumes the role with them, one
 * role after the other where the source profile has a role itself.
 *
 * @param deps The profile, STS, and where other credentials come from.
 */
export function assumeRoleProvider(deps: AssumeRoleDeps): ExplainableProvider {
  let role: CredentialProvider | undefined;
  return provider(NAME, async (signal): Promise<Resolution> => {
    const { profiles, profile } = deps;
    const plan = planProfile(profiles.profiles, profile);
    if (plan === undefined) return notInProfile(deps, "role_arn");
    // Kept, so that the credentials in between are refreshed by themselves.
    role ??= rolesOnTop(deps, baseOf(deps, plan.base), plan.roles);
    const resolution = await find(role, signal);
    return resolution.kind === "found"
      ? {
        kind: "found",
        credentials: resolution.credentials,
        at: `role_arn in profile "${profile}"`,
        refresh: "assumes the role again",
      }
      : resolution;
  });
}

/** The last role as a provider; each of those before has a cache of its own. */
function rolesOnTop(
  deps: AssumeRoleDeps,
  base: CredentialProvider,
  roles: readonly PlannedRole[],
): CredentialProvider {
  return roles.reduce<CredentialProvider>(
    (below, role) =>
      roleProvider(deps, new RefreshingCredentials(below, deps), role),
    base,
  );
}

function roleProvider(
  { clock, assumeRole, mfaCode, roleCache }: AssumeRoleDeps,
  as: CredentialSource,
  planned: PlannedRole,
): CredentialProvider {
  const seconds = Math.floor(clock.now().getTime() / 1_000);
  const request: RoleRequest = {
    RoleSessionName: `botocore-session-${seconds}`,
    ...planned,
  };
  let assumed = false;
  return {
    name: NAME,
    load: async (signal) => {
      const kept = await roleCache?.get(planned);
      if (kept !== undefined) return credentialsValue(kept, NAME);
      // Found missing before a person is asked for a code.
      await as.get(signal);
      const code = await codeFor(request, assumed, mfaCode, signal);
      const credentials = await assumeRole(as, {
        ...request,
        ...code !== undefined && { TokenCode: code },
      }, signal);
      assumed = true;
      await roleCache?.set(planned, credentials);
      return credentialsValue(credentials, NAME);
    },
  };
}

/** A person is asked once: a program that runs on cannot wait for one each hour. */
async function codeFor(
  { SerialNumber, RoleArn }: RoleRequest,
  assumed: boolean,
  mfaCode: MfaCode | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (SerialNumber === undefined) return undefined;
  if (assumed) {
    throw failure(
      NAME,
      "RefreshWithMFAUnsupportedError",
      `role "${RoleArn}" would need another code of the MFA device, and a person is ` +
        "asked only once; make a new session",
    );
  }
  if (mfaCode === undefined) {
    throw failure(
      NAME,
      "MfaCodeMissing",
      `role "${RoleArn}" needs a code of MFA device "${SerialNumber}"; ` +
        "set the session's option mfaCode",
    );
  }
  return await mfaCode(SerialNumber, signal);
}

/** The provider of the first credentials; here, having none is a failure. */
function baseOf(deps: AssumeRoleDeps, base: PlanBase): CredentialProvider {
  const inner = base.kind === "named"
    ? deps.named[base.source]
    : new CredentialChain(deps.sourceProviders(base.profile));
  return {
    name: inner.name,
    load: async (signal) => {
      const resolution = await find(inner, signal);
      if (resolution.kind === "found") return resolution.credentials;
      throw nothingAt(base, resolution);
    },
  };
}

function nothingAt(base: PlanBase, resolution: Resolution): Error {
  if (base.kind === "named") {
    return failure(
      NAME,
      "CredentialRetrievalError",
      `credential_source "${base.source}" of profile "${base.profile}" has none ` +
        `(${verdictOf(resolution)})`,
    );
  }
  return new ConfigError(
    "InvalidConfigError",
    `Cannot use "${base.profile}" as source_profile: it has no credentials ` +
      `(${verdictOf(resolution)})`,
  );
}

/** What `credential_source` may be. */
export type NamedSource =
  | "Ec2InstanceMetadata"
  | "EcsContainer"
  | "Environment";

/** Where the first credentials come from. */
type PlanBase =
  | {
    /** From whatever this profile says beside roles. */
    readonly kind: "profile";
    /** Name of the profile. */
    readonly profile: string;
  }
  | {
    /** From one of the sources that a profile can name. */
    readonly kind: "named";
    /** Which one. */
    readonly source: NamedSource;
    /** Name of the profile that names it. */
    readonly profile: string;
  };

/** A role to assume, before its session has a name. */
type PlannedRole =
  & Omit<RoleRequest, "RoleSessionName">
  & Partial<Pick<RoleRequest, "RoleSessionName">>;

/** How the credentials of a profile are to be had. */
export interface ProfilePlan {
  /** Where the first credentials come from. */
  readonly base: PlanBase;
  /** The roles to assume with them, one with the other's credentials. */
  readonly roles: readonly PlannedRole[];
}

const NAMED: readonly string[] = [
  "Environment",
  "Ec2InstanceMetadata",
  "EcsContainer",
] satisfies readonly NamedSource[];

/**
 * Plans the roles of a profile: follows `source_profile` from one to the next.
 *
 * @param profiles What the files say.
 * @param name Name of the profile.
 * @returns The plan, or `undefined` where the profile has no role to assume with
 * credentials.
 * @throws {ConfigError} If it contradicts itself, names a profile that is not
 * there, or leads in a circle.
 * @throws {PartialCredentialsError} If it does not say whose credentials to use.
 */
export function planProfile(
  profiles: ProfileSet["profiles"],
  name: string,
): ProfilePlan | undefined {
  const first = profiles.get(name);
  if (first === undefined || !isRole(first)) return undefined;

  const roles: PlannedRole[] = [];
  const visited: string[] = [name];
  let current = { name, section: first };
  while (true) {
    roles.unshift(roleIn(current.section));
    const next = sourceOf(current.name, current.section);
    if (next.kind === "named") return { base: next, roles };
    const section = follow(profiles, current, next.profile, visited);
    visited.push(next.profile);
    // Keys override the role of a source profile, not that of the first one.
    if (hasStaticKeys(section) || !isRole(section)) {
      return { base: next, roles };
    }
    current = { name: next.profile, section };
  }
}

function isRole(section: ConfigSection): boolean {
  return "role_arn" in section.values &&
    !("web_identity_token_file" in section.values);
}

function roleIn(section: ConfigSection): PlannedRole {
  const text = (key: string): string | undefined => textIn(section, key);
  const sessionName = text("role_session_name");
  const externalId = text("external_id");
  const serialNumber = text("mfa_serial");
  // What is no whole number is ignored, as in botocore.
  const seconds = readInteger(text("duration_seconds") ?? "");
  return {
    RoleArn: text("role_arn") ?? "",
    ...sessionName && { RoleSessionName: sessionName },
    ...externalId !== undefined && { ExternalId: externalId },
    ...serialNumber !== undefined && { SerialNumber: serialNumber },
    ...seconds !== undefined && { DurationSeconds: seconds },
  };
}

function sourceOf(name: string, section: ConfigSection): PlanBase {
  const profile = textIn(section, "source_profile");
  const source = textIn(section, "credential_source");
  if (profile !== undefined && source !== undefined) {
    throw invalid(
      `Cannot use profile "${name}": it sets both source_profile and credential_source ` +
        `(${locationText(section, "credential_source")}); remove one`,
    );
  }
  if (profile !== undefined) return { kind: "profile", profile };
  if (source === undefined) {
    throw new PartialCredentialsError(
      "assume-role",
      `set source_profile or credential_source in profile "${name}", which has role_arn ` +
        `(${locationText(section, "role_arn")})`,
    );
  }
  if (isNamed(source)) return { kind: "named", source, profile: name };
  throw invalid(
    `Cannot use profile "${name}": credential_source must be one of ${
      NAMED.map((allowed) => `"${allowed}"`).join(", ")
    }, found "${source}" (${locationText(section, "credential_source")})`,
  );
}

/** The section of the next profile, unless that leads in a circle. */
function follow(
  profiles: ProfileSet["profiles"],
  from: { readonly name: string; readonly section: ConfigSection },
  to: string,
  visited: readonly string[],
): ConfigSection {
  const section = profiles.get(to);
  const location = locationText(from.section, "source_profile");
  if (section === undefined) {
    const like = nearestName(to, profiles.keys());
    throw invalid(
      `Cannot use profile "${from.name}": there is no profile "${to}", its source_profile ` +
        `(${location})${like === undefined ? "" : `; did you mean "${like}"?`}`,
    );
  }
  const own = to === from.name && hasStaticKeys(section);
  if (visited.includes(to) && !own) {
    throw new ConfigError(
      "InfiniteLoopConfigError",
      `Cannot use profile "${
        visited[0]
      }": its source_profile leads in a circle: ${
        [...visited, to].map((name) => `"${name}"`).join(" → ")
      } (${location})`,
    );
  }
  return section;
}

function isNamed(source: string): source is NamedSource {
  return NAMED.includes(source);
}

function invalid(message: string): ConfigError {
  return new ConfigError("InvalidConfigError", message);
}

const WEB_NAME = "assume-role-with-web-identity";

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
  return provider(WEB_NAME, async (signal): Promise<Resolution> => {
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
      await needTextFile(deps.system, path.value, WEB_NAME),
      { RoleSessionName: `botocore-session-${seconds}`, ...asked },
      signal,
    );
    if (kept === undefined) await deps.roleCache?.set(asked, credentials);
    return {
      kind: "found",
      credentials: credentialsValue(credentials, WEB_NAME),
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
