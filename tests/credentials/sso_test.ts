import { assertEquals, assertRejects } from "@std/assert";
import { loadProfiles } from "../../src/config/profiles.ts";
import { type SsoDeps, ssoProvider } from "../../src/credentials/sso.ts";
import { ConfigError, CredentialsError } from "../../src/foundation/errors.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NO_TRANSPORT, NOW } from "./doubles.ts";
import { type Handler, type Loopback, loopback } from "./loopback.ts";

const URL_OF_PORTAL = "https://x.awsapps.com/start";
/** SHA-1 of the address and of the name of the session. */
const LEGACY =
  "/home/ann/.aws/sso/cache/3947de8b16688092197fa616c34e01335f21d256.json";
const SESSION =
  "/home/ann/.aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";

const LEGACY_CONFIG = `[default]
sso_account_id = 123456789012
sso_role_name = Dev+Ops
sso_start_url = ${URL_OF_PORTAL}
sso_region = eu-west-1
`;
const SESSION_CONFIG = `[default]
sso_account_id = 123456789012
sso_role_name = Dev
sso_session = my
[sso-session my]
sso_start_url = ${URL_OF_PORTAL}
sso_region = eu-west-1
`;
const TOKEN = {
  accessToken: "TOKENINCACHE",
  expiresAt: "2024-02-29T20:00:00Z",
};
const ENDING = {
  accessToken: "TOKENINCACHE",
  expiresAt: "2024-02-29T12:05:00Z",
  refreshToken: "REFRESHTOKEN",
  clientId: "CLIENT",
  clientSecret: "CLIENTSECRET",
  registrationExpiresAt: "2024-03-29T00:00:00Z",
};
const KEYS = {
  roleCredentials: {
    accessKeyId: "ASIASSO",
    secretAccessKey: "SECRETOFSSO",
    sessionToken: "SESSIONOFSSO",
    expiration: 1_709_211_600_000,
  },
};

async function deps(
  config: string,
  files: Record<string, unknown>,
  more: { server?: Loopback; denied?: readonly string[]; timeoutMs?: number } =
    {},
): Promise<SsoDeps & { system: FakeSystem; clock: FixedClock }> {
  const texts = Object.entries(files).map(([path, content]) => [
    path,
    typeof content === "string" ? content : JSON.stringify(content),
  ]);
  const system = new FakeSystem({
    env: { HOME: "/home/ann" },
    files: { "/home/ann/.aws/config": config, ...Object.fromEntries(texts) },
    denied: more.denied ?? [],
  });
  return {
    system,
    profiles: await loadProfiles(system),
    profile: "default",
    clock: new FixedClock(NOW),
    logger: keptMessages(),
    transport: more.server?.transport ?? NO_TRANSPORT,
    timeoutMs: more.timeoutMs ?? 5_000,
  };
}

/** A portal, and a service that refreshes tokens. */
function portal(
  replaced: Readonly<Record<string, Handler>> = {},
): { server: Loopback; bearers: (string | null)[]; bodies: string[] } {
  const bearers: (string | null)[] = [];
  const bodies: string[] = [];
  const usual: Readonly<Record<string, Handler>> = {
    "/federation/credentials": () => Response.json(KEYS),
    "/token": () =>
      Response.json({
        accessToken: "NEWTOKEN",
        expiresIn: 3_600,
        refreshToken: "NEWREFRESH",
      }),
  };
  const handlers = { ...usual, ...replaced };
  const server = loopback(async (request, silent) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/token") bodies.push(await request.text());
    else bearers.push(request.headers.get("x-amz-sso_bearer_token"));
    return await handlers[pathname]?.(request, silent) ?? new Response();
  });
  return { server, bearers, bodies };
}

Deno.test("ssoProvider gets keys with the token that the AWS CLI left", async () => {
  const { server, bearers } = portal();
  await using _ = server;

  const found = await ssoProvider(
    await deps(LEGACY_CONFIG, { [LEGACY]: TOKEN }, { server }),
  ).load();

  assertEquals(found, {
    accessKeyId: "ASIASSO",
    secretAccessKey: "SECRETOFSSO",
    sessionToken: "SESSIONOFSSO",
    expiration: new Date("2024-02-29T13:00:00Z"),
    accountId: "123456789012",
    source: "sso",
  });
  assertEquals(server.requests, [
    "GET /federation/credentials?role_name=Dev%2BOps&account_id=123456789012",
  ]);
  assertEquals(bearers, ["TOKENINCACHE"]);
});

Deno.test("ssoProvider refreshes the token of a session and writes it back", async () => {
  const { server, bearers, bodies } = portal();
  await using _ = server;
  const own = await deps(SESSION_CONFIG, { [SESSION]: ENDING }, { server });

  await ssoProvider(own).load();

  assertEquals(bearers, ["NEWTOKEN"]);
  assertEquals(bodies.map((body) => JSON.parse(body)), [{
    grantType: "refresh_token",
    clientId: "CLIENT",
    clientSecret: "CLIENTSECRET",
    refreshToken: "REFRESHTOKEN",
  }]);
  assertEquals(JSON.parse(own.system.files[SESSION] ?? ""), {
    startUrl: URL_OF_PORTAL,
    region: "eu-west-1",
    accessToken: "NEWTOKEN",
    expiresAt: "2024-02-29T13:00:00Z",
    clientId: "CLIENT",
    clientSecret: "CLIENTSECRET",
    registrationExpiresAt: "2024-03-29T00:00:00Z",
    refreshToken: "NEWREFRESH",
  });
});

Deno.test("ssoProvider keeps a new token that it may not write", async () => {
  const { server, bearers, bodies } = portal();
  await using _ = server;
  const own = await deps(SESSION_CONFIG, { [SESSION]: ENDING }, { server });
  const readOnly = {
    ...own,
    system: {
      env: (name: string) => own.system.env(name),
      readText: (path: string) => own.system.readText(path),
      stat: (path: string) => own.system.stat(path),
      run: () => Promise.reject(new Error("nothing is run")),
      writePrivate: () =>
        Promise.resolve(
          {
            kind: "denied",
            flag: "--allow-write=/home/ann/.aws/sso/cache",
          } as const,
        ),
    },
  };
  const provider = ssoProvider(readOnly);

  await provider.load();
  await provider.load();

  assertEquals(bearers, ["NEWTOKEN", "NEWTOKEN"]);
  assertEquals(bodies.length, 1);
});

Deno.test("ssoProvider uses the old token on while a refresh fails", async () => {
  const failing: readonly Handler[] = [
    () => Response.json({ error: "invalid_grant" }, { status: 400 }),
    () => new Response("nonsense"),
    (_request, silent) => silent,
  ];

  for (const handler of failing) {
    const { server, bearers } = portal({ "/token": handler });
    await using _ = server;
    const own = await deps(SESSION_CONFIG, { [SESSION]: ENDING }, {
      server,
      timeoutMs: 200,
    });
    await ssoProvider(own).load();
    assertEquals(bearers, ["TOKENINCACHE"]);
  }
});

Deno.test("ssoProvider takes the token that another program has refreshed", async () => {
  const own = await deps(SESSION_CONFIG, { [SESSION]: ENDING });
  const { server, bearers } = portal({
    "/token": async () => {
      await own.system.writePrivate(
        SESSION,
        JSON.stringify({ ...TOKEN, accessToken: "TOKENOFOTHER" }),
      );
      return new Response(null, { status: 400 });
    },
  });
  await using _ = server;

  await ssoProvider({ ...own, transport: server.transport }).load();

  assertEquals(bearers, ["TOKENOFOTHER"]);
});

Deno.test("ssoProvider says how to log in again", async () => {
  const ended = { ...ENDING, expiresAt: "2024-02-29T11:00:00Z" };
  const withoutRefresh = { ...ended, refreshToken: undefined };
  const cases: readonly (readonly [string, Record<string, unknown>, string])[] =
    [
      [LEGACY_CONFIG, {}, "SSOTokenLoadError"],
      [LEGACY_CONFIG, { [LEGACY]: "{" }, "SSOTokenLoadError"],
      [LEGACY_CONFIG, { [LEGACY]: { accessToken: "T" } }, "SSOTokenLoadError"],
      [LEGACY_CONFIG, { [LEGACY]: ended }, "UnauthorizedSSOTokenError"],
      [SESSION_CONFIG, { [SESSION]: withoutRefresh }, "TokenRetrievalError"],
      [
        SESSION_CONFIG,
        {
          [SESSION]: {
            ...ended,
            registrationExpiresAt: "2024-01-01T00:00:00Z",
          },
        },
        "TokenRetrievalError",
      ],
    ];

  for (const [config, files, code] of cases) {
    const own = await deps(config, files);
    const error = await assertRejects(
      () => ssoProvider(own).load(),
      CredentialsError,
      "aws sso login",
    );
    assertEquals(error.code, code);
    assertEquals(Deno.inspect(error).includes("TOKENINCACHE"), false);
  }
});

Deno.test("ssoProvider tells what the portal refuses, without its words", async () => {
  const secret = "SECRETINBODY";
  const refusal = (status: number, type: string): Handler => () =>
    Response.json({ message: secret }, {
      status,
      headers: { "x-amzn-errortype": type },
    });
  const cases: readonly (readonly [Handler, string])[] = [
    [refusal(401, "UnauthorizedException"), "UnauthorizedSSOTokenError"],
    [refusal(403, "ForbiddenException:http://x"), "ForbiddenException"],
    [() => new Response(secret, { status: 404 }), "CredentialRetrievalError"],
    [() => new Response(secret), "CredentialRetrievalError"],
    [
      () => Response.json({ roleCredentials: { accessKeyId: secret } }),
      "CredentialRetrievalError",
    ],
    [
      () =>
        Response.json({
          roleCredentials: { ...KEYS.roleCredentials, expiration: "soon" },
        }),
      "CredentialRetrievalError",
    ],
  ];

  for (const [handler, code] of cases) {
    const { server } = portal({ "/federation/credentials": handler });
    await using _ = server;
    const own = await deps(LEGACY_CONFIG, { [LEGACY]: TOKEN }, { server });
    const error = await assertRejects(
      () => ssoProvider(own).load(),
      CredentialsError,
    );
    assertEquals(error.code, code);
    assertEquals(Deno.inspect(error).includes(secret), false);
  }
});

Deno.test("ssoProvider tries the portal three times", async () => {
  const answers = [
    new Response(null, { status: 500 }),
    new Response(null, { status: 429 }),
    Response.json(KEYS),
  ];
  const { server } = portal({
    "/federation/credentials": () => answers.shift() ?? new Response(),
  });
  await using _ = server;
  const own = await deps(LEGACY_CONFIG, { [LEGACY]: TOKEN }, { server });

  const found = await ssoProvider(own).load();

  assertEquals(found?.accessKeyId, "ASIASSO");
  assertEquals(own.clock.slept, [500, 1_000]);
});

Deno.test("ssoProvider refuses settings that contradict or lack something", async () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "[default]\nsso_account_id = 1",
      "lacks sso_role_name, sso_start_url, sso_region",
    ],
    [
      "[default]\nsso_role_name = R\nsso_session = my1\n[sso-session my]",
      'there is no section [sso-session my1], its sso_session ("/home/ann/.aws/config" line 3); did you mean "my"?',
    ],
    [
      SESSION_CONFIG.replace("[sso", "sso_region = us-east-1\n[sso"),
      'its sso_region ("/home/ann/.aws/config" line 5) differs from that of its sso-session',
    ],
    [
      LEGACY_CONFIG.replace("eu-west-1", "evil.example/?"),
      'Cannot sign in at region "evil.example/?"',
    ],
  ];

  for (const [config, message] of cases) {
    const own = await deps(config, { [LEGACY]: TOKEN });
    await assertRejects(() => ssoProvider(own).load(), ConfigError, message);
  }
});

Deno.test("ssoProvider is not in use for an address alone", async () => {
  const own = await deps(`[default]\nsso_start_url = ${URL_OF_PORTAL}\n`, {});

  assertEquals(await ssoProvider(own).resolve(), {
    kind: "absent",
    why: 'profile "default" does not set sso_account_id or sso_role_name',
  });
});

Deno.test("ssoProvider names the flag that the token needs", async () => {
  const own = await deps(LEGACY_CONFIG, { [LEGACY]: TOKEN }, {
    denied: [LEGACY],
  });

  await assertRejects(
    () => ssoProvider(own).load(),
    CredentialsError,
    `run with --allow-read=${LEGACY}`,
  );
});
