/** What a value without a reviver turns into. */
type Scalar = string | number | boolean | null;

/** Replaces a value that was read; `section` is absent before the first one. */
export type ReviverFunction = (
  key: string,
  value: string | number | boolean | null,
  section?: string,
) => unknown;

/** Settings of {@linkcode parse}. */
export interface ParseOptions {
  /** Called for every value, after words and numbers have become such. */
  reviver?: ReviverFunction;
}

const WORDS: ReadonlyMap<string, Scalar> = new Map([
  ["null", null],
  ["true", true],
  ["false", false],
]);

/**
 * Reads INI text into an object of values and, by name, sections.
 *
 * A later section of the same name replaces the earlier, a later key too.
 * Values that look like a number become one, an empty value becomes `0`.
 *
 * @throws {SyntaxError} On a line that is neither comment, section nor pair.
 */
export function parse<T extends object>(
  text: string,
  options: ParseOptions = {},
): T {
  if (typeof text !== "string") unexpected(`token ${text} in INI`, 0);
  const root = {} as T;
  let target: object = root;
  let section: string | undefined;

  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = raw.trim();
    const lineNumber = index + 1;
    if (/^(?:$|[#;]|\/\/)/.test(line)) continue;
    if (line.startsWith("[")) {
      section = readSection(line, lineNumber);
      target = {};
      setOwn(root, section, target);
      continue;
    }
    const [key, written] = readPair(line, lineNumber);
    const value = readScalar(written);
    const kept = options.reviver ? options.reviver(key, value, section) : value;
    setOwn(target, key, kept);
  }
  return root;
}

function unexpected(what: string, lineNumber: number): never {
  throw new SyntaxError(`Unexpected ${what} at line ${lineNumber}`);
}

/** Takes the name between the brackets as it is, spaces included. */
function readSection(line: string, lineNumber: number): string {
  if (!line.endsWith("]")) unexpected("end of INI section", lineNumber);
  // The dot leaves out U+2028 and U+2029: names with one count as empty.
  const name = /^\[(.+)\]$/.exec(line)?.[1];
  if (!name?.trim()) unexpected("empty section name", lineNumber);
  return name;
}

/** Splits at the first `=` that leaves no line separator in key or value. */
function readPair(line: string, lineNumber: number): [string, string] {
  const [, key, value] = /^(.*?)\s*=\s*(.*)$/.exec(line) ?? [];
  if (key === undefined || value === undefined) {
    unexpected(`token ${line[0]} in INI`, lineNumber);
  }
  if (key === "") unexpected("empty key name", lineNumber);
  return [key, value];
}

function readScalar(written: string): Scalar {
  const word = WORDS.get(written);
  if (word !== undefined) return word;
  if (written.length > 1 && written.startsWith('"') && written.endsWith('"')) {
    return written.slice(1, -1);
  }
  const number = Number(written);
  return Number.isNaN(number) ? written : number;
}

/** Defines instead of assigning, so that `__proto__` is a name like others. */
function setOwn(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
