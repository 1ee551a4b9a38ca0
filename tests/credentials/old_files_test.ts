import { assertEquals, assertRejects } from "@std/assert";
import { readSections } from "../../src/config/ini.ts";
import {
  boto2FileProvider,
  ec2FileProvider,
} from "../../src/credentials/static_keys.ts";
import {
  ConfigError,
  CredentialsError,
  PartialCredentialsError,
} from "../../src/foundation/errors.ts";
import { FakeSystem, type FakeSystemOptions } from "../../src/testing/mod.ts";

function system(options: FakeSystemOptions): FakeSystem {
  return new FakeSystem({
    ...options,
    env: { HOME: "/home/ann", ...options.env },
  });
}

function ec2(
  options: FakeSystemOptions,
): ReturnType<typeof ec2FileProvider> {
  return ec2FileProvider({ system: system(options) });
}

function boto2(
  options: FakeSystemOptions,
): ReturnType<typeof boto2FileProvider> {
  return boto2FileProvider({ system: system(options), readSections });
}

const NAMED = { AWS_CREDENTIAL_FILE: "~/ec2" };

Deno.test("ec2FileProvider reads the two lines it knows", async () => {
  const provider = ec2({
    env: NAMED,
    files: {
      "/home/ann/ec2": "# keys\r\nAWSAccessKeyId = AK\r\nAWSSecretKey=S=K\r\n",
    },
  });

  assertEquals(await provider.resolve(), {
    kind: "found",
    credentials: {
      accessKeyId: "AK",
      secretAccessKey: "S=K",
      source: "ec2-credentials-file",
    },
    at: '"/home/ann/ec2"',
  });
});

Deno.test("ec2FileProvider needs the file that is named, and both keys", async () => {
  const missing = await assertRejects(
    () => ec2({ env: NAMED }).load(),
    ConfigError,
    'Cannot read "/home/ann/ec2", named by AWS_CREDENTIAL_FILE',
  );
  assertEquals(missing.code, "ConfigNotFound");
  await assertRejects(
    () =>
      ec2({ env: NAMED, files: { "/home/ann/ec2": "AWSAccessKeyId=AK" } })
        .load(),
    PartialCredentialsError,
    "set AWSSecretKey",
  );
  await assertRejects(
    () => ec2({ env: NAMED, denied: ["/home/ann/ec2"] }).load(),
    CredentialsError,
    "--allow-read=/home/ann/ec2",
  );
});

Deno.test("ec2FileProvider is not in use without its variable or a key id", async () => {
  assertEquals(await ec2({}).resolve(), {
    kind: "absent",
    why: "AWS_CREDENTIAL_FILE is not set",
  });
  const other = ec2({ env: NAMED, files: { "/home/ann/ec2": "x" } });
  assertEquals((await other.resolve()).kind, "absent");
});

const KEYS =
  "[Credentials]\naws_access_key_id = AK\naws_secret_access_key = SK\n";

Deno.test("boto2FileProvider reads the first of the usual files that has keys", async () => {
  const provider = boto2({
    files: {
      "/etc/boto.cfg": "[Boto]\ndebug = 1\n",
      "/home/ann/.boto": `${KEYS}aws_session_token = T\n`,
    },
  });

  assertEquals(await provider.load(), {
    accessKeyId: "AK",
    secretAccessKey: "SK",
    source: "boto-config",
  });
});

Deno.test("boto2FileProvider looks only at the file that is named", async () => {
  const provider = boto2({
    env: { BOTO_CONFIG: "/none" },
    files: { "/home/ann/.boto": KEYS },
  });

  assertEquals(await provider.resolve(), {
    kind: "absent",
    why: 'there are no keys in "/none"',
  });
});

Deno.test("boto2FileProvider refuses half a pair and what it cannot read", async () => {
  await assertRejects(
    () =>
      boto2({
        files: { "/etc/boto.cfg": "[Credentials]\naws_access_key_id = AK\n" },
      }).load(),
    PartialCredentialsError,
    '"/etc/boto.cfg" line 2',
  );
  const error = await assertRejects(
    () => boto2({ files: { "/etc/boto.cfg": "nonsense" } }).load(),
    ConfigError,
  );
  assertEquals(error.code, "ConfigParseError");
});

Deno.test("boto2FileProvider names the flags that it lacks", async () => {
  const provider = boto2({ denied: ["/etc/boto.cfg", "/home/ann/.boto"] });

  assertEquals(await provider.resolve(), {
    kind: "denied",
    flags: ["--allow-read=/etc/boto.cfg", "--allow-read=/home/ann/.boto"],
  });
});
