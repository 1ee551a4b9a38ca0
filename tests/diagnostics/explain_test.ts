import { assertEquals, assertRejects } from "@std/assert";
import { failure, provider } from "../../src/credentials/chain.ts";
import { explainCredentials } from "../../src/diagnostics/explain.ts";
import type { CredentialProvider } from "../../src/ports/credentials.ts";

const absent = provider("env", () => ({ kind: "absent", why: "X is not set" }));
const skipped = provider(
  "assume-role",
  () => ({ kind: "denied", flags: ["--allow-env=HOME", "--allow-read=/a"] }),
);
const found = provider("sso", () => ({
  kind: "found",
  credentials: {
    accessKeyId: "ASIAIOSFODNN7EXAMPLE",
    secretAccessKey: "SECRETOFSSO",
    sessionToken: "TOKENOFSSO",
    expiration: new Date("2030-01-31T12:00:00Z"),
  },
  at: 'SSO in profile "dev"',
  refresh: "asks the portal again",
}));
const broken = provider("custom-process", () => {
  throw failure("custom-process", "CredentialRetrievalError", "it failed");
});
const foreign: CredentialProvider = {
  name: "mine",
  load: () => Promise.reject(new TypeError("SECRETOFMINE")),
};

Deno.test("explain asks every source and tells which one counts", async () => {
  const explanation = await explainCredentials([
    absent,
    skipped,
    found,
    broken,
  ]);

  assertEquals(explanation.winner, "sso");
  assertEquals(explanation.sources, [
    { name: "env", verdict: "absent", detail: "X is not set", flags: [] },
    {
      name: "assume-role",
      verdict: "skipped",
      detail: "needs --allow-env=HOME --allow-read=/a",
      flags: ["--allow-env=HOME", "--allow-read=/a"],
    },
    {
      name: "sso",
      verdict: "found",
      detail: 'SSO in profile "dev"',
      flags: [],
      keyId: "****MPLE",
      expiration: new Date("2030-01-31T12:00:00Z"),
      refresh: "asks the portal again",
    },
    {
      name: "custom-process",
      verdict: "broken",
      detail: 'Cannot get the credentials of "custom-process": it failed',
      flags: [],
    },
  ]);
});

Deno.test("explain reads well as text", async () => {
  const explanation = await explainCredentials([absent, skipped, found]);

  assertEquals(
    `${explanation}`,
    `The credentials are those of "sso"
  env          absent   X is not set
  assume-role  skipped  needs --allow-env=HOME --allow-read=/a
> sso          found    SSO in profile "dev", key ****MPLE, until 2030-01-31T12:00:00.000Z, then asks the portal again`,
  );
});

Deno.test("explain knows that nobody is asked after a broken source", async () => {
  const explanation = await explainCredentials([broken, found]);

  assertEquals(explanation.winner, undefined);
  assertEquals(explanation.decisive?.name, "custom-process");
  assertEquals(
    `${explanation}`.split("\n")[0],
    'There are no credentials, as "custom-process" is broken',
  );
});

Deno.test("explain says that none has any", async () => {
  const explanation = await explainCredentials([absent]);

  assertEquals(explanation.decisive, undefined);
  assertEquals(
    `${explanation}`.split("\n")[0],
    "There are no credentials: none of the sources has any",
  );
});

Deno.test("explain shows no secret, and no word of errors that are not ours", async () => {
  const explanation = await explainCredentials([found, foreign]);

  assertEquals(explanation.sources[1]?.detail, "it failed with TypeError");
  for (
    const text of [
      `${explanation}`,
      Deno.inspect(explanation, { depth: 10 }),
      JSON.stringify(explanation),
    ]
  ) {
    assertEquals(/SECRET|TOKENOF|ASIAIOS/.test(text), false);
  }
});

Deno.test("explain ends with its signal", async () => {
  await assertRejects(
    () => explainCredentials([found], AbortSignal.abort(new Error("enough"))),
    Error,
    "enough",
  );
});
