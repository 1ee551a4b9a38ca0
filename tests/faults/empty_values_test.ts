import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError, Session, type Transport } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import golden from "./golden/empty_values.json" with { type: "json" };

const HOME = "/home/ann";
const PLAIN = {
  HOME,
  AWS_ACCESS_KEY_ID: "AKIDENV",
  AWS_SECRET_ACCESS_KEY: "secret",
};

type Request = Parameters<Transport["send"]>[0];

Deno.test("an empty variable does what it does in botocore", async (t) => {
  assert(golden.cases.length > 30);
  for (const { empty, env, files, service, observed } of golden.cases) {
    await t.step(empty, async () => {
      const sent: Request[] = [];
      const call = (): Promise<unknown> =>
        called(sent, { ...env, [empty]: "" }, files, service);
      if ("error" in observed) {
        await assertRejects(call, AwsError);
        return;
      }
      await call();
      assertEquals(sent.map(facts), observed.sent.map((fact) => ({ ...fact })));
    });
  }
});

Deno.test("an empty AWS_REGION and AWS_DEFAULT_REGION count as not set", async () => {
  const config = "[default]\nregion = ap-south-1\n";
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{ AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-1" }, "eu-west-1"],
    [{ AWS_REGION: "", AWS_DEFAULT_REGION: "" }, "ap-south-1"],
    [{ AWS_REGION: "eu-west-2", AWS_DEFAULT_REGION: "" }, "eu-west-2"],
  ];
  for (const [env, region] of cases) {
    const sent: Request[] = [];

    await called(sent, { ...PLAIN, ...env }, { config }, "s3");

    assertEquals(sent[0]?.origin, `https://s3.${region}.amazonaws.com`);
  }
});

Deno.test("an empty AWS_CA_BUNDLE, or ca_bundle of a profile, counts as not set", async () => {
  const sent: Request[] = [];

  await called(sent, { ...PLAIN, AWS_REGION: "eu-west-1", AWS_CA_BUNDLE: "" }, {
    config: "[default]\nca_bundle =\n",
  }, "s3");

  assertEquals(sent.length, 1);
});

Deno.test("an empty AWS_CA_BUNDLE leaves the bundle of the profile in force", async () => {
  const session = new Session({
    system: new FakeSystem({
      env: { ...PLAIN, AWS_CA_BUNDLE: "" },
      files: { [`${HOME}/.aws/config`]: "[default]\nca_bundle = /none.pem\n" },
    }),
  });

  const error = await assertRejects(
    () => session.client(S3).listBuckets(),
    AwsError,
  );

  assert(error.message.includes("/none.pem"), error.message);
});

Deno.test("a region that is empty in code is an error, as code means what it says", async () => {
  const session = new Session({
    region: "",
    system: new FakeSystem({ env: PLAIN }),
  });

  await assertRejects(() => session.client(S3).listBuckets(), AwsError);
});

async function called(
  sent: Request[],
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string | undefined>>,
  service: string,
): Promise<void> {
  const home = (text: string): string => text.replaceAll("$HOME", HOME);
  const session = new Session({
    system: new FakeSystem({
      env: {
        HOME,
        ...Object.fromEntries(
          Object.entries(env).map(([name, value]) => [name, home(value)]),
        ),
      },
      files: Object.fromEntries(
        Object.entries(files).map((
          [name, text],
        ) => [`${HOME}/.aws/${name}`, text ?? ""]),
      ),
    }),
    clock: new FixedClock("2030-01-01T00:00:00Z"),
    transport: servers(sent),
  });
  await (service === "s3"
    ? session.client(S3).listBuckets()
    : session.client(STS).getCallerIdentity());
}

/** The servers that the script has made up, too. */
function servers(sent: Request[]): Transport {
  return {
    send: async (request) => {
      sent.push(request);
      const bytes = new TextEncoder().encode(await answerTo(request));
      return {
        status: 200,
        headers: {},
        body: {
          open: () => ReadableStream.from([bytes]),
          bytes: () => Promise.resolve(bytes),
          cancel: () => Promise.resolve(),
        },
      };
    },
    [Symbol.dispose]: () => {},
  };
}

const ROLE_PATH = "/latest/meta-data/iam/security-credentials/";
const ROLE_KEYS = JSON.stringify({
  Code: "Success",
  AccessKeyId: "ASIAROLE",
  SecretAccessKey: "secret",
  Token: "role-token",
  Expiration: "2099-01-01T00:00:00Z",
});

function answerTo({ path, origin, body }: Request): string {
  if (path === "/latest/api/token") return "imds-token";
  if (path === ROLE_PATH) return "role";
  if (path === `${ROLE_PATH}role` || path === "/creds") return ROLE_KEYS;
  if (origin.includes("169.254")) return ROLE_KEYS;
  if (!origin.includes("sts.")) return "<ListAllMyBucketsResult/>";
  return textOf(body).includes("WebIdentityToken")
    ? `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
        <AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
        <SessionToken>web</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
      </Credentials><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/b</Arn></AssumedRoleUser>
      </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
    : `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
}

/** A request as the script describes it. */
function facts(
  { method, origin, path, headers, body }: Request,
): Record<string, string> {
  const { authorization = "", "x-amz-security-token": token } = headers;
  const [, key, region] =
    /Credential=([^/]*)\/[^/]*\/([^/]*)/.exec(authorization) ?? [];
  const session = new URLSearchParams(textOf(body)).get("RoleSessionName");
  return {
    to: `${method} ${origin}${path}`,
    ...key === undefined ? {} : { signer: `${key}/${region}` },
    ...key === undefined && authorization ? { authorization } : {},
    ...token === undefined ? {} : { token },
    ...session === null ? {} : { session: session.replace(/\d+$/, "") },
  };
}

function textOf(body: Request["body"]): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
}
