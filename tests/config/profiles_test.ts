import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { profilesFrom } from "../../src/config/ini.ts";
import { chooseProfile, loadProfiles } from "../../src/config/profiles.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import { expandPath } from "../../src/foundation/paths.ts";
import type { FileState, ProfileSet } from "../../src/ports/config.ts";
import type { Found } from "../../src/ports/system.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";

Deno.test("loadProfiles reads the two files of the home folder", async () => {
  const system = new FakeSystem({
    env: { HOME: "/home/a" },
    files: {
      "/home/a/.aws/config": "[default]\nregion = x\n",
      "/home/a/.aws/credentials": "[b]\naws_access_key_id = k\n",
    },
  });

  const set = await loadProfiles(system);

  assertEquals([...set.profiles.keys()], ["default", "b"]);
  assertEquals(set.files, {
    config: { kind: "found", path: "/home/a/.aws/config" },
    credentials: { kind: "found", path: "/home/a/.aws/credentials" },
  });
});

Deno.test("loadProfiles reads the files that the environment names", async () => {
  const system = new FakeSystem({
    env: {
      HOME: "/h",
      DIR: "/etc/aws",
      AWS_CONFIG_FILE: "$DIR/conf",
      AWS_SHARED_CREDENTIALS_FILE: "~/keys",
    },
    files: { "/etc/aws/conf": "[default]\nregion=x", "/h/keys": "[b]\n" },
  });

  const set = await loadProfiles(system);

  assertEquals([...set.profiles.keys()], ["default", "b"]);
});

Deno.test("loadProfiles takes a missing file as an empty one", async () => {
  const set = await loadProfiles(new FakeSystem({ env: { HOME: "/h/" } }));

  assertEquals(set.profiles.size, 0);
  assertEquals(set.files.config, { kind: "absent", path: "/h/.aws/config" });
});

Deno.test("loadProfiles remembers what it may not read", async () => {
  const system = new FakeSystem({
    env: { HOME: "/h" },
    denied: ["/h/.aws/config", "AWS_SHARED_CREDENTIALS_FILE"],
  });

  const { files } = await loadProfiles(system);

  assertEquals(files, {
    config: {
      kind: "denied",
      path: "/h/.aws/config",
      flags: ["--allow-read=/h/.aws/config"],
    },
    credentials: {
      kind: "denied",
      path: "/h/.aws/credentials",
      flags: ["--allow-env=AWS_SHARED_CREDENTIALS_FILE"],
    },
  });
});

Deno.test("loadProfiles gets along without a home folder", async () => {
  const { files } = await loadProfiles(new FakeSystem({ denied: ["HOME"] }));

  assertEquals(files.config, {
    kind: "homeless",
    flags: ["--allow-env=HOME"],
  });
});

Deno.test("loadProfiles refuses a file that is not UTF-8, naming it", async () => {
  const system = new FakeSystem({ env: { HOME: "/h" } });
  system.readText = () => Promise.reject(new TypeError("not UTF-8"));

  const error = await assertRejects(() => loadProfiles(system), ConfigError);

  assertEquals(error.code, "ConfigParseError");
  assertEquals(
    error.message,
    'Cannot read config file "/h/.aws/config": it is not UTF-8 text',
  );
});

for (
  const [env, written, expected] of [
    [{ HOME: "/h" }, "~", "/h"],
    [{ HOME: "/h" }, "~/a", "/h/a"],
    [{ HOME: "/h" }, "~other/a", "~other/a"],
    [{ HOME: "/h" }, "/x/~/a", "/x/~/a"],
    [{ USERPROFILE: "C:\\Users\\a" }, "~\\x", "C:\\Users\\a\\x"],
    [{ HOMEDRIVE: "D:", HOMEPATH: "\\a" }, "~/x", "D:\\a/x"],
    [{ HOME: "", USERPROFILE: "/u" }, "~/x", "/u/x"],
    [{ HOMEDRIVE: "D:" }, "~/x", undefined],
    [{ A: "1", B: "2" }, "/$A/${B}/$C/${D}", "/1/2/$C/${D}"],
    [{ H: "~", HOME: "/h" }, "$H/x", "/h/x"],
    [{ A: "$B", B: "no" }, "/$A", "/$B"],
  ] as const
) {
  Deno.test(`expandPath makes ${expected} of ${written}`, () => {
    const { path } = expandPath(written, new FakeSystem({ env }));

    assertEquals(path, expected);
  });
}

for (
  const [windows, flags] of [
    [false, ["--allow-env=HOME"]],
    [
      true,
      ["HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"].map((name) =>
        `--allow-env=${name}`
      ),
    ],
  ] as const
) {
  Deno.test(`expandPath names what may not be looked at, Windows: ${windows}`, () => {
    const env = (name: string): Found<string> => ({
      kind: "denied",
      flag: `--allow-env=${name}`,
    });

    assertEquals(expandPath("~/x", { windows, env }), { denied: [...flags] });
  });
}

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

  assertEquals({ ...profiles.get("a")?.locations }, {
    "region": { file: "/k", line: 3 },
    "s3": { file: "/c", line: 4 },
    "s3.addressing_style": { file: "/c", line: 4 },
  });
  assertEquals(profiles.get("a")?.location, { file: "/c", line: 1 });
  assertEquals({ ...profiles.get("b")?.locations }, {
    region: { file: "/k", line: 5 },
  });
});

Deno.test("profilesFrom forgets the locations of a block that is replaced", () => {
  const { profiles } = read(
    "[default]\ns3 =\n  a = 1\n",
    "[default]\ns3 =\n  b = 2\n",
  );

  assertEquals({ ...profiles.get("default")?.locations }, {
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

const SET = profilesFrom(
  {
    state: { kind: "found", path: "/c" },
    text: "[profile dev]\n[profile prod]\n",
  },
  { state: { kind: "absent", path: "/k" }, text: "" },
);

for (
  const [env, given, expected] of [
    [{ AWS_PROFILE: "dev", AWS_DEFAULT_PROFILE: "dev" }, "prod", "prod"],
    [{ AWS_PROFILE: "dev", AWS_DEFAULT_PROFILE: "prod" }, undefined, "prod"],
    [{ AWS_PROFILE: "dev" }, undefined, "dev"],
    [{}, undefined, "default"],
  ] as const
) {
  Deno.test(`chooseProfile takes ${expected} for ${JSON.stringify([env, given])}`, () => {
    const { name } = chooseProfile(SET, new FakeSystem({ env }), given);

    assertEquals(name, expected);
  });
}

Deno.test("chooseProfile does without a default profile", () => {
  const chosen = chooseProfile(SET, new FakeSystem());

  assertEquals(chosen, {
    name: "default",
    source: { kind: "default" },
    denied: [],
  });
});

Deno.test("chooseProfile lists what there is when a profile is unknown", () => {
  const system = new FakeSystem({ env: { AWS_PROFILE: "prd" } });

  const error = assertThrows(() => chooseProfile(SET, system), ConfigError);

  assertEquals(error.code, "ProfileNotFound");
  assertEquals(
    error.message,
    'Cannot find profile "prd", which AWS_PROFILE names: the profiles are "dev", "prod"; did you mean "prod"? Looked in "/c" and "/k" (not there)',
  );
});

Deno.test("chooseProfile looks up an empty name too", () => {
  const system = new FakeSystem({ env: { AWS_PROFILE: "" } });

  const error = assertThrows(() => chooseProfile(SET, system), ConfigError);

  assertStringIncludes(error.message, 'Cannot find profile ""');
});

const DENIED: FileState = {
  kind: "denied",
  path: "/k",
  flags: ["--allow-read=/k"],
};

Deno.test("chooseProfile names the flag when a profile given in code cannot be read whole", () => {
  const half = { ...SET, files: { ...SET.files, credentials: DENIED } };

  const error = assertThrows(
    () => chooseProfile(half, new FakeSystem(), "dev"),
    ConfigError,
    "run with --allow-read=/k",
  );

  assertEquals(error.code, "ProfileNotFound");
});

Deno.test("chooseProfile takes a file that may not be read as absent otherwise", () => {
  const half = { ...SET, files: { ...SET.files, credentials: DENIED } };
  const system = new FakeSystem({ env: { AWS_PROFILE: "dev" } });

  assertEquals(chooseProfile(half, system).name, "dev");
  assertThrows(
    () => chooseProfile(half, new FakeSystem({ env: { AWS_PROFILE: "ops" } })),
    ConfigError,
    '"/k" (not permitted: --allow-read=/k)',
  );
});

Deno.test("chooseProfile remembers the variables it may not look at", () => {
  const system = new FakeSystem({ denied: ["AWS_PROFILE"] });

  assertEquals(chooseProfile(SET, system).denied, ["--allow-env=AWS_PROFILE"]);
});
