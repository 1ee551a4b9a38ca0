import { assertEquals, assertThrows } from "@std/assert";
import { planProfile } from "../../src/credentials/profile_plan.ts";
import type { ProfilePlan } from "../../src/credentials/profile_plan.ts";
import { ConfigError, CredentialsError } from "../../src/foundation/errors.ts";
import { profilesFrom } from "../../src/config/profiles.ts";

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
