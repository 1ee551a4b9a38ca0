/**
 * Keys that are set: in environment variables, in a section of a file, in the files
 * of the EC2 tools and of boto 2.
 *
 * @module
 */
import {
  ConfigError,
  CredentialsError,
  PartialCredentialsError,
} from "../foundation/errors.ts";
import { expandPath } from "../foundation/paths.ts";
import type { ConfigSection, FileState, ProfileSet } from "../ports/config.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { System } from "../ports/system.ts";
import {
  type ExplainableProvider,
  failure,
  provider,
  type Resolution,
} from "./chain.ts";
import {
  locationText,
  notInFile,
  type ProfileDeps,
  readTextFile,
  textIn,
} from "./section.ts";
import { readExpiry } from "./value.ts";

const ENV_NAME = "env";
const ENV_KEY_ID = "AWS_ACCESS_KEY_ID";
const ENV_SECRET = "AWS_SECRET_ACCESS_KEY";
/** The older name wins, as in botocore. */
const ENV_TOKENS = ["AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"];
const EXPIRATION = "AWS_CREDENTIAL_EXPIRATION";
const ACCOUNT = "AWS_ACCOUNT_ID";

/**
 * Makes the provider of `AWS_ACCESS_KEY_ID` and the variables that belong to it.
 * An empty variable counts as none. Credentials with `AWS_CREDENTIAL_EXPIRATION`
 * are refreshed by looking again.
 *
 * @param deps Whose environment it is.
 */
export function envProvider(
  { system }: { readonly system: Pick<System, "env"> },
): ExplainableProvider {
  return provider(ENV_NAME, () => lookInEnv(system));
}

function lookInEnv(system: Pick<System, "env">): Resolution {
  const keyId = system.env(ENV_KEY_ID);
  if (keyId.kind === "denied") return { kind: "denied", flags: needs(system) };
  if (keyId.kind === "absent" || keyId.value === "") {
    return { kind: "absent", why: `${ENV_KEY_ID} is not set` };
  }
  const expiration = textOf(system, EXPIRATION);
  return {
    kind: "found",
    credentials: readEnv(system, keyId.value, expiration),
    at: ENV_KEY_ID,
    ...expiration !== undefined && { refresh: "reads the environment again" },
  };
}

/** What it takes to find all of them at once. */
function needs(system: Pick<System, "env">): readonly string[] {
  return [ENV_KEY_ID, ENV_SECRET, "AWS_SESSION_TOKEN"].flatMap((name) => {
    const found = system.env(name);
    return found.kind === "denied" ? [found.flag] : [];
  });
}

function readEnv(
  system: Pick<System, "env">,
  accessKeyId: string,
  expiration: string | undefined,
): Credentials {
  const secret = system.env(ENV_SECRET);
  if (secret.kind === "denied") {
    throw new PartialCredentialsError(
      ENV_NAME,
      `${ENV_KEY_ID} is set and ${ENV_SECRET} may not be read; run with ${secret.flag}`,
    );
  }
  if (secret.kind === "absent" || secret.value === "") {
    throw new PartialCredentialsError(
      ENV_NAME,
      `${ENV_KEY_ID} is set and ${ENV_SECRET} is not; set both or neither`,
    );
  }
  const sessionToken = tokenOf(system, accessKeyId);
  const accountId = textOf(system, ACCOUNT);
  return {
    accessKeyId,
    secretAccessKey: secret.value,
    ...sessionToken !== undefined && { sessionToken },
    ...expiration !== undefined && { expiration: readEnd(expiration) },
    ...accountId !== undefined && { accountId },
    source: ENV_NAME,
  };
}

/** Only keys that cannot do without a token make a forbidden variable an error. */
function tokenOf(
  system: Pick<System, "env">,
  accessKeyId: string,
): string | undefined {
  for (const name of ENV_TOKENS) {
    const token = textOf(system, name);
    if (token !== undefined) return token;
  }
  const token = system.env("AWS_SESSION_TOKEN");
  if (token.kind === "denied" && accessKeyId.startsWith("ASIA")) {
    throw new PartialCredentialsError(
      ENV_NAME,
      `${ENV_KEY_ID} is of temporary credentials and AWS_SESSION_TOKEN may not be read; run with ${token.flag}`,
    );
  }
  return undefined;
}

function readEnd(text: string): Date {
  const end = readExpiry(text);
  if (end !== undefined) return end;
  throw new CredentialsError(
    "CredentialRetrievalError",
    `Cannot use the credentials of "${ENV_NAME}": ${EXPIRATION} must be a time in ` +
      `ISO 8601 with its zone such as "2030-01-31T12:00:00Z", found "${text}"`,
  );
}

function textOf(
  system: Pick<System, "env">,
  name: string,
): string | undefined {
  const found = system.env(name);
  return found.kind === "found" && found.value !== "" ? found.value : undefined;
}

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

const EC2_FILE = "ec2-credentials-file";
const EC2_VARIABLE = "AWS_CREDENTIAL_FILE";

/**
 * Makes the provider of the file that `AWS_CREDENTIAL_FILE` names, with lines
 * `AWSAccessKeyId=` and `AWSSecretKey=`.
 *
 * @param deps The machine.
 */
export function ec2FileProvider(
  { system }: { readonly system: Pick<System, "env" | "readText"> },
): ExplainableProvider {
  return provider(EC2_FILE, async (): Promise<Resolution> => {
    const named = system.env(EC2_VARIABLE);
    if (named.kind === "denied") return { kind: "denied", flags: [named.flag] };
    if (named.kind === "absent") {
      return { kind: "absent", why: `${EC2_VARIABLE} is not set` };
    }
    const path = expandPath(named.value, system).path ?? named.value;
    const values = readLines(await readOldFile(system, path));
    const accessKeyId = values.get("AWSAccessKeyId");
    if (!accessKeyId) {
      return { kind: "absent", why: `"${path}" has no AWSAccessKeyId` };
    }
    const secretAccessKey = values.get("AWSSecretKey");
    if (!secretAccessKey) {
      throw new PartialCredentialsError(
        EC2_FILE,
        `set AWSSecretKey in "${path}"`,
      );
    }
    const credentials = { accessKeyId, secretAccessKey, source: EC2_FILE };
    return { kind: "found", credentials, at: `"${path}"` };
  });
}

async function readOldFile(
  system: Pick<System, "readText">,
  path: string,
): Promise<string> {
  const found = path === ""
    ? { kind: "absent" } as const
    : await readTextFile(system, path, EC2_FILE);
  if (found.kind === "found") return found.value;
  if (found.kind === "denied") {
    throw failure(
      EC2_FILE,
      "CredentialRetrievalError",
      `"${path}", named by ${EC2_VARIABLE}, may not be read; run with ${found.flag}`,
    );
  }
  throw new ConfigError(
    "ConfigNotFound",
    `Cannot read "${path}", named by ${EC2_VARIABLE}: there is no such file`,
  );
}

/** Lines without `=` are passed over; of two with the same name the last counts. */
function readLines(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r\n?|\n/).flatMap((line): [string, string][] => {
      const equals = line.indexOf("=");
      return equals < 0
        ? []
        : [[line.slice(0, equals).trim(), line.slice(equals + 1).trim()]];
    }),
  );
}

const BOTO_CONFIG = "boto-config";
const BOTO_VARIABLE = "BOTO_CONFIG";
const DEFAULT_PATHS = ["/etc/boto.cfg", "~/.boto"];

/**
 * Reads the sections of a config file.
 *
 * @param text The file's text.
 * @param path Its path, for errors.
 * @throws {ConfigError} If the text is not of the dialect.
 */
export type ReadSections = (
  text: string,
  path: string,
) => ReadonlyMap<string, ConfigSection>;

/** What {@linkcode boto2FileProvider} needs. */
export interface Boto2FileDeps {
  /** Environment and files. */
  readonly system: Pick<System, "env" | "readText">;
  /** Reads a config file. Absent: no file is looked at. */
  readonly readSections?: ReadSections;
}

/**
 * Makes the provider of the section `[Credentials]` in the file that `BOTO_CONFIG`
 * names, else in `/etc/boto.cfg` or `~/.boto`. There is no token in it.
 *
 * @param deps Environment and files.
 */
export function boto2FileProvider(deps: Boto2FileDeps): ExplainableProvider {
  return provider(BOTO_CONFIG, async (): Promise<Resolution> => {
    const { system, readSections } = deps;
    if (readSections === undefined) {
      return { kind: "absent", why: "not in use" };
    }
    const named = system.env(BOTO_VARIABLE);
    const written = named.kind === "found" ? [named.value] : DEFAULT_PATHS;
    const flags = named.kind === "denied" ? [named.flag] : [];
    for (const one of written) {
      const { path, denied } = expandPath(one, system);
      flags.push(...denied);
      if (path === undefined) continue;
      const found = await readTextFile(system, path, BOTO_CONFIG);
      if (found.kind === "denied") flags.push(found.flag);
      if (found.kind !== "found") continue;
      const resolution = keysOf(readSections(found.value, path));
      if (resolution !== undefined) return resolution;
    }
    if (flags.length > 0) return { kind: "denied", flags };
    const files = written.map((path) => `"${path}"`).join(" and ");
    return { kind: "absent", why: `there are no keys in ${files}` };
  });
}

function keysOf(
  sections: ReturnType<ReadSections>,
): Resolution | undefined {
  const section = sections.get("Credentials");
  const keys = section && keysIn(BOTO_CONFIG, section);
  if (section === undefined || keys === undefined) return undefined;
  const { accessKeyId, secretAccessKey, source = BOTO_CONFIG } = keys;
  return {
    kind: "found",
    credentials: { accessKeyId, secretAccessKey, source },
    at: locationText(section, "aws_access_key_id"),
  };
}
