import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type ClientSettings,
  resolveClient,
  resolveRegion,
  tellRegionConflict,
} from "../../src/config/client_settings.ts";
import { checkClientOptions } from "../../src/session/options.ts";
import { profilesFrom } from "../../src/config/ini.ts";
import type { SettingSources } from "../../src/config/settings.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import { oneOf } from "../../src/foundation/options.ts";
import type { Logger } from "../../src/ports/telemetry.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";

const S3 = {
  id: "s3",
  settings: [{
    name: "addressingStyle",
    profile: ["s3.addressing_style"],
    ...oneOf(["auto", "path"]),
    fallback: "auto",
  }],
};

const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

interface Setup {
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly session?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly denied?: readonly string[];
}

function resolveS3(setup: Setup = {}): Promise<ClientSettings> {
  const { sources, system, set } = setUp(setup);
  return resolveClient({ service: S3, sources, profiles: set, system });
}

function setUp(
  { env = {}, config = "", options = {}, session = {}, ...rest }: Setup,
): {
  readonly sources: SettingSources;
  readonly system: FakeSystem;
  readonly set: ReturnType<typeof profilesFrom>;
} {
  const system = new FakeSystem({ env, ...rest });
  const set = profilesFrom(
    { state: { kind: "found", path: "/c" }, text: config },
    { state: { kind: "absent", path: "/k" }, text: "" },
  );
  const section = set.profiles.get("default");
  const sources: SettingSources = {
    explicit: [
      { owner: "client", options },
      { owner: "session", options: session },
    ],
    system,
    profile: { name: "default", ...section === undefined ? {} : { section } },
  };
  return { sources, system, set };
}

Deno.test("resolveClient has the defaults of boto3", async () => {
  const { retry, service, ...settings } = await resolveS3();

  const values = Object.fromEntries(
    Object.entries(settings).map(([name, { value }]) => [name, value]),
  );
  assertEquals(values, {
    region: undefined,
    endpointUrl: undefined,
    connectTimeoutMs: 60_000,
    readTimeoutMs: 60_000,
    attemptTimeoutMs: undefined,
    totalTimeoutMs: undefined,
    maxConnections: undefined,
    queueTimeoutMs: 60_000,
    maxIdleConnections: 10,
    proxy: undefined,
    caCerts: undefined,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
  });
  assertEquals(retry.mode.value, "standard");
  assertEquals(service["addressingStyle"]?.value, "auto");
});

for (
  const [what, setup, expected] of [
    [
      "the client",
      { options: { region: "a" }, session: { region: "b" } },
      "a",
    ],
    [
      "the session",
      { session: { region: "b" }, env: { AWS_REGION: "c" } },
      "b",
    ],
    [
      "AWS_REGION",
      { env: { AWS_REGION: "c", AWS_DEFAULT_REGION: "d" } },
      "c",
    ],
    [
      "AWS_DEFAULT_REGION",
      { env: { AWS_DEFAULT_REGION: "d" }, config: "[default]\nregion=e" },
      "d",
    ],
    ["the profile", { config: "[default]\nregion=e" }, "e"],
  ] as const
) {
  Deno.test(`resolveClient takes the region of ${what}`, async () => {
    const { region } = await resolveS3(setup);

    assertEquals(region.value, expected);
  });
}

const SERVICES = `[default]
endpoint_url = http://profile
services = mine
[services mine]
s3 =
  endpoint_url = http://services
`;

for (
  const [what, setup, expected] of [
    [
      "code",
      { options: { endpointUrl: "http://code" }, config: SERVICES },
      "http://code",
    ],
    [
      "the service's variable",
      {
        env: {
          AWS_ENDPOINT_URL_S3: "http://s3",
          AWS_ENDPOINT_URL: "http://all",
        },
        config: SERVICES,
      },
      "http://s3",
    ],
    [
      "the general variable, as an empty one is none",
      {
        env: { AWS_ENDPOINT_URL_S3: "", AWS_ENDPOINT_URL: "http://all" },
        config: SERVICES,
      },
      "http://all",
    ],
    ["the services section", { config: SERVICES }, "http://services"],
    [
      "the profile",
      { config: "[default]\nendpoint_url = http://profile\n" },
      "http://profile",
    ],
    [
      "nobody when configured ones are ignored",
      {
        env: {
          AWS_ENDPOINT_URL: "http://all",
          AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "True",
        },
        config: SERVICES,
      },
      undefined,
    ],
    [
      "code although configured ones are ignored",
      {
        options: { endpointUrl: "http://code" },
        config: "[default]\nignore_configured_endpoint_urls = true\n",
      },
      "http://code",
    ],
  ] as const
) {
  Deno.test(`resolveClient takes the endpoint of ${what}`, async () => {
    const { endpointUrl } = await resolveS3(setup);

    assertEquals(endpointUrl.value, expected);
  });
}

Deno.test("resolveClient tells the line of an endpoint in a services section", async () => {
  const { endpointUrl } = await resolveS3({ config: SERVICES });

  assertEquals(endpointUrl.source, {
    kind: "file",
    section: "services mine",
    key: "s3.endpoint_url",
    location: { file: "/c", line: 6 },
  });
});

Deno.test("resolveClient reads the certificates that a variable names", async () => {
  const { caCerts } = await resolveS3({
    env: { AWS_CA_BUNDLE: "~/ca.pem", HOME: "/h" },
    config: "[default]\nca_bundle = /other.pem\n",
    files: { "/h/ca.pem": PEM },
  });

  assertEquals(caCerts.value, [PEM]);
  assertEquals(caCerts.source, { kind: "env", name: "AWS_CA_BUNDLE" });
  assertEquals(caCerts.overridden.length, 1);
});

Deno.test("resolveClient does not open a certificate file that code beats", async () => {
  const { caCerts } = await resolveS3({
    options: { caCerts: [PEM] },
    env: { AWS_CA_BUNDLE: "/nowhere" },
  });

  assertEquals(caCerts.value, [PEM]);
  assertEquals(caCerts.overridden, [{
    source: { kind: "env", name: "AWS_CA_BUNDLE" },
    value: "/nowhere",
  }]);
});

Deno.test("resolveClient lets on and off be said in any case", async () => {
  const { useFipsEndpoint, useDualstackEndpoint } = await resolveS3({
    env: { AWS_USE_FIPS_ENDPOINT: "TRUE" },
    config: "[default]\nuse_dualstack_endpoint = yes\n",
  });

  assertEquals(useFipsEndpoint.value, true);
  assertEquals(useDualstackEndpoint.value, false);
});

for (
  const [setup, code, message] of [
    [{ options: { region: "eu west" } }, "InvalidRegionError", '"eu west"'],
    [{ options: { region: "a.b/c" } }, "InvalidRegionError", '"a.b/c"'],
    [
      { options: { endpointUrl: "localhost:9000" } },
      "InvalidEndpointError",
      '"localhost:9000"',
    ],
    [{ options: { readTimeoutMs: 0 } }, "InvalidConfigError", "readTimeoutMs"],
    [
      { options: { connectTimeoutMs: Infinity } },
      "InvalidConfigError",
      "Infinity",
    ],
    [{ options: { maxConnections: 1.5 } }, "InvalidConfigError", "1.5"],
    [
      { options: { proxy: "me:hunter2@host" } },
      "InvalidConfigError",
      "<withheld>@host",
    ],
    [{ options: { caCerts: ["x"] } }, "InvalidConfigError", "a list"],
    [
      { env: { AWS_CA_BUNDLE: "/no" } },
      "InvalidConfigError",
      'in "/no", named by the environment variable AWS_CA_BUNDLE: there is no such file',
    ],
    [
      { env: { AWS_CA_BUNDLE: "/no" }, denied: ["/no"] },
      "InvalidConfigError",
      "run with --allow-read=/no",
    ],
    [
      { env: { AWS_CA_BUNDLE: "/x" }, files: { "/x": "text" } },
      "InvalidConfigError",
      "it holds no certificate",
    ],
    [
      { env: { AWS_CA_BUNDLE: "~/x" } },
      "InvalidConfigError",
      "the home folder is not known; set HOME",
    ],
    [
      { config: "[default]\nservices = gone\n" },
      "InvalidConfigError",
      '"/c", line 2: there is no section [services gone]',
    ],
    [
      { config: "[default]\ns3 =\n  addressing_style = virtua\n" },
      "InvalidConfigError",
      's3.addressing_style of [profile default] in "/c", line 3',
    ],
  ] as const
) {
  Deno.test(`resolveClient refuses ${JSON.stringify(setup)}`, async () => {
    const error = await assertRejects(() => resolveS3(setup), ConfigError);

    assertEquals(error.code, code);
    assertStringIncludes(error.message, message);
    assertEquals(error.message.includes("hunter2"), false);
  });
}

Deno.test("checkClientOptions knows the rows of all clients and of the service", () => {
  checkClientOptions(S3, { region: "x", addressingStyle: "path" });

  const error = assertThrows(
    () => checkClientOptions(S3, { adressingStyle: "path" }),
    ConfigError,
  );

  assertStringIncludes(error.message, 'did you mean "addressingStyle"?');
});

for (
  const [env, region, lines] of [
    [{ AWS_REGION: "a", AWS_DEFAULT_REGION: "b" }, undefined, 1],
    [{ AWS_REGION: "a", AWS_DEFAULT_REGION: "a" }, undefined, 0],
    [{ AWS_REGION: "a", AWS_DEFAULT_REGION: "b" }, "c", 0],
    [{ AWS_REGION: "a" }, undefined, 0],
  ] as const
) {
  Deno.test(`tellRegionConflict writes ${lines} lines for ${JSON.stringify([env, region])}`, () => {
    const told: unknown[] = [];
    const { sources } = setUp({ env, options: { region } });

    tellRegionConflict(resolveRegion(sources), recorder(told));

    assertEquals(told.length, lines);
  });
}

function recorder(told: unknown[]): Logger {
  const write = (...line: unknown[]): void => void told.push(line);
  const logger: Logger = {
    enabled: () => true,
    debug: write,
    info: write,
    warn: write,
    error: write,
    child: () => logger,
  };
  return logger;
}
