/**
 * Runs cases that lie outside the repository, as JSON files in one folder: the
 * one that the environment variable `INIA_VECTORS` names, else
 * `../shared/vectors` beside the checkout. Another folder with other cases in the
 * same format works as well.
 *
 * @module
 */
import { DEVIATIONS } from "./deviations.ts";

/** Cases of one file, or of one list in it. */
export interface VectorSuite<Case> {
  /** Name of the file, for example `"endpoints-s3.json"`. */
  readonly file: string;
  /** Name of the list in the file, where it has several. */
  readonly section?: string;
  /**
   * Picks the cases out of the file. `undefined`: it has no such list, which is
   * a failure in the default folder only.
   */
  readonly cases: (data: unknown) => readonly Case[] | undefined;
  /** Name of a case, for the report. */
  readonly name: (vector: Case, index: number) => string;
  /** Throws where our result differs from what the case expects. */
  readonly run: (vector: Case) => void | Promise<void>;
}

const CONFIGURED = Deno.env.get("INIA_VECTORS") || undefined;

/** The folder that holds the files, as a URL that ends in a slash. */
export const VECTORS: URL = CONFIGURED === undefined
  ? new URL("../../../shared/vectors/", import.meta.url)
  : folderUrl(CONFIGURED);

/** Small files in the same form, for what the form allows and few cases use. */
const OWN = new URL("own/", import.meta.url);

const FOLDER_PRESENT = folderPresent();

/**
 * Registers one test that runs all cases of a suite and reports how many ran and
 * deviated, and another where `own/` beside this file has cases of it.
 *
 * @param suite The cases.
 */
export function vectorTest<Case>(suite: VectorSuite<Case>): void {
  const id = suite.section ? `${suite.file}#${suite.section}` : suite.file;
  const present = FOLDER_PRESENT && filePresent(suite.file, VECTORS);
  Deno.test({
    name: `vectors ${id}`,
    ignore: !present,
    fn: async () => {
      const cases = casesIn(suite, VECTORS);
      if (cases !== undefined) await runAll(id, suite, cases);
      else if (CONFIGURED) console.log(`vectors ${id}: no such list`);
      else throw new Error(`${suite.file} has no list ${suite.section}`);
    },
  });
  if (!filePresent(suite.file, OWN)) return;
  if (!casesIn(suite, OWN)?.length) return;
  Deno.test(
    `vectors ${id}, cases of our own`,
    () => runAll(id, suite, casesIn(suite, OWN) ?? []),
  );
}

function casesIn<Case>(
  suite: VectorSuite<Case>,
  folder: URL,
): readonly Case[] | undefined {
  const text = Deno.readTextFileSync(new URL(suite.file, folder));
  return suite.cases(JSON.parse(text));
}

async function runAll<Case>(
  id: string,
  suite: VectorSuite<Case>,
  cases: readonly Case[],
): Promise<void> {
  const deviations = DEVIATIONS.filter((entry) => entry.suite === id);
  const failures: string[] = [];
  let ran = 0;
  let deviated = 0;

  for (const [index, vector] of cases.entries()) {
    const known = deviations.find((entry) => entry.applies(vector));
    ran++;
    if (known !== undefined) deviated++;
    try {
      await suite.run(
        known === undefined ? vector : await known.expect(vector) as Case,
      );
    } catch (error) {
      failures.push(
        `${suite.name(vector, index)}: ${
          error instanceof Error ? error.message : error
        }`,
      );
    }
  }

  console.log(`vectors ${id}: ${ran} ran, ${deviated} deviated`);
  if (ran === 0) failures.push("there is no case");
  if (failures.length > 0) {
    throw new Error(
      `${failures.length} of ${cases.length} cases of ${id} failed:\n${
        failures.join("\n")
      }`,
    );
  }
}

/** Only the absence of the default folder is no failure. */
function folderPresent(): boolean {
  try {
    Array.from(Deno.readDirSync(VECTORS));
    return true;
  } catch (error) {
    if (CONFIGURED === undefined && error instanceof Deno.errors.NotFound) {
      return false;
    }
    throw error;
  }
}

/** What is there under the name and is no file fails when it is read. */
function filePresent(file: string, folder: URL): boolean {
  try {
    Deno.statSync(new URL(file, folder));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function folderUrl(path: string): URL {
  const absolute = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  return new URL(
    `file://${absolute.split("/").map(encodeURIComponent).join("/")}/`,
  );
}
