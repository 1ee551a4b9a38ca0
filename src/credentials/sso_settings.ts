/**
 * What a profile says of single sign-on.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { nearestName } from "../foundation/options.ts";
import type { ConfigSection, ProfileSet } from "../ports/config.ts";
import { placeOf, textIn } from "./section.ts";

/** A role to get through single sign-on. */
export interface SsoSettings {
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

/**
 * Reads the settings of a profile.
 *
 * @param profiles What the files say.
 * @param name Name of the profile.
 * @returns The settings, or `undefined` where the profile has neither account nor
 * role: an address alone is not single sign-on.
 * @throws {ConfigError} If something is missing or contradicts itself.
 */
export function ssoSettings(
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
        `its sso_session (${placeOf(profile, "sso_session")})` +
        (like === undefined ? "" : `; did you mean "${like}"?`),
    );
  }
  for (const key of Object.keys(section.values)) {
    const own = textIn(profile, key);
    if (own !== undefined && own !== textIn(section, key)) {
      throw invalid(
        `Cannot use profile "${name}": its ${key} (${
          placeOf(profile, key)
        }) differs from ` +
          `that of its sso-session (${placeOf(section, key)}); remove one`,
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
