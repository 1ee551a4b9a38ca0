/**
 * Roles that a profile assumes with other credentials.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type {
  AssumeRole,
  CredentialProvider,
  CredentialSource,
  RoleRequest,
} from "../ports/credentials.ts";
import { CredentialChain } from "./chain.ts";
import type { MfaCode } from "./context.ts";
import { failure } from "./failure.ts";
import {
  type ExplainableProvider,
  find,
  provider,
  type Resolution,
  verdictOf,
} from "./resolution.ts";
import {
  type NamedSource,
  type PlanBase,
  type PlannedRole,
  planProfile,
} from "./profile_plan.ts";
import { type RefreshDeps, RefreshingCredentials } from "./refreshing.ts";
import { notInProfile, type ProfileDeps } from "./section.ts";
import { credentialsValue } from "./value.ts";

const NAME = "assume-role";

/** What {@linkcode assumeRoleProvider} needs. */
export interface AssumeRoleDeps extends ProfileDeps, RefreshDeps {
  /** Reaches STS. */
  readonly assumeRole: AssumeRole;
  /** Gets the code of an MFA device. Absent: roles that need one fail. */
  readonly mfaCode?: MfaCode;
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
    const finding = await find(role, signal);
    return finding.kind === "found"
      ? {
        kind: "found",
        credentials: finding.credentials,
        at: `role_arn in profile "${profile}"`,
        refresh: "assumes the role again",
      }
      : finding;
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
  { clock, assumeRole, mfaCode }: AssumeRoleDeps,
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
      // Found missing before a person is asked for a code.
      await as.get(signal);
      const code = await codeFor(request, assumed, mfaCode, signal);
      const credentials = await assumeRole(as, {
        ...request,
        ...code !== undefined && { TokenCode: code },
      }, signal);
      assumed = true;
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
      const finding = await find(inner, signal);
      if (finding.kind === "found") return finding.credentials;
      throw nothingAt(base, finding);
    },
  };
}

function nothingAt(base: PlanBase, finding: Resolution): Error {
  if (base.kind === "named") {
    return failure(
      NAME,
      "CredentialRetrievalError",
      `credential_source "${base.source}" of profile "${base.profile}" has none ` +
        `(${verdictOf(finding)})`,
    );
  }
  return new ConfigError(
    "InvalidConfigError",
    `Cannot use "${base.profile}" as source_profile: it has no credentials ` +
      `(${verdictOf(finding)})`,
  );
}
