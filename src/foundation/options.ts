/**
 * Checks of options at run time: programs that nobody type-checks misspell them,
 * and what is misspelt would be passed over.
 * Beside them the readers and checks that rows of settings are made of.
 *
 * @module
 */
import { ConfigError } from "./errors.ts";

/** What the value of an option has to be. */
export type OptionKind =
  | "any"
  | "boolean"
  | "boolean or object"
  | "date"
  | "function"
  | "list"
  | "number"
  | "object"
  | "signal"
  | "text";

/** The options that exist, each with what its value has to be. */
export type OptionKinds<Options> = {
  readonly [Name in keyof Options]-?: OptionKind;
};

/** What an option is called elsewhere, and how it is said here. */
export type OtherNames = ReadonlyMap<string, string>;

/** What makes the error of an unknown option more helpful. */
interface OptionAdvice {
  /** What options are called elsewhere. */
  readonly others?: OtherNames;
  /** Whose options they are, for example `"a call"`. */
  readonly of?: string;
}

/** Names of boto3, s3transfer and the AWS SDK for JavaScript. */
const ELSEWHERE: OtherNames = new Map(Object.entries({
  multipart_threshold: 'it is "threshold" here',
  multipartThreshold: 'it is "threshold" here',
  multipart_chunksize: 'it is "partSize" here',
  multipartChunksize: 'it is "partSize" here',
  max_concurrency: 'it is "concurrency" here',
  maxConcurrency: 'it is "concurrency" here',
  queueSize: 'it is "concurrency" here',
  use_threads: '"concurrency: 1" is the same here',
  leavePartsOnError: 'it is "keepParts" here',
  Callback: 'it is "onProgress" here',
  SourceClient: 'it is "source" here',
  abortSignal: 'it is "signal" here',
  ExpiresIn: 'it is "expiresInSeconds" here',
  expiresIn: 'it is "expiresInSeconds" here',
  expires_in: 'it is "expiresInSeconds" here',
  DryRun: 'it is "dryRun" here',
  ExtraArgs: "its members are parameters of the API and belong into the input",
  Config: "its members are options of their own here",
}));

/**
 * Refuses options that do not exist, and values that an option cannot have.
 * `undefined` is the same as leaving an option out.
 *
 * @param act What the options are given to, for example `"call upload"`.
 * @param options The options.
 * @param kinds The options that exist.
 * @param advice What is said beside the nearest name.
 * @throws {ConfigError} `"UnknownOption"` with the name that was meant,
 * `"InvalidOption"`.
 */
export function checkOptions(
  act: string,
  options: unknown,
  kinds: Readonly<Record<string, OptionKind>>,
  advice: OptionAdvice = {},
): void {
  if (options === undefined) return;
  if (!isPlainObject(options)) {
    throw new ConfigError(
      "InvalidOption",
      `Cannot ${act}: the options must be an object, got ${shown(options)}${
        isSignal(options) ? "; give it as { signal }" : ""
      }`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      throw unknownOption(act, name, Object.keys(kinds), advice);
    }
    if (value === undefined || kind === "any" || IS[kind](value)) continue;
    throw new ConfigError(
      "InvalidOption",
      `Cannot ${act}: the option "${name}" must be ${WORDS[kind]}, got ${
        shown(value)
      }`,
    );
  }
}

/**
 * Refuses options that narrow what is destroyed and are there without a value:
 * read from a setting that is missing, they would destroy everything.
 *
 * @param act What the options are given to.
 * @param options The options.
 * @param names The options that narrow it.
 * @throws {ConfigError} `"InvalidOption"`.
 */
export function refuseUndefined(
  act: string,
  options: object,
  names: readonly string[],
): void {
  const given = new Map(Object.entries(options));
  const name = names.find((name) =>
    given.has(name) && given.get(name) === undefined
  );
  if (name === undefined) return;
  throw new ConfigError(
    "InvalidOption",
    `Cannot ${act}: the option "${name}" is undefined, which would narrow nothing; leave it out if all is meant`,
  );
}

/**
 * Makes the error of an option that does not exist.
 *
 * @param act What it was given to.
 * @param name Its name.
 * @param known Names of the options that exist.
 * @param advice What is said beside the nearest name.
 */
export function unknownOption(
  act: string,
  name: string,
  known: readonly string[],
  advice: OptionAdvice = {},
): ConfigError {
  return new ConfigError(
    "UnknownOption",
    `Cannot ${act} with the option "${name}": ${meant(name, known, advice)}`,
  );
}

function meant(
  name: string,
  known: readonly string[],
  { others, of }: OptionAdvice,
): string {
  const said = others?.get(name) ?? ELSEWHERE.get(name);
  // What is said of another name does not help where that is unknown, too.
  const [, ours] = /"(\w+)/.exec(said ?? "") ?? [];
  if (said !== undefined && (ours === undefined || known.includes(ours))) {
    return said;
  }
  const like = nearestName(name, known);
  if (like !== undefined) return `did you mean "${like}"?`;
  const whose = of === undefined ? "" : ` of ${of}`;
  const list = `the options${whose} are ${known.join(", ")}`;
  return /^[A-Z]/.test(name)
    ? `${list}, and parameters of the API belong into the input`
    : list;
}

/**
 * Whether a value is an object that can hold options: no list, no signal, and
 * not a thing of another class, such as a `Map` or a client.
 */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !isSignal(value) &&
    !(Symbol.iterator in value);
}

function isSignal(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    "aborted" in value && "addEventListener" in value;
}

const IS: Readonly<Record<OptionKind, (value: unknown) => boolean>> = {
  any: () => true,
  boolean: (value) => typeof value === "boolean",
  "boolean or object": (value) =>
    typeof value === "boolean" || IS.object(value),
  date: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  function: (value) => typeof value === "function",
  list: Array.isArray,
  number: (value) => typeof value === "number",
  object: (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value),
  signal: isSignal,
  text: (value) => typeof value === "string",
};

const WORDS: Readonly<Record<OptionKind, string>> = {
  any: "a value",
  boolean: "true or false",
  "boolean or object": "true, false or an object",
  date: "a valid Date",
  function: "a function",
  list: "a list",
  number: "a number",
  object: "an object",
  signal: "an AbortSignal",
  text: "text",
};

/** A value as a message tells it; text is not told, it may be a secret. */
function shown(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean" || typeof value === "number") {
    return `${value}`;
  }
  if (typeof value === "string") return "text";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  if (name === undefined || name === "Object") return "an object";
  const hint = name === "AbortController" ? ", give its signal" : "";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}${hint}`;
}

/** The options of a call, which checks their values itself. */
export const CALL_OPTION_KINDS = {
  signal: "signal",
  connectTimeoutMs: "any",
  readTimeoutMs: "any",
  attemptTimeoutMs: "any",
  totalTimeoutMs: "any",
  queueTimeoutMs: "any",
  region: "any",
  credentials: "any",
  retry: "any",
  onSent: "function",
  headers: "object",
  query: "object",
} as const satisfies Readonly<Record<string, OptionKind>>;

/**
 * Finds the known name that is nearest to an unknown one, letter case aside.
 *
 * @param name The unknown name.
 * @param known The known names.
 * @returns The nearest one, or `undefined` where more than a third of the
 * letters (two of a short name) would have to change.
 */
export function nearestName(
  name: string,
  known: Iterable<string>,
): string | undefined {
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    // Names whose lengths differ by more than that cannot be nearer.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least) {
      least = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Edits between two texts. Source: R. Wagner, M. Fischer, 1974. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const same = from[line - 1] === to[column - 1];
      next[column] = Math.min(
        (row[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (row[column - 1] ?? 0) + (same ? 0 : 1),
      );
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/**
 * Refuses what is no core of a client, such as the settings that clients of other
 * libraries are made with.
 *
 * @param name Name of the client's class.
 * @param core What the client was given.
 * @throws {ConfigError} `"NotACore"`, with the way to make a client.
 */
export function checkCore<Core extends { readonly call: unknown }>(
  name: string,
  core: Core,
): Core {
  // Programs that nobody type-checks may give anything, or nothing.
  const given: Partial<Core> | undefined = core;
  if (typeof given?.call === "function") return core;
  throw new ConfigError(
    "NotACore",
    `Cannot make a client with new ${name}(...): use client(${name}, options), or session.client(${name}, options)`,
  );
}

/** Longest time that the timers of the platform can hold, in milliseconds. */
const LONGEST_MS = 2_147_483_647;

/** {@linkcode isMilliseconds} in words. */
export const MILLISECONDS =
  "a number of milliseconds above 0 and up to 2147483647";

/** The text `true` in any case is true, any other text is false, as in botocore. */
export function readBoolean(text: string): boolean {
  return text.toLowerCase() === "true";
}

/** Whether a value is a boolean. */
export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

/**
 * A whole number in decimal, as Python reads one: with a sign, white space around
 * it and single underscores between digits.
 */
export function readInteger(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?\d+(?:_\d+)*$/.test(trimmed)) return undefined;
  return Number(trimmed.replaceAll("_", ""));
}

/** A whole number of at least 1. */
export function readCount(text: string): number | undefined {
  const number = readInteger(text);
  return isCount(number) ? number : undefined;
}

/** Whether a value is a whole number of at least 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

/** Whether a value is a time that a timer can hold, in milliseconds. */
export function isMilliseconds(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= LONGEST_MS;
}

/** Whether a value is a text that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/**
 * Makes the reader, the check and the words of a setting that is one of some
 * words.
 *
 * @param words The words, in the order they are told.
 * @typeParam Word Type of the words.
 */
export function oneOf<Word extends string>(
  words: readonly Word[],
): {
  readonly read: (text: string) => Word | undefined;
  readonly accepts: (value: unknown) => boolean;
  readonly allowed: string;
} {
  const read = (text: string): Word | undefined =>
    words.find((word) => word === text);
  return {
    read,
    accepts: (value) => typeof value === "string" && read(value) !== undefined,
    allowed: words.map((word) => `"${word}"`).join(", "),
  };
}

/**
 * Writes flags for a command line: each kind of permission once, with all names.
 *
 * @param flags The flags, for example `"--allow-env=HOME"`.
 * @returns For example `"--allow-env=HOME,PATH --allow-run"`.
 */
export function joinFlags(flags: readonly string[]): string {
  const kinds = new Map<string, Set<string>>();
  for (const flag of flags) {
    const end = flag.indexOf("=");
    const kind = end < 0 ? flag : flag.slice(0, end);
    const names = kinds.get(kind) ?? new Set();
    if (end >= 0) names.add(flag.slice(end + 1));
    kinds.set(kind, names);
  }
  return [...kinds].map(([kind, names]) =>
    names.size === 0 ? kind : `${kind}=${[...names].join(",")}`
  ).join(" ");
}
