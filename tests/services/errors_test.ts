import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import { ServiceError } from "../../src/foundation/errors.ts";
import * as s3Errors from "../../src/services/s3/generated/errors.ts";
import {
  InvalidObjectState,
  isS3Error,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  requireObject,
  S3,
  type S3ErrorCode,
  type S3ErrorCodeOf,
} from "../../src/services/s3/mod.ts";
import * as stsErrors from "../../src/services/sts/generated/errors.ts";
import {
  ExpiredTokenException,
  IDPCommunicationErrorException,
  isSTSError,
  STS,
  type STSErrorCodeOf,
} from "../../src/services/sts/mod.ts";
import { GetObject } from "../../src/services/s3/generated/operations.ts";
import { AssumeRole } from "../../src/services/sts/generated/operations.ts";
import { serviceError } from "../../src/protocol/service_error.ts";
import { FakeSystem, stub } from "../../src/testing/mod.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";

/** Codes by class, as the models of botocore 1.43.67 have them; 404 is ours. */
const S3_CODES: Readonly<Record<string, string>> = {
  ...Object.fromEntries([
    "AccessDenied",
    "AnnotationLimitExceeded",
    "AnnotationNameTooLong",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "EncryptionTypeMismatch",
    "IdempotencyParameterMismatch",
    "InvalidAnnotationName",
    "InvalidObjectState",
    "InvalidPrefix",
    "InvalidRequest",
    "InvalidWriteOffset",
    "NoSuchAnnotation",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "ObjectAlreadyInActiveTierError",
    "ObjectNotInActiveTierError",
    "TooManyParts",
    "UnsupportedMediaType",
  ].map((code) => [code, code])),
  NotFound: "404",
};

const STS_CODES: Readonly<Record<string, string>> = {
  ExpiredTokenException: "ExpiredTokenException",
  ExpiredTradeInTokenException: "ExpiredTradeInTokenException",
  IDPCommunicationErrorException: "IDPCommunicationError",
  IDPRejectedClaimException: "IDPRejectedClaim",
  InvalidAuthorizationMessageException: "InvalidAuthorizationMessageException",
  InvalidIdentityTokenException: "InvalidIdentityToken",
  JWTPayloadSizeExceededException: "JWTPayloadSizeExceededException",
  MalformedPolicyDocumentException: "MalformedPolicyDocument",
  OutboundWebIdentityFederationDisabledException:
    "OutboundWebIdentityFederationDisabledException",
  PackedPolicyTooLargeException: "PackedPolicyTooLarge",
  RegionDisabledException: "RegionDisabledException",
  SessionDurationEscalationException: "SessionDurationEscalationException",
};

const CAT = { Bucket: "photos", Key: "cat.txt" };

/** True where two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

for (
  const { service, errors, codes, read } of [
    {
      service: "S3",
      errors: s3Errors,
      codes: S3_CODES,
      read: (code: string) => {
        const body = code === "404"
          ? ""
          : `<Error><Code>${code}</Code></Error>`;
        return serviceError(GetObject, { status: 404, headers: {} }, body);
      },
    },
    {
      service: "STS",
      errors: stsErrors,
      codes: STS_CODES,
      read: (code: string) =>
        serviceError(
          AssumeRole,
          { status: 400, headers: {} },
          `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`,
        ),
    },
  ]
) {
  const { classes, others } = sorted(errors);

  Deno.test(`an error of ${service} is an instance of its class and of no other`, () => {
    assertEquals(others.length, 1);
    for (const [name, code] of Object.entries(codes)) {
      const error = read(code);
      const found = classes.filter(([, made]) => error instanceof made)
        .map(([name]) => name);

      assertEquals([error.code, found], [code, [name]]);
    }
  });

  Deno.test(`every class of ${service} stands for one modelled code`, () => {
    assertEquals(classes.map(([name]) => name), Object.keys(codes).sort());
    const detail = { operation: "X", status: 400, headers: {}, fields: {} };
    for (const [name, Made] of classes) {
      const error = new Made("no", detail);

      assertInstanceOf(error, Made);
      assertInstanceOf(error, ServiceError);
      assertEquals(error.name, "ServiceError");
      assertEquals([error.code, error.detail.code], [codes[name], codes[name]]);
      assertEquals(error.message, `${codes[name]} (X, 400): no`);
    }
  });
}

Deno.test("an error of another code, and what is no error, is an instance of no class", () => {
  const error = serviceError(GetObject, { status: 503, headers: {} }, "");
  const found = [...sorted(s3Errors).classes, ...sorted(stsErrors).classes]
    .filter(([, made]) =>
      [error, new Error("NoSuchKey"), { code: "NoSuchKey" }, null, "NoSuchKey"]
        .some((value) => value instanceof made)
    );

  assertEquals(found, []);
});

Deno.test("a refused getObject throws an instance of the class of its code", async () => {
  using session = answering({
    status: 404,
    body: bytes("<Error><Code>NoSuchKey</Code><Key>cat.txt</Key></Error>"),
  });
  const error = await assertRejects(
    () => session.client(S3).getObject(CAT),
    NoSuchKey,
  );

  const code: Same<typeof error.code, "NoSuchKey"> = true;
  assertEquals(code, true);
  assertEquals(error.code, "NoSuchKey");
  assertEquals(error.detail.fields, { Key: "cat.txt" });
  assertEquals(error instanceof NoSuchBucket, false);
});

Deno.test("an InvalidObjectState has its members typed", async () => {
  using session = answering({
    status: 403,
    body: bytes(
      "<Error><Code>InvalidObjectState</Code><StorageClass>GLACIER</StorageClass></Error>",
    ),
  });
  const { detail } = await assertRejects(
    () => session.client(S3).getObject(CAT),
    InvalidObjectState,
  );

  assertEquals(detail.fields.StorageClass, "GLACIER");
  const unread: string | undefined = detail.fields.AccessTier;
  assertEquals(unread, undefined);
});

Deno.test("a 404 without a body is a NotFound, also when it is explained", async () => {
  using session = answering({ status: 404 }, { status: 404 }, { status: 404 });
  const s3 = session.client(S3);
  for (
    const look of [
      () => s3.headObject(CAT),
      () => s3.headBucket({ Bucket: "photos" }),
      () => requireObject(s3, CAT),
    ]
  ) {
    const error = await assertRejects(look, NotFound);
    assertEquals([error.code, error instanceof NoSuchKey], ["404", false]);
  }
});

Deno.test("a hint leaves the error in its class", async () => {
  using session = answering({
    status: 403,
    body: bytes("<Error><Code>AccessDenied</Code></Error>"),
  });
  const error = await assertRejects(
    () => session.client(S3).getObject(CAT),
    s3Errors.AccessDenied,
  );

  assertEquals(error.code, "AccessDenied");
});

Deno.test("a refused assumeRole throws an instance of the class of its code", async () => {
  using session = answering({
    status: 400,
    body: bytes(
      "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>old</Message></Error></ErrorResponse>",
    ),
  });
  const error = await assertRejects(
    () =>
      session.client(STS).assumeRole({ RoleArn: ROLE, RoleSessionName: "me" }),
    ExpiredTokenException,
    "old",
  );

  assertEquals(error instanceof IDPCommunicationErrorException, false);
});

Deno.test("an error of a stub is an instance of its class", async () => {
  using session = answering();
  using stubbed = stub(session.client(S3));
  stubbed.getObject(undefined, { error: { code: "NoSuchKey", status: 404 } });

  await assertRejects(() => stubbed.client.getObject(CAT), NoSuchKey);
});

Deno.test("isS3Error and isSTSError know the operation, and its codes", () => {
  const error: unknown = serviceError(
    GetObject,
    { status: 404, headers: {} },
    "<Error><Code>NoSuchKey</Code></Error>",
  );

  assertEquals(isS3Error(error, "PutObject"), false);
  assertEquals(isSTSError(error, "AssumeRole"), false);
  assertEquals(isS3Error(new Error("no"), "GetObject"), false);
  if (!isS3Error(error, "GetObject")) throw new Error("it is one");
  const code: Same<typeof error.code, S3ErrorCodeOf<"GetObject">> = true;
  assertEquals([code, error.code], [true, "NoSuchKey"]);
});

Deno.test("the codes of an operation are known words, and any other text", () => {
  type Open = string & Record<never, never>;
  const get: Same<
    S3ErrorCodeOf<"GetObject">,
    "NoSuchKey" | "InvalidObjectState" | Open
  > = true;
  const head: Same<
    S3ErrorCodeOf<"HeadBucket">,
    "400" | "403" | "404" | Open
  > = true;
  const unnamed: Same<S3ErrorCodeOf<"DeleteBucket">, S3ErrorCode> = true;
  const root: Same<
    STSErrorCodeOf<"AssumeRoot">,
    "RegionDisabledException" | "ExpiredTokenException" | Open
  > = true;

  assertEquals([get, head, unnamed, root], [true, true, true, true]);
});

const ROLE = "arn:aws:iam::123456789012:role/reader";

/** A class of errors, as a test makes one. */
type ErrorClass = new (
  reason: string,
  detail: Omit<ServiceError["detail"], "code">,
) => ServiceError;

/** The classes of a module by name, and the names of what else it has. */
function sorted(module: object): {
  readonly classes: readonly (readonly [string, ErrorClass])[];
  readonly others: readonly string[];
} {
  const classes: [string, ErrorClass][] = [];
  const others: string[] = [];
  for (const [name, value] of Object.entries(module)) {
    if (isErrorClass(value)) classes.push([name, value]);
    else others.push(name);
  }
  return { classes: classes.sort(([a], [b]) => a < b ? -1 : 1), others };
}

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === "function" &&
    Object.getPrototypeOf(value) === ServiceError;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function answering(...answers: readonly ScriptedAnswer[]): Session {
  return new Session({
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    transport: scripted(answers),
    system: new FakeSystem(),
  });
}
