import { assert, assertEquals, assertMatch } from "@std/assert";
import { profilesFrom } from "../../src/config/profiles.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { ProfileSet } from "../../src/ports/config.ts";

function read(config: string, credentials = ""): ProfileSet {
  return profilesFrom(
    { state: { kind: "found", path: "/c" }, text: config },
    { state: { kind: "found", path: "/k" }, text: credentials },
  );
}

Deno.test("profilesFrom tells where each value of the merged view stands", () => {
  const { profiles } = read(
    "[profile a]\nregion = x\ns3 =\n  addressing_style = path\n",
    "[a]\n\nregion = y\n[b]\nregion = z\n",
  );

  assertEquals({ ...profiles.get("a")?.places }, {
    "region": { file: "/k", line: 3 },
    "s3": { file: "/c", line: 4 },
    "s3.addressing_style": { file: "/c", line: 4 },
  });
  assertEquals(profiles.get("a")?.place, { file: "/c", line: 1 });
  assertEquals({ ...profiles.get("b")?.places }, {
    region: { file: "/k", line: 5 },
  });
});

Deno.test("profilesFrom forgets the places of a block that is replaced", () => {
  const { profiles } = read(
    "[default]\ns3 =\n  a = 1\n",
    "[default]\ns3 =\n  b = 2\n",
  );

  assertEquals({ ...profiles.get("default")?.places }, {
    "s3": { file: "/k", line: 3 },
    "s3.b": { file: "/k", line: 3 },
  });
});

Deno.test("profilesFrom keeps the files apart beside the merged view", () => {
  const set = read("[default]\nregion = x\n", "[default]\nregion = y\n[b]\n");

  assertEquals(set.configFile.get("default")?.values["region"], "x");
  assertEquals(set.credentialsFile.get("default")?.values["region"], "y");
  assertEquals(set.profiles.get("default")?.values["region"], "y");
  assertEquals([...set.configFile.keys()], ["default"]);
  assertEquals([...set.profiles.keys()], ["default", "b"]);
});

Deno.test("profilesFrom gives values that inherit nothing", () => {
  const values = read("[default]\n__proto__ = a\n").profiles.get("default")
    ?.values;

  assertEquals(values?.["constructor"], undefined);
  assertEquals(values?.["__proto__"], "a");
});

/** Three profiles with the same keys, whose values name their profile. */
const NAMES = ["alpha", "bravo", "charlie"];
const FILE = NAMES.map((name) =>
  `[profile ${name}]
aws_access_key_id = AKIA-${name}
aws_secret_access_key = secret/-${name}+=
region = region-${name}
s3 =
  addressing_style = style-${name}
`
).join("\n");

const PIECES = ["", "\n", "\r", " ", "=", ":", "[", "]", "#", '"', "\0", "\t"];

Deno.test("profilesFrom survives damage without mixing profiles", () => {
  let read = 0;
  let refused = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    const text = damaged(FILE, random(seed));
    try {
      assertUnmixed(text, seed);
      read++;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      assertMatch(error.message, /"\/[ck]", line \d+: /, `seed ${seed}`);
      refused++;
    }
  }

  assert(read > 100 && refused > 100, `${read} read, ${refused} refused`);
});

function assertUnmixed(text: string, seed: number): void {
  const keys = seed % 3 === 0 ? text.replaceAll("profile ", "") : "";
  const { profiles } = read(text, keys);
  for (const name of NAMES) {
    const values = JSON.stringify(profiles.get(name)?.values ?? {});
    for (const other of NAMES.filter((other) => other !== name)) {
      assert(!values.includes(`-${other}`), `seed ${seed}: ${name} ${values}`);
    }
  }
}

/** One to three characters replaced, inserted or removed, or lines cut out. */
function damaged(text: string, next: () => number): string {
  for (let count = 1 + Math.floor(next() * 3); count > 0; count--) {
    const start = Math.floor(next() * text.length);
    const piece = PIECES[Math.floor(next() * PIECES.length)] ?? "";
    const length = Math.floor(next() * 3);
    text = text.slice(0, start) + piece + text.slice(start + length);
    if (next() < 0.2) {
      const lines = text.split("\n");
      lines.splice(Math.floor(next() * lines.length), 1);
      text = lines.join("\n");
    }
  }
  return text;
}

/** Source: G. Marsaglia, "Xorshift RNGs", 2003, the 32-bit generator. */
function random(seed: number): () => number {
  let state = seed * 2_654_435_761 >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
