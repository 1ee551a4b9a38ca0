import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CredentialChain, provider } from "../../src/credentials/chain.ts";
import {
  ConfigError,
  CredentialsError,
  NoCredentialsError,
} from "../../src/foundation/errors.ts";
import type { CredentialProvider } from "../../src/ports/credentials.ts";

const absent = provider("one", () => ({ kind: "absent", why: "X is not set" }));
const denied = provider(
  "two",
  () => ({ kind: "denied", flags: ["--allow-env=X"] }),
);
const silent: CredentialProvider = {
  name: "three",
  load: () => Promise.resolve(undefined),
};
const full: CredentialProvider = {
  name: "four",
  load: () => Promise.resolve({ accessKeyId: "AK", secretAccessKey: "SK" }),
};
const broken: CredentialProvider = {
  name: "five",
  load: () =>
    Promise.reject(new CredentialsError("CredentialRetrievalError", "no")),
};

Deno.test("CredentialChain takes the first that has any", async () => {
  const chain = new CredentialChain([absent, denied, silent, full, broken]);

  const credentials = await chain.load();

  assertEquals(credentials.accessKeyId, "AK");
  assertEquals(credentials.source, "four");
});

Deno.test("CredentialChain stops at one that is broken, and tells who was asked", async () => {
  const chain = new CredentialChain([absent, broken, full]);

  const error = await assertRejects(() => chain.load(), CredentialsError, "no");

  assertEquals(error.tried, [
    { name: "one", verdict: "absent: X is not set" },
    { name: "five", verdict: "broken: CredentialRetrievalError" },
  ]);
});

Deno.test("CredentialChain tells who was asked also in errors of the config", async () => {
  const wrong = provider("six", () => {
    throw new ConfigError("InvalidConfigError", "wrong");
  });

  const error = await assertRejects(
    () => new CredentialChain([absent, wrong]).load(),
    ConfigError,
  );

  assertEquals(error.tried, [
    { name: "one", verdict: "absent: X is not set" },
    { name: "six", verdict: "broken: InvalidConfigError" },
  ]);
});

Deno.test("CredentialChain tells the verdict of each where none has any", async () => {
  const chain = new CredentialChain([absent, denied, silent, absent]);

  const error = await assertRejects(() => chain.load(), NoCredentialsError);

  assertEquals(error.message.split("\n"), [
    "Cannot find credentials: none of the sources has any",
    "  one, one: absent: X is not set",
    "  two: skipped: needs --allow-env=X",
    "  three: absent: it is not in use",
  ]);

  assertEquals(error.tried, [
    { name: "one", verdict: "absent: X is not set" },
    { name: "two", verdict: "skipped: needs --allow-env=X" },
    { name: "three", verdict: "absent: it is not in use" },
    { name: "one", verdict: "absent: X is not set" },
  ]);
});

Deno.test("CredentialChain asks only the one that answered from then on", async () => {
  let has = false;
  const early = provider("early", () =>
    has
      ? {
        kind: "found",
        credentials: { accessKeyId: "NEW", secretAccessKey: "SK" },
        at: "here",
      }
      : { kind: "absent", why: "not yet" });
  const chain = new CredentialChain([early, full]);
  await chain.load();

  has = true;
  const later = await chain.load();

  assertEquals(later.accessKeyId, "AK");
});

Deno.test("CredentialChain within a chain is passed over where it has none", async () => {
  const chain = new CredentialChain([new CredentialChain([absent]), full]);

  assertEquals((await chain.load()).accessKeyId, "AK");
});

Deno.test("CredentialChain asks nobody after it is aborted", async () => {
  const chain = new CredentialChain([full]);

  await assertRejects(
    () => chain.load(AbortSignal.abort(new Error("enough"))),
    Error,
    "enough",
  );
});

Deno.test("CredentialChain makes other chains: with a provider before or after another, or without some", () => {
  const chain = new CredentialChain([absent, silent]);
  const names = ({ providers }: CredentialChain): string[] =>
    providers.map(({ name }) => name);

  assertEquals(names(chain.insertBefore("three", full)), [
    "one",
    "four",
    "three",
  ]);
  assertEquals(names(chain.insertAfter("three", full)), [
    "one",
    "three",
    "four",
  ]);
  assertEquals(names(chain.without("one", "nobody")), ["three"]);
  assertEquals(names(chain), ["one", "three"]);
});

Deno.test("CredentialChain names the providers there are", () => {
  for (const method of ["insertBefore", "insertAfter"] as const) {
    assertThrows(
      () => new CredentialChain([absent, silent])[method]("iam", full),
      RangeError,
      'Cannot find provider "iam": the providers are "one", "three"',
    );
  }
});

Deno.test("CredentialChain.provider makes a provider of a function that tells why it has none", async () => {
  const vault = CredentialChain.provider("vault", () => ({
    kind: "absent",
    why: "VAULT_ADDR is not set",
  }));

  const error = await assertRejects(
    () => new CredentialChain([vault, absent]).load(),
    NoCredentialsError,
  );

  assertEquals(await vault.load(), undefined);
  assertEquals(error.tried[0], {
    name: "vault",
    verdict: "absent: VAULT_ADDR is not set",
  });
});
