import { assertEquals, assertRejects } from "@std/assert";
import { loadProfiles } from "../../src/config/profiles.ts";
import {
  dpopProof,
  type LoginDeps,
  loginProvider,
} from "../../src/credentials/login.ts";
import {
  base64,
  fromBase64,
  hex,
  text,
  utf8,
} from "../../src/foundation/bytes.ts";
import { CredentialsError } from "../../src/foundation/errors.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NO_TRANSPORT, NOW } from "./doubles.ts";
import { type Handler, type Loopback, loopback } from "./loopback.ts";

const SESSION = "arn:aws:iam::123456789012:user/ann";
/** Where the session is cached. */
async function sessionFile(): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(SESSION),
  );
  return `/cache/${hex(new Uint8Array(digest))}.json`;
}

/** A cached session with a key of its own. */
async function token(expiresAt: string): Promise<Record<string, unknown>> {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = await crypto.subtle.exportKey("pkcs8", privateKey);
  return {
    accessToken: {
      accessKeyId: "ASIACACHED",
      secretAccessKey: "SECRETINCACHE",
      sessionToken: "TOKENINCACHE",
      accountId: "123456789012",
      expiresAt,
    },
    tokenType: "aws_sigv4",
    refreshToken: "REFRESHTOKEN",
    idToken: "IDTOKEN",
    clientId: "arn:aws:signin:::devtools/same-device",
    dpopKey: `-----BEGIN PRIVATE KEY-----\n${
      base64(new Uint8Array(der))
    }\n-----END PRIVATE KEY-----\n`,
  };
}

async function deps(
  cached: unknown,
  { server, ...more }: Partial<LoginDeps> & { server?: Loopback } = {},
): Promise<LoginDeps & { system: FakeSystem }> {
  const system = new FakeSystem({
    env: { HOME: "/home/ann", AWS_LOGIN_CACHE_DIRECTORY: "/cache" },
    files: {
      "/home/ann/.aws/config": `[default]\nlogin_session = ${SESSION}\n`,
      ...cached === undefined
        ? {}
        : { [await sessionFile()]: JSON.stringify(cached) },
    },
  });
  return {
    profiles: await loadProfiles(system),
    profile: "default",
    clock: new FixedClock(NOW),
    logger: keptMessages(),
    transport: server?.transport ?? NO_TRANSPORT,
    region: "eu-west-1",
    uuid: () => "11111111-1111-4111-8111-111111111111",
    timeoutMs: 5_000,
    ...more,
    system,
  };
}

Deno.test("loginProvider takes cached credentials with more than five minutes left", async () => {
  const own = await deps(await token("2024-02-29T12:05:01Z"));

  assertEquals(await loginProvider(own).load(), {
    accessKeyId: "ASIACACHED",
    secretAccessKey: "SECRETINCACHE",
    sessionToken: "TOKENINCACHE",
    expiration: new Date("2024-02-29T12:05:01Z"),
    accountId: "123456789012",
    source: "login",
  });
});

Deno.test("loginProvider renews the session with a proof and writes it back", async () => {
  const seen: { dpop: string | null; body: unknown }[] = [];
  await using server = loopback(async (request) => {
    seen.push({
      dpop: request.headers.get("dpop"),
      body: await request.json(),
    });
    return Response.json({
      accessToken: {
        accessKeyId: "ASIANEW",
        secretAccessKey: "NEWSECRET",
        sessionToken: "NEWTOKEN",
      },
      tokenType: "aws_sigv4",
      expiresIn: 900,
      refreshToken: "NEWREFRESH",
    });
  });
  const cached = await token("2024-02-29T12:05:00Z");
  const own = await deps(cached, { server });

  const found = await loginProvider(own).load();

  assertEquals(found?.accessKeyId, "ASIANEW");
  assertEquals(found?.expiration, new Date("2024-02-29T12:15:00Z"));
  assertEquals(found?.accountId, "123456789012");
  assertEquals(server.requests, ["POST /v1/token"]);
  assertEquals(seen.map(({ body }) => body), [{
    clientId: "arn:aws:signin:::devtools/same-device",
    refreshToken: "REFRESHTOKEN",
    grantType: "refresh_token",
  }]);
  assertEquals(seen[0]?.dpop?.split(".").length, 3);
  assertEquals(JSON.parse(own.system.files[await sessionFile()] ?? ""), {
    ...cached,
    accessToken: {
      accessKeyId: "ASIANEW",
      secretAccessKey: "NEWSECRET",
      sessionToken: "NEWTOKEN",
      accountId: "123456789012",
      expiresAt: "2024-02-29T12:15:00Z",
    },
    refreshToken: "NEWREFRESH",
  });
});

Deno.test("loginProvider tells what AWS Sign-In refuses, without its words", async () => {
  const secret = "SECRETINBODY";
  const refusal = (error: string, status: number): Handler => () =>
    Response.json({ error, message: secret }, { status });
  const cases: readonly (readonly [Handler, string])[] = [
    [refusal("TOKEN_EXPIRED", 401), "LoginRefreshRequired"],
    [refusal("USER_CREDENTIALS_CHANGED", 403), "LoginRefreshRequired"],
    [refusal("INSUFFICIENT_PERMISSIONS", 403), "LoginInsufficientPermissions"],
    [refusal(secret, 500), "LoginError"],
    [() => new Response(secret), "LoginTokenLoadError"],
    [(_request, silent) => silent, "CredentialRetrievalError"],
  ];

  for (const [handler, code] of cases) {
    await using server = loopback(handler);
    const own = await deps(await token("2024-02-29T11:00:00Z"), {
      server,
      timeoutMs: 20,
    });
    const error = await assertRejects(
      () => loginProvider(own).load(),
      CredentialsError,
    );
    assertEquals(error.code, code);
    assertEquals(Deno.inspect(error).includes(secret), false);
  }
});

Deno.test("loginProvider says what is wrong with the cached session", async () => {
  const whole = await token("2024-02-29T11:00:00Z");
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, 'the session does not exist ("/cache/'],
    [{ ...whole, refreshToken: undefined }, "the session lacks refreshToken"],
    [{ ...whole, accessToken: {} }, "lacks accessToken.accessKeyId"],
    [{ ...whole, dpopKey: "SECRETKEY" }, "is none of the curve P-256"],
    [[], "is not a JSON object"],
  ];

  for (const [cached, message] of cases) {
    const own = await deps(cached);
    const error = await assertRejects(
      () => loginProvider(own).load(),
      CredentialsError,
      message,
    );
    assertEquals(error.code, "LoginTokenLoadError");
    assertEquals(Deno.inspect(error).includes("SECRET"), false);
  }
});

Deno.test("loginProvider needs a region to renew the session", async () => {
  const { region: _, ...own } = await deps(
    await token("2024-02-29T11:00:00Z"),
  );

  await assertRejects(
    () => loginProvider(own).load(),
    CredentialsError,
    "set AWS_REGION or region in the profile",
  );
});

const CLAIMS = {
  url: "https://eu-west-1.signin.aws.amazon.com/v1/token",
  at: new Date("2024-02-29T12:00:00.900Z"),
  id: "11111111-1111-4111-8111-111111111111",
};

/** A new key in both forms, and its public half. */
async function newKey(): Promise<
  { pkcs8: string; sec1: string; publicKey: CryptoKey; jwk: JsonWebKey }
> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const der = new Uint8Array(
    await crypto.subtle.exportKey("pkcs8", privateKey),
  );
  return {
    pkcs8: pem("PRIVATE KEY", der),
    // Version and algorithm take 26 bytes, the head of the octet string 2.
    sec1: pem("EC PRIVATE KEY", der.slice(3 + 3 + 21 + 2)),
    publicKey,
    jwk: await crypto.subtle.exportKey("jwk", publicKey),
  };
}

function pem(kind: string, der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${kind}-----\n${
    lines.join("\n")
  }\n-----END ${kind}-----\n`;
}

function decoded(part = ""): Uint8Array<ArrayBuffer> {
  return fromBase64(part.replaceAll("-", "+").replaceAll("_", "/"));
}

Deno.test("dpopProof signs what was asked with either form of the key", async () => {
  const { pkcs8, sec1, publicKey, jwk } = await newKey();

  for (const key of [pkcs8, sec1]) {
    const [header, payload, signature] = (await dpopProof(key, CLAIMS))
      .split(".");
    assertEquals(JSON.parse(text(decoded(header))), {
      typ: "dpop+jwt",
      alg: "ES256",
      jwk: { kty: "EC", x: jwk.x, y: jwk.y, crv: "P-256" },
    });
    assertEquals(JSON.parse(text(decoded(payload))), {
      htm: "POST",
      htu: CLAIMS.url,
      iat: 1_709_208_000,
      jti: CLAIMS.id,
    });
    assertEquals(decoded(signature).length, 64);
    assertEquals(
      await crypto.subtle.verify(
        { name: "ECDSA", hash: "SHA-256" },
        publicKey,
        decoded(signature),
        utf8(`${header}.${payload}`),
      ),
      true,
    );
  }
});

Deno.test("dpopProof refuses what is no key", async () => {
  await assertRejects(() => dpopProof("no key", CLAIMS));
  await assertRejects(() =>
    dpopProof(pem("EC PRIVATE KEY", utf8("no")), CLAIMS)
  );
});
