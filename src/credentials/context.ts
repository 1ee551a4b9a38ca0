/**
 * What the default chain is made of.
 *
 * @module
 */
import type {
  ConfigSection,
  ProfileSet,
  SettingSource,
} from "../ports/config.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
} from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import type { System } from "../ports/system.ts";
import type { MetadataMemory } from "./instance_asker.ts";
import type { ReadSections } from "./boto2_file.ts";

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

/** A service that the AWS CLI signs in at. */
export type SignInService = "signin" | "sso" | "sso-oidc";

/** The endpoint that the user has set in place of a service's own, if any. */
export type SignInEndpoint = (service: SignInService) => string | undefined;

/** The profile that counts, and who chose it. */
export interface ProfileChoice {
  /** Its name. */
  readonly name: string;
  /** What it says, if it is there. */
  readonly section?: ConfigSection;
  /** Where it was chosen: in code, it takes the environment's keys out of the order. */
  readonly source: SettingSource;
}

/** What the providers of the default chain need of their surroundings. */
export interface ChainContext {
  /** Environment, files and programs. */
  readonly system: System;
  /** Tells when credentials end. */
  readonly clock: Clock;
  /** Source of jitter, in [0, 1). */
  readonly random: () => number;
  /** Is told what happens. */
  readonly logger: Logger;
  /** Sends what is asked of metadata services. */
  readonly transport: Transport;
  /** Sends what is asked of SSO and AWS Sign-In. Default: `transport`. */
  readonly signInTransport?: Transport;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Endpoints that replace those of SSO and AWS Sign-In. Absent: none. */
  readonly signInEndpoint?: (
    service: SignInService,
    from: Pick<ChainContext, "profile" | "profiles">,
  ) => string | undefined;
  /** What the config files say. */
  readonly profiles: ProfileSet;
  /** The profile that counts. */
  readonly profile: ProfileChoice;
  /** Region that `aws login` signs in at. Default: what environment or profile say. */
  readonly region?: string;
  /** Reads boto 2's config file. Absent: it is not looked at. */
  readonly readSections?: ReadSections;
  /** Gets the code of an MFA device. Absent: roles that need one fail. */
  readonly mfaCode?: MfaCode;
  /** Where metadata services were asked before. Absent: nothing is remembered. */
  readonly memory?: MetadataMemory;
  /** Reaches STS. */
  readonly assumeRole: AssumeRole;
  /** Reaches STS without a signature. */
  readonly assumeRoleWithWebIdentity: AssumeRoleWithWebIdentity;
}
