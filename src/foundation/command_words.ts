/**
 * Splits a line into words as a shell does, and as programs on Windows do.
 *
 * Source: The Open Group Base Specifications, Shell Command Language, section
 * 2.2 "Quoting", where nothing is expanded; "Parsing C command-line arguments",
 * Microsoft C++ documentation.
 *
 * @module
 */

/** What separates words; other white space is part of them. */
const BLANK = " \t\r\n";

/**
 * The words of a line, quotes and backslashes resolved.
 *
 * @returns The words, or `undefined` where a quote is not closed or a backslash
 * ends the line.
 */
export function shellWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  // Absent between words; "" inside an empty pair of quotes.
  let word: string | undefined;
  let index = 0;

  while (index < line.length) {
    const character = line.charAt(index++);
    if (BLANK.includes(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "\\") {
      if (index === line.length) return undefined;
      word = (word ?? "") + line.charAt(index++);
    } else if (character === "'" || character === '"') {
      const quoted = readQuoted(line, index, character);
      if (quoted === undefined) return undefined;
      word = (word ?? "") + quoted.text;
      index = quoted.end;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Reads up to the closing quote. In double quotes a backslash shields `"` and `\`. */
function readQuoted(
  line: string,
  start: number,
  quote: string,
): { readonly text: string; readonly end: number } | undefined {
  let text = "";
  for (let index = start; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === quote) return { text, end: index + 1 };
    const next = line.charAt(index + 1);
    const shields = quote === '"' && character === "\\" &&
      (next === '"' || next === "\\");
    text += shields ? next : character;
    if (shields) index++;
  }
  return undefined;
}

/** Backslashes before a quote; blanks; anything else. */
const PIECE = /(?<slashes>\\*)"|(?<blanks>[ \t]+)|\\+|[^\\" \t]+/g;

/**
 * The words of a line. Only double quotes quote; a backslash is one, unless it
 * stands before a quote: there two of them are one, and an odd one shields the
 * quote.
 *
 * @returns The words, or `undefined` where a quote is not closed.
 */
export function windowsWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  // Absent between words; "" inside an empty pair of quotes.
  let word: string | undefined;
  let quoted = false;

  for (const { 0: piece, groups = {} } of line.matchAll(PIECE)) {
    const { slashes, blanks } = groups;
    if (slashes !== undefined) {
      const shields = slashes.length % 2 === 1;
      word = (word ?? "") + "\\".repeat(Math.floor(slashes.length / 2)) +
        (shields ? '"' : "");
      if (!shields) quoted = !quoted;
    } else if (blanks !== undefined && !quoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + piece;
    }
  }
  if (quoted) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
