/**
 * The config files of AWS: what they say, and which profile counts.
 *
 * @example The region of a profile
 * ```ts
 * import { loadProfiles } from "@inia/aws/config";
 * import { platformSystem } from "@inia/aws/system";
 *
 * const { profiles } = await loadProfiles(platformSystem());
 * console.log(profiles.get("dev")?.values["region"]);
 * ```
 *
 * @module
 */
export {
  AwsError,
  ConfigError,
  type ProviderAttempt,
} from "../foundation/errors.ts";
export type {
  AttemptRecord,
  ResponseMetadata,
  StopReason,
} from "../foundation/metadata.ts";
export type {
  ConfigSection,
  FileState,
  Profile,
  ProfileSet,
  ProfileValue,
  SettingLocation,
  SettingSource,
} from "../ports/config.ts";
export type {
  FileFacts,
  Found,
  ProcessResult,
  System,
} from "../ports/system.ts";
export { chooseProfile, type ChosenProfile, loadProfiles } from "./profiles.ts";
export { readSections } from "./ini.ts";
