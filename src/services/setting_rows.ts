/**
 * The kinds of settings that services have.
 *
 * @module
 */
import type { Setting } from "../ports/config.ts";

/** Where else a setting may be set, and what it is where it is set nowhere. */
type Elsewhere<T> = Pick<Setting<T>, "env" | "fallback" | "profile">;

/** A setting that is on or off. */
export function onOff(
  name: string,
  elsewhere: Elsewhere<boolean>,
): Setting<boolean> {
  return {
    ...elsewhere,
    name,
    allowed: "true, false",
    read: (text) => {
      const word = text.toLowerCase();
      if (word === "true") return true;
      return word === "false" ? false : undefined;
    },
    accepts: (value) => typeof value === "boolean",
  };
}

/**
 * A setting that is one of some words.
 *
 * @param words Each word that may be written in the environment or a profile,
 * and what it means in code.
 */
export function oneOf<Word extends string>(
  name: string,
  words: Readonly<Record<string, Word>>,
  elsewhere: Elsewhere<Word>,
): Setting<Word> {
  const inCode: readonly unknown[] = Object.values(words);
  return {
    ...elsewhere,
    name,
    allowed: Object.keys(words).join(", "),
    read: (text) => {
      const word = text.toLowerCase();
      return Object.hasOwn(words, word) ? words[word] : undefined;
    },
    accepts: (value) => inCode.includes(value),
  };
}
