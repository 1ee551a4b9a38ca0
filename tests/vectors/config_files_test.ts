import { assertEquals } from "@std/assert";
import { type ConfigText, profilesFrom } from "../../src/config/ini.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { ConfigSection, ProfileSet } from "../../src/ports/config.ts";
import { vectorTest } from "./suite.ts";

type Outcome =
  | { readonly value: unknown }
  | { readonly error: string; readonly cause: string };

interface ConfigFileCase {
  readonly name: string;
  readonly config: string | null;
  readonly credentials: string | null;
  readonly expect: {
    readonly config?: Outcome;
    readonly credentials?: Outcome;
    readonly merged?: Outcome;
    readonly profiles?: readonly string[];
  };
}

vectorTest<ConfigFileCase>({
  file: "config-files.json",
  cases: (data) => (data as { cases: ConfigFileCase[] }).cases,
  name: ({ name }) => name,
  run: ({ config, credentials, expect }) => {
    const both = (): ProfileSet =>
      profilesFrom(text(config), text(credentials));
    if (expect.config) {
      check(expect.config, () => {
        const set = profilesFrom(text(config), text(null));
        return view(set, set.configFile);
      });
    }
    if (expect.credentials) {
      check(
        expect.credentials,
        () =>
          values(profilesFrom(text(null), text(credentials)).credentialsFile),
      );
    }
    if (expect.merged) {
      check(expect.merged, () => {
        const set = both();
        return config === null
          ? { profiles: values(set.profiles) }
          : view(set, set.profiles);
      });
    }
    if (expect.profiles) {
      assertEquals([...both().profiles.keys()], expect.profiles);
    }
  },
});

function text(content: string | null): ConfigText {
  return {
    state: { kind: content === null ? "absent" : "found", path: "the file" },
    text: content ?? "",
  };
}

function check(expected: Outcome, actual: () => unknown): void {
  if ("value" in expected) {
    assertEquals(actual(), expected.value);
    return;
  }
  let code = "no error";
  try {
    actual();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    code = error.code;
  }
  assertEquals(code, expected.error);
}

/** The form that the cases have: sections that are no profiles beside the three maps. */
function view(
  set: ProfileSet,
  profiles: ReadonlyMap<string, ConfigSection>,
): unknown {
  return {
    ...values(set.others),
    profiles: values(profiles),
    sso_sessions: values(set.ssoSessions),
    services: values(set.services),
  };
}

/** Plain objects, since ours inherit nothing and equality looks at that. */
function values(
  sections: ReadonlyMap<string, ConfigSection>,
): Record<string, unknown> {
  return JSON.parse(JSON.stringify(Object.fromEntries(
    [...sections].map(([name, section]) => [name, section.values]),
  )));
}
