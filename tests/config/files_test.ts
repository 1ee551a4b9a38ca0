import { assertEquals, assertRejects } from "@std/assert";
import { loadProfiles } from "../../src/config/files.ts";
import { expandPath } from "../../src/foundation/paths.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
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
