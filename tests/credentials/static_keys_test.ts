import { assertEquals, assertRejects } from "@std/assert";
import {
  configFileProvider,
  sharedFileProvider,
} from "../../src/credentials/static_keys.ts";
import {
  ConfigError,
  PartialCredentialsError,
} from "../../src/foundation/errors.ts";
import { loadProfiles } from "../../src/config/profiles.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import type { ProfileDeps } from "../../src/credentials/section.ts";

const CONFIG = "/home/ann/.aws/config";
const CREDENTIALS = "/home/ann/.aws/credentials";

async function files(
  files: Record<string, string>,
  denied: readonly string[] = [],
  profile = "default",
): Promise<ProfileDeps> {
  const system = new FakeSystem({ env: { HOME: "/home/ann" }, files, denied });
  return { profiles: await loadProfiles(system), profile };
}

const KEYS = "aws_access_key_id = AK\naws_secret_access_key = SK\n";

Deno.test("sharedFileProvider reads the keys of its own file only", async () => {
  const deps = await files({
    [CREDENTIALS]: `[default]\n${KEYS}aws_account_id = 123456789012\n`,
    [CONFIG]: `[default]\naws_session_token = of the other file\n`,
  });

  assertEquals(await sharedFileProvider(deps).resolve(), {
    kind: "found",
    credentials: {
      accessKeyId: "AK",
      secretAccessKey: "SK",
      accountId: "123456789012",
      source: "shared-credentials-file",
    },
    at: `"${CREDENTIALS}" line 2`,
  });
});

Deno.test("configFileProvider reads the keys of its own file only", async () => {
  const deps = await files({
    [CONFIG]: `[default]\n${KEYS}aws_security_token=OLD\naws_session_token=NEW`,
    [CREDENTIALS]: "[default]\naws_access_key_id = OTHER\n",
  });

  assertEquals(await configFileProvider(deps).load(), {
    accessKeyId: "AK",
    secretAccessKey: "SK",
    sessionToken: "OLD",
    source: "config-file",
  });
});

Deno.test("sharedFileProvider tells why it has none", async () => {
  const cases: readonly (readonly [ProfileDeps, string])[] = [
    [await files({}), `there is no file "${CREDENTIALS}"`],
    [
      await files({ [CREDENTIALS]: "[other]\n" }),
      `there is no profile "default" in "${CREDENTIALS}"`,
    ],
    [
      await files({ [CREDENTIALS]: "[default]\naws_secret_access_key=SK" }),
      `profile "default" has no aws_access_key_id in "${CREDENTIALS}"`,
    ],
  ];

  for (const [deps, why] of cases) {
    assertEquals(await sharedFileProvider(deps).resolve(), {
      kind: "absent",
      why,
    });
  }
});

Deno.test("sharedFileProvider is passed over where its file may not be read", async () => {
  const deps = await files({ [CREDENTIALS]: KEYS }, [CREDENTIALS]);

  assertEquals(await sharedFileProvider(deps).resolve(), {
    kind: "denied",
    flags: [`--allow-read=${CREDENTIALS}`],
  });
});

Deno.test("sharedFileProvider refuses half a pair and names the line", async () => {
  const texts = [
    "[default]\naws_access_key_id = AK",
    "[default]\naws_access_key_id = AK\naws_secret_access_key =",
    "[default]\naws_access_key_id =\naws_secret_access_key = SK",
  ];

  for (const text of texts) {
    const deps = await files({ [CREDENTIALS]: text });
    await assertRejects(
      () => sharedFileProvider(deps).load(),
      PartialCredentialsError,
      `"${CREDENTIALS}" line 2`,
    );
  }
});

Deno.test("sharedFileProvider refuses a block where a text belongs", async () => {
  const deps = await files({
    [CREDENTIALS]: "[default]\naws_access_key_id =\n  a = b\n",
  });

  await assertRejects(
    () => sharedFileProvider(deps).load(),
    ConfigError,
    "must be one value, found a block",
  );
});
