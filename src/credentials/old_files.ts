/**
 * Credentials in the files of the EC2 tools and of boto 2.
 *
 * @module
 */
import { ConfigError, PartialCredentialsError } from "../foundation/errors.ts";
import { expandPath } from "../foundation/paths.ts";
import type { ConfigSection } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./chain.ts";
import { failure } from "./failure.ts";
import { locationText, readTextFile } from "./section.ts";
import { keysIn } from "./static_keys.ts";

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
    const values = readLines(await read(system, path));
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

async function read(
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
