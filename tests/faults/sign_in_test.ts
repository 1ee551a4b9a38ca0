import { assert, assertEquals, assertRejects } from "@std/assert";
import { CredentialsError, Session, type SessionOptions } from "../../mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";

const NOW = "2030-01-01T12:00:00Z";
const HOME = "/home/ann";
const CONFIG = `${HOME}/.aws/config`;
const SSO = `[default]
region = eu-central-1
sso_account_id = 123456789012
sso_role_name = Dev
sso_session = my
[sso-session my]
sso_start_url = https://x.awsapps.com/start
sso_region = eu-west-1
`;
/** SHA-1 of "my". */
const SSO_FILE =
  `${HOME}/.aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json`;
const ENDING = {
  accessToken: "old-token",
  expiresAt: "2030-01-01T12:05:00Z",
  refreshToken: "refresh-0",
  clientId: "client",
  clientSecret: "client-secret",
  registrationExpiresAt: "2031-01-01T00:00:00Z",
};
const FRESH = { ...ENDING, expiresAt: "2030-01-01T20:00:00Z" };
const LOGIN_SESSION = "arn:aws:iam::123456789012:user/ann";
const LOGIN =
  `[default]\nregion = eu-central-1\nlogin_session = ${LOGIN_SESSION}\n`;

interface Asked {
  readonly url: string;
  readonly text: string;
}

/** The portal, the token service and AWS Sign-In, as one server. */
function answers(
  asked: Asked[],
  clock = new FixedClock(NOW),
): (request: Request) => Promise<Response> {
  let tokens = 0;
  return async (request) => {
    const text = await request.text();
    const { pathname } = new URL(request.url);
    asked.push({ url: request.url, text });
    if (pathname.endsWith("/token") && text.includes("grantType")) {
      const number = ++tokens;
      return Response.json({
        accessToken: pathname.endsWith("/v1/token")
          ? {
            accessKeyId: `ASIALOGIN${number}`,
            secretAccessKey: "secret",
            sessionToken: "token",
          }
          : `new-token-${number}`,
        expiresIn: 400,
        refreshToken: `refresh-${number}`,
      });
    }
    return Response.json({
      roleCredentials: {
        accessKeyId: "ASIASSO",
        secretAccessKey: "secret",
        sessionToken: "token",
        expiration: clock.now().getTime() + 3_600_000,
      },
    });
  };
}

Deno.test("SSO is asked with the certificates of the session, in code or in AWS_CA_BUNDLE", async () => {
  const asked: Asked[] = [];
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: tlsFile("localhost.pem"),
    key: tlsFile("localhost.key.pem"),
    onListen: () => {},
  }, answers(asked));
  const env = { AWS_ENDPOINT_URL_SSO: `https://localhost:${server.addr.port}` };
  const authority = tlsFile("authority.pem");
  const cases = [
    { options: { caCerts: [authority] } },
    { env: { AWS_CA_BUNDLE: "/ca.pem" }, files: { "/ca.pem": authority } },
  ];
  for (const one of cases) {
    using session = sessionWith(SSO, {
      ...one,
      env: { ...env, ...one.env },
      files: { ...one.files, [SSO_FILE]: JSON.stringify(FRESH) },
    });

    assertEquals((await session.credentials()).accessKeyId, "ASIASSO");
  }
  assertEquals(asked.length, 2);
});

Deno.test("SSO and the token service are asked by the proxy of the session", async () => {
  const asked: Asked[] = [];
  await using proxy = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, answers(asked));
  using session = sessionWith(SSO, {
    options: { proxy: `http://127.0.0.1:${proxy.addr.port}` },
    env: {
      AWS_ENDPOINT_URL_SSO: "http://localhost:9990",
      AWS_ENDPOINT_URL_SSO_OIDC: "http://localhost:9991/base/",
    },
    files: { [SSO_FILE]: JSON.stringify(ENDING) },
  });

  assertEquals((await session.credentials()).accessKeyId, "ASIASSO");

  assertEquals(asked.map(({ url }) => url), [
    "http://localhost:9991/base/token",
    "http://localhost:9990/federation/credentials?role_name=Dev&account_id=123456789012",
  ]);
});

Deno.test("the endpoints of SSO are those of the environment, else of the profile's services", async () => {
  const services = `services = mine
[services mine]
sso =
  endpoint_url = http://portal.services
sso_oidc =
  endpoint_url = http://oidc.services
`;
  const config = SSO.replace("[sso-session", `${services}[sso-session`);
  const cases = [
    [{}, SSO, "https://portal.sso.eu-west-1.amazonaws.com"],
    [{}, config, "http://portal.services"],
    [{ AWS_ENDPOINT_URL: "http://all.env" }, config, "http://all.env"],
    [
      { AWS_ENDPOINT_URL_SSO: "http://portal.env/base" },
      config,
      "http://portal.env/base",
    ],
    [
      {
        AWS_ENDPOINT_URL_SSO: "http://portal.env",
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
      },
      config,
      "https://portal.sso.eu-west-1.amazonaws.com",
    ],
  ] as const;
  for (const [env, text, endpoint] of cases) {
    const asked: Asked[] = [];
    const session = sessionWith(text, {
      env,
      files: { [SSO_FILE]: JSON.stringify(FRESH) },
      options: { ...inMemory(asked), endpointUrl: "http://client.example" },
    });

    await session.credentials();

    assertEquals(
      asked[0]?.url,
      `${endpoint}/federation/credentials?role_name=Dev&account_id=123456789012`,
    );
  }
});

Deno.test("a token that cannot be written, as ~/.aws is read-only, is used and refreshed on from memory", async () => {
  const asked: Asked[] = [];
  const clock = new FixedClock(NOW);
  const session = sessionWith(SSO, {
    files: { [SSO_FILE]: JSON.stringify(ENDING) },
    readOnly: true,
    clock,
    options: inMemory(asked, clock),
  });
  for (let round = 1; round <= 3; round++) {
    await session.credentials();
    clock.advance(50 * 60_000);
  }

  const used = asked.filter(({ text }) => text !== "")
    .map(({ text }) => JSON.parse(text).refreshToken);
  assertEquals(used, ["refresh-0", "refresh-1", "refresh-2"]);
});

Deno.test("a login that cannot be written, as ~/.aws is read-only, is used and refreshed on from memory", async () => {
  const asked: Asked[] = [];
  const clock = new FixedClock(NOW);
  const session = sessionWith(LOGIN, {
    files: await loginFiles({}),
    readOnly: true,
    clock,
    options: inMemory(asked, clock),
  });
  const keys: string[] = [];
  for (let round = 1; round <= 3; round++) {
    keys.push((await session.credentials()).accessKeyId);
    clock.advance(10 * 60_000);
  }

  assertEquals(keys, ["ASIALOGIN1", "ASIALOGIN2", "ASIALOGIN3"]);
  assertEquals(asked.map(({ text }) => JSON.parse(text).refreshToken), [
    "refresh-0",
    "refresh-1",
    "refresh-2",
  ]);
});

Deno.test("a login is renewed where it was signed in, before any other region", async () => {
  const cases = [
    [{ signInRegion: "us-west-2" }, "https://us-west-2.signin.aws.amazon.com"],
    [{ signInRegion: "" }, "https://eu-west-3.signin.aws.amazon.com"],
    [{}, "https://eu-west-3.signin.aws.amazon.com"],
  ] as const;
  for (const [fields, origin] of cases) {
    const asked: Asked[] = [];
    const session = sessionWith(LOGIN, {
      env: { AWS_REGION: "eu-west-3" },
      files: await loginFiles(fields),
      options: inMemory(asked),
    });

    await session.credentials();

    assertEquals(asked[0]?.url, `${origin}/v1/token`);
  }
});

Deno.test("a cached region that is none leads nowhere", async () => {
  const asked: Asked[] = [];
  const session = sessionWith(LOGIN, {
    files: await loginFiles({ signInRegion: "evil.example/x" }),
    options: inMemory(asked),
  });

  await assertRejects(() => session.credentials());

  assertEquals(asked, []);
});

Deno.test("an assumed role without AssumedRoleUser is accepted, on Amazon's hosts too", async () => {
  const config = `[default]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = base
[profile base]
aws_access_key_id = AKIDBASE
aws_secret_access_key = secret
`;
  const keys = (user: string): string =>
    `<AssumeRoleResponse><AssumeRoleResult>${user}<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2030-01-01T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  for (
    const user of [
      "",
      "<AssumedRoleUser/>",
      "<AssumedRoleUser><Arn>odd</Arn></AssumedRoleUser>",
    ]
  ) {
    const session = sessionWith(config, {
      env: { AWS_REGION: "eu-west-1" },
      options: { transport: transportOf(() => new Response(keys(user))) },
    });

    const { accessKeyId, accountId } = await session.credentials();

    assertEquals([accessKeyId, accountId], ["ASIAROLE", undefined]);
  }
});

Deno.test("a role whose answer has no keys is an error that says so", async () => {
  const config = `[default]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = base
[profile base]
aws_access_key_id = AKIDBASE
aws_secret_access_key = secret
`;
  const session = sessionWith(config, {
    env: { AWS_ENDPOINT_URL_STS: "http://sts.example", AWS_REGION: "x" },
    options: {
      transport: transportOf(() =>
        new Response(
          "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser/></AssumeRoleResult></AssumeRoleResponse>",
        )
      ),
    },
  });

  const error = await assertRejects(
    () => session.credentials(),
    CredentialsError,
  );

  assert(error.message.includes("role/r"));
});

interface Setup {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: SessionOptions;
  readonly readOnly?: boolean;
  readonly clock?: FixedClock;
}

function sessionWith(config: string, setup: Setup): Session {
  const { env, files, options, readOnly, clock = new FixedClock(NOW) } = setup;
  const system = new FakeSystem({
    env: { HOME, ...env },
    files: { [CONFIG]: config, ...files },
  });
  if (readOnly) {
    system.writePrivate = () =>
      Promise.reject(new Deno.errors.PermissionDenied("Read-only file system"));
  }
  return new Session({ system, clock, ...options });
}

function inMemory(asked: Asked[], clock?: FixedClock): SessionOptions {
  return { transport: transportOf(answers(asked, clock)) };
}

type Transport = NonNullable<SessionOptions["transport"]>;

function transportOf(
  answer: (request: Request) => Promise<Response> | Response,
): Transport {
  return {
    send: async ({ method, origin, path, query, headers, body }) => {
      const params = query.map(([name, value = ""]) => `${name}=${value}`);
      const response = await answer(
        new Request(
          origin + path + (params.length ? `?${params.join("&")}` : ""),
          {
            method,
            headers: { ...headers },
            ...body instanceof Uint8Array ? { body } : {},
          },
        ),
      );
      const bytes = await response.bytes();
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
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

async function loginFiles(
  fields: Readonly<Record<string, unknown>>,
): Promise<Record<string, string>> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(LOGIN_SESSION),
  );
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = new Uint8Array(
    await crypto.subtle.exportKey("pkcs8", privateKey),
  );
  const name = new Uint8Array(digest).toHex();
  return {
    [`${HOME}/.aws/login/cache/${name}.json`]: JSON.stringify({
      accessToken: {
        accessKeyId: "ASIACACHED",
        secretAccessKey: "secret",
        sessionToken: "token",
        expiresAt: "2030-01-01T12:01:00Z",
      },
      refreshToken: "refresh-0",
      clientId: "arn:aws:signin:::devtools/same-device",
      dpopKey:
        `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`,
      ...fields,
    }),
  };
}

function tlsFile(name: string): string {
  return Deno.readTextFileSync(
    new URL(`../fixtures/tls/${name}`, import.meta.url),
  );
}
