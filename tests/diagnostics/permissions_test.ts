import { assertEquals, assertRejects } from "@std/assert";

import type { Found } from "../../src/ports/system.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { permissionsFor } from "../../src/diagnostics/permissions.ts";
import { DenoSystem } from "../../src/system/platform.ts";
import { loopback } from "../credentials/loopback.ts";

const SCRIPT = new URL("./permission_script.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const KEYS = "aws_access_key_id = AKIAFILE\naws_secret_access_key = SK\n";

/** The machine, with other variables. */
class WithEnv extends DenoSystem {
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>>) {
    super();
    this.#env = env;
  }

  override env(name: string): Found<string> {
    const value = this.#env[name];
    return value === undefined ? { kind: "absent" } : { kind: "found", value };
  }
}

/** A configuration, and the flags that it is to need. */
interface Configuration {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: SessionOptions;
  readonly keyId: string;
  /** With `HOME` for the home folder. */
  readonly flags: readonly string[];
}

/** Runs the script under flags and hands out what it prints. */
async function runUnder(
  flags: readonly string[],
  { env, options = {} }: Configuration & { env: Record<string, string> },
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--config=${CONFIG}`,
      ...flags,
      SCRIPT,
      JSON.stringify(options),
    ],
    clearEnv: true,
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout).trim() || decoder.decode(stderr);
}

/** Checks that exactly these flags are found, and that they suffice. */
async function check(configuration: Configuration): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(configuration.files ?? {})) {
      const full = `${home}/${path}`;
      await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), {
        recursive: true,
      });
      await Deno.writeTextFile(full, text.replaceAll("HOME", home));
    }
    const env = {
      HOME: home,
      AWS_EC2_METADATA_DISABLED: "true",
      ...configuration.env,
    };
    const flags = await permissionsFor({
      ...configuration.options,
      system: new WithEnv(env),
    });

    assertEquals(
      flags,
      configuration.flags.map((flag) => flag.replaceAll("HOME/", `${home}/`)),
    );
    assertEquals(
      await runUnder(flags, { ...configuration, env }),
      configuration.keyId,
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("permissionsFor needs nothing for keys and region in code", async () => {
  await check({
    options: {
      region: "eu-west-1",
      credentials: { accessKeyId: "AKIACODE", secretAccessKey: "SK" },
    },
    files: { ".aws/config": `[default]\n${KEYS}` },
    keyId: "AKIACODE",
    flags: [],
  });
});

Deno.test("permissionsFor adds the hosts of services", async () => {
  const flags = await permissionsFor({
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIACODE", secretAccessKey: "SK" },
    system: new WithEnv({}),
  }, ["photos.s3.eu-west-1.amazonaws.com"]);

  assertEquals(flags, ["--allow-net=photos.s3.eu-west-1.amazonaws.com"]);
});

Deno.test("permissionsFor needs the variables that are set", async () => {
  await check({
    env: {
      AWS_ACCESS_KEY_ID: "ASIAENV",
      AWS_SECRET_ACCESS_KEY: "SK",
      AWS_SESSION_TOKEN: "T",
      AWS_REGION: "eu-west-1",
    },
    files: { ".aws/credentials": `[default]\n${KEYS}` },
    keyId: "ASIAENV",
    flags: [
      "--allow-env=AWS_ACCESS_KEY_ID,AWS_REGION,AWS_SECRET_ACCESS_KEY,AWS_SESSION_TOKEN",
    ],
  });
});

Deno.test("permissionsFor needs the variables that say where calls go", async () => {
  const system = new WithEnv({
    AWS_ENDPOINT_URL: "http://127.0.0.1:9000",
    AWS_RETRY_MODE: "adaptive",
    AWS_CA_BUNDLE: CONFIG,
  });
  const options = {
    system,
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "SK" },
  };

  assertEquals(await permissionsFor(options), [
    "--allow-env=AWS_CA_BUNDLE,AWS_ENDPOINT_URL,AWS_RETRY_MODE",
    `--allow-read=${CONFIG}`,
  ]);
  assertEquals(
    await permissionsFor({
      ...options,
      endpointUrl: "http://127.0.0.1:9000",
      caCerts: [],
    }),
    ["--allow-env=AWS_RETRY_MODE"],
  );
});

Deno.test("permissionsFor needs the files of the default profile", async () => {
  await check({
    files: { ".aws/credentials": `[default]\n${KEYS}` },
    keyId: "AKIAFILE",
    flags: ["--allow-env=HOME", "--allow-read=HOME/.aws/credentials"],
  });
});

Deno.test("permissionsFor needs to know both files of a profile named in code", async () => {
  await check({
    options: { profile: "dev" },
    files: { ".aws/credentials": `[dev]\n${KEYS}` },
    keyId: "AKIAFILE",
    flags: [
      "--allow-env=AWS_CONFIG_FILE,AWS_SHARED_CREDENTIALS_FILE,HOME",
      "--allow-read=HOME/.aws/config,HOME/.aws/credentials",
    ],
  });
});

Deno.test("permissionsFor needs the program of a credential_process", async () => {
  await check({
    env: { AWS_PROFILE: "tool" },
    files: {
      ".aws/config":
        "[profile tool]\ncredential_process = /bin/cat HOME/keys.json\n",
      "keys.json":
        `{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"SK"}`,
    },
    keyId: "AKIAPROCESS",
    flags: [
      "--allow-env=AWS_PROFILE,HOME",
      "--allow-read=HOME/.aws/config",
      "--allow-run=/bin/cat",
    ],
  });
});

Deno.test("permissionsFor needs the address of a container and its token", async () => {
  await using server = loopback(() =>
    Response.json({
      AccessKeyId: "ASIACONTAINER",
      SecretAccessKey: "SK",
      Token: "T",
      Expiration: "2099-01-01T00:00:00Z",
    })
  );
  await check({
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.origin}/c`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "tok",
    },
    keyId: "ASIACONTAINER",
    flags: [
      `--allow-net=${new URL(server.origin).host}`,
      "--allow-env=AWS_CONTAINER_AUTHORIZATION_TOKEN,AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ],
  });
});

Deno.test("permissionsFor needs STS for a role", async () => {
  const answer =
    `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
<SecretAccessKey>SK</SecretAccessKey><SessionToken>T</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>
<AssumedRoleId>A:s</AssumedRoleId>
<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>
</AssumeRoleResult></AssumeRoleResponse>`;
  await using server = loopback(() => new Response(answer));
  await check({
    files: {
      ".aws/config": `[default]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = base
region = eu-west-1
endpoint_url = ${server.origin}
[profile base]
${KEYS}`,
    },
    keyId: "ASIAROLE",
    flags: [
      `--allow-net=${new URL(server.origin).host}`,
      "--allow-env=HOME",
      "--allow-read=HOME/.aws/config",
    ],
  });
});

Deno.test("permissionsFor hands on what is wrong with a source in use", async () => {
  await assertRejects(
    () =>
      permissionsFor({
        region: "eu-west-1",
        system: new WithEnv({ AWS_ACCESS_KEY_ID: "AKIAENV" }),
      }),
    Error,
    "AWS_SECRET_ACCESS_KEY",
  );
});
