import { assertEquals } from "@std/assert";
import { Session } from "../../../mod.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/local_aws/local_aws.ts";

// The server decodes the path it gets and encodes it again by code of its own:
// a key that client and signer do not treat alike ends in a refusal.
for (const addressingStyle of ["path", "virtual"] as const) {
  Deno.test(`LocalAws and the client mean the same key, ${addressingStyle} style`, async () => {
    using local = new LocalAws();
    using session = new Session({
      ...local.clientConfig,
      transport: local.transport(),
    });
    const s3 = session.client(S3, { addressingStyle });
    const keys = [...keysOfAllBytes(), ...randomKeys(500), ...ODD_KEYS];
    await s3.createBucket({ Bucket: "photos" });

    for (const Key of keys) {
      await s3.putObject({ Bucket: "photos", Key, Body: Key });
      const { Body } = await s3.getObject({ Bucket: "photos", Key });
      assertEquals(await Body.bytes(), new TextEncoder().encode(Key));
    }

    const listed: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.listObjectsV2({
        Bucket: "photos",
        MaxKeys: 100,
        ...ContinuationToken === undefined ? {} : { ContinuationToken },
      });
      listed.push(...page.Contents?.map(({ Key }) => Key) ?? []);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    assertEquals(new Set(listed), new Set(keys));
  });
}

const ODD_KEYS = [
  ".",
  "..",
  "a/../b",
  "a/./b",
  "%2e%2e",
  "%",
  "%zz",
  "//a",
  "a//b/",
  "a?b=c&d#e",
  "a+b c",
];

/** One key for each of the first 256 characters. */
function keysOfAllBytes(): string[] {
  return Array.from(
    { length: 256 },
    (_, code) => `a${String.fromCodePoint(code)}b`,
  );
}

/** Keys from all of Unicode but the surrogates, the same in each run. */
function randomKeys(count: number): string[] {
  let state = 20_261_122;
  const next = (below: number): number => {
    // Source: "Numerical Recipes", third edition, section 7.1: a quick generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const character = (): string => {
    const code = next(0x110000 - 0x800);
    return String.fromCodePoint(code < 0xd800 ? code : code + 0x800);
  };
  return Array.from(
    { length: count },
    () => Array.from({ length: 1 + next(20) }, character).join(""),
  );
}
