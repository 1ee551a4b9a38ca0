/**
 * Who calls, and as which role.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Session, type SessionOptions } from "../../../mod.ts";
import { STS } from "../../../src/services/sts/mod.ts";
import { FakeSystem } from "../../../src/testing/mod.ts";
import type { Flow } from "../story.ts";

const ROLE = "arn:aws:iam::123456789012:role/reader";

/** Who calls, and as which role. */
export const ROLES: readonly Flow[] = [
  {
    name: "get_caller_identity",
    service: "sts",
    operation: "GetCallerIdentity",
    servers: ["moto"],
    tell: async ({ session }) => {
      const { Account, Arn } = await session.client(STS).getCallerIdentity();

      assertEquals(Account, "123456789012");
      assert(Arn.startsWith("arn:aws:sts::123456789012:"));
    },
  },
  {
    name: "assume_role",
    service: "sts",
    operation: "AssumeRole",
    servers: ["moto"],
    tell: async ({ session }) => {
      const { Credentials: credentials, AssumedRoleUser } = await session
        .client(STS).assumeRole({
          RoleArn: ROLE,
          RoleSessionName: "story",
          DurationSeconds: 1_800,
        });
      assert(credentials !== undefined);
      const sts = session.client(STS, { credentials });

      const { Arn } = await sts.getCallerIdentity();

      assertEquals(
        AssumedRoleUser?.Arn,
        "arn:aws:sts::123456789012:assumed-role/reader/story",
      );
      assertEquals(Arn, AssumedRoleUser?.Arn);
    },
  },
  {
    name: "assume_role_chain_of_profiles",
    service: "sts",
    operation: "AssumeRole",
    servers: ["moto"],
    tell: async ({ settings }) => {
      using session = withConfig(
        settings,
        `[default]
role_arn = ${ROLE}
role_session_name = outer
source_profile = middle
duration_seconds = 1800
[profile middle]
role_arn = arn:aws:iam::123456789012:role/middle
role_session_name = inner
source_profile = base
[profile base]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
`,
      );

      const { source, accountId, expiration } = await session.credentials();
      const { Arn } = await session.client(STS).getCallerIdentity();

      assertEquals(source, "assume-role");
      assertEquals(accountId, "123456789012");
      assert(expiration instanceof Date);
      assertEquals(
        Arn,
        "arn:aws:sts::123456789012:assumed-role/reader/outer",
      );
    },
  },
  {
    name: "assume_role_with_web_identity_of_profile",
    service: "sts",
    operation: "AssumeRoleWithWebIdentity",
    servers: ["moto"],
    tell: async ({ settings }) => {
      using session = withConfig(
        settings,
        `[default]
role_arn = ${ROLE}
role_session_name = web
web_identity_token_file = /token
`,
      );

      const { source } = await session.credentials();
      const { Arn } = await session.client(STS).getCallerIdentity();

      assertEquals(source, "assume-role-with-web-identity");
      assertEquals(Arn, "arn:aws:sts::123456789012:assumed-role/reader/web");
    },
  },
];

/**
 * A session whose credentials come from a config file. The token is what recordings
 * put in the place of one.
 */
function withConfig(settings: SessionOptions, config: string): Session {
  const { credentials: _, ...others } = settings;
  return new Session({
    ...others,
    system: new FakeSystem({
      env: { HOME: "/home/ann" },
      files: { "/home/ann/.aws/config": config, "/token": "EXAMPLETOKEN1" },
    }),
  });
}
