import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import { KeyCache } from "../../src/signing/request_signer.ts";

const SCOPE = "20240229/eu-west-1/s3/aws4_request";

Deno.test("KeyCache derives a key once, even for calls at the same time", async () => {
  const cache = new KeyCache();
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };

  const [first, second] = await Promise.all([
    cache.get(credentials, SCOPE),
    cache.get(credentials, SCOPE),
  ]);

  assert(first === second);
  assert(first === await cache.get(credentials, SCOPE));
});

Deno.test("KeyCache keeps one key for each scope", async () => {
  const cache = new KeyCache();
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };

  const first = await cache.get(credentials, SCOPE);
  const other = await cache.get(credentials, SCOPE.replace("29", "28"));

  assertNotStrictEquals(first, other);
});

Deno.test("KeyCache derives anew once the secret in the object changed", async () => {
  const cache = new KeyCache();
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
  const before = await cache.get(credentials, SCOPE);

  credentials.secretAccessKey = "another";

  assertNotStrictEquals(before, await cache.get(credentials, SCOPE));
});

Deno.test("KeyCache drops the oldest of many keys", async () => {
  const cache = new KeyCache();
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
  const scopes = Array.from({ length: 65 }, (_, i) => `20240229/r${i}/s3/x`);

  const keys = await Promise.all(
    scopes.map((scope) => cache.get(credentials, scope)),
  );

  const kept = await Promise.all(
    // The last one first: to ask for a dropped key makes room for it again.
    scopes.toReversed().map((scope) => cache.get(credentials, scope)),
  );
  const same = keys.toReversed().map((key, i) => key === kept[i]);
  assertEquals(same.indexOf(false), 64);
});
