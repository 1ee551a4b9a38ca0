import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, Session } from "../../mod.ts";
import type { HttpRequest } from "../../src/ports/mod.ts";
import { GetObject, S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { scripted } from "../scripted_transport.ts";

const ROLE = new TextEncoder().encode(
  `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2024-02-29T13:34:56Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
);

function system(): FakeSystem {
  return new FakeSystem({
    env: { HOME: "/home/me" },
    files: {
      "/home/me/.aws/config": `[default]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/reader
mfa_serial = arn:aws:iam::123456789012:mfa/me
source_profile = keys
[profile keys]
aws_access_key_id = AKID
aws_secret_access_key = secret
`,
    },
  });
}

Deno.test("with roleCache a person is asked for one code, whatever the number of scripts", async () => {
  const machine = system();
  const sent: HttpRequest[] = [];
  const asked: string[] = [];
  for (let script = 0; script < 3; script++) {
    using session = new Session({
      roleCache: "cli",
      system: machine,
      clock: new FixedClock("2024-02-29T12:34:56Z"),
      transport: scripted([{ status: 200, body: ROLE }], sent),
      mfaCode: (serial) => {
        asked.push(serial);
        return Promise.resolve("123456");
      },
    });
    const { url } = await session.client(S3)
      .presign(GetObject, { Bucket: "photos", Key: "cat.txt" });
    assertEquals(
      new URL(url).searchParams.get("X-Amz-Credential")?.split("/")[0],
      "ASIAROLE",
    );
  }

  assertEquals([asked.length, sent.length], [1, 1]);
});

Deno.test("without roleCache nothing is written", async () => {
  const machine = system();
  using session = new Session({
    system: machine,
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    transport: scripted([{ status: 200, body: ROLE }]),
    mfaCode: () => Promise.resolve("123456"),
  });

  await session.client(S3)
    .presign(GetObject, { Bucket: "photos", Key: "cat.txt" });

  const path =
    "/home/me/.aws/cli/cache/51c168d902c62fc55d27267f5e84f0e2b05479d2.json";
  assertEquals((await machine.readText(path)).kind, "absent");
});

Deno.test("another roleCache than the CLI's is refused", () => {
  assertThrows(
    () => new Session(Object({ roleCache: true })),
    ConfigError,
    'Cannot use the option roleCache of the session: it must be "cli", found a boolean',
  );
});
