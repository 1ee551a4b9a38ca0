import { assertEquals, assertRejects } from "@std/assert";
import { envProvider } from "../../src/credentials/static_keys.ts";
import { CredentialsError } from "../../src/foundation/errors.ts";
import { FakeSystem } from "../../src/testing/mod.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKIA1", AWS_SECRET_ACCESS_KEY: "SK" };

function look(
  env: Record<string, string>,
  denied: readonly string[] = [],
): ReturnType<ReturnType<typeof envProvider>["resolve"]> {
  return envProvider({ system: new FakeSystem({ env, denied }) }).resolve();
}

Deno.test("envProvider finds keys, and tells no refresh for lasting ones", async () => {
  assertEquals(await look({ ...KEYS, AWS_ACCOUNT_ID: "123456789012" }), {
    kind: "found",
    credentials: {
      accessKeyId: "AKIA1",
      secretAccessKey: "SK",
      accountId: "123456789012",
      source: "env",
    },
    at: "AWS_ACCESS_KEY_ID",
  });
});

Deno.test("envProvider takes the older name of the token first", async () => {
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{ AWS_SESSION_TOKEN: "new" }, "new"],
    [{ AWS_SESSION_TOKEN: "new", AWS_SECURITY_TOKEN: "old" }, "old"],
    [{ AWS_SESSION_TOKEN: "new", AWS_SECURITY_TOKEN: "" }, "new"],
  ];

  for (const [tokens, expected] of cases) {
    const finding = await look({ ...KEYS, ...tokens });
    assertEquals(
      finding.kind === "found" && finding.credentials.sessionToken,
      expected,
    );
  }
});

Deno.test("envProvider is not in use without a key id", async () => {
  for (
    const env of [{}, { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "x" }]
  ) {
    assertEquals(await look(env), {
      kind: "absent",
      why: "AWS_ACCESS_KEY_ID is not set",
    });
  }
});

Deno.test("envProvider says what is missing or wrong", async () => {
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{ AWS_ACCESS_KEY_ID: "AKIA1" }, "AWS_SECRET_ACCESS_KEY is not"],
    [{ ...KEYS, AWS_SECRET_ACCESS_KEY: "" }, "AWS_SECRET_ACCESS_KEY is not"],
    [
      { ...KEYS, AWS_CREDENTIAL_EXPIRATION: "soon" },
      'AWS_CREDENTIAL_EXPIRATION must be a time in ISO 8601 with its zone such as "2030-01-31T12:00:00Z", found "soon"',
    ],
  ];

  for (const [env, message] of cases) {
    await assertRejects(() => look(env), CredentialsError, message);
  }
});

Deno.test("envProvider is passed over where the key id may not be read", async () => {
  assertEquals(await look(KEYS, ["AWS_ACCESS_KEY_ID"]), {
    kind: "denied",
    flags: ["--allow-env=AWS_ACCESS_KEY_ID"],
  });
});

Deno.test("envProvider tells at once all that it takes to find keys", async () => {
  const names = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
  ];

  assertEquals(await look(KEYS, names), {
    kind: "denied",
    flags: names.map((name) => `--allow-env=${name}`),
  });
});

Deno.test("envProvider fails where the rest of found keys may not be read", async () => {
  await assertRejects(
    () => look(KEYS, ["AWS_SECRET_ACCESS_KEY"]),
    CredentialsError,
    "--allow-env=AWS_SECRET_ACCESS_KEY",
  );
  await assertRejects(
    () => look({ ...KEYS, AWS_ACCESS_KEY_ID: "ASIA1" }, ["AWS_SESSION_TOKEN"]),
    CredentialsError,
    "--allow-env=AWS_SESSION_TOKEN",
  );
});

Deno.test("envProvider does without a forbidden token where keys can", async () => {
  const finding = await look(KEYS, ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]);

  assertEquals(finding.kind, "found");
});

Deno.test("envProvider tells the end and how new ones come", async () => {
  const finding = await look({
    ...KEYS,
    AWS_CREDENTIAL_EXPIRATION: "2024-02-29T14:00:00+01:00",
  });

  assertEquals(
    finding.kind === "found" && [
      finding.credentials.expiration,
      finding.refresh,
    ],
    [new Date("2024-02-29T13:00:00Z"), "reads the environment again"],
  );
});
