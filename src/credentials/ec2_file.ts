/**
 * Keys in the file of the first EC2 tools.
 *
 * @module
 */
import { ConfigError, PartialCredentialsError } from "../foundation/errors.ts";
import { expandPath } from "../foundation/paths.ts";
import type { System } from "../ports/system.ts";
import { failure } from "./failure.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./resolution.ts";
import { readTextFile } from "./text_file.ts";

const NAME = "ec2-credentials-file";
const VARIABLE = "AWS_CREDENTIAL_FILE";

/**
 * Makes the provider of the file that `AWS_CREDENTIAL_FILE` names, with lines
 * `AWSAccessKeyId=` and `AWSSecretKey=`.
 *
 * @param deps The machine.
 */
export function ec2FileProvider(
  { system }: { readonly system: Pick<System, "env" | "readText"> },
): ExplainableProvider {
  return provider(NAME, async (): Promise<Resolution> => {
    const named = system.env(VARIABLE);
    if (named.kind === "denied") return { kind: "denied", flags: [named.flag] };
    if (named.kind === "absent") {
      return { kind: "absent", why: `${VARIABLE} is not set` };
    }
    const path = expandPath(named.value, system).path ?? named.value;
    const values = readLines(await read(system, path));
    const accessKeyId = values.get("AWSAccessKeyId");
    if (!accessKeyId) {
      return { kind: "absent", why: `"${path}" has no AWSAccessKeyId` };
    }
    const secretAccessKey = values.get("AWSSecretKey");
    if (!secretAccessKey) {
      throw new PartialCredentialsError(NAME, `set AWSSecretKey in "${path}"`);
    }
    const credentials = { accessKeyId, secretAccessKey, source: NAME };
    return { kind: "found", credentials, at: `"${path}"` };
  });
}

async function read(
  system: Pick<System, "readText">,
  path: string,
): Promise<string> {
  const found = path === ""
    ? { kind: "absent" } as const
    : await readTextFile(system, path, NAME);
  if (found.kind === "found") return found.value;
  if (found.kind === "denied") {
    throw failure(
      NAME,
      "CredentialRetrievalError",
      `"${path}", named by ${VARIABLE}, may not be read; run with ${found.flag}`,
    );
  }
  throw new ConfigError(
    "ConfigNotFound",
    `Cannot read "${path}", named by ${VARIABLE}: there is no such file`,
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
