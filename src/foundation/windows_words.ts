/**
 * Splits a line into words as programs on Windows do.
 *
 * Source: "Parsing C command-line arguments", Microsoft C++ documentation.
 *
 * @module
 */

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
