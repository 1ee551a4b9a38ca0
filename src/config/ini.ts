/**
 * The INI dialect of the AWS config files, and what their sections mean.
 *
 * @module
 */
import { parse } from "@std/ini";
import { encodeComponent } from "../foundation/bytes.ts";
import { shellWords } from "../foundation/command_words.ts";
import { ConfigError } from "../foundation/errors.ts";
import type {
  ConfigSection,
  FileState,
  ProfileSet,
  ProfileValue,
  SettingLocation,
} from "../ports/config.ts";

/** One of the two files, as far as it is known. */
export interface ConfigText {
  /** What became of the file. */
  readonly state: FileState;
  /** Its text; `""` where there is none. */
  readonly text: string;
}

type Sections = Map<string, ConfigSection>;

/**
 * Reads the two files.
 *
 * Source: "Configuration and credential file settings in the AWS CLI", AWS CLI
 * User Guide; where it is silent, as botocore does.
 *
 * @param config The config file.
 * @param credentials The credentials file.
 * @throws {ConfigError} `"ConfigParseError"`, naming path and line, if a text is
 * not of the dialect.
 */
export function profilesFrom(
  config: ConfigText,
  credentials: ConfigText,
): ProfileSet {
  const kinds = {
    profiles: new Map<string, ConfigSection>(),
    ssoSessions: new Map<string, ConfigSection>(),
    services: new Map<string, ConfigSection>(),
    others: new Map<string, ConfigSection>(),
  };
  for (const { name, section } of sections(config)) {
    sortIn(name, section, kinds);
  }
  const credentialsFile: Sections = new Map(
    sections(credentials).map(({ name, section }) => [name, section]),
  );
  return {
    ...kinds,
    profiles: merged(kinds.profiles, credentialsFile),
    configFile: kinds.profiles,
    credentialsFile,
    files: { config: config.state, credentials: credentials.state },
  };
}

/**
 * Reads a file of the same dialect whose sections have no kinds: boto 2's.
 *
 * @param text Its text.
 * @param path Its path, for errors.
 * @throws {ConfigError} `"ConfigParseError"`, if the text is not of the dialect.
 */
export function readSections(
  text: string,
  path: string,
): ReadonlyMap<string, ConfigSection> {
  const found = sections({ state: { kind: "found", path }, text });
  return new Map(found.map(({ name, section }) => [name, section]));
}

function sections(
  { state, text }: ConfigText,
): { readonly name: string; readonly section: ConfigSection }[] {
  const path = state.path ?? "";
  return parseIni(text, path).map((section) => ({
    name: section.name,
    section: configSection(section, path),
  }));
}

/** Puts a section of the config file where its name says; some names say nothing. */
function sortIn(
  name: string,
  section: ConfigSection,
  kinds: {
    readonly profiles: Sections;
    readonly ssoSessions: Sections;
    readonly services: Sections;
    readonly others: Sections;
  },
): void {
  if (name === "default") {
    kinds.profiles.set(name, section);
    return;
  }
  // Only the start counts, without a blank after it, as in botocore.
  const target = name.startsWith("profile")
    ? kinds.profiles
    : name.startsWith("sso-session")
    ? kinds.ssoSessions
    : name.startsWith("services")
    ? kinds.services
    : undefined;
  if (target === undefined) {
    kinds.others.set(name, section);
    return;
  }
  const words = shellWords(name);
  if (words?.length === 2 && words[1] !== undefined) {
    target.set(words[1], section);
  }
}

function configSection(section: IniSection, file: string): ConfigSection {
  const values: Record<string, ProfileValue> = bare();
  const locations: Record<string, SettingLocation> = bare();
  for (const [key, { value, line, lines }] of section.values) {
    values[key] = typeof value === "string" ? value : bare(value);
    locations[key] = { file, line };
    for (const [inner, innerLine] of lines ?? []) {
      locations[`${key}.${inner}`] = { file, line: innerLine };
    }
  }
  return { values, locations, location: { file, line: section.line } };
}

/** The values of the credentials file win key by key; a block is replaced whole. */
function merged(config: Sections, credentials: Sections): Sections {
  const all: Sections = new Map(config);
  for (const [name, over] of credentials) {
    const under = config.get(name);
    all.set(name, under === undefined ? over : overlay(under, over));
  }
  return all;
}

function overlay(under: ConfigSection, over: ConfigSection): ConfigSection {
  // Places of a replaced block's keys would point into the other file.
  const kept = Object.entries(under.locations).filter(([key]) =>
    !Object.hasOwn(over.values, key.split(".")[0] ?? key)
  );
  return {
    values: bare([
      ...Object.entries(under.values),
      ...Object.entries(over.values),
    ]),
    locations: bare([...kept, ...Object.entries(over.locations)]),
    location: under.location,
  };
}

/** A record that inherits nothing: `constructor` and `__proto__` are keys like others. */
function bare<Value>(
  entries: Iterable<readonly [string, Value]> = [],
): Record<string, Value> {
  const record: Record<string, Value> = Object.create(null);
  for (const [key, value] of entries) record[key] = value;
  return record;
}

/** A value, and the line it stands on. */
interface IniValue {
  /** Text, or the keys of a nested block. */
  readonly value: string | ReadonlyMap<string, string>;
  /** Number of the line of the text, or of the block's first key. */
  readonly line: number;
  /** The lines of a nested block's keys. */
  readonly lines?: ReadonlyMap<string, number>;
}

/** One section of a config file. */
export interface IniSection {
  /** What stands between the brackets. */
  readonly name: string;
  /** Number of the header's line. */
  readonly line: number;
  /** Values by lower-case key, in order. */
  readonly values: ReadonlyMap<string, IniValue>;
}

/** The section whose values count in all others. */
const COMMON = "DEFAULT";

/** A section as it comes out of the parser: values by token, all still encoded. */
type Encoded = Readonly<Record<string, string>>;

/** What ends a line inside a block, beside the line ends of the file. */
const LINE_SEPARATOR = new RegExp(
  `[${"\v\f\x1c\x1d\x1e\x85\u2028\u2029"}]`,
);

/**
 * Reads the text of a config or credentials file.
 *
 * @param text The text, its byte-order mark included if it has one.
 * @param path Path of the file, for errors.
 * @returns The sections in order, the one of common values left out.
 * @throws {ConfigError} `"ConfigParseError"`, naming path and line, if the text
 * is not of the dialect.
 */
export function parseIni(text: string, path: string): readonly IniSection[] {
  try {
    const safe = readTables(text).map(encodeTable).join("\n");
    const sections = Object.entries(parse<Record<string, Encoded>>(safe))
      .map(([token, values]) => decodeSection(token, values));
    return shareCommon(sections);
  } catch (error) {
    if (!(error instanceof IniSyntaxError)) throw error;
    throw new ConfigError(
      "ConfigParseError",
      `Cannot read config file "${path}", line ${error.line}: ${error.message}`,
    );
  }
}

function encodeTable({ name, line, keys }: IniTable): string {
  return [`[${token(line, name)}]`, ...keys.flatMap(encodeKey)].join("\n");
}

/** A key without a value of its own and with lines below is a nested block. */
function encodeKey({ name, value }: IniKey): string[] {
  const [own, ...below] = value;
  if (own === undefined) return [];
  if (own.text !== "" || below.length === 0) {
    const lines = value.map(({ text }) => text).join("\n");
    return [pair(token(own.line, name), lines)];
  }
  return below.flatMap(({ line, text }) =>
    text.split(LINE_SEPARATOR).map(strip).filter((part) => part !== "")
      .map((part) => {
        const equals = part.indexOf("=");
        if (equals < 0) {
          throw new IniSyntaxError(
            line,
            `a line of the block "${name}" must be a key, "=" and a value`,
          );
        }
        const inner = token(line, name, strip(part.slice(0, equals)));
        return pair(inner, strip(part.slice(equals + 1)));
      })
  );
}

function token(line: number, ...names: readonly string[]): string {
  return `${line}.${names.map(encodeComponent).join("/")}`;
}

function pair(key: string, value: string): string {
  return `${key}="${encodeComponent(value)}"`;
}

function decodeSection(header: string, entries: Encoded): IniSection {
  const { line, names: [name = ""] } = decodeToken(header);
  const values = new Map<string, IniValue>();
  for (const [key, encoded] of Object.entries(entries)) {
    const { line, names: [outer = "", inner] } = decodeToken(key);
    const value = decodeURIComponent(encoded);
    const known = values.get(outer);
    if (inner === undefined) values.set(outer, { line, value });
    else values.set(outer, withInner(known, inner, { line, value }));
  }
  return { name, line, values };
}

function withInner(
  block: IniValue | undefined,
  name: string,
  { line, value }: { readonly line: number; readonly value: string },
): IniValue {
  const known = block !== undefined && typeof block.value !== "string"
    ? block.value
    : [];
  return {
    value: new Map([...known, [name, value]]),
    line: block?.line ?? line,
    lines: new Map([...block?.lines ?? [], [name, line]]),
  };
}

function decodeToken(
  text: string,
): { readonly line: number; readonly names: readonly string[] } {
  const dot = text.indexOf(".");
  return {
    line: Number(text.slice(0, dot)),
    names: text.slice(dot + 1).split("/").map(decodeURIComponent),
  };
}

function shareCommon(sections: readonly IniSection[]): readonly IniSection[] {
  const common = sections.find(({ name }) => name === COMMON)?.values ?? [];
  return sections.filter(({ name }) => name !== COMMON).map((section) => ({
    ...section,
    values: new Map([
      ...section.values,
      ...[...common].filter(([key]) => !section.values.has(key)),
    ]),
  }));
}

/** A line of a value, trimmed. */
interface ValueLine {
  /** Number of the line in its file, from 1. */
  readonly line: number;
  /** What stands there. */
  readonly text: string;
}

/** A key and the lines of its value; the first one is the key's own. */
interface IniKey {
  /** The key, in lower case. */
  readonly name: string;
  /** The lines, at least one; blank ones inside are kept, those at the end are not. */
  readonly value: readonly ValueLine[];
}

/** A header and what stands under it. */
interface IniTable {
  /** What stands between the brackets. */
  readonly name: string;
  /** Number of the header's line. */
  readonly line: number;
  /** The keys, in order. */
  readonly keys: readonly IniKey[];
}

/** Thrown for a text that is not of the dialect; the caller adds the path. */
class IniSyntaxError extends Error {
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
function strip(text: string): string {
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

/** Reads a text. */
function readTables(text: string): readonly IniTable[] {
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
