import { assertEquals } from "@std/assert";
import { readSections } from "../../src/config/ini.ts";
import { chooseProfile, loadProfiles } from "../../src/config/profiles.ts";
import { CredentialChain } from "../../src/credentials/chain.ts";
import { defaultProviders } from "../../src/credentials/default_chain.ts";
import { explainCredentials } from "../../src/diagnostics/explain.ts";
import { RefreshingCredentials } from "../../src/credentials/refreshing.ts";
import type { CredentialSource } from "../../src/ports/credentials.ts";
import type { Transport } from "../../src/ports/http.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NOW } from "./doubles.ts";

/** What no text may show: it stands wherever a source keeps or is told a secret. */
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const LATER = "2024-02-29T18:00:00Z";
const CONFIG = "/home/ann/.aws/config";
const SSO_TOKEN =
  "/home/ann/.aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";
const SSO_CONFIG = `[default]
sso_account_id = 123456789012
sso_role_name = Role
sso_session = my
[sso-session my]
sso_region = us-east-1
sso_start_url = https://x.awsapps.com/start
`;
const STATIC = `aws_access_key_id = AKIA1
aws_secret_access_key = ${SECRET}
aws_session_token = ${SECRET}
`;
const METADATA = {
  AccessKeyId: "ASIA1",
  SecretAccessKey: SECRET,
  Token: SECRET,
  Expiration: LATER,
};

/** A machine on which one source is in use, and what is told to it. */
interface Scene {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly output?: string;
  readonly exitCode?: number;
  readonly answers?: readonly (readonly [status: number, body: unknown])[];
}

/** What can come over the wire in place of what should. */
const WRONG: readonly (readonly [number, unknown])[] = [
  [200, SECRET],
  [200, `{"SecretAccessKey": "${SECRET}"`],
  [200, { message: SECRET, SecretAccessKey: SECRET, accessToken: SECRET }],
  [200, { ...METADATA, Expiration: SECRET }],
  [400, { error: SECRET, message: SECRET }],
  [401, { __type: SECRET, message: SECRET }],
  [500, SECRET],
];

const SCENES: readonly Scene[] = [
  {
    name: "env",
    env: {
      AWS_ACCESS_KEY_ID: "ASIA1",
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_SESSION_TOKEN: SECRET,
    },
  },
  {
    name: "partial env",
    env: { AWS_ACCESS_KEY_ID: "ASIA1", AWS_SESSION_TOKEN: SECRET },
  },
  { name: "files", files: { [CONFIG]: `[default]\n${STATIC}` } },
  {
    name: "partial files",
    files: {
      [CONFIG]: `[default]\naws_access_key_id =\n${STATIC.split("\n")[1]}`,
    },
  },
  {
    name: "role",
    files: {
      [CONFIG]:
        `[default]\nrole_arn = x\nexternal_id = ${SECRET}\nsource_profile = b\n[profile b]\n${STATIC}`,
    },
  },
  {
    name: "ec2",
    env: { AWS_CREDENTIAL_FILE: "/ec2" },
    files: { "/ec2": `AWSAccessKeyId=AKIA1\nAWSSecretKey=${SECRET}` },
  },
  {
    name: "boto2",
    files: {
      "/etc/boto.cfg":
        `[Credentials]\naws_access_key_id=A\naws_secret_access_key=${SECRET}`,
    },
  },
  {
    name: "web identity",
    env: { AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: "arn" },
    files: { "/token": SECRET },
  },
  ...[0, 1].flatMap((exitCode) =>
    [
      SECRET,
      JSON.stringify({ Version: SECRET }),
      JSON.stringify({
        Version: 1,
        AccessKeyId: "ASIA1",
        SecretAccessKey: SECRET,
        SessionToken: SECRET,
        Expiration: exitCode === 0 ? LATER : SECRET,
      }),
    ].map((output) => ({
      name: "process",
      files: { [CONFIG]: `[default]\ncredential_process = get ${SECRET}` },
      output,
      exitCode,
    }))
  ),
  ...[[200, METADATA] as const, ...WRONG].flatMap((answer) => [
    {
      name: "container",
      env: {
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/${SECRET}`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: SECRET,
      },
      answers: [answer],
    },
    {
      name: "instance",
      env: { AWS_EC2_METADATA_DISABLED: "false" },
      answers: [[200, SECRET] as const, [200, "role"] as const, answer],
    },
    {
      name: "sso",
      files: {
        [CONFIG]: SSO_CONFIG,
        [SSO_TOKEN]: JSON.stringify({
          accessToken: SECRET,
          expiresAt: "2024-02-29T12:05:00Z",
          refreshToken: SECRET,
          clientId: SECRET,
          clientSecret: SECRET,
          registrationExpiresAt: LATER,
        }),
      },
      answers: [answer],
    },
    {
      name: "sso cache",
      files: {
        [CONFIG]: SSO_CONFIG,
        [SSO_TOKEN]: JSON.stringify(answer[1]),
      },
    },
  ]),
];

/** Answers in order; the last one over and over. */
function answering(answers: Scene["answers"] = []): Transport {
  let next = 0;
  return {
    send: () => {
      const [status, body] = answers[next++] ?? answers.at(-1) ?? [404, ""];
      const content = typeof body === "string" ? body : JSON.stringify(body);
      return Promise.resolve({
        status,
        headers: {},
        body: {
          open: () => new Blob([content]).stream(),
          bytes: () => new Blob([content]).bytes(),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}

/** Everything that can be seen of a search: results, errors, logs, explanation. */
async function seen(scene: Scene): Promise<string> {
  const system = new FakeSystem({
    env: {
      HOME: "/home/ann",
      AWS_EC2_METADATA_DISABLED: "true",
      ...scene.env,
    },
    files: scene.files ?? {},
    run: () => ({
      code: scene.exitCode ?? 0,
      stdout: scene.output ?? "",
      stderr: `Error: token: ${SECRET} "${SECRET}" key=${SECRET}`,
    }),
  });
  const logger = keptMessages();
  const clock = new FixedClock(NOW);
  const profiles = await loadProfiles(system);
  const assume = async (as: CredentialSource | string): Promise<never> => {
    if (typeof as !== "string") await as.get();
    throw new Error("STS is not there");
  };
  const providers = defaultProviders({
    system,
    clock,
    logger,
    random: () => 0,
    transport: answering(scene.answers),
    profiles,
    profile: chooseProfile(profiles, system),
    readSections,
    assumeRole: assume,
    assumeRoleWithWebIdentity: assume,
  });
  const source = new RefreshingCredentials(new CredentialChain(providers), {
    clock,
    logger,
  });
  const results: unknown[] = [
    await explainCredentials(providers),
    await source.get().catch((error: unknown) => error),
    source,
    providers,
  ];
  return [
    ...results.flatMap((result) => [
      Deno.inspect(result, { depth: 20, showHidden: true, getters: true }),
      `${result}`,
      JSON.stringify(result),
      result instanceof Error ? `${result.stack}${result.message}` : "",
    ]),
    ...logger.messages,
  ].join("\n");
}

for (const name of new Set(SCENES.map((scene) => scene.name))) {
  Deno.test(`no secret of "${name}" can be seen`, async () => {
    for (const scene of SCENES.filter((scene) => scene.name === name)) {
      const text = await seen(scene);
      assertEquals(text.includes(SECRET), false, excerpt(text));
      assertEquals(text.includes(encodeURIComponent(SECRET)), false);
    }
  });
}

function excerpt(text: string): string {
  const at = text.indexOf(SECRET);
  return text.slice(Math.max(0, at - 300), at + 100);
}
