import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  checkExplicit,
  explicitCredentials,
} from "../../src/credentials/explicit.ts";
import {
  CredentialsError,
  PartialCredentialsError,
} from "../../src/foundation/errors.ts";
import type { CredentialsInput } from "../../src/ports/config.ts";
import { FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NOW } from "./doubles.ts";

const deps = { clock: new FixedClock(NOW), logger: keptMessages() };

/** As a caller without a compiler would pass it. */
function untyped(input: unknown): CredentialsInput {
  return input as CredentialsInput;
}

Deno.test("checkExplicit accepts every form that is allowed", () => {
  const keys = { accessKeyId: "AKIA1", secretAccessKey: "SK" };
  const forms: readonly (CredentialsInput | undefined)[] = [
    undefined,
    "anonymous",
    keys,
    { ...keys, accessKeyId: "ASIA1", sessionToken: "T" },
    { AccessKeyId: "ASIA1", SecretAccessKey: "SK", SessionToken: "T" },
    { name: "mine", load: () => Promise.resolve(keys) },
    () => Promise.resolve(keys),
  ];

  for (const form of forms) checkExplicit(form);
});

Deno.test("checkExplicit says which part of the keys is missing", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ accessKeyId: "AKIA1" }, "set secretAccessKey"],
    [{ secretAccessKey: "SK" }, "set accessKeyId"],
    [{ accessKeyId: "AKIA1", secretAccessKey: "" }, "set secretAccessKey"],
    [{ accessKeyId: "ASIA1", secretAccessKey: "SK" }, "set sessionToken"],
    [{ AccessKeyId: "AKIA1" }, "set SecretAccessKey"],
    [{ AccessKeyId: "ASIA1", SecretAccessKey: "SK" }, "set SessionToken"],
  ];

  for (const [input, message] of cases) {
    const error = assertThrows(
      () => checkExplicit(untyped(input)),
      PartialCredentialsError,
      message,
    );
    assertEquals(error.message.includes('"SK"'), false);
  }
});

Deno.test("checkExplicit refuses what is not credentials and says what is", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["AKIA1", "found string"],
    [null, "found null"],
    [42, "found number"],
    [{ key: "AKIA1" }, "found neither accessKeyId nor the secret"],
    [
      { accessKeyId: 1, secretAccessKey: "SK" },
      "accessKeyId must be a string, found number",
    ],
    [
      { accessKeyId: "A", secretAccessKey: "SK", expiration: "tomorrow" },
      "expiration must be a valid Date, found string",
    ],
  ];

  for (const [input, message] of cases) {
    const error = assertThrows(
      () => checkExplicit(untyped(input)),
      CredentialsError,
      message,
    );
    assertEquals(error.code, "InvalidCredentials");
  }
});

Deno.test("explicitCredentials is undefined for anonymous requests", async () => {
  assertEquals(await explicitCredentials("anonymous", deps), undefined);
});

Deno.test("explicitCredentials takes an answer of STS as it comes", async () => {
  const Expiration = new Date("2024-02-29T13:00:00Z");

  const source = await explicitCredentials({
    AccessKeyId: "ASIA1",
    SecretAccessKey: "SK",
    SessionToken: "T",
    Expiration,
  }, deps);
  const credentials = await source?.get();

  assertEquals(credentials?.accessKeyId, "ASIA1");
  assertEquals(credentials?.secretAccessKey, "SK");
  assertEquals(credentials?.sessionToken, "T");
  assertEquals(credentials?.expiration, Expiration);
  assertEquals(credentials?.source, "code");
});

Deno.test("explicitCredentials keeps what a function gets until it ends", async () => {
  const clock = new FixedClock(NOW);
  let asked = 0;
  const source = await explicitCredentials(() => {
    asked++;
    return Promise.resolve({
      AccessKeyId: `ASIA${asked}`,
      SecretAccessKey: "SK",
      SessionToken: "T",
      Expiration: new Date(clock.now().getTime() + 3_600_000),
    });
  }, { ...deps, clock });

  const first = await source?.get();
  const again = await source?.get();
  clock.advance(3_600_000);
  const later = await source?.get();

  assertEquals(
    [first, again, later].map((credentials) => credentials?.accessKeyId),
    ["ASIA1", "ASIA1", "ASIA2"],
  );
});

Deno.test("explicitCredentials checks what a function gets", async () => {
  const source = await explicitCredentials(
    () => Promise.resolve({ accessKeyId: "ASIA1", secretAccessKey: "SK" }),
    deps,
  );

  await assertRejects(
    () => source?.get() ?? Promise.resolve(),
    PartialCredentialsError,
    "set sessionToken",
  );
});
