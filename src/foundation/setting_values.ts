/**
 * Readers and checks that rows of settings are made of.
 *
 * @module
 */

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
