/**
 * Roles that a program assumes by itself.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type {
  AssumeRole,
  CredentialProvider,
  CredentialSource,
  RoleRequest,
} from "../ports/credentials.ts";
import type { Clock } from "../ports/clock.ts";

/** What may be said about a role, in the words of the API. */
export type RoleOptions =
  & Omit<RoleRequest, "RoleArn" | "RoleSessionName" | "TokenCode">
  & {
    /** Name of the session, 2 to 64 characters. Default: `inia-session-` and the time. */
    readonly RoleSessionName?: string;
  };

const OPTIONS: OptionKinds<RoleOptions> = {
  RoleSessionName: "text",
  DurationSeconds: "number",
  ExternalId: "text",
  SerialNumber: "text",
  Policy: "text",
  PolicyArns: "list",
  Tags: "list",
  TransitiveTagKeys: "list",
  SourceIdentity: "text",
};

/**
 * Refuses what cannot be asked for a role.
 *
 * @param arn The role.
 * @param options What is asked of STS beside the role.
 * @throws {ConfigError} `"InvalidOption"`, `"UnknownOption"`.
 */
export function checkRole(arn: unknown, options: RoleOptions): void {
  if (typeof arn !== "string") {
    throw new ConfigError(
      "InvalidOption",
      'Cannot assume a role: its ARN comes first and the parameters of the API behind it, as in assumeRole("arn:aws:iam::123456789012:role/reader", { DurationSeconds: 900 })',
    );
  }
  checkOptions("assume a role", options, OPTIONS, {
    others: new Map(Object.entries({
      RoleArn: "the role is the first argument",
      TokenCode: "mfaCode, an option of the session, gets the code",
      mfaCode: "it is an option of the session",
      region: "it is an option of the session",
    })),
  });
}

/** What a role is assumed with. */
export interface RoleParts {
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
 * Makes the provider of a role's credentials.
 *
 * @param arn The role.
 * @param options What is asked of STS beside the role.
 * @param parts What it is assumed with.
 */
export function roleProvider(
  arn: string,
  options: RoleOptions,
  parts: RoleParts,
): CredentialProvider {
  const { assumeRole, as, clock } = parts;
  return {
    name: "assume-role",
    load: async (signal) => {
      const seconds = Math.floor(clock.now().getTime() / 1_000);
      const code = await tokenCode(arn, options, parts);
      return await assumeRole(await as(), {
        RoleSessionName: `inia-session-${seconds}`,
        ...options,
        ...code === undefined ? {} : { TokenCode: code },
        RoleArn: arn,
      }, signal);
    },
  };
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
