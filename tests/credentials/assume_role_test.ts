import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { profilesFrom } from "../../src/config/ini.ts";
import {
  planProfile,
  type ProfilePlan,
} from "../../src/credentials/assume_role.ts";
import { CredentialChain } from "../../src/credentials/chain.ts";
import { defaultProviders } from "../../src/credentials/default_chain.ts";
import { ConfigError, CredentialsError } from "../../src/foundation/errors.ts";
import type { AssumeRole, RoleRequest } from "../../src/ports/credentials.ts";
import { FixedClock } from "../../src/testing/mod.ts";
import { chainContext, NOW, type Setup } from "./doubles.ts";

const CONFIG = "/home/ann/.aws/config";
const ROLE = `[default]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = base
[profile base]
aws_access_key_id = BASE
aws_secret_access_key = SK
`;

/** What STS was asked: who signed, and the request. */
interface Asked {
  readonly by: string;
  readonly request: RoleRequest;
}

/** A double of STS whose credentials live an hour. */
function sts(clock: FixedClock): { asked: Asked[]; assumeRole: AssumeRole } {
  const asked: Asked[] = [];
  const assumeRole: AssumeRole = async (as, request) => {
    const { accessKeyId } = await as.get();
    asked.push({ by: accessKeyId, request });
    return {
      accessKeyId: `ASIA${asked.length}`,
      secretAccessKey: "SK",
      sessionToken: "T",
      expiration: new Date(clock.now().getTime() + 3_600_000),
    };
  };
  return { asked, assumeRole };
}

async function chain(
  config: string,
  setup: Setup = {},
): Promise<
  { chain: CredentialChain; asked: readonly Asked[]; clock: FixedClock }
> {
  const clock = new FixedClock(NOW);
  const { asked, assumeRole } = sts(clock);
  const context = await chainContext({
    ...setup,
    files: { [CONFIG]: config },
    context: { clock, assumeRole, ...setup.context },
  });
  return {
    chain: new CredentialChain(defaultProviders(context)),
    asked,
    clock,
  };
}

Deno.test("assumeRoleProvider signs with the source profile's keys", async () => {
  const { chain: credentials, asked } = await chain(ROLE);

  const found = await credentials.load();

  assertEquals(found.accessKeyId, "ASIA1");
  assertEquals(found.secretAccessKey, "SK");
  assertEquals(found.source, "assume-role");
  assertEquals(asked, [{
    by: "BASE",
    request: {
      RoleArn: "arn:aws:iam::123456789012:role/r",
      RoleSessionName: "botocore-session-1709208000",
    },
  }]);
});

Deno.test("assumeRoleProvider assumes one role with the other's credentials", async () => {
  const { chain: credentials, asked } = await chain(
    `[default]
role_arn = arn:2
source_profile = middle
[profile middle]
role_arn = arn:1
credential_source = Environment
`,
    {
      profile: "default",
      env: { AWS_ACCESS_KEY_ID: "ENV", AWS_SECRET_ACCESS_KEY: "SK" },
    },
  );

  await credentials.load();

  assertEquals(
    asked.map(({ by, request }) => `${by} ${request.RoleArn}`),
    ["ENV arn:1", "ASIA1 arn:2"],
  );
});

Deno.test("assumeRoleProvider keeps the credentials in between", async () => {
  const { chain: credentials, asked } = await chain(`[default]
role_arn = arn:2
source_profile = middle
[profile middle]
role_arn = arn:1
source_profile = base
[profile base]
aws_access_key_id = BASE
aws_secret_access_key = SK
`);

  await credentials.load();
  await credentials.load();

  assertEquals(asked.map(({ by }) => by), ["BASE", "ASIA1", "ASIA1"]);
});

Deno.test("assumeRoleProvider refuses a source profile without credentials", async () => {
  const { chain: credentials, asked } = await chain(
    "[default]\nrole_arn = x\nsource_profile = base\n[profile base]\nregion = y",
    { env: { AWS_EC2_METADATA_DISABLED: "true" } },
  );

  const error = await assertRejects(() => credentials.load(), ConfigError);

  assertEquals(error.code, "InvalidConfigError");
  assertEquals(asked, []);
});

Deno.test("assumeRoleProvider never takes the environment's keys for a source profile", async () => {
  const { chain: credentials } = await chain(
    "[default]\nrole_arn = x\nsource_profile = base\n[profile base]\nregion = y",
    {
      profile: "default",
      env: { AWS_ACCESS_KEY_ID: "ENV", AWS_SECRET_ACCESS_KEY: "SK" },
    },
  );

  await assertRejects(() => credentials.load(), ConfigError);
});

Deno.test("assumeRoleProvider refuses a credential_source without credentials", async () => {
  const { chain: credentials } = await chain(
    "[default]\nrole_arn = x\ncredential_source = Environment",
  );

  const error = await assertRejects(
    () => credentials.load(),
    CredentialsError,
    "AWS_ACCESS_KEY_ID is not set",
  );

  assertEquals(error.code, "CredentialRetrievalError");
  assertEquals(error.tried.map(({ name }) => name), ["env", "assume-role"]);
});

const MFA = ROLE.replace("[profile", "mfa_serial = arn:mfa\n[profile");

Deno.test("assumeRoleProvider asks for an MFA code once", async () => {
  const serials: string[] = [];
  const { chain: credentials, asked } = await chain(MFA, {
    context: {
      mfaCode: (serial) => {
        serials.push(serial);
        return Promise.resolve("123456");
      },
    },
  });
  await credentials.load();

  const error = await assertRejects(() => credentials.load(), CredentialsError);

  assertEquals(error.code, "RefreshWithMFAUnsupportedError");
  assertEquals(serials, ["arn:mfa"]);
  assertEquals(asked.map(({ request }) => request.TokenCode), ["123456"]);
});

Deno.test("assumeRoleProvider says where an MFA code would come from", async () => {
  const { chain: credentials } = await chain(MFA);

  await assertRejects(
    () => credentials.load(),
    CredentialsError,
    "set the session's option mfaCode",
  );
});

const ARN = "arn:aws:iam::123456789012:role/r";

function plan(config: string, name = "p"): ProfilePlan | undefined {
  const { profiles } = profilesFrom(
    { state: { kind: "found", path: "/config" }, text: config },
    { state: { kind: "absent", path: "/credentials" }, text: "" },
  );
  return planProfile(profiles, name);
}

Deno.test("planProfile has none for profiles without a role to assume", () => {
  assertEquals(plan("[profile p]\nregion = x"), undefined);
  assertEquals(plan("", "default"), undefined);
  assertEquals(
    plan(`[profile p]\nrole_arn = ${ARN}\nweb_identity_token_file = /t`),
    undefined,
  );
});

Deno.test("planProfile reads all that a role can ask for", () => {
  const found = plan(`[profile p]
role_arn = ${ARN}
source_profile = base
role_session_name = me
external_id = x y
mfa_serial = arn:aws:iam::1:mfa/ann
duration_seconds = 1800
[profile base]
aws_access_key_id = AK`);

  assertEquals(found, {
    base: { kind: "profile", profile: "base" },
    roles: [{
      RoleArn: ARN,
      RoleSessionName: "me",
      ExternalId: "x y",
      SerialNumber: "arn:aws:iam::1:mfa/ann",
      DurationSeconds: 1_800,
    }],
  });
});

Deno.test("planProfile ignores a duration that is no whole number", () => {
  for (const duration of ["1h", "1.5", ""]) {
    const found = plan(
      `[profile p]\nrole_arn=${ARN}\ncredential_source=Environment\nduration_seconds=${duration}`,
    );
    assertEquals(found?.roles, [{ RoleArn: ARN }]);
  }
});

Deno.test("planProfile chains roles, the innermost first", () => {
  const found = plan(`[profile p]
role_arn = arn:3
source_profile = q
[profile q]
role_arn = arn:2
source_profile = r
[profile r]
role_arn = arn:1
credential_source = EcsContainer`);

  assertEquals(found?.roles.map(({ RoleArn }) => RoleArn), [
    "arn:1",
    "arn:2",
    "arn:3",
  ]);
  assertEquals(found?.base, {
    kind: "named",
    source: "EcsContainer",
    profile: "r",
  });
});

Deno.test("planProfile stops at keys of a source profile", () => {
  const found = plan(`[profile p]
role_arn = arn:2
source_profile = q
[profile q]
role_arn = arn:1
source_profile = nowhere
aws_secret_access_key = SK`);

  assertEquals(found?.base, { kind: "profile", profile: "q" });
  assertEquals(found?.roles.length, 1);
});

Deno.test("planProfile lets a profile with keys be its own source", () => {
  const found = plan(
    `[profile p]\nrole_arn=${ARN}\nsource_profile=p\naws_access_key_id=AK`,
  );

  assertEquals(found?.base, { kind: "profile", profile: "p" });
});

Deno.test("planProfile refuses what contradicts itself or leads nowhere", () => {
  const role = `[profile p]\nrole_arn = ${ARN}\n`;
  const cases: readonly (readonly [string, string, string])[] = [
    [
      `${role}source_profile = q\ncredential_source = Environment`,
      "InvalidConfigError",
      'it sets both source_profile and credential_source ("/config" line 4)',
    ],
    [
      `${role}source_profile = bsae\n[profile base]`,
      "InvalidConfigError",
      'there is no profile "bsae", its source_profile ("/config" line 3); did you mean "base"?',
    ],
    [
      `${role}credential_source = environment`,
      "InvalidConfigError",
      'must be one of "Environment", "Ec2InstanceMetadata", "EcsContainer", found "environment"',
    ],
    [
      `${role}source_profile = p`,
      "InfiniteLoopConfigError",
      '"p" → "p" ("/config" line 3)',
    ],
    [
      `${role}source_profile = q\n[profile q]\nrole_arn = x\nsource_profile = p`,
      "InfiniteLoopConfigError",
      '"p" → "q" → "p" ("/config" line 6)',
    ],
  ];

  for (const [config, code, message] of cases) {
    const error = assertThrows(() => plan(config), ConfigError, message);
    assertEquals(error.code, code);
  }
});

Deno.test("planProfile wants to know whose credentials assume the role", () => {
  const error = assertThrows(
    () => plan(`[profile p]\nrole_arn = ${ARN}`),
    CredentialsError,
    "set source_profile or credential_source",
  );
  assertEquals(error.code, "PartialCredentialsError");
});
