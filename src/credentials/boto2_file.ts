/**
 * Keys in the config file of boto 2.
 *
 * @module
 */
import { expandPath } from "../foundation/paths.ts";
import type { ConfigSection } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./resolution.ts";
import { placeOf } from "./section.ts";
import { keysIn } from "./static_keys.ts";
import { readTextFile } from "./text_file.ts";

const NAME = "boto-config";
const VARIABLE = "BOTO_CONFIG";
const USUAL = ["/etc/boto.cfg", "~/.boto"];

/**
 * Reads the sections of a config file.
 *
 * @param text The file's text.
 * @param path Its path, for errors.
 * @throws {ConfigError} If the text is not of the dialect.
 */
export type ReadSections = (
  text: string,
  path: string,
) => ReadonlyMap<string, ConfigSection>;

/** What {@linkcode boto2FileProvider} needs. */
export interface Boto2FileDeps {
  /** Environment and files. */
  readonly system: Pick<System, "env" | "readText">;
  /** Reads a config file. Absent: no file is looked at. */
  readonly readSections?: ReadSections;
}

/**
 * Makes the provider of the section `[Credentials]` in the file that `BOTO_CONFIG`
 * names, else in `/etc/boto.cfg` or `~/.boto`. There is no token in it.
 *
 * @param deps Environment and files.
 */
export function boto2FileProvider(deps: Boto2FileDeps): ExplainableProvider {
  return provider(NAME, async (): Promise<Resolution> => {
    const { system, readSections } = deps;
    if (readSections === undefined) {
      return { kind: "absent", why: "not in use" };
    }
    const named = system.env(VARIABLE);
    const written = named.kind === "found" ? [named.value] : USUAL;
    const flags = named.kind === "denied" ? [named.flag] : [];
    for (const one of written) {
      const { path, denied } = expandPath(one, system);
      flags.push(...denied);
      if (path === undefined) continue;
      const found = await readTextFile(system, path, NAME);
      if (found.kind === "denied") flags.push(found.flag);
      if (found.kind !== "found") continue;
      const finding = keysOf(readSections(found.value, path));
      if (finding !== undefined) return finding;
    }
    if (flags.length > 0) return { kind: "denied", flags };
    const files = written.map((path) => `"${path}"`).join(" and ");
    return { kind: "absent", why: `there are no keys in ${files}` };
  });
}

function keysOf(
  sections: ReturnType<ReadSections>,
): Resolution | undefined {
  const section = sections.get("Credentials");
  const keys = section && keysIn(NAME, section);
  if (section === undefined || keys === undefined) return undefined;
  const { accessKeyId, secretAccessKey, source = NAME } = keys;
  return {
    kind: "found",
    credentials: { accessKeyId, secretAccessKey, source },
    at: placeOf(section, "aws_access_key_id"),
  };
}
