/**
 * Keys that stand in a section of a file.
 *
 * @module
 */
import { PartialCredentialsError } from "../foundation/errors.ts";
import type { ConfigSection, FileState, ProfileSet } from "../ports/config.ts";
import type { Credentials } from "../ports/credentials.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./chain.ts";
import {
  locationText,
  notInFile,
  type ProfileDeps,
  textIn,
} from "./section.ts";

const KEY_ID = "aws_access_key_id";
const SECRET = "aws_secret_access_key";
/** The older name wins, as in botocore. */
const TOKENS = ["aws_security_token", "aws_session_token"];

/**
 * Makes the provider of keys in the credentials file, `~/.aws/credentials`.
 *
 * @param deps The profile.
 */
export function sharedFileProvider(deps: ProfileDeps): ExplainableProvider {
  const { credentialsFile, files } = deps.profiles;
  return fileProvider(
    "shared-credentials-file",
    deps,
    credentialsFile,
    files.credentials,
  );
}

/**
 * Makes the provider of keys in the config file, `~/.aws/config`.
 *
 * @param deps The profile.
 */
export function configFileProvider(deps: ProfileDeps): ExplainableProvider {
  const { configFile, files } = deps.profiles;
  return fileProvider("config-file", deps, configFile, files.config);
}

/**
 * Reads the keys of a section.
 *
 * @param source Name of the provider that asks.
 * @param section The section.
 * @returns The credentials, or `undefined` where it has no key id.
 * @throws {PartialCredentialsError} If it has a key id and no secret, or if one of
 * them is empty.
 */
export function keysIn(
  source: string,
  section: ConfigSection,
): Credentials | undefined {
  const accessKeyId = textIn(section, KEY_ID);
  if (accessKeyId === undefined) return undefined;
  const secretAccessKey = textIn(section, SECRET);
  if (!accessKeyId || !secretAccessKey) {
    throw new PartialCredentialsError(source, lacking(section));
  }
  const sessionToken = TOKENS.map((key) => textIn(section, key))
    .find((token) => token !== undefined);
  const accountId = textIn(section, "aws_account_id");
  return {
    accessKeyId,
    secretAccessKey,
    ...sessionToken && { sessionToken },
    ...accountId && { accountId },
    source,
  };
}

/** What a section with a key id lacks, and where. */
function lacking(section: ConfigSection): string {
  const location = locationText(section, KEY_ID);
  const { [KEY_ID]: keyId, [SECRET]: secret } = section.values;
  if (!keyId && !secret) {
    return secret === undefined
      ? `${KEY_ID} is empty at ${location}; set it and ${SECRET}, or remove it`
      : `${KEY_ID} and ${SECRET} are empty at ${location}; set both, or remove both`;
  }
  return keyId
    ? `set ${SECRET} beside ${KEY_ID} at ${location}`
    : `set ${KEY_ID} at ${location}, beside ${SECRET}`;
}

/** Whether a profile has keys, or a half of them. */
export function hasStaticKeys(section: ConfigSection): boolean {
  return KEY_ID in section.values || SECRET in section.values;
}

function fileProvider(
  name: string,
  { profile }: ProfileDeps,
  sections: ProfileSet["profiles"],
  state: FileState,
): ExplainableProvider {
  return provider(name, (): Resolution => {
    const section = sections.get(profile);
    if (section === undefined) {
      return notInFile(state, `there is no profile "${profile}"`);
    }
    const credentials = keysIn(name, section);
    return credentials === undefined
      ? notInFile(state, `profile "${profile}" has no ${KEY_ID}`)
      : { kind: "found", credentials, at: locationText(section, KEY_ID) };
  });
}
