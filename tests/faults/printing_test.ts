/**
 * What results and errors show when they are printed.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ServiceError } from "../../mod.ts";
import { answering, rejection } from "./answering.ts";

const KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
const CAT = { Bucket: "photos", Key: "cat.txt" };

Deno.test("a printed error shows each header field once", async () => {
  for (const status of [400, 403, 404, 500]) {
    const { s3 } = answering([{
      status,
      headers: { "x-amz-request-id": "R1", "x-seen": "one-value" },
      body: "<Error><Code>X</Code><Message>no</Message></Error>",
    }], { retry: { maxAttempts: 1 } });

    const error = await rejection(s3.getObject(CAT));

    assert(error instanceof ServiceError);
    const printed = Deno.inspect(error, { depth: 20 });
    assertEquals(printed.split("one-value").length - 1, 1);
    // What a program reads stays where it was.
    assertEquals(error.detail.headers["x-seen"], "one-value");
    assertEquals(error.ResponseMetadata?.HTTPHeaders["x-seen"], "one-value");
    assertEquals(
      JSON.parse(JSON.stringify(error.detail)).headers["x-seen"],
      "one-value",
    );
  }
});

Deno.test("ids of KMS keys are printed", async () => {
  const { s3 } = answering([{
    headers: { "x-amz-server-side-encryption-aws-kms-key-id": KEY_ARN },
  }]);

  const head = await s3.headObject(CAT);

  assertEquals(head.SSEKMSKeyId, KEY_ARN);
  assertStringIncludes(
    Deno.inspect(head, { depth: 20, breakLength: Infinity }),
    `SSEKMSKeyId: "${KEY_ARN}"`,
  );
  assertEquals(
    head.ResponseMetadata
      .HTTPHeaders["x-amz-server-side-encryption-aws-kms-key-id"],
    KEY_ARN,
  );

  const rules = answering([
    `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${KEY_ARN}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
  ]);
  const encryption = await rules.s3.getBucketEncryption({ Bucket: "photos" });
  assertStringIncludes(Deno.inspect(encryption, { depth: 20 }), KEY_ARN);
});

Deno.test("an error about a KMS key names it", async () => {
  const { s3 } = answering([{
    status: 400,
    body:
      `<Error><Code>KMS.NotFoundException</Code><Message>Key '${KEY_ARN}' does not exist</Message></Error>`,
  }]);

  const error = await rejection(
    s3.putObject({ ...CAT, Body: "miaow", SSEKMSKeyId: KEY_ARN }),
  );

  assert(error instanceof ServiceError);
  assertStringIncludes(error.message, KEY_ARN);
});

Deno.test("a secret is withheld when it is printed, and there when it is read", async () => {
  const { s3 } = answering([
    "<CreateSessionResult><Credentials><SessionToken>planted-token</SessionToken><SecretAccessKey>planted-key</SecretAccessKey><AccessKeyId>A</AccessKeyId></Credentials></CreateSessionResult>",
  ]);

  const { Credentials } = await s3.createSession({
    Bucket: "b--euw1-az1--x-s3",
  });

  assertEquals(Credentials?.SessionToken, "planted-token");
  assertStringIncludes(JSON.stringify(Credentials), "planted-key");
  assert(!Deno.inspect(Credentials).includes("planted"));
});
