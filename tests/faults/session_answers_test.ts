import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, type FakeSystemOptions } from "../../src/testing/mod.ts";

const CONFIG = "/home/ann/.aws/config";

Deno.test("a session tells its region: that of code, environment, profile, or none", async () => {
  const files = { [CONFIG]: "[default]\nregion = ap-south-1\n" };
  const cases = [
    [{ region: "eu-west-1" }, { env: { AWS_REGION: "x" }, files }, "eu-west-1"],
    [{}, { env: { AWS_REGION: "eu-west-2" }, files }, "eu-west-2"],
    [{}, { env: { AWS_DEFAULT_REGION: "eu-west-3" } }, "eu-west-3"],
    [{}, { files }, "ap-south-1"],
    [{}, {}, undefined],
  ] as const;
  for (const [options, machine, region] of cases) {
    const session = new Session({ ...options, system: systemOf(machine) });

    assertEquals(await session.region(), region);
  }
});

Deno.test("a session that is given no region but a wrong one says so", async () => {
  const system = systemOf({ env: { AWS_REGION: "eu west" } });

  await assertRejects(
    () => new Session({ system }).region(),
    ConfigError,
    "AWS_REGION",
  );
});

Deno.test("a session tells the profiles of both files, also where its own is not among them", async () => {
  const system = systemOf({
    env: { AWS_PROFILE: "gone" },
    files: {
      [CONFIG]: "[default]\n[profile dev]\n[sso-session x]\n[profile both]\n",
      "/home/ann/.aws/credentials": "[both]\n[keys only]\n",
    },
  });

  assertEquals(await new Session({ system }).availableProfiles(), [
    "default",
    "dev",
    "both",
    "keys only",
  ]);
  assertEquals(
    await new Session({ system: new FakeSystem() }).availableProfiles(),
    [],
  );
});

Deno.test("explainConfig tells the proxy of the environment, without its password", async () => {
  const env = {
    HTTPS_PROXY: "http://ann:hunter2@proxy:3128",
    HTTP_PROXY: "http://plain:3128",
    NO_PROXY: "localhost,.example.com",
  };

  const amazon = await explained({ env });
  const own = await explained({ env }, { endpointUrl: "http://store:9000" });
  const set = await explained({ env }, { proxy: "http://own:1" });
  const none = await explained({});

  assert(amazon.get("proxy")?.includes("proxy:3128"));
  assert(amazon.get("proxy")?.includes("HTTPS_PROXY"));
  assert(!amazon.get("proxy")?.includes("hunter2"));
  assert(amazon.get("noProxy")?.includes(".example.com"));
  assert(own.get("proxy")?.startsWith("http://plain:3128"));
  assert(set.get("proxy")?.startsWith("http://own:1"));
  assertEquals(none.get("proxy"), "nothing (default)");
});

Deno.test("explainConfig names the flags of proxy variables that may not be read", async () => {
  const lines = await explained({ denied: ["HTTPS_PROXY"] });

  assert(lines.get("proxy")?.includes("--allow-env=HTTPS_PROXY"));
});

Deno.test("explainConfig tells the settings of the metadata service", async () => {
  const lines = await explained({
    env: {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_METADATA_SERVICE_NUM_ATTEMPTS: "many",
      AWS_SDK_UA_APP_ID: "shop",
    },
    files: {
      [CONFIG]:
        "[default]\nmetadata_service_timeout = 5\nec2_metadata_service_endpoint_mode = IPv6\n",
    },
  });

  const expected = {
    "metadataService.disabled": "true (the environment variable",
    "metadataService.timeoutSeconds":
      `5 (metadata_service_timeout of [profile default] in "${CONFIG}", line 2`,
    "metadataService.endpoint": "http://[fd00:ec2::254] (default",
    "metadataService.endpointMode": "ipv6 (ec2_metadata_service_endpoint_mode",
    "metadataService.v1Disabled": "false (default",
    "metadataService.attempts": "nothing (not allowed: ",
    userAgentAppId: "shop (the environment variable AWS_SDK_UA_APP_ID",
  };
  for (const [name, words] of Object.entries(expected)) {
    assert(lines.get(name)?.startsWith(words), `${name}: ${lines.get(name)}`);
  }
  assert(lines.get("metadataService.attempts")?.includes('"many"'));
});

/** What is told of each setting, by name. */
async function explained(
  machine: FakeSystemOptions,
  config: { readonly endpointUrl?: string; readonly proxy?: string } = {},
): Promise<ReadonlyMap<string, string>> {
  const session = new Session({ system: systemOf(machine) });
  const text = `${await session.explainConfig(S3, config)}`;
  return new Map(
    text.split("\n").map((line): [string, string] => {
      const [name = "", ...rest] = line.split(" = ");
      return [name, rest.join(" = ")];
    }),
  );
}

function systemOf(machine: FakeSystemOptions): FakeSystem {
  return new FakeSystem({
    ...machine,
    env: { HOME: "/home/ann", ...machine.env },
  });
}
