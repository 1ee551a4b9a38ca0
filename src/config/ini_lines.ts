/**
 * Reads a config text line by line: which lines are headers, which are keys, and
 * which go on with the value before them.
 *
 * The rules are those of Python's `RawConfigParser`, which botocore reads these
 * files with. Source: Python library reference, "configparser", sections
 * "Supported INI File Structure" and "Customizing Parser Behaviour".
 *
 * @module
 */

/** A line of a value, trimmed. */
export interface ValueLine {
  /** Number of the line in its file, from 1. */
  readonly line: number;
  /** What stands there. */
  readonly text: string;
}

/** A key and the lines of its value; the first one is the key's own. */
export interface IniKey {
  /** The key, in lower case. */
  readonly name: string;
  /** The lines, at least one; blank ones inside are kept, those at the end are not. */
  readonly value: readonly ValueLine[];
}

/** A header and what stands under it. */
export interface IniTable {
  /** What stands between the brackets. */
  readonly name: string;
  /** Number of the header's line. */
  readonly line: number;
  /** The keys, in order. */
  readonly keys: readonly IniKey[];
}

/** Thrown for a text that is not of the dialect; the caller adds the path. */
export class IniSyntaxError extends Error {
  /** Number of the line, from 1. */
  readonly line: number;

  /**
   * Makes the error.
   *
   * @param line Number of the line.
   * @param problem What is wrong there; never the line itself, which may hold a secret.
   */
  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

/** White space for Python, but not for JavaScript. */
const MORE_SPACE = "\x1c\x1d\x1e\x1f\x85";

/** White space for JavaScript, but not for Python. */
const BYTE_ORDER_MARK = "\uFEFF";

/** Removes white space at both ends. */
export function strip(text: string): string {
  const start = indentation(text);
  let end = text.length;
  while (end > start && isSpace(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Characters of white space at the start. */
function indentation(text: string): number {
  let start = 0;
  while (start < text.length && isSpace(text.charAt(start))) start++;
  return start;
}

function isSpace(character: string): boolean {
  return MORE_SPACE.includes(character) ||
    character !== BYTE_ORDER_MARK && /\s/.test(character);
}

/**
 * Reads a text.
 *
 * @throws {IniSyntaxError} On the first line that does not fit.
 */
export function readTables(text: string): readonly IniTable[] {
  const reader = new LineReader();
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    reader.take(line, index + 1);
  }
  return reader.tables;
}

interface OpenKey {
  readonly name: string;
  readonly value: ValueLine[];
}

interface OpenTable {
  readonly name: string;
  readonly line: number;
  readonly keys: OpenKey[];
}

class LineReader {
  readonly tables: OpenTable[] = [];
  #table: OpenTable | undefined;
  #key: OpenKey | undefined;
  /** Indentation of the last header or key line. */
  #indent = 0;
  /** Blank lines that belong to the value if it goes on. */
  #blanks: ValueLine[] = [];

  take(raw: string, line: number): void {
    const text = strip(raw);
    if (text.startsWith("#") || text.startsWith(";")) return;
    if (text === "") {
      this.#blanks.push({ line, text });
      return;
    }
    const indent = indentation(raw);
    const blanks = this.#blanks;
    this.#blanks = [];
    if (this.#key !== undefined && indent > this.#indent) {
      this.#key.value.push(...blanks, { line, text });
      return;
    }
    this.#indent = indent;
    const end = text.lastIndexOf("]");
    if (text.startsWith("[") && end > 1) {
      this.#open(text.slice(1, end), line);
    } else {
      this.#addKey(text, line);
    }
  }

  #open(name: string, line: number): void {
    this.#key = undefined;
    const known = this.tables.find((table) => table.name === name);
    // Only the section of common values may be opened again.
    if (known !== undefined && name !== "DEFAULT") {
      throw new IniSyntaxError(
        line,
        `section "${name}" stands already on line ${known.line}; put its keys into one section`,
      );
    }
    this.#table = known ?? { name, line, keys: [] };
    if (known === undefined) this.tables.push(this.#table);
  }

  #addKey(text: string, line: number): void {
    if (this.#table === undefined) {
      throw new IniSyntaxError(line, missingHeader(text));
    }
    const delimiter = text.search(/[=:]/);
    if (delimiter < 0) {
      throw new IniSyntaxError(
        line,
        "it is neither a section, nor a key with its value, nor a comment",
      );
    }
    const name = strip(text.slice(0, delimiter)).toLowerCase();
    if (name === "") {
      throw new IniSyntaxError(line, "there is no key before the value");
    }
    const known = this.#table.keys.find((key) => key.name === name);
    if (known !== undefined) {
      throw new IniSyntaxError(
        line,
        `key "${name}" stands already on line ${
          known.value[0]?.line
        }; keep one of the two`,
      );
    }
    this.#key = {
      name,
      value: [{ line, text: strip(text.slice(delimiter + 1)) }],
    };
    this.#table.keys.push(this.#key);
  }
}

function missingHeader(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK)
    ? "the file starts with a byte-order mark; save it as UTF-8 without one"
    : "there is no section, such as [default], above it";
}
