import { assertEquals, assertRejects } from "@std/assert";
import {
  type ContainerDeps,
  containerProvider,
} from "../../src/credentials/container.ts";
import { CredentialsError } from "../../src/foundation/errors.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NO_TRANSPORT, NOW } from "./doubles.ts";
import { loopback } from "./loopback.ts";

const KEYS = {
  AccessKeyId: "ASIACONTAINER",
  SecretAccessKey: "SECRETOFCONTAINER",
  Token: "TOKENOFCONTAINER",
  Expiration: "2024-02-29T18:00:00Z",
};

function deps(
  env: Record<string, string>,
  more: Partial<ContainerDeps> = {},
): ContainerDeps & { readonly clock: FixedClock } {
  return {
    system: new FakeSystem({ env }),
    logger: keptMessages(),
    transport: NO_TRANSPORT,
    timeoutMs: 5_000,
    ...more,
    clock: new FixedClock(NOW),
  };
}

Deno.test("containerProvider is not in use without an address", async () => {
  assertEquals(await containerProvider(deps({})).resolve(), {
    kind: "absent",
    why:
      "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
  });
});

Deno.test("containerProvider gets keys from the address, with the token of a file", async () => {
  const tokens: (string | null)[] = [];
  await using server = loopback((request) => {
    tokens.push(request.headers.get("authorization"));
    return Response.json({ ...KEYS, AccountId: "123456789012" });
  });
  const system = new FakeSystem({
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.origin}/v1?a=b%20c`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/token",
    },
    files: { "/token": "first" },
  });
  const provider = containerProvider({
    ...deps({}),
    system,
    transport: server.transport,
  });

  const found = await provider.load();
  await system.writePrivate("/token", "second");
  await provider.load();

  assertEquals(found, {
    accessKeyId: "ASIACONTAINER",
    secretAccessKey: "SECRETOFCONTAINER",
    sessionToken: "TOKENOFCONTAINER",
    expiration: new Date("2024-02-29T18:00:00Z"),
    accountId: "123456789012",
    source: "container-role",
  });
  assertEquals(tokens, ["first", "second"]);
  assertEquals(server.requests[0], "GET /v1?a=b%20c");
});

Deno.test("containerProvider tries three times, a second apart", async () => {
  const answers = [
    new Response("busy", { status: 503 }),
    new Response("{"),
    Response.json(KEYS),
  ];
  await using server = loopback(() => answers.shift() ?? new Response());
  const own = deps({
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2",
  }, { transport: server.transport });

  const found = await containerProvider(own).load();

  assertEquals(found?.accessKeyId, "ASIACONTAINER");
  assertEquals(own.clock.slept, [1_000, 1_000]);
});

Deno.test("containerProvider fails and never passes over a service that is in use", async () => {
  const secret = "SECRETINBODY";
  const handlers: readonly Parameters<typeof loopback>[0][] = [
    (_request, silent) => silent,
    () => new Response(secret, { status: 404 }),
    () => new Response(secret, { status: 500 }),
    () => new Response(`{"x": "${secret}"`),
    () => Response.json({ ...KEYS, Token: undefined, Other: secret }),
    () => Response.json({ ...KEYS, Expiration: secret }),
    () => Response.json([secret]),
  ];

  for (const handler of handlers) {
    await using server = loopback(handler);
    const own = deps({
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2",
    }, { transport: server.transport, timeoutMs: 20 });
    const error = await assertRejects(
      () => containerProvider(own).load(),
      CredentialsError,
      'Cannot get the credentials of "container-role"',
    );
    assertEquals(error.code, "CredentialRetrievalError");
    assertEquals(Deno.inspect(error).includes(secret), false);
  }
});

Deno.test("containerProvider asks only hosts that may hold the token", async () => {
  const refused = [
    "http://example.com/c",
    "http://10.0.0.1/c",
    "http://169.254.169.254/c",
    "http://127.0.0.1.example.com/c",
    "http://127.0.0.256/c",
    "http://localhost@example.com/c",
    "http://2130706433/c",
    "http://[::2]/c",
    "ftp://localhost/c",
    "localhost/c",
    "",
  ];

  for (const url of refused) {
    const own = deps({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
    const error = await assertRejects(
      () => containerProvider(own).load(),
      CredentialsError,
      "AWS_CONTAINER_CREDENTIALS_FULL_URI is refused",
    );
    assertEquals(error.code, "UnsupportedHost", url);
  }
});

Deno.test("containerProvider asks loopback, ECS, EKS and every https host", async () => {
  const allowed = [
    "https://example.com/c",
    "http://localhost:8080/c",
    "http://LOCALHOST/c",
    "http://127.5.6.7/c",
    "http://[::1]/c",
    "http://[0:0:0:0:0:0:0:1]:80/c",
    "http://169.254.170.2/c",
    "http://169.254.170.23/c",
    "http://[fd00:ec2::23]/c",
  ];

  for (const url of allowed) {
    await using server = loopback(() => Response.json(KEYS));
    const own = deps({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }, {
      transport: {
        ...server.transport,
        send: (request, options) =>
          server.transport.send({ ...request, origin: server.origin }, options),
      },
    });
    assertEquals(
      (await containerProvider(own).load())?.accessKeyId,
      "ASIACONTAINER",
      url,
    );
  }
});

Deno.test("containerProvider refuses a token that would be two header fields", async () => {
  for (const token of ["a\nb", "a\r\nX-Other: b", "a\r"]) {
    const own = deps({
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2",
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    });
    const error = await assertRejects(
      () => containerProvider(own).load(),
      CredentialsError,
      "must not hold a line break",
    );
    assertEquals(error.message.includes(token), false);
  }
});

Deno.test("containerProvider names the flags that it lacks", async () => {
  const hidden = new FakeSystem({
    denied: [
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ],
  });
  assertEquals(
    await containerProvider({ ...deps({}), system: hidden }).resolve(),
    {
      kind: "denied",
      flags: [
        "--allow-env=AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "--allow-env=AWS_CONTAINER_CREDENTIALS_FULL_URI",
      ],
    },
  );

  const tokenFile = new FakeSystem({
    env: {
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2",
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/token",
    },
    denied: ["/token"],
  });
  await assertRejects(
    () => containerProvider({ ...deps({}), system: tokenFile }).load(),
    CredentialsError,
    "--allow-read=/token",
  );
});

Deno.test("containerProvider takes the token of the file before the one that is inline", async () => {
  const inline = { AWS_CONTAINER_AUTHORIZATION_TOKEN: "inline" };
  const file = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/token" };
  const cases = [
    [{ ...inline, ...file }, "of-the-file"],
    [inline, "inline"],
    [file, "of-the-file"],
  ] as const;
  for (const [variables, token] of cases) {
    const tokens: (string | null)[] = [];
    await using server = loopback((request) => {
      tokens.push(request.headers.get("authorization"));
      return Response.json(KEYS);
    });
    const env = {
      ...variables,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.origin}/v1`,
    };

    await containerProvider({
      ...deps({}),
      system: new FakeSystem({ env, files: { "/token": "of-the-file" } }),
      transport: server.transport,
    }).load();

    assertEquals(tokens, [token]);
  }
});

Deno.test("containerProvider does not fall back to the inline token where the file cannot be read", async () => {
  let asked = 0;
  await using server = loopback(() => {
    asked++;
    return Response.json(KEYS);
  });
  const provider = containerProvider({
    ...deps({}),
    system: new FakeSystem({
      env: {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.origin}/v1`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: "inline",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/gone",
      },
    }),
    transport: server.transport,
  });

  await assertRejects(() => provider.load(), CredentialsError, "/gone");
  assertEquals(asked, 0);
});
