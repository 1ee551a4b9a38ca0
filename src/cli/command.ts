/**
 * What the verbs of the command line have in common: their arguments, help,
 * output and exit codes.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Session, type SessionOptions, ValidationError } from "../../mod.ts";
import {
  type ParsedS3Uri,
  parseS3Uri,
  S3,
  type S3Config,
} from "../services/s3/mod.ts";
import type { FolderFilter } from "../transfer/mod.ts";

/** How a command ended. */
export const EXIT = {
  /** All is done. */
  done: 0,
  /** It failed. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** It is done in part: some items failed or were left out. */
  partly: 3,
  /** It was interrupted by Ctrl-C. */
  interrupted: 130,
  /** Nobody reads the output any more. */
  unread: 141,
} as const;

/** The terminal, the pipes and the signals of the process. */
export interface CliIo {
  /** Writes bytes to standard output. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes text to standard error. */
  writeError(text: string): Promise<void>;
  /** Standard input. */
  readonly stdin: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Whether people read standard error: progress is shown there. */
  readonly isTerminal: boolean;
  /** Columns of that terminal. */
  columns(): number;
  /** Asks a question that is answered by yes or no. Absent: nobody can answer. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Ends the command early, as Ctrl-C does. */
  readonly signal: AbortSignal;
}

/** An option of a verb. */
export interface CliOption {
  readonly type: "boolean" | "string";
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for its value in the help. */
  readonly value?: string;
  /** What it does. */
  readonly help: string;
}

/** A verb. */
export interface CliVerb {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** Its arguments, as the help shows them. */
  readonly args: string;
  readonly options?: Readonly<Record<string, CliOption>>;
  /** Least and most number of arguments. */
  readonly count: readonly [least: number, most: number];
  /** The flags of `deno run` that it needs. */
  readonly permissions: string;
  /** An example, without the name of the program. */
  readonly example: string;
  run(call: CliCall): Promise<number>;
}

/** Options that each verb has. */
const COMMON: Readonly<Record<string, CliOption>> = {
  profile: { type: "string", value: "NAME", help: "profile of ~/.aws/config" },
  region: { type: "string", value: "NAME", help: "region, such as eu-west-1" },
  "endpoint-url": {
    type: "string",
    value: "URL",
    help: "another endpoint, such as that of a local store",
  },
  "no-sign-request": {
    type: "boolean",
    help: "call without credentials",
  },
  json: { type: "boolean", help: "print JSON, one value a line" },
  help: { type: "boolean", short: "h", help: "show this" },
};

/** Flags of `deno run` for verbs that only call S3 or STS. */
export const CALL_PERMISSIONS =
  "--allow-net --allow-env=AWS_*,HOME --allow-read=$HOME/.aws";

/** The options of filters, for the verbs that have them. */
export const FILTER_OPTIONS: Readonly<Record<string, CliOption>> = {
  exclude: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    help: "leave out paths that match; the last pattern decides",
  },
  include: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    help: "take paths that match",
  },
};

/** The command line is wrong. */
export class UsageError extends Error {
  /** Stable name of the class. */
  override readonly name = "UsageError";
}

/** One call of a verb. */
export class CliCall implements Disposable {
  /** What was given behind the verb. */
  readonly args: readonly string[];
  /** The terminal and the pipes. */
  readonly io: CliIo;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #filters: readonly FolderFilter[];
  #session: Session | undefined;

  /**
   * Reads the arguments.
   *
   * @param verb The verb.
   * @param args What stands behind it.
   * @param io The terminal and the pipes.
   * @throws {UsageError} If there are unknown options, or too few arguments.
   */
  constructor(verb: CliVerb, args: readonly string[], io: CliIo) {
    const { values, positionals, tokens } = parsed(verb, args);
    this.#values = values;
    this.args = positionals;
    this.io = io;
    this.#filters = tokens.flatMap((token): FolderFilter[] =>
      token.kind !== "option" || token.value === undefined
        ? []
        : token.name === "exclude"
        ? [{ exclude: token.value }]
        : token.name === "include"
        ? [{ include: token.value }]
        : []
    );
    if (this.flag("help")) return;
    const [least, most] = verb.count;
    if (positionals.length < least || positionals.length > most) {
      throw new UsageError(
        `inia ${verb.name} takes ${verb.args || "no arguments"}, got ${
          positionals.length === 0 ? "none" : positionals.join(" ")
        }`,
      );
    }
  }

  /** Whether an option was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of an option. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** The values of an option that may be given more than once. */
  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /**
   * The value of an option that is a whole number.
   *
   * @throws {UsageError} If it is none.
   */
  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\d+$/.test(value)) return Number(value);
    throw new UsageError(`--${name} must be a whole number, got "${value}"`);
  }

  /** The patterns, in the order in which they were given. */
  get filters(): readonly FolderFilter[] {
    return this.#filters;
  }

  /** What the session is made with. */
  get sessionOptions(): SessionOptions {
    const profile = this.text("profile");
    const region = this.text("region");
    const endpointUrl = this.text("endpoint-url");
    return {
      ...profile !== undefined && { profile },
      ...region !== undefined && { region },
      ...endpointUrl !== undefined && { endpointUrl },
      ...this.flag("no-sign-request") &&
        { credentials: "anonymous" as const },
    };
  }

  /** The session, made when it is first needed. */
  get session(): Session {
    return this.#session ??= new Session(this.sessionOptions);
  }

  /** A client of S3. */
  client(config: S3Config = {}): S3 {
    return this.session.client(S3, config);
  }

  /** What ends the calls. */
  get signal(): AbortSignal {
    return this.io.signal;
  }

  /** Prints a line, or with `--json` a value. */
  async print(value: unknown, line: string | (() => string)): Promise<void> {
    const text = this.flag("json")
      ? JSON.stringify(value)
      : typeof line === "string"
      ? line
      : line();
    await this.io.write(new TextEncoder().encode(`${text}\n`));
  }

  /** Tells people something that is no result. */
  async note(line: string): Promise<void> {
    await this.io.writeError(`${line}\n`);
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#session?.[Symbol.dispose]();
  }
}

function parsed(
  verb: CliVerb,
  args: readonly string[],
): ReturnType<typeof parseTokens> {
  try {
    return parseTokens(verb, args);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // What follows is advice on how a dash is escaped.
    const [reason = message] = message.split(". To specify");
    throw new UsageError(`${reason}; inia ${verb.name} --help shows all`, {
      cause,
    });
  }
}

function parseTokens(
  { options = {} }: CliVerb,
  args: readonly string[],
): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
  readonly tokens: readonly {
    readonly kind: string;
    readonly name?: string;
    readonly value?: string | undefined;
  }[];
} {
  const known = Object.entries({ ...COMMON, ...options });
  return parseArgs({
    args: [...args],
    options: Object.fromEntries(
      known.map(([name, { type, short, multiple = false }]) => [
        name,
        { type, multiple, ...short === undefined ? {} : { short } },
      ]),
    ),
    allowPositionals: true,
    strict: true,
    tokens: true,
  });
}

/** The help of a verb. */
export function helpOf(
  { name, summary, args, options = {}, permissions, example }: CliVerb,
): string {
  const lines = Object.entries({ ...options, ...COMMON }).map(
    ([option, { short, value, help }]) => {
      const names = `${short ? `-${short}, ` : ""}--${option}`;
      return `  ${`${names}${value ? ` ${value}` : ""}`.padEnd(24)} ${help}`;
    },
  );
  return [
    `inia ${name}${args && ` ${args}`}`,
    `  ${summary}`,
    "",
    "Options",
    ...lines,
    "",
    "Needs",
    `  deno run ${permissions}`,
    "",
    "Example",
    `  inia ${example}`,
  ].join("\n");
}

/** An address of S3. */
export interface S3Address extends ParsedS3Uri {
  readonly kind: "s3";
}

/**
 * Reads an address `s3://bucket/key`.
 *
 * @throws {UsageError} If it is none.
 */
export function s3Address(text: string): S3Address {
  const address = maybeAddress(text);
  if (address !== undefined) return address;
  throw new UsageError(`expected an address s3://bucket/key, got "${text}"`);
}

/** Reads an address, if it is one of S3. */
export function maybeAddress(text: string): S3Address | undefined {
  if (!/^s3:\/\//i.test(text)) return undefined;
  try {
    return { kind: "s3", ...parseS3Uri(text) };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const [{ problem } = { problem: error.message }] = error.problems;
    throw new UsageError(`"${text}" ${problem}`);
  }
}

/**
 * Reads an address that names an object.
 *
 * @throws {UsageError} If it names a bucket.
 */
export function objectAddress(text: string): S3Address {
  const address = s3Address(text);
  if (address.Key !== "") return address;
  throw new UsageError(`"${text}" names no key: expected s3://bucket/key`);
}

/** Text of others as a terminal may show it: no control characters. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/** A number of bytes for people. */
export function bytesText(bytes: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  if (bytes < 1_024) return `${bytes} B`;
  let value = bytes / 1_024;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** A number of things in words. */
export function countText(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
