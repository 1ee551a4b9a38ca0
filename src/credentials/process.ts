/**
 * Credentials that a program prints.
 *
 * @module
 */
import { shellWords, windowsWords } from "../foundation/command_words.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { ProcessResult, System } from "../ports/system.ts";
import {
  type ExplainableProvider,
  failure,
  plainWords,
  provider,
  type Resolution,
} from "./chain.ts";
import { type JsonObject, readObject } from "./exchange.ts";
import {
  locationText,
  missingTexts,
  notInProfile,
  type ProfileDeps,
  textIn,
} from "./section.ts";
import { readExpiry } from "./value.ts";

const NAME = "custom-process";
const KEY = "credential_process";

/** What {@linkcode processProvider} needs. */
export interface ProcessDeps extends ProfileDeps {
  /** Runs the program. */
  readonly system: Pick<System, "run" | "windows">;
}

/**
 * Makes the provider of profiles with `credential_process`: runs the program,
 * without a shell, and reads the JSON that it prints.
 *
 * Source: "Process credential provider", AWS SDKs and Tools Reference Guide.
 *
 * @param deps The profile and the machine.
 */
export function processProvider(deps: ProcessDeps): ExplainableProvider {
  return provider(NAME, async (signal): Promise<Resolution> => {
    const section = deps.profiles.profiles.get(deps.profile);
    const line = textIn(section, KEY);
    if (section === undefined || line === undefined) {
      return notInProfile(deps, KEY);
    }
    const location = locationText(section, KEY);
    const printed = await run(deps.system, line, location, signal);
    const account = textIn(section, "aws_account_id");
    const credentials = readKeys(printed, account, location);
    return {
      kind: "found",
      credentials,
      at: `${KEY} at ${location}`,
      ...credentials.expiration && { refresh: "runs the program again" },
    };
  });
}

async function run(
  system: ProcessDeps["system"],
  line: string,
  location: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const words = system.windows ? windowsWords(line) : shellWords(line);
  const [command, ...args] = words ?? [];
  if (!command) {
    throw failed(
      `${KEY} at ${location} is no command line: it is empty, or a quote is not closed`,
    );
  }
  const result = await system.run(command, args, signal);
  if (result.kind === "denied") {
    throw failed(
      `${KEY} at ${location} may not be run; run with ${result.flag}`,
    );
  }
  if (result.kind === "absent") {
    throw failed(
      `there is no program "${command}", named by ${KEY} at ${location}${
        shellHint(command, [command, ...args])
      }`,
    );
  }
  const hint = shellHint(command, args);
  return outputOf(
    result.value,
    command,
    hint && `${hint} (${KEY} at ${location})`,
  );
}

/** Programs that are shells, and do what the words of their arguments say. */
const SHELLS =
  /(?:^|[/\\])(?:(?:ba|da|k|z)?sh|fish|cmd|pwsh|powershell)(?:\.exe)?$/i;

/** What only a shell would do with a word: variables, the home, pipes, patterns. */
const FOR_SHELLS =
  /\$\w+|\$[{(][^)}]*[)}]|%\w+%|`|^~(?:[/\\]|$)|^[|&;<>]+$|^\d?>|;$|[*?]/;

/** Where a word waits for a shell: that there is none. */
function shellHint(command: string, words: readonly string[]): string {
  if (SHELLS.test(command)) return "";
  const found = words.map((word) => FOR_SHELLS.exec(word)?.[0])
    .find((part) => part !== undefined);
  return found === undefined
    ? ""
    : `; no shell runs it, so ${found} stays as it is: write out what it stands for, or start a shell`;
}

/** What a program says when it fails may hold secrets, so only words are told. */
function outputOf(
  { code, stdout, stderr, tooLong }: ProcessResult,
  command: string,
  hint: string,
): string {
  if (tooLong) {
    throw failed(
      `"${command}" printed more than 1 MiB and was ended; it should print one JSON object with the keys${hint}`,
    );
  }
  if (code === 0) return stdout;
  const said = plainWords(stderr);
  throw failed(
    `"${command}" ended with exit code ${code}${
      said === "" ? "" : ` and said: ${said}`
    }${hint}`,
  );
}

function readKeys(
  printed: string,
  account: string | undefined,
  location: string,
): Credentials {
  const wrong = (why: string): Error =>
    failed(`${why}, from ${KEY} at ${location}`);
  const output = readObject(printed);
  if (output === undefined) throw wrong("its output is not a JSON object");
  if (output["Version"] !== 1) {
    throw wrong(`Version in its output must be 1, found ${displayed(output)}`);
  }
  const [missing] = missingTexts(output, ["AccessKeyId", "SecretAccessKey"]);
  if (missing !== undefined) throw wrong(`its output has no ${missing}`);

  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = output;
  const expiration = readExpiry(Expiration);
  if (
    expiration === undefined && Expiration !== undefined && Expiration !== null
  ) {
    throw wrong(
      'Expiration in its output must be a time in ISO 8601 with its zone such as "2030-01-31T12:00:00Z"',
    );
  }
  const accountId = output["AccountId"] || account;
  return {
    accessKeyId: String(AccessKeyId),
    secretAccessKey: String(SecretAccessKey),
    ...SessionToken ? { sessionToken: String(SessionToken) } : {},
    ...expiration !== undefined && { expiration },
    ...accountId ? { accountId: String(accountId) } : {},
    source: NAME,
  };
}

function displayed(output: JsonObject): string {
  const version = output["Version"];
  return typeof version === "number" ? `${version}` : typeof version;
}

function failed(why: string): Error {
  return failure(NAME, "CredentialRetrievalError", why);
}
