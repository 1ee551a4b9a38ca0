import { assertEquals } from "@std/assert";
import { CredentialChain } from "../../src/credentials/chain.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { NO_TRANSPORT } from "../credentials/doubles.ts";

const OFF = { HOME: "/home/ann", AWS_EC2_METADATA_DISABLED: "true" };
const FILES = {
  "/home/ann/.aws/credentials":
    "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = SK\n",
};
const ORDER = [
  "env",
  "assume-role",
  "assume-role-with-web-identity",
  "sso",
  "shared-credentials-file",
  "login",
  "custom-process",
  "config-file",
  "ec2-credentials-file",
  "boto-config",
  "container-role",
  "iam-role",
];

Deno.test("Session.explainCredentials tells all twelve sources in boto3's order", async () => {
  using session = new Session({
    system: new FakeSystem({ env: OFF, files: FILES }),
    transport: NO_TRANSPORT,
  });

  const explanation = await session.explainCredentials();

  assertEquals(explanation.sources.map(({ name }) => name), ORDER);
  assertEquals(explanation.winner, "shared-credentials-file");
  assertEquals(explanation.decisive?.keyId, "****FILE");
});

Deno.test("Session.explainCredentials leaves out the environment for a profile in code", async () => {
  using session = new Session({
    profile: "default",
    system: new FakeSystem({ env: OFF, files: FILES }),
    transport: NO_TRANSPORT,
  });

  const { sources } = await session.explainCredentials();

  assertEquals(sources.map(({ name }) => name), ORDER.slice(1));
});

Deno.test("Session.explainCredentials tells what is given in code", async () => {
  using given = new Session({
    credentials: { accessKeyId: "AKIACODE", secretAccessKey: "SK" },
  });
  using anonymous = new Session({ credentials: "anonymous" });

  assertEquals((await given.explainCredentials()).winner, "code");
  assertEquals((await anonymous.explainCredentials()).sources, [{
    name: "code",
    verdict: "absent",
    detail: "the session is anonymous",
    flags: [],
  }]);
});

Deno.test("Session.credentialProviders are what a chain of your own is made of", async () => {
  using usual = new Session({
    system: new FakeSystem({
      env: {
        ...OFF,
        AWS_ACCESS_KEY_ID: "AKIAENV",
        AWS_SECRET_ACCESS_KEY: "SK",
      },
      files: FILES,
    }),
    transport: NO_TRANSPORT,
  });

  const chain = new CredentialChain(await usual.credentialProviders());
  using own = new Session({ credentials: chain.without("env") });

  assertEquals((await usual.credentials()).accessKeyId, "AKIAENV");
  assertEquals((await own.credentials()).accessKeyId, "AKIAFILE");
});
