/**
 * How a session uses STS: roles, and who calls are made as. Loaded when that is
 * first asked: most programs never do.
 *
 * @module
 */
import { SharedWork } from "../credentials/refreshing.ts";
import { ConfigError, CredentialsError } from "../foundation/errors.ts";
import type { ClientCore } from "../ports/caller.ts";
import type { Clock } from "../ports/system.ts";
import type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  Credentials,
  CredentialSource,
} from "../ports/credentials.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type {
  AssumeRoleWithWebIdentityOutput,
  STS,
  STSConfig,
} from "../services/sts/mod.ts";
import type { RoleOptions } from "./options.ts";

/** Makes the core of a client of a service that signs as an identity; `null`: that does not sign. */
export type CoreAs = (
  service: ServiceDefinition<STSConfig>,
  identity: CredentialSource | null,
  purpose?: "credentials",
) => ClientCore;

/** How the credential chain reaches STS. */
export interface StsPorts {
  /** Makes the core of a client that signs as an identity. */
  readonly core: CoreAs;
  /** The same for calls that get or check credentials for others. */
  readonly credentialsCore: CoreAs;
  /** Assumes a role as another identity. */
  readonly assumeRole: AssumeRole;
  /** Assumes a role with a token. */
  readonly assumeRoleWithWebIdentity: AssumeRoleWithWebIdentity;
}

/**
 * Makes the ports through which a session's credential chain reaches STS.
 *
 * @param core Makes the core of a client.
 */
export function stsPorts(core: CoreAs): StsPorts {
  const credentialsCore: CoreAs = (service, identity) =>
    core(service, identity, "credentials");
  return {
    core,
    credentialsCore,
    assumeRole: assumeRoleWith(credentialsCore),
    assumeRoleWithWebIdentity: assumeRoleWithTokenWith(credentialsCore),
  };
}

/**
 * Makes the port that assumes a role with the credentials of another identity.
 *
 * @param core Makes the core of a client.
 */
export function assumeRoleWith(core: CoreAs): AssumeRole {
  return async (as, request, signal) => {
    const answer = await withSts(
      core,
      as,
      (sts) => sts.assumeRole(request, signal ? { signal } : {}),
    );
    return credentialsFrom("assume-role", request.RoleArn, answer);
  };
}

/**
 * Makes the port that assumes a role with a token; nothing is signed.
 *
 * @param core Makes the core of a client.
 */
export function assumeRoleWithTokenWith(
  core: CoreAs,
): AssumeRoleWithWebIdentity {
  return async (token, request, signal) => {
    const { RoleArn, RoleSessionName, DurationSeconds, Policy, PolicyArns } =
      request;
    const answer = await withSts(
      core,
      null,
      (sts) =>
        sts.assumeRoleWithWebIdentity({
          RoleArn,
          RoleSessionName,
          WebIdentityToken: token,
          ...DurationSeconds === undefined ? {} : { DurationSeconds },
          ...Policy === undefined ? {} : { Policy },
          ...PolicyArns === undefined ? {} : { PolicyArns },
        }, signal ? { signal } : {}),
    );
    return credentialsFrom("assume-role-with-web-identity", RoleArn, answer);
  };
}

/** Makes a call of STS with a client that ends with it. */
async function withSts<T>(
  core: CoreAs,
  identity: CredentialSource | null,
  call: (sts: STS) => Promise<T>,
): Promise<T> {
  const { STS } = await import("../services/sts/generated/client.ts");
  const client = new STS(core(STS.service, identity));
  try {
    return await call(client);
  } finally {
    client[Symbol.dispose]();
  }
}

/** What credentials of a role cannot do without. */
const CREDENTIAL_MEMBERS = [
  "AccessKeyId",
  "SecretAccessKey",
  "SessionToken",
  "Expiration",
] as const;

function credentialsFrom(
  source: string,
  role: string,
  { Credentials: keys, AssumedRoleUser: user }: Pick<
    AssumeRoleWithWebIdentityOutput,
    "AssumedRoleUser" | "Credentials"
  >,
): Credentials {
  if (keys === undefined) {
    throw new CredentialsError(
      "CredentialRetrievalError",
      `Cannot assume role "${role}": the answer has no credentials`,
    );
  }
  // Credentials without an end would be used for ever.
  const lacking = CREDENTIAL_MEMBERS.filter((name) => !keys[name]);
  if (lacking.length > 0) {
    throw new CredentialsError(
      "CredentialRetrievalError",
      `Cannot assume role "${role}": the credentials in the answer lack ${
        lacking.join(", ")
      }`,
    );
  }
  const accountId = user?.Arn.split(":")[4];
  return {
    accessKeyId: keys.AccessKeyId,
    secretAccessKey: keys.SecretAccessKey,
    sessionToken: keys.SessionToken,
    expiration: keys.Expiration,
    ...accountId ? { accountId } : {},
    source,
  };
}

/** Who calls are made as, in the service's own words. */
export interface CallerIdentity {
  /** Account, 12 digits. */
  readonly account: string;
  /** ARN of the user or the assumed role. */
  readonly arn: string;
  /** Unique id of the user or the role session. */
  readonly userId: string;
  /** Partition of the account, for example `"aws"` or `"aws-cn"`. */
  readonly partition: string;
  /** Name of the source that the credentials came from, for example `"env"`. */
  readonly source?: string;
}

/**
 * Asks STS who some credentials belong to.
 *
 * @param core Makes the core of a client.
 * @param identity The credentials.
 * @param signal Ends the question early.
 */
export async function callerIdentity(
  core: CoreAs,
  identity: CredentialSource,
  signal?: AbortSignal,
): Promise<CallerIdentity> {
  const { source } = await identity.get(signal);
  const { Account, Arn, UserId } = await withSts(
    core,
    identity,
    (sts) => sts.getCallerIdentity({}, signal ? { signal } : {}),
  );
  return {
    account: Account,
    arn: Arn,
    userId: UserId,
    partition: Arn.split(":")[1] ?? "",
    ...source === undefined ? {} : { source },
  };
}

/**
 * Credentials of one account and no other. Where their source does not tell the
 * account, STS is asked, once for each new key.
 */
export class ExpectedAccount implements CredentialSource {
  readonly #source: CredentialSource;
  readonly #expected: string;
  readonly #core: CoreAs;
  /** The question about each key, asked once for all calls that wait for it. */
  readonly #checks = new WeakMap<Credentials, SharedWork<void>>();

  /**
   * Guards a source of credentials.
   *
   * @param source The source.
   * @param expected The account, 12 digits.
   * @param core Makes the core of a client, to ask STS.
   */
  constructor(source: CredentialSource, expected: string, core: CoreAs) {
    this.#source = source;
    this.#expected = expected;
    this.#core = core;
  }

  async get(signal?: AbortSignal): Promise<Credentials> {
    const credentials = await this.#source.get(signal);
    const check = this.#checks.get(credentials) ??
      new SharedWork((ends) => this.#check(credentials, ends), "kept");
    this.#checks.set(credentials, check);
    await check.join(signal);
    return credentials;
  }

  invalidate(refused: Credentials): void {
    this.#source.invalidate(refused);
  }

  async #check(
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<void> {
    const account = credentials.accountId ??
      (await callerIdentity(this.#core, this.#source, signal)).account;
    if (account === this.#expected) return;
    throw new ConfigError(
      "UnexpectedAccount",
      `Cannot call as account ${account}: the session's option expectedAccount is ${this.#expected}; the credentials came from ${
        credentials.source ?? "code"
      }`,
    );
  }
}

/** What a role is assumed with. */
interface RoleParts {
  /** Reaches STS. */
  readonly assumeRole: AssumeRole;
  /** Finds who assumes it. */
  readonly as: () => Promise<CredentialSource>;
  /** Time, for the name of the session. */
  readonly clock: Clock;
  /** Gets the code of an MFA device. */
  readonly mfaCode?: (serialNumber: string) => Promise<string>;
}

/**
 * Gets the credentials of a role.
 *
 * @param arn The role.
 * @param options What is asked of STS beside the role.
 * @param parts What it is assumed with.
 * @param signal Ends the wait early.
 */
export async function roleCredentials(
  arn: string,
  options: RoleOptions,
  parts: RoleParts,
  signal?: AbortSignal,
): Promise<Credentials> {
  const { assumeRole, as, clock } = parts;
  const seconds = Math.floor(clock.now().getTime() / 1_000);
  const code = await tokenCode(arn, options, parts);
  return await assumeRole(await as(), {
    RoleSessionName: `inia-session-${seconds}`,
    ...options,
    ...code === undefined ? {} : { TokenCode: code },
    RoleArn: arn,
  }, signal);
}

async function tokenCode(
  arn: string,
  { SerialNumber }: RoleOptions,
  { mfaCode }: RoleParts,
): Promise<string | undefined> {
  if (SerialNumber === undefined) return undefined;
  if (mfaCode !== undefined) return await mfaCode(SerialNumber);
  throw new ConfigError(
    "MfaCodeMissing",
    `Cannot assume role "${arn}": it needs the code of "${SerialNumber}"; give the session the option mfaCode`,
  );
}
