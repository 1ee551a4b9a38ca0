/**
 * The ports through which the credential chain reaches STS.
 *
 * @module
 */
import { CredentialsError } from "../foundation/errors.ts";
import type { ClientCore } from "../ports/caller.ts";
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

/** Makes the core of a client of a service that signs as an identity; `null`: that does not sign. */
export type CoreAs = (
  service: ServiceDefinition<STSConfig>,
  identity: CredentialSource | null,
) => ClientCore;

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

/**
 * Makes a call of STS with a client that ends with it. STS is loaded when it is
 * first called: most programs never do.
 *
 * @param core Makes the core of the client.
 * @param identity Who calls; `null`: nobody.
 * @param call The call.
 */
export async function withSts<T>(
  core: CoreAs,
  identity: CredentialSource | null,
  call: (sts: STS) => Promise<T>,
): Promise<T> {
  const { STS } = await import("../services/sts/mod.ts");
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
