import { assert, assertEquals } from "@std/assert";
import {
  type CachedRole,
  RoleCache,
} from "../../src/credentials/role_cache.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import type { Logger } from "../../src/ports/telemetry.ts";

const HOME = "/home/me";
const FOLDER = `${HOME}/.aws/cli/cache`;
const ARN = "arn:aws:iam::123456789012:role/reader";
const READER = "b0b1ce16bb62e7ab13aa0f2f057f59d4d18ae346";
const NOW = "2026-11-29T00:00:00Z";

// What botocore 1.43.11 names the files; `role_names.py` beside this file ran it.
const NAMES: readonly (readonly [CachedRole, string])[] = [
  [{ RoleArn: ARN }, READER],
  [
    { RoleArn: ARN, ExternalId: "ext-1" },
    "2b74809c847cf1fa8bedabd930cb0e467e2c216b",
  ],
  [
    { RoleArn: ARN, DurationSeconds: 3600 },
    "a69406703f053dcc4ca600597771ea6d71312a1e",
  ],
  [
    { RoleArn: ARN, RoleSessionName: "alice" },
    "13029c70ba416b925741b89edc14750d3c2b905a",
  ],
  [
    {
      RoleSessionName: "alice",
      RoleArn: ARN,
      ExternalId: 'e"x/é',
      DurationSeconds: 3600,
      SerialNumber: "arn:aws:iam::123456789012:mfa/me",
    },
    "68baf73b03e6109fcca2f53439ca02cd39ea8065",
  ],
  [
    {
      RoleArn: ARN,
      Policy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    },
    "ad5552b05b3b900896b08bf857b5aef95cc8b403",
  ],
  [
    {
      RoleArn: ARN,
      DurationSeconds: 3600,
      Tags: [{ Key: "k", Value: "v" }],
      TransitiveTagKeys: ["k"],
    },
    "5cf73191f516eb1ca10eaea792c0fc0cda31f90c",
  ],
];

const KEPT = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "planted-secret",
  sessionToken: "planted-token",
  expiration: new Date("2026-11-29T01:00:00Z"),
};

interface Warned {
  readonly cache: RoleCache;
  readonly system: FakeSystem;
  readonly warnings: string[];
}

function cacheWith(
  files: Readonly<Record<string, string>> = {},
  denied: readonly string[] = [],
): Warned {
  const warnings: string[] = [];
  const logger: Logger = {
    enabled: () => true,
    debug: () => {},
    info: () => {},
    warn: (message, fields) =>
      warnings.push(`${message} ${JSON.stringify(fields)}`),
    error: () => {},
    child: () => logger,
  };
  const system = new FakeSystem({ env: { HOME }, files, denied });
  const clock = new FixedClock(NOW);
  return { cache: new RoleCache({ system, clock, logger }), system, warnings };
}

Deno.test("RoleCache names its files as botocore does", async () => {
  for (const [role, name] of NAMES) {
    const { cache, system } = cacheWith();

    await cache.set(role, KEPT);

    assertEquals(
      (await system.readText(`${FOLDER}/${name}.json`)).kind,
      "found",
      JSON.stringify(role),
    );
  }
});

Deno.test("RoleCache reads again what it has written", async () => {
  const { cache, warnings } = cacheWith();

  await cache.set({ RoleArn: ARN }, { ...KEPT, accountId: "123456789012" });

  assertEquals(await cache.get({ RoleArn: ARN }), {
    ...KEPT,
    accountId: "123456789012",
  });
  assertEquals(await cache.get({ RoleArn: `${ARN}2` }), undefined);
  assertEquals(warnings, []);
});

Deno.test("RoleCache reads the times that the CLI and botocore write", async () => {
  for (
    const end of [
      "2026-11-29T01:03:56.578226Z",
      "2026-11-29T01:05:54UTC",
      "2026-11-29T01:05:54+00:00",
    ]
  ) {
    const { cache } = cacheWith({
      [`${FOLDER}/${READER}.json`]: JSON.stringify({
        Credentials: {
          AccessKeyId: "ASIA",
          SecretAccessKey: "secret",
          SessionToken: null,
          Expiration: end,
        },
        ResponseMetadata: { RetryAttempts: 0 },
      }),
    });

    const found = await cache.get({ RoleArn: ARN });

    assertEquals(found?.accessKeyId, "ASIA", end);
    assertEquals(found?.sessionToken, undefined);
  }
});

Deno.test("RoleCache takes nothing that ends within 15 minutes", async () => {
  for (
    const [end, taken] of [
      ["2026-11-29T00:14:59Z", false],
      ["2026-11-29T00:15:00Z", true],
    ] as const
  ) {
    const { cache, warnings } = cacheWith();
    await cache.set({ RoleArn: ARN }, { ...KEPT, expiration: new Date(end) });

    assertEquals(await cache.get({ RoleArn: ARN }) !== undefined, taken);
    assertEquals(warnings, []);
  }
});

Deno.test("RoleCache passes over files that cannot be used, with a warning", async () => {
  const whole = {
    AccessKeyId: "ASIA",
    SecretAccessKey: "planted-secret",
    SessionToken: "planted-token",
    Expiration: "2026-11-29T01:00:00Z",
  };
  for (
    const text of [
      "",
      "{",
      "[]",
      "null",
      "{}",
      '{"Credentials":null}',
      `\ufeff${JSON.stringify({ Credentials: whole })}`,
      JSON.stringify({ Credentials: { ...whole, AccessKeyId: "" } }),
      JSON.stringify({ Credentials: { ...whole, SecretAccessKey: undefined } }),
      JSON.stringify({ Credentials: { ...whole, SessionToken: undefined } }),
      JSON.stringify({ Credentials: { ...whole, Expiration: 1 } }),
      JSON.stringify({
        Credentials: { ...whole, Expiration: "2026-11-29T01:00:00" },
      }),
    ]
  ) {
    const { cache, warnings } = cacheWith({
      [`${FOLDER}/${READER}.json`]: text,
    });

    assertEquals(await cache.get({ RoleArn: ARN }), undefined, text);
    assertEquals(warnings.length, 1, text);
    assert(!warnings[0]?.includes("planted"), text);
  }
});

Deno.test("RoleCache goes on where it may not read or write, and names the flag", async () => {
  const path = `${FOLDER}/${READER}.json`;
  const { cache, warnings } = cacheWith({}, [path]);

  assertEquals(await cache.get({ RoleArn: ARN }), undefined);
  await cache.set({ RoleArn: ARN }, KEPT);

  assertEquals(warnings.length, 2);
  assert(warnings.every((warning) => warning.includes("--allow-")));
  assert(!warnings.join().includes("planted"));
});
