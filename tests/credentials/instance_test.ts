import { assertEquals, assertRejects } from "@std/assert";
import {
  type InstanceDeps,
  instanceProvider,
} from "../../src/credentials/instance.ts";
import {
  ConfigError,
  CredentialsError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { Transport } from "../../src/ports/http.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NO_TRANSPORT, NOW } from "./doubles.ts";
import { type Handler, type Loopback, loopback } from "./loopback.ts";

const KEYS = {
  Code: "Success",
  AccessKeyId: "ASIAINSTANCE",
  SecretAccessKey: "SECRETOFINSTANCE",
  Token: "TOKENOFINSTANCE",
  Expiration: "2024-02-29T18:00:00Z",
};
const ROLES = "/latest/meta-data/iam/security-credentials/";

/** A metadata service; single answers can be replaced. */
function service(
  replaced: Readonly<Record<string, Handler>> = {},
): { server: Loopback; tokens: (string | null)[] } {
  const tokens: (string | null)[] = [];
  const usual: Readonly<Record<string, Handler>> = {
    "/latest/api/token": () => new Response("tok"),
    [ROLES]: () => new Response("myrole"),
    [`${ROLES}myrole`]: () => Response.json(KEYS),
  };
  const handlers = { ...usual, ...replaced };
  const server = loopback((request, silent) => {
    const { pathname } = new URL(request.url);
    tokens.push(request.headers.get("x-aws-ec2-metadata-token"));
    return handlers[pathname]?.(request, silent) ??
      new Response(null, { status: 404 });
  });
  return { server, tokens };
}

function deps(
  server: Loopback | undefined,
  env: Record<string, string> = {},
  more: Partial<InstanceDeps> = {},
): InstanceDeps {
  return {
    system: new FakeSystem({
      env: {
        ...server && { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.origin },
        ...env,
      },
    }),
    clock: new FixedClock(NOW),
    random: () => 0,
    logger: keptMessages(),
    transport: server?.transport ?? NO_TRANSPORT,
    timeoutMs: 5_000,
    ...more,
  };
}

Deno.test("instanceProvider gets the role's keys with a token", async () => {
  const { server, tokens } = service();
  await using _ = server;

  const found = await instanceProvider(deps(server)).load();

  assertEquals(found, {
    accessKeyId: "ASIAINSTANCE",
    secretAccessKey: "SECRETOFINSTANCE",
    sessionToken: "TOKENOFINSTANCE",
    expiration: new Date("2024-02-29T18:00:00Z"),
    source: "iam-role",
  });
  assertEquals(server.requests, [
    "PUT /latest/api/token",
    `GET ${ROLES}`,
    `GET ${ROLES}myrole`,
  ]);
  assertEquals(tokens, [null, "tok", "tok"]);
});

Deno.test("instanceProvider goes on without a token where the service has none", async () => {
  for (const status of [403, 404, 405]) {
    const { server, tokens } = service({
      "/latest/api/token": () => new Response(null, { status }),
    });
    await using _ = server;
    const found = await instanceProvider(deps(server)).load();
    assertEquals(found?.accessKeyId, "ASIAINSTANCE");
    assertEquals(tokens, [null, null, null]);
  }
});

Deno.test("instanceProvider goes on without a token that is too many hops away", async () => {
  const { server } = service({
    "/latest/api/token": (_request, silent) => silent,
  });
  await using _ = server;
  // The patience of the token's request alone; the others are answered at once.
  const patient = deps(server);
  const transport: Transport = {
    send: (request, options) =>
      server.transport.send(
        request,
        request.method === "PUT"
          ? { ...options, readTimeoutMs: 30, attemptTimeoutMs: 30 }
          : options,
      ),
    [Symbol.dispose]: () => {},
  };

  const found = await instanceProvider({ ...patient, transport }).load();

  assertEquals(found?.accessKeyId, "ASIAINSTANCE");
});

Deno.test("instanceProvider stops where version 1 is switched off", async () => {
  const { server } = service({
    "/latest/api/token": () => new Response(null, { status: 404 }),
  });
  await using _ = server;

  const error = await assertRejects(
    () =>
      instanceProvider(
        deps(server, { AWS_EC2_METADATA_V1_DISABLED: "true" }),
      ).load(),
    CredentialsError,
  );

  assertEquals(error.code, "MetadataRetrievalError");
  assertEquals(server.requests.length, 1);
});

Deno.test("instanceProvider is not in use where the service has no role", async () => {
  const secret = "SECRETINBODY";
  const cases: readonly Readonly<Record<string, Handler>>[] = [
    { "/latest/api/token": () => new Response(secret, { status: 400 }) },
    { [ROLES]: () => new Response(null, { status: 404 }) },
    { [ROLES]: () => new Response(secret, { status: 401 }) },
    { [ROLES]: () => new Response("") },
    { [`${ROLES}myrole`]: () => new Response(secret) },
    { [`${ROLES}myrole`]: () => Response.json({ Code: "Failed", secret }) },
    { [`${ROLES}myrole`]: () => Response.json({ ...KEYS, Token: undefined }) },
  ];

  for (const replaced of cases) {
    const { server } = service(replaced);
    await using _ = server;
    const finding = await instanceProvider(deps(server)).resolve();
    assertEquals(finding.kind, "absent");
    assertEquals(Deno.inspect(finding).includes(secret), false);
  }
});

Deno.test("instanceProvider asks each question as often as it is told", async () => {
  const busy = (): Response => new Response(null, { status: 500 });
  let roles = 0;
  const { server } = service({
    "/latest/api/token": busy,
    [ROLES]: () => ++roles === 1 ? busy() : new Response("myrole"),
  });
  await using _ = server;

  await instanceProvider(
    deps(server, { AWS_METADATA_SERVICE_NUM_ATTEMPTS: "2" }),
  ).load();

  assertEquals(server.requests.map((line) => line.split(" ")[1]), [
    "/latest/api/token",
    "/latest/api/token",
    ROLES,
    ROLES,
    `${ROLES}myrole`,
  ]);
});

Deno.test("instanceProvider is not in use where nobody answers", async () => {
  const finding = await instanceProvider(deps(undefined, {}, {
    transport: {
      send: () =>
        Promise.reject(
          new TransportError("refused", "no", { maybeSent: false }),
        ),
      [Symbol.dispose]: () => {},
    },
  })).resolve();

  assertEquals(finding, {
    kind: "absent",
    why:
      "the instance metadata service at http://169.254.169.254 has no role, or is not there",
  });
});

Deno.test("instanceProvider names the flag that it lacks", async () => {
  const finding = await instanceProvider(deps(undefined, {}, {
    transport: {
      send: () =>
        Promise.reject(
          new TransportError("denied", "no", { maybeSent: false }),
        ),
      [Symbol.dispose]: () => {},
    },
  })).resolve();

  assertEquals(finding, {
    kind: "denied",
    flags: ["--allow-net=169.254.169.254"],
  });
});

Deno.test("instanceProvider sends nothing where it is switched off", async () => {
  const finding = await instanceProvider(
    deps(undefined, { AWS_EC2_METADATA_DISABLED: "True" }),
  ).resolve();

  assertEquals(finding.kind, "absent");
});

Deno.test("instanceProvider uses late credentials on, and asks again soon", async () => {
  const { server } = service({
    [`${ROLES}myrole`]: () =>
      Response.json({ ...KEYS, Expiration: "2024-02-29T11:00:00Z" }),
  });
  await using _ = server;

  const soonest = await instanceProvider(deps(server)).load();
  const latest = await instanceProvider(
    deps(server, {}, { random: () => 0.999_999 }),
  ).load();

  // 15 minutes, and 2 to 10 more.
  assertEquals(soonest?.expiration, new Date("2024-02-29T12:17:00Z"));
  assertEquals(latest?.expiration, new Date("2024-02-29T12:25:00Z"));
});

Deno.test("instanceProvider refuses settings that are not allowed", async () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
      "ipv5",
      "InvalidIMDSEndpointModeError",
    ],
    [
      "AWS_EC2_METADATA_SERVICE_ENDPOINT",
      "localhost",
      "InvalidIMDSEndpointError",
    ],
    ["AWS_METADATA_SERVICE_TIMEOUT", "0", "InvalidConfigError"],
    ["AWS_METADATA_SERVICE_NUM_ATTEMPTS", "many", "InvalidConfigError"],
  ];

  for (const [name, value, code] of cases) {
    const error = await assertRejects(
      () => instanceProvider(deps(undefined, { [name]: value })).resolve(),
      ConfigError,
      name,
    );
    assertEquals(error.code, code);
  }
});
