import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Logger,
  ServiceError,
  Session,
  type SessionOptions,
  TransportError,
} from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";

const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
const VARIABLES = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const OK = answer(200, "<ListAllMyBucketsResult/>");

Deno.test("a region that may not be read is told in a warning that names the flag, once for all clients of a session", async () => {
  const { session, warnings } = sessionWith([OK, OK], VARIABLES);

  await session.client(S3).listBuckets();
  await session.client(S3).listBuckets();

  assertEquals(warnings.length, 1);
  assert(warnings[0]?.includes("us-east-1"));
  assert(
    warnings[0]?.includes("--allow-env=AWS_REGION,AWS_DEFAULT_REGION"),
  );
});

Deno.test("a region that is set in code, or whose variables can be read, needs no warning", async () => {
  for (
    const [denied, region] of [[VARIABLES, "eu-west-1"], [
      [],
      undefined,
    ]] as const
  ) {
    const { session, warnings } = sessionWith([OK], denied);

    await session.client(S3, region === undefined ? {} : { region })
      .listBuckets();

    assertEquals(warnings, []);
  }
});

Deno.test("a config file that may not be read could name the region as well", async () => {
  const { session, warnings } = sessionWith([OK], ["/home/ann/.aws/config"]);

  await session.client(S3).listBuckets();

  assert(warnings[0]?.includes("--allow-read=/home/ann/.aws/config"));
});

Deno.test("refusals of the wrong region name the flag that would let the program read its own", async () => {
  const cases = [
    ["IllegalLocationConstraintException", 400],
    ["AuthorizationHeaderMalformed", 400],
    ["BucketAlreadyOwnedByYou", 409],
  ] as const;
  for (const [code, status] of cases) {
    const refusal = answer(status, `<Error><Code>${code}</Code></Error>`);
    const { session } = sessionWith([refusal, refusal], VARIABLES);

    const error = await assertRejects(
      () => session.client(S3).createBucket({ Bucket: "photos" }),
      ServiceError,
    );

    assert(
      error.message.includes("--allow-env=AWS_REGION,AWS_DEFAULT_REGION"),
      error.message,
    );
    assertEquals(error.code, code);
    assert(error.ResponseMetadata?.Attempts.length);
  }
});

Deno.test("a host that may not be reached is told together with the region that chose it", async () => {
  const { session } = sessionWith([
    new TransportError("denied", "Cannot connect", { maybeSent: false }),
  ], VARIABLES);

  const error = await assertRejects(
    () => session.client(STS).getCallerIdentity(),
    TransportError,
  );

  assert(error.message.includes("--allow-env=AWS_REGION,AWS_DEFAULT_REGION"));
});

Deno.test("keys that Amazon does not know may be those of an endpoint that could not be read", async () => {
  const refusal = answer(
    403,
    "<Error><Code>InvalidAccessKeyId</Code></Error>",
  );
  const { session } = sessionWith([refusal], [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
  ]);

  const error = await assertRejects(
    () => session.client(S3, { region: "eu-west-1" }).listBuckets(),
    ServiceError,
  );

  assert(
    error.message.includes(
      "--allow-env=AWS_ENDPOINT_URL_S3,AWS_ENDPOINT_URL",
    ),
    error.message,
  );
});

Deno.test("errors that no setting would change stay as they are", async () => {
  const refusal = answer(404, "<Error><Code>NoSuchKey</Code></Error>");
  const { session } = sessionWith([refusal], VARIABLES);

  const error = await assertRejects(
    () => session.client(S3).getObject({ Bucket: "photos", Key: "cat" }),
    ServiceError,
  );

  assert(!error.message.includes("--allow-env"));
});

function answer(status: number, text: string): ScriptedAnswer {
  return { status, body: new TextEncoder().encode(text) };
}

function sessionWith(
  answers: readonly ScriptedAnswer[],
  denied: readonly string[],
): { readonly session: Session; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const logger: Logger = {
    enabled: () => true,
    debug: () => {},
    info: () => {},
    warn: (message, fields) => {
      warnings.push(`${message} ${Object.values(fields ?? {}).join(" ")}`);
    },
    error: () => {},
    child: () => logger,
  };
  const options: SessionOptions = {
    credentials,
    logger,
    system: new FakeSystem({ env: { HOME: "/home/ann" }, denied }),
    transport: scripted(answers),
    retry: { maxAttempts: 1 },
  };
  return { session: new Session(options), warnings };
}
