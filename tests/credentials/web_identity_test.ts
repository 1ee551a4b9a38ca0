import { assertEquals, assertRejects } from "@std/assert";
import { loadProfiles } from "../../src/config/profiles.ts";
import {
  type WebIdentityDeps,
  webIdentityProvider,
} from "../../src/credentials/assume_role.ts";
import { ConfigError, CredentialsError } from "../../src/foundation/errors.ts";
import type { RoleRequest } from "../../src/ports/credentials.ts";
import {
  FakeSystem,
  type FakeSystemOptions,
  FixedClock,
} from "../../src/testing/mod.ts";
import { NOW } from "./doubles.ts";

const ENV = { AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: "arn:env" };

async function deps(
  { env = {}, files = {}, denied = [] }: FakeSystemOptions,
  environment: WebIdentityDeps["environment"] = "counts",
): Promise<
  WebIdentityDeps & { asked: (readonly [string, RoleRequest])[] }
> {
  const system = new FakeSystem({
    env: { HOME: "/home/ann", ...env },
    files: { "/token": "JWT\n", ...files },
    denied,
  });
  const asked: (readonly [string, RoleRequest])[] = [];
  return {
    system,
    profiles: await loadProfiles(system),
    profile: "default",
    clock: new FixedClock(NOW),
    environment,
    asked,
    assumeRoleWithWebIdentity: (token, request) => {
      asked.push([token, request]);
      return Promise.resolve({ accessKeyId: "ASIAWEB", secretAccessKey: "SK" });
    },
  };
}

const CONFIG = {
  "/home/ann/.aws/config":
    "[default]\nweb_identity_token_file = /token\nrole_arn = arn:profile\nrole_session_name = me\n",
};

Deno.test("webIdentityProvider hands the whole token to STS", async () => {
  const own = await deps({ env: ENV });

  const found = await webIdentityProvider(own).load();

  assertEquals(found?.accessKeyId, "ASIAWEB");
  assertEquals(found?.source, "assume-role-with-web-identity");
  assertEquals(own.asked, [["JWT\n", {
    RoleArn: "arn:env",
    RoleSessionName: "botocore-session-1709208000",
  }]]);
});

Deno.test("webIdentityProvider reads the token anew each time", async () => {
  const own = await deps({ env: ENV });
  const provider = webIdentityProvider(own);

  await provider.load();
  await (own.system as FakeSystem).writePrivate("/token", "NEXT");
  await provider.load();

  assertEquals(own.asked.map(([token]) => token), ["JWT\n", "NEXT"]);
});

Deno.test("webIdentityProvider lets each variable beat its key", async () => {
  const own = await deps({ env: { AWS_ROLE_ARN: "arn:env" }, files: CONFIG });

  await webIdentityProvider(own).load();

  assertEquals(own.asked.map(([, request]) => request), [
    { RoleArn: "arn:env", RoleSessionName: "me" },
  ]);
});

Deno.test("webIdentityProvider looks at no variable where they are ignored", async () => {
  const own = await deps({ env: ENV }, "ignored");

  assertEquals(await webIdentityProvider(own).resolve(), {
    kind: "absent",
    why: 'there is no profile "default"',
  });
});

Deno.test("webIdentityProvider needs a role", async () => {
  const own = await deps({ env: { ...ENV, AWS_ROLE_ARN: "" } });

  const error = await assertRejects(
    () => webIdentityProvider(own).load(),
    ConfigError,
    'set AWS_ROLE_ARN, or role_arn in profile "default"',
  );
  assertEquals(error.code, "InvalidConfigError");
});

Deno.test("webIdentityProvider says why there is no token", async () => {
  const cases: readonly (readonly [FakeSystemOptions, string])[] = [
    [
      { env: { ...ENV, AWS_WEB_IDENTITY_TOKEN_FILE: "/none" } },
      '"/none" cannot be read: there is no such file',
    ],
    [{ env: ENV, denied: ["/token"] }, "run with --allow-read=/token"],
  ];

  for (const [options, message] of cases) {
    const own = await deps(options);
    await assertRejects(
      () => webIdentityProvider(own).load(),
      CredentialsError,
      message,
    );
  }
});

Deno.test("webIdentityProvider is passed over where its variable may not be read", async () => {
  const own = await deps({ denied: ["AWS_WEB_IDENTITY_TOKEN_FILE"] });

  assertEquals(await webIdentityProvider(own).resolve(), {
    kind: "denied",
    flags: ["--allow-env=AWS_WEB_IDENTITY_TOKEN_FILE"],
  });
});
