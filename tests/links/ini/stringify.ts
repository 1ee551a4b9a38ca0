/** Turns a value into its text; `section` is absent for top-level values. */
export type ReplacerFunction = (
  key: string,
  value: unknown,
  section?: string,
) => string;

/** Settings of {@linkcode stringify}. */
export interface StringifyOptions {
  /** What ends a line; a line feed by default. */
  lineBreak?: "\n" | "\r\n" | "\r";
  /** Puts spaces around `=`. */
  pretty?: boolean;
  /** Writes values in place of plain conversion to a string. */
  replacer?: ReplacerFunction;
}

type Entry = [name: string, value: unknown];

/**
 * Writes an object as INI text: top-level values first, then its objects as
 * sections. Nothing is quoted or escaped.
 */
export function stringify(
  object: object,
  options: StringifyOptions = {},
): string {
  const { replacer = (_, value) => `${value}` } = options;
  const equals = options.pretty ? " = " : "=";
  return Object.entries(object).sort(sectionsLast).flatMap(
    ([name, value]: Entry) => {
      if (!isSection(value)) return `${name}${equals}${replacer(name, value)}`;
      const lines = Object.entries(value).map(([key, item]: Entry) =>
        `${key}${equals}${replacer(key, item, name)}`
      );
      return [`[${name}]`, ...lines];
    },
  ).join(options.lineBreak ?? "\n");
}

/** Any object without a string tag of its own, class instances included. */
function isSection(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function sectionsLast([, a]: Entry, [, b]: Entry): number {
  if (isSection(a)) return 1;
  return isSection(b) ? -1 : 0;
}
