import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { chooseProfile } from "../../src/config/profile_choice.ts";
import { profilesFrom } from "../../src/config/profiles.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { FileState } from "../../src/ports/config.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";

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
