import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, Session, type SessionOptions } from "../../mod.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";

const NOW = "2024-02-29T12:34:56Z";
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-of-code" };
const IDENTITY = answer(
  "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws-cn:iam::123456789012:user/ann</Arn>" +
    "<UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
);
const BUCKETS = answer(
  "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
);

Deno.test("Session.whoami tells account, ARN, partition and source", async () => {
  const { session } = sessionWith([IDENTITY], { credentials: KEYS });

  assertEquals(await session.whoami(), {
    account: "123456789012",
    arn: "arn:aws-cn:iam::123456789012:user/ann",
    userId: "AIDAEXAMPLE",
    partition: "aws-cn",
    source: "code",
  });
});

Deno.test("Session.assumeRole gives a session that calls as the role", async () => {
  const { session, sent } = sessionWith([role("ONE"), BUCKETS, BUCKETS]);
  using reader = session.assumeRole("arn:aws:iam::123456789012:role/reader", {
    ExternalId: "agreed",
    Tags: [{ Key: "team", Value: "a" }],
  });
  const s3 = reader.client(S3);

  await s3.listBuckets();
  await s3.listBuckets();

  assertEquals(sent.map(keyId), ["AKIDEXAMPLE", "ASIAONE", "ASIAONE"]);
  const form = new URLSearchParams(bodyOf(sent[0]));
  assertEquals(form.get("RoleArn"), "arn:aws:iam::123456789012:role/reader");
  assertEquals(form.get("RoleSessionName"), "inia-session-1709210096");
  assertEquals(form.get("ExternalId"), "agreed");
  assertEquals(form.get("Tags.member.1.Key"), "team");
});

Deno.test("Session.assumeRole can be chained, each hop signed by the one before", async () => {
  const { session, sent } = sessionWith([role("ONE"), role("TWO"), BUCKETS]);
  using first = session.assumeRole("arn:aws:iam::111111111111:role/one");
  using second = first.assumeRole("arn:aws:iam::222222222222:role/two");

  await second.client(S3).listBuckets();

  assertEquals(sent.map(keyId), ["AKIDEXAMPLE", "ASIAONE", "ASIATWO"]);
});

Deno.test("Session.assumeRole assumes the role again before it ends", async () => {
  const clock = new FixedClock(NOW);
  const { session, sent } = sessionWith(
    [role("ONE"), BUCKETS, role("TWO"), BUCKETS],
    { clock },
  );
  using reader = session.assumeRole("arn:aws:iam::123456789012:role/reader");
  const s3 = reader.client(S3);
  await s3.listBuckets();

  clock.advance(55 * 60_000);
  await s3.listBuckets();

  assertEquals(sent.map(keyId).filter((id) => id !== "AKIDEXAMPLE"), [
    "ASIAONE",
    "ASIATWO",
  ]);
});

Deno.test("Session.assumeRole gets the code of an MFA device", async () => {
  const { session, sent } = sessionWith([role("ONE")], {
    mfaCode: (serial) =>
      Promise.resolve(serial.endsWith("ann") ? "123456" : ""),
  });
  using reader = session.assumeRole("arn:aws:iam::123456789012:role/reader", {
    SerialNumber: "arn:aws:iam::123456789012:mfa/ann",
  });

  await reader.credentials();

  assertEquals(new URLSearchParams(bodyOf(sent[0])).get("TokenCode"), "123456");
});

Deno.test("expectedAccount lets the right account through, asked once", async () => {
  const { session, sent } = sessionWith([IDENTITY, BUCKETS, BUCKETS], {
    expectedAccount: "123456789012",
  });
  const s3 = session.client(S3);

  await s3.listBuckets();
  await s3.listBuckets();

  assertEquals(sent.length, 3);
});

Deno.test("expectedAccount is an account", () => {
  for (const expectedAccount of ["", "12345678901", "12345678901x"]) {
    assertThrows(
      () => new Session({ expectedAccount }),
      ConfigError,
      `expected the 12 digits of an account as text, got "${expectedAccount}"`,
    );
  }
});

Deno.test("expectedAccount stops a call in another account before it is sent", async () => {
  const { session, sent } = sessionWith([IDENTITY], {
    expectedAccount: "999999999999",
  });

  await assertRejects(
    () => session.client(S3).deleteBucket({ Bucket: "photos" }),
    ConfigError,
    "Cannot call as account 123456789012: the session's option expectedAccount is 999999999999",
  );

  assertEquals(sent.length, 1);
});

Deno.test("Session.explainConfig tells where each setting came from", async () => {
  const session = new Session({
    readTimeoutMs: 15_000,
    profile: "dev",
    system: new FakeSystem({
      env: { HOME: "/home/ann", AWS_REGION: "eu-west-1" },
      files: {
        "/home/ann/.aws/config":
          "[profile dev]\nregion = eu-north-1\ns3 =\n  addressing_style = path\n",
      },
    }),
  });

  const explanation = await session.explainConfig(S3, {
    endpointUrl: "http://ann:hunter22@localhost:9000",
  });

  const text = `${explanation}`;
  const lines = text.split("\n");
  for (
    const line of [
      "profile = dev (the option profile of the session)",
      "readTimeoutMs = 15000 (the option readTimeoutMs of the session)",
      'region = eu-west-1 (the environment variable AWS_REGION; before region of [profile dev] in "/home/ann/.aws/config", line 2)',
      'addressingStyle = path (s3.addressing_style of [profile dev] in "/home/ann/.aws/config", line 4)',
      "retry.mode = standard (default)",
    ]
  ) assert(lines.includes(line), `${line} is not in\n${text}`);
  assert(!text.includes("hunter22"));
});

function sessionWith(
  answers: readonly ScriptedAnswer[],
  options: SessionOptions = {},
): { session: Session; sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  const session = new Session({
    region: "eu-west-1",
    credentials: KEYS,
    transport: scripted(answers, sent),
    clock: new FixedClock(NOW),
    system: new FakeSystem(),
    ...options,
  });
  return { session, sent };
}

function role(name: string): ScriptedAnswer {
  const end = name === "ONE" ? "13:34:56" : "14:34:56";
  return answer(`<AssumeRoleResponse><AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>
    <Credentials>
    <AccessKeyId>ASIA${name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
    <Expiration>2024-02-29T${end}Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`);
}

function answer(xml: string): ScriptedAnswer {
  return { status: 200, body: utf8(xml) };
}

function bodyOf(request: HttpRequest | undefined): string {
  return new TextDecoder().decode(
    request?.body instanceof Uint8Array ? request.body : undefined,
  );
}

function keyId(request: HttpRequest): string | undefined {
  return /Credential=([^/]+)/.exec(request.headers["authorization"] ?? "")
    ?.[1];
}
