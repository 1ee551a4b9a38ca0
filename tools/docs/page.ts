/**
 * What a page of documentation says to the program that runs it.
 *
 * A comment `<!-- run: FLAGS -->` states the permissions of the blocks below it,
 * up to the next such comment; blocks above the first one run without any.
 *
 * @module
 */

/** A piece of TypeScript on a page. */
export interface Block {
  /** File and line of its first line of code, for example `"README.md:38"`. */
  readonly place: string;
  /** The code. */
  readonly code: string;
  /** The permissions it runs with. */
  readonly flags: readonly string[];
}

/** What a block that does not run has to begin with. */
const REASON = "// Not run: ";

/** Hosts that a page may allow: those that lead nowhere else. */
const LOOPBACK = /^--allow-net=(?:127\.0\.0\.1|localhost)$/;

/** Permissions that a page may ask for beside the loopback interface. */
const HARMLESS = /^--allow-(?:env|read|write|sys)(?:=\S+)?$/;

/**
 * Reads the blocks of a page.
 *
 * @param name Name of the page, for {@linkcode Block.place}.
 * @param text The page.
 * @returns All its blocks that begin with a fence of `ts`, the ignored ones left
 * out.
 * @throws {SyntaxError} If a block is ignored without a reason, or a permission
 * would lead out of the machine.
 */
export function blocksOf(name: string, text: string): Block[] {
  const pattern =
    /^<!-- run:(?<flags>.*)-->$|^```ts(?<mark> ignore)?\n(?<code>[\s\S]*?)^```$/gm;
  const blocks: Block[] = [];
  let flags: readonly string[] = [];
  for (const { groups = {}, index } of text.matchAll(pattern)) {
    const place = `${name}:${text.slice(0, index).split("\n").length + 1}`;
    const { flags: stated, code, mark } = groups;
    if (stated !== undefined) flags = readFlags(stated, place);
    if (code === undefined) continue;
    if (mark === undefined) blocks.push({ place, code, flags });
    else if (!code.startsWith(REASON)) {
      throw new SyntaxError(
        `${place}: an ignored block has to begin with "${REASON}" and the reason`,
      );
    }
  }
  return blocks;
}

function readFlags(text: string, place: string): readonly string[] {
  const flags = text.split(/\s+/).filter((flag) => flag !== "");
  for (const flag of flags) {
    if (LOOPBACK.test(flag) || HARMLESS.test(flag)) continue;
    throw new SyntaxError(
      `${place}: "${flag}" might lead out of the machine; allowed are --allow-net=127.0.0.1, --allow-env, --allow-read, --allow-write and --allow-sys`,
    );
  }
  return flags;
}
