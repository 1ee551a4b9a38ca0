import { assertEquals } from "@std/assert";
import type { Member, Operation, Shape } from "../../src/ports/schema.ts";
import * as s3 from "../../src/services/s3/generated/operations.ts";
import * as sts from "../../src/services/sts/generated/operations.ts";

Deno.test("S3's tables leave the bucket to the endpoint", () => {
  assertEquals(s3.GetObject.path, "/{Key+}");
  assertEquals(s3.HeadBucket.path, "");
  assertEquals(s3.ListObjectsV2.path, "?list-type=2");
  assertEquals(s3.ListBuckets.path, "/");
  assertEquals(s3.GetObject.input().members["Bucket"], {
    of: "string",
    at: "path",
    context: "Bucket",
    required: true,
  });
});

Deno.test("S3's tables mark the answers that may be errors in disguise", () => {
  const marked = namesOf(s3, ({ errorInSuccess }) => errorInSuccess === true);

  for (
    const name of ["CopyObject", "CompleteMultipartUpload", "UploadPartCopy"]
  ) {
    assertEquals(marked.includes(name), true, name);
  }
  for (const name of ["GetObject", "GetBucketPolicy", "SelectObjectContent"]) {
    assertEquals(marked.includes(name), false, name);
  }
});

Deno.test("the tables name the operations that are not to be repeated", () => {
  assertEquals(namesOf(s3, ({ idempotent }) => !idempotent), [
    "CreateBucketMetadataConfiguration",
    "CreateBucketMetadataTableConfiguration",
    "CreateMultipartUpload",
    "RestoreObject",
    "WriteGetObjectResponse",
  ]);
  assertEquals(namesOf(sts, ({ idempotent }) => !idempotent), [
    "GetDelegatedAccessToken",
  ]);
  assertEquals(s3.PutObject.unlessGiven, [
    "IfMatch",
    "IfNoneMatch",
    "WriteOffsetBytes",
  ]);
});

Deno.test("S3's tables know the checksums and the odd answers", () => {
  assertEquals(s3.PutObject.checksum, { algorithmMember: "ChecksumAlgorithm" });
  assertEquals(s3.DeleteObjects.checksum, {
    algorithmMember: "ChecksumAlgorithm",
    required: true,
  });
  assertEquals(s3.GetObject.checksum, { modeMember: "ChecksumMode" });
  assertEquals(s3.GetBucketLocation.output().members, {
    LocationConstraint: { of: "string", at: "text" },
  });
  assertEquals(s3.GetObject.output().members["Expires"], {
    of: "timestamp",
    at: "header",
    lenient: true,
  });
});

Deno.test("STS's tables say what is signed and what is secret", () => {
  assertEquals(
    namesOf(sts, ({ auth }) => auth === "none"),
    ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"],
  );
  assertEquals(secretsOf(sts), [
    "ContextAssertion",
    "SAMLAssertion",
    "SecretAccessKey",
    "SessionToken",
    "TokenCode",
    "TradeInToken",
    "WebIdentityToken",
  ]);
});

Deno.test("S3's tables say what is secret", () => {
  assertEquals(secretsOf(s3), [
    "CopySourceSSECustomerKey",
    "RequestToken",
    "SSECustomerKey",
    "SSEKMSEncryptionContext",
    "SecretAccessKey",
    "SessionToken",
    "Token",
  ]);
});

type Operations = Readonly<Record<string, Operation<never, unknown>>>;

function namesOf(
  operations: Operations,
  is: (operation: Operation<never, unknown>) => boolean,
): string[] {
  return Object.values(operations).filter(is).map(({ name }) => name);
}

/** The names of the secret members of all shapes, sorted. */
function secretsOf(operations: Operations): string[] {
  const seen = new Set<Shape>();
  const secrets = new Set<string>();
  const visit = (shape: Shape): void => {
    if (seen.has(shape)) return;
    seen.add(shape);
    for (const [name, member] of membersOf(shape)) {
      if (member.secret) secrets.add(name);
      if (typeof member.of === "function") visit(member.of());
    }
  };
  for (const { input, output } of Object.values(operations)) {
    visit(input());
    visit(output());
  }
  return [...secrets].sort();
}

function membersOf(shape: Shape): (readonly [string, Member])[] {
  if (shape.kind === "structure") return Object.entries(shape.members);
  if (shape.kind === "list") return [["item", shape.item]];
  return [["key", shape.key], ["value", shape.value]];
}
