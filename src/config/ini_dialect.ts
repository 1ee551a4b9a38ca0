/**
 * The dialect of the AWS config files, on top of `@std/ini`, which reads plain
 * INI only: it turns `012345678901` into a number, lifts nested keys into their
 * section and fails on characters that may stand in a value.
 *
 * So the text is first rewritten into tokens that any INI reader takes as they
 * are: a name is `LINE.NAME`, a nested one `LINE.PARENT/NAME`, each part percent-
 * encoded, and a value is percent-encoded in double quotes. They are decoded
 * after the parsing. The line number keeps every name apart from all others and
 * tells later where a value stands.
 *
 * @module
 */
import { parse } from "@std/ini";
import { ConfigError } from "../foundation/errors.ts";
import { encodeComponent } from "../foundation/bytes.ts";
import {
  type IniKey,
  IniSyntaxError,
  type IniTable,
  readTables,
  strip,
} from "./ini_lines.ts";

/** A value, and the line it stands on. */
export interface IniValue {
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
