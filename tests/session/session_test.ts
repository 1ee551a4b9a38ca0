import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  AwsError,
  client,
  ConfigError,
  CredentialsError,
  defaultSession,
  NoCredentialsError,
  PartialCredentialsError,
  Session,
  type SessionOptions,
  setupDefaultSession,
} from "../../mod.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS, type STSConfig } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";

const NOW = "2024-02-29T12:34:56Z";
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-of-code" };

const BUCKETS = answer(
  "<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>",
);

Deno.test("Session makes clients that sign with its credentials and region", async () => {
  const { session, sent } = sessionWith({
    credentials: KEYS,
    region: "eu-west-1",
  }, [BUCKETS]);

  const { Buckets } = await session.client(S3).listBuckets();

  assertEquals<readonly object[]>(Buckets, [{ Name: "b" }]);
  assertEquals(sent[0]?.origin, "https://s3.eu-west-1.amazonaws.com");
  assertEquals(
    signer(sent[0]),
    "AKIDEXAMPLE/20240229/eu-west-1/s3/aws4_request",
  );
});

Deno.test("Session tells its clients of files, and of the checksums that they send", async () => {
  const system = new FakeSystem();
  const { session } = sessionWith({ region: "eu-west-1", system }, []);
  const endpointUrl = "http://localhost:9000";

  const cores = [
    session.client(S3).core,
    session.client(S3, { endpointUrl }).core,
    session.client(S3, { endpointUrl, requestChecksum: "when_supported" }).core,
  ];

  assertEquals(cores.map(({ files }) => files), [system, system, system]);
  assertEquals(
    await Promise.all(cores.map(({ checksums }) => checksums?.())),
    [true, false, true],
  );
});

Deno.test("Session does not look in the environment for what code decides", async () => {
  const asked = new Set<string>();
  const inner = new FakeSystem({
    env: { HOME: "/home/ann" },
    files: { "/home/ann/.aws/config": "[default]\nmax_attempts = 2\n" },
  });
  const system = new Proxy(inner, {
    get: (target, name) =>
      name === "env"
        ? (variable: string) => {
          asked.add(variable);
          return inner.env(variable);
        }
        : Reflect.get(target, name).bind(target),
  });
  const { session, sent } = sessionWith({
    credentials: KEYS,
    region: "eu-west-1",
    endpointUrl: "http://localhost:9000",
    system,
  }, [BUCKETS, BUCKETS]);
  const s3 = session.client(S3, { useDualstackEndpoint: false });
  const general = [
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_CA_BUNDLE",
  ];
  const decided = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
  ];

  await s3.listBuckets();
  assertEquals(general.filter((name) => !asked.has(name)), []);
  assertEquals(decided.filter((name) => asked.has(name)), []);

  // Once for all calls of a client.
  asked.clear();
  await s3.listBuckets();
  assertEquals([...asked], []);
  assertEquals(sent[0]?.headers["amz-sdk-request"], "attempt=1; max=2");
});

Deno.test("Session.explainConfig asks the environment also for what code decides", async () => {
  const { session } = sessionWith({
    region: "eu-west-1",
    system: new FakeSystem({ env: { AWS_REGION: "us-west-2" } }),
  }, []);

  const { settings } = await session.explainConfig(S3);

  const region = settings.find(({ name }) => name === "region");
  assertEquals(region?.overridden, ["the environment variable AWS_REGION"]);
});

Deno.test("Session reads nothing before the first call", () => {
  const touched: string[] = [];
  const system = new FakeSystem();
  const watching = new Proxy(system, {
    get: (target, name) => {
      touched.push(String(name));
      return Reflect.get(target, name);
    },
  });

  new Session({ system: watching }).client(S3);

  assertEquals(touched, []);
});

Deno.test("Session takes region and keys from the profile that is asked for", async () => {
  const { session, sent } = sessionWith({ profile: "dev" }, [BUCKETS], {
    env: { AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "secret" },
    files: {
      "/home/ann/.aws/config": "[profile dev]\nregion = ap-south-1\n",
      "/home/ann/.aws/credentials":
        "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = secret\n",
    },
  });

  await session.client(S3).listBuckets();

  assertEquals(
    signer(sent[0]),
    "AKIDDEV/20240229/ap-south-1/s3/aws4_request",
  );
});

Deno.test("Session lets the environment's keys win over a profile it names", async () => {
  const { session, sent } = sessionWith({}, [BUCKETS], {
    env: {
      AWS_ACCESS_KEY_ID: "AKIDENV",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_PROFILE: "dev",
    },
    files: {
      "/home/ann/.aws/credentials":
        "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = secret\n",
    },
  });

  await session.client(S3, { region: "eu-west-1" }).listBuckets();

  assertEquals(
    signer(sent[0]),
    "AKIDENV/20240229/eu-west-1/s3/aws4_request",
  );
});

Deno.test("Session assumes the role of a profile, and then signs as it", async () => {
  const { session, sent } = sessionWith({ profile: "ops" }, [
    answer(`<AssumeRoleResponse><AssumeRoleResult>
      <AssumedRoleUser><AssumedRoleId>A:story</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/ops/story</Arn></AssumedRoleUser>
      <Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
      <SessionToken>role-token</SessionToken><Expiration>2024-02-29T13:34:56Z</Expiration></Credentials>
      </AssumeRoleResult></AssumeRoleResponse>`),
    BUCKETS,
    BUCKETS,
  ], {
    files: {
      "/home/ann/.aws/config":
        "[profile ops]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = dev\nrole_session_name = story\n",
      "/home/ann/.aws/credentials":
        "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = secret\n",
    },
  });
  const s3 = session.client(S3);

  await s3.listBuckets();
  await s3.listBuckets();

  assertEquals(sent.map(signer), [
    "AKIDDEV/20240229/eu-west-1/sts/aws4_request",
    "ASIAROLE/20240229/eu-west-1/s3/aws4_request",
    "ASIAROLE/20240229/eu-west-1/s3/aws4_request",
  ]);
  assertEquals(sent[1]?.headers["x-amz-security-token"], "role-token");
  assertEquals((await session.credentials()).accountId, "123456789012");
});

Deno.test("Session hands STS's own answer to a new client", async () => {
  const { session, sent } = sessionWith({ region: "eu-west-1" }, [BUCKETS]);

  await session.client(S3, {
    credentials: {
      AccessKeyId: "ASIAROLE",
      SecretAccessKey: "role-secret",
      SessionToken: "role-token",
      Expiration: new Date("2024-02-29T13:34:56Z"),
    },
  }).listBuckets();

  assertEquals(sent[0]?.headers["x-amz-security-token"], "role-token");
});

Deno.test("Session does not sign for nobody", async () => {
  const { session, sent } = sessionWith({
    region: "eu-west-1",
    credentials: "anonymous",
  }, [BUCKETS]);

  await session.client(S3).listBuckets();

  assertEquals(sent[0]?.headers["authorization"], undefined);
  await assertRejects(() => session.credentials(), NoCredentialsError);
});

Deno.test("Session says where credentials were looked for", async () => {
  const { session, sent } = sessionWith({ region: "eu-west-1" }, []);

  const error = await assertRejects(
    () => session.client(S3).listBuckets(),
    NoCredentialsError,
  );

  assert(error.tried.some(({ name }) => name === "env"));
  assertEquals(sent, []);
});

Deno.test("Session refuses options that do not exist, with the nearest name", () => {
  const wrong = { reigon: "eu-west-1" } as SessionOptions;
  const session = new Session();

  assertThrows(() => new Session(wrong), ConfigError, 'did you mean "region"?');
  assertThrows(
    () => session.client(S3, wrong),
    ConfigError,
    'did you mean "region"?',
  );
  const ofS3 = { addressingStyle: "path" } as STSConfig;
  assertThrows(() => session.client(STS, ofS3), ConfigError);
  // The compiler refuses it too, where nothing is cast.
  const isOfSts: "addressingStyle" extends keyof STSConfig ? true : false =
    false;
  assertEquals(isOfSts, false);
});

Deno.test("Session says how to name a service", () => {
  const name: unknown = "s3";

  assertThrows(
    () => new Session().client(name as typeof S3),
    ConfigError,
    'Cannot make a client of "s3": give the class of a client, as in client(S3)',
  );
});

Deno.test("Session refuses parts that it could not call", () => {
  const wrong: readonly (readonly [options: unknown, message: string])[] = [
    [null, "must be an object"],
    [[], "found a list"],
    [
      { transport: fetch },
      "the option transport of the session: it has no method send",
    ],
    [
      { transport: null },
      "the option transport of the session: it has no method send",
    ],
    [{ logger: console }, "loggerFrom of @inia/aws/logging"],
    [{ system: {} }, "the option system of the session: it has no method env"],
    [
      { clock: Date.now },
      "the option clock of the session: it has no method now",
    ],
    [{ mfaCode: "123456" }, "expected a function, got a string"],
  ];

  for (const [options, message] of wrong) {
    // What programs that nobody type-checks may say.
    assertThrows(
      () => new Session(options as SessionOptions),
      ConfigError,
      message,
    );
  }
});

Deno.test("Session refuses half of a pair of keys at once", () => {
  const half = { accessKeyId: "AKIDEXAMPLE" } as typeof KEYS;
  const temporary = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "s" };

  assertThrows(
    () => new Session({ credentials: half }),
    PartialCredentialsError,
  );
  assertThrows(
    () => new Session().client(S3, { credentials: temporary }),
    CredentialsError,
  );
});

Deno.test("Session refuses what its own transport would have to do", () => {
  const transport = scripted([]);

  assertThrows(
    () => new Session({ transport, connectTimeoutMs: 5 }),
    ConfigError,
    "Cannot use the option connectTimeoutMs",
  );
});

Deno.test("Session reads the files again after a failure", async () => {
  const files: Record<string, string> = {};
  const system = new FakeSystem({ env: { HOME: "/home/ann" } });
  const reading = new Proxy(system, {
    get: (target, name) =>
      name === "readText"
        ? (path: string) =>
          Promise.resolve(
            path in files
              ? { kind: "found", value: files[path] }
              : { kind: "absent" },
          )
        : Reflect.get(target, name).bind?.(target),
  });
  const session = new Session({
    profile: "dev",
    region: "eu-west-1",
    system: reading,
    clock: new FixedClock(NOW),
    transport: scripted([BUCKETS]),
  });
  const s3 = session.client(S3);
  await assertRejects(() => s3.listBuckets(), ConfigError, '"dev"');

  files["/home/ann/.aws/credentials"] =
    "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = secret\n";

  const { Buckets } = await s3.listBuckets();
  assertEquals<readonly object[]>(Buckets, [{ Name: "b" }]);
});

Deno.test("Session calls nothing after it was closed", async () => {
  const { session, sent } = sessionWith({
    credentials: KEYS,
    region: "eu-west-1",
  }, [BUCKETS]);
  const s3 = session.client(S3);
  session[Symbol.dispose]();

  await assertRejects(
    () => s3.listBuckets(),
    ConfigError,
    "Cannot call: the session is closed",
  );

  assertEquals(sent, []);
});

Deno.test("client uses one default session, set up once", () => {
  setupDefaultSession({ region: "eu-west-1", credentials: KEYS });

  assertInstanceOf(client(S3), S3);
  assertEquals(defaultSession(), defaultSession());
  const error = assertThrows(() => setupDefaultSession({}), ConfigError);
  assertInstanceOf(error, AwsError);
});

function sessionWith(
  options: SessionOptions,
  answers: readonly ScriptedAnswer[],
  machine: {
    readonly env?: Readonly<Record<string, string>>;
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): { session: Session; sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  const session = new Session({
    transport: scripted(answers, sent),
    clock: new FixedClock(NOW),
    system: new FakeSystem({
      ...machine,
      env: {
        HOME: "/home/ann",
        AWS_EC2_METADATA_DISABLED: "true",
        ...machine.env,
      },
    }),
    ...options,
  });
  return { session, sent };
}

function answer(xml: string): ScriptedAnswer {
  return { status: 200, body: utf8(xml) };
}

/** Who signed, when, where and for what. */
function signer(request: HttpRequest | undefined): string | undefined {
  return /Credential=([^,]+),/.exec(request?.headers["authorization"] ?? "")
    ?.[1];
}
