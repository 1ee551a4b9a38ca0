import { assertEquals, assertMatch } from "@std/assert";
import { CredentialChain } from "../../src/credentials/chain.ts";
import { defaultProviders } from "../../src/credentials/default_chain.ts";
import { AwsError, ConfigError } from "../../src/foundation/errors.ts";
import type { Credentials } from "../../src/ports/credentials.ts";
import { chainContext } from "./doubles.ts";

const PROFILES = ["default", "dev", "ops", "a b"];

/** Files in which the keys of each profile tell whose they are. */
const FILES = {
  "/home/ann/.aws/config": `[default]
region = eu-west-1
s3 =
  addressing_style = path
[profile dev]
aws_access_key_id = KEYOF(dev)
aws_secret_access_key = SECRETOF(dev)
role_session_name = me
[profile "a b"]
aws_access_key_id = KEYOF(a b)
aws_secret_access_key = SECRETOF(a b)
`,
  "/home/ann/.aws/credentials": `[default]
aws_access_key_id = KEYOF(default)
aws_secret_access_key = SECRETOF(default)
[ops]
aws_access_key_id = KEYOF(ops)
aws_secret_access_key = SECRETOF(ops)
aws_session_token = T
`,
};

/** What mutations put in. */
const PIECES = [
  "[",
  "]",
  "=",
  ":",
  "\n",
  " ",
  "#",
  '"',
  "\\",
  "[ops]\n",
  "  indented = x\n",
  "\u2028",
  "__proto__ = x\n",
];

/** Numbers that look random and are the same each time. Source: Mulberry32, public domain. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Leaves one line out, cuts the text, or puts a piece in. */
function mutated(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const kind = random();
  if (kind < 0.2) return text.slice(0, at);
  if (kind < 0.4) {
    const lines = text.split("\n");
    return lines.toSpliced(Math.floor(random() * lines.length), 1).join("\n");
  }
  const piece = PIECES[Math.floor(random() * PIECES.length)] ?? "";
  return text.slice(0, at) + piece + text.slice(at + (kind < 0.7 ? 1 : 0));
}

async function keysOf(
  files: Record<string, string>,
  name: string,
): Promise<Credentials> {
  const context = await chainContext({
    env: { AWS_EC2_METADATA_DISABLED: "true" },
    files,
    profile: name,
  });
  return await new CredentialChain(defaultProviders(context)).load();
}

/**
 * Whether a value stands below a header that names the profile. Reads the text on
 * its own: only lines that start with a bracket are headers.
 */
function standsBelow(
  files: Readonly<Record<string, string>>,
  profile: string,
  value: string,
): boolean {
  return Object.values(files).some((text) => {
    let header = "";
    return text.split("\n").some((line) => {
      if (line.startsWith("[")) header = line;
      return line.includes(value) && header.includes(profile);
    });
  });
}

Deno.test("defaultProviders never hand out another profile's keys, whatever befalls the files", async () => {
  const random = seeded(20_240_229);
  let found = 0;
  let refused = 0;
  for (let round = 0; round < 100; round++) {
    const files = Object.fromEntries(
      Object.entries(FILES).map((
        [path, text],
      ) => [path, mutated(text, random)]),
    );
    for (const name of PROFILES) {
      try {
        const { accessKeyId, secretAccessKey } = await keysOf(files, name);
        found++;
        assertEquals(standsBelow(files, name, accessKeyId), true);
        assertEquals(standsBelow(files, name, secretAccessKey), true);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        refused++;
        if (error instanceof ConfigError && error.code === "ConfigParseError") {
          assertMatch(error.message, /"\/home\/ann\/\.aws\/\w+".*line \d+/);
        }
      }
    }
  }

  // The mutations neither leave everything whole nor break everything.
  assertEquals(found > 100 && refused > 20, true, `${found}, ${refused}`);
});
