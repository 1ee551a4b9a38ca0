import { assertEquals, assertThrows } from "@std/assert";
import { checkExplicit } from "../../src/credentials/explicit.ts";
import { credentialsValue, readExpiry } from "../../src/credentials/value.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE";

const value = credentialsValue({
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: SECRET,
  sessionToken: TOKEN,
  expiration: new Date("2030-01-31T12:00:00Z"),
  accountId: "123456789012",
}, "env");

Deno.test("credentialsValue has every field to be read", () => {
  assertEquals(value.accessKeyId, "ASIAIOSFODNN7EXAMPLE");
  assertEquals(value.secretAccessKey, SECRET);
  assertEquals(value.sessionToken, TOKEN);
  assertEquals(value.expiration, new Date("2030-01-31T12:00:00Z"));
  assertEquals(value.accountId, "123456789012");
  assertEquals(value.source, "env");
});

Deno.test("credentialsValue is absent where nothing was given", () => {
  const bare = credentialsValue({ accessKeyId: "AK", secretAccessKey: "SK" });

  assertEquals("sessionToken" in bare, false);
  assertEquals(Object.keys(bare), ["accessKeyId"]);
});

Deno.test("credentialsValue shows no secret, however it is printed", () => {
  const texts = [
    Deno.inspect(value),
    Deno.inspect(value, { showHidden: true, getters: true }),
    Deno.inspect({ deep: [value] }),
    JSON.stringify(value),
    JSON.stringify({ deep: [value] }),
    `${value}`,
    String(value),
    JSON.stringify(structuredClone({ ...value })),
    JSON.stringify(Object.entries(value)),
    new Error("x", { cause: value }).toString(),
    Deno.inspect(new Error("x", { cause: value })),
  ];

  for (const text of texts) {
    assertEquals(text.includes(SECRET) || text.includes(TOKEN), false, text);
  }
});

Deno.test("credentialsValue tells the end of the key id, the source and the end", () => {
  assertEquals(
    `${value}`,
    "Credentials(****MPLE from env until 2030-01-31T12:00:00.000Z)",
  );
  assertEquals(
    JSON.stringify(value),
    '{"accessKeyId":"****MPLE","expiration":"2030-01-31T12:00:00.000Z","accountId":"123456789012","source":"env"}',
  );
});

Deno.test("credentialsValue leaves its secrets out of a structured clone", () => {
  const clone = structuredClone(value);

  assertEquals(Reflect.has(clone, "secretAccessKey"), false);
  assertEquals(Reflect.has(clone, "sessionToken"), false);
});

Deno.test("credentialsValue makes a spread copy fail loudly", () => {
  assertThrows(() => checkExplicit({ ...value }), Error, "{ ...credentials }");
});

Deno.test("readExpiry reads the forms of ISO 8601 that sources write", () => {
  const one = "2024-02-29T13:00:00.000Z";
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    ["2024-02-29T13:00:00Z", one],
    ["2024-02-29T13:00:00UTC", one],
    [" 2024-02-29T13:00:00.000000Z ", one],
    ["2024-02-29 14:00:00+01:00", one],
    ["2024-02-29T08:00:00-0500", one],
    ["2024-02-29T13:00Z", one],
    ["2024-02-29T13:00:00", undefined],
    ["2024-13-29T13:00:00Z", undefined],
    ["1709211600", undefined],
    ["", undefined],
    [1_709_211_600, undefined],
    [null, undefined],
  ];

  for (const [text, expected] of cases) {
    assertEquals(readExpiry(text)?.toISOString(), expected, `${text}`);
  }
});
