import { assertEquals, assertThrows } from "@std/assert";
import { profilesFrom } from "../../src/config/ini.ts";
import {
  resolve,
  type SettingSources,
  sourceText,
} from "../../src/config/settings.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import { isText, oneOf } from "../../src/foundation/options.ts";
import type { Setting } from "../../src/ports/config.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";

const STYLE = {
  name: "style",
  env: ["STYLE", "OLD_STYLE"],
  profile: ["s3.style", "style"],
  ...oneOf(["auto", "path"]),
  fallback: "auto",
};

function sources(
  options: Partial<SettingSources> & { readonly profileText?: string } = {},
): SettingSources {
  const { profileText = "", ...rest } = options;
  const { profiles } = profilesFrom(
    { state: { kind: "found", path: "/c" }, text: `[default]\n${profileText}` },
    { state: { kind: "absent", path: "/k" }, text: "" },
  );
  const section = profiles.get("default");
  return {
    explicit: [],
    system: new FakeSystem(),
    profile: { name: "default", ...section === undefined ? {} : { section } },
    ...rest,
  };
}

Deno.test("resolve tells where a value was set and what it beat", () => {
  const resolved = resolve(
    STYLE,
    sources({
      explicit: [
        { owner: "client", options: { style: "path" } },
        { owner: "session", options: { style: "auto" } },
      ],
      system: new FakeSystem({ env: { OLD_STYLE: "nonsense" } }),
      profileText: "s3 =\n  style = path\nstyle = auto\n",
    }),
  );

  assertEquals(resolved, {
    value: "path",
    source: { kind: "code", owner: "client", name: "style" },
    overridden: [
      {
        source: { kind: "code", owner: "session", name: "style" },
        value: "auto",
      },
      { source: { kind: "env", name: "OLD_STYLE" }, value: "nonsense" },
      {
        source: {
          kind: "file",
          section: "profile default",
          key: "s3.style",
          location: { file: "/c", line: 3 },
        },
        value: "path",
      },
      {
        source: {
          kind: "file",
          section: "profile default",
          key: "style",
          location: { file: "/c", line: 4 },
        },
        value: "auto",
      },
      { source: { kind: "default" }, value: "auto" },
    ],
    denied: [],
  });
});

Deno.test("resolve takes the default where nothing is set", () => {
  const resolved = resolve(
    STYLE,
    sources({
      explicit: [{ owner: "client", options: { style: undefined } }],
      system: new FakeSystem({ denied: ["STYLE"] }),
    }),
  );

  assertEquals(resolved, {
    value: "auto",
    source: { kind: "default" },
    overridden: [],
    denied: ["--allow-env=STYLE"],
  });
});

Deno.test("resolve does not look for options in what options inherit", () => {
  const row: Setting<string> = {
    name: "constructor",
    accepts: isText,
    allowed: "a text",
  };

  const { value } = resolve(
    row,
    sources({ explicit: [{ owner: "client", options: {} }] }),
  );

  assertEquals(value, undefined);
});

Deno.test("resolve passes over a text where a block is expected", () => {
  const resolved = resolve(STYLE, sources({ profileText: "s3 = path\n" }));

  assertEquals(resolved.value, "auto");
});

for (
  const [what, where, message] of [
    [
      "in code",
      { explicit: [{ owner: "client", options: { style: 7 } }] },
      'Invalid style: expected "auto", "path", got 7, set by the option style of the client',
    ],
    [
      "in the environment",
      { system: new FakeSystem({ env: { STYLE: "Path" } }) },
      'Invalid style: expected "auto", "path", got "Path", set by the environment variable STYLE',
    ],
    [
      "in a file",
      { profileText: "\nstyle = \n" },
      'Invalid style: expected "auto", "path", got "", set by style of [profile default] in "/c", line 3',
    ],
    [
      "as a block",
      { profileText: "style =\n  a = b\n" },
      'Invalid style: expected "auto", "path", got a block of values, set by style of [profile default] in "/c", line 3',
    ],
  ] as const
) {
  Deno.test(`resolve refuses a wrong value ${what}, naming the place`, () => {
    const error = assertThrows(
      () => resolve(STYLE, sources(where)),
      ConfigError,
    );

    assertEquals(error.message, message);
    assertEquals(error.code, "InvalidConfigError");
  });
}

Deno.test("resolve gives an error the code of its row, and withholds passwords", () => {
  const row = { ...STYLE, code: "InvalidStyleError" };
  const given = [{
    owner: "client",
    options: { style: "http://me:hunter2@host" },
  }] as const;

  const error = assertThrows(
    () => resolve(row, sources({ explicit: given })),
    ConfigError,
  );

  assertEquals(error.code, "InvalidStyleError");
  assertEquals(error.message.includes("hunter2"), false);
});

Deno.test("sourceText tells each kind of source", () => {
  assertEquals(sourceText({ kind: "default" }), "default");
  assertEquals(
    sourceText({ kind: "env", name: "A" }),
    "the environment variable A",
  );
});
