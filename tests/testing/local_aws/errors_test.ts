import { assertEquals } from "@std/assert";
import { describeCode } from "../../../src/testing/local_aws/s3_error.ts";

type Texts = Readonly<Record<string, readonly [status: number, text: string]>>;

/**
 * As "Error responses" of the Amazon S3 API Reference had them when they were
 * written into LocalAws. They were not compared with the page again: this keeps
 * them from changing unseen, and cannot tell whether they are right.
 */
const LISTED: Texts = {
  AccessControlListNotSupported: [400, "The bucket does not allow ACLs"],
  AccessDenied: [403, "Access Denied"],
  AuthorizationHeaderMalformed: [
    400,
    "The authorization header you provided is invalid.",
  ],
  BadDigest: [
    400,
    "The Content-MD5 or checksum value that you specified did not match what the server received.",
  ],
  BucketAlreadyExists: [
    409,
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
  ],
  EntityTooLarge: [
    400,
    "Your proposed upload exceeds the maximum allowed object size.",
  ],
  EntityTooSmall: [
    400,
    "Your proposed upload is smaller than the minimum allowed object size.",
  ],
  ExpiredToken: [400, "The provided token has expired."],
  IllegalVersioningConfigurationException: [
    400,
    "The versioning configuration specified in the request is invalid.",
  ],
  IncompleteBody: [
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  ],
  InternalError: [500, "We encountered an internal error. Please try again."],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidBucketState: [
    409,
    "The request is not valid with the current state of the bucket.",
  ],
  InvalidDigest: [
    400,
    "The Content-MD5 or checksum value that you specified is not valid.",
  ],
  InvalidEncryptionAlgorithmError: [
    400,
    "The encryption request that you specified is not valid. The valid value is AES256.",
  ],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
  ],
  InvalidPartOrder: [
    400,
    "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
  ],
  InvalidPolicyDocument: [
    400,
    "The content of the form does not meet the conditions specified in the policy document.",
  ],
  InvalidToken: [
    400,
    "The provided token is malformed or otherwise not valid.",
  ],
  InvalidURI: [400, "The specified URI couldn't be parsed."],
  MalformedACLError: [
    400,
    "The ACL that you provided was not well formed or did not validate against our published schema.",
  ],
  MalformedPOSTRequest: [
    400,
    "The body of your POST request is not well-formed multipart/form-data.",
  ],
  MaxMessageLengthExceeded: [400, "Your request was too large."],
  MethodNotAllowed: [
    405,
    "The specified method is not allowed against this resource.",
  ],
  MissingContentLength: [
    411,
    "You must provide the Content-Length HTTP header.",
  ],
  NoSuchKey: [404, "The specified key does not exist."],
  NotImplemented: [
    501,
    "A header you provided implies functionality that is not implemented.",
  ],
  RequestTimeTooSkewed: [
    403,
    "The difference between the request time and the server's time is too large.",
  ],
  ServiceUnavailable: [503, "Service is unable to handle request."],
};

/**
 * As S3 sends them, where programs are known to compare them and the reference
 * describes the case, has another text, or a full stop behind it.
 */
const SENT: Texts = {
  AccessForbidden: [
    403,
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
  ],
  AuthorizationQueryParametersError: [
    400,
    "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed",
  ],
  BadRequest: [400, "Bad Request"],
  BucketAlreadyOwnedByYou: [
    409,
    "Your previous request to create the named bucket succeeded and you already own it.",
  ],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  IllegalLocationConstraintException: [
    400,
    "The location constraint is incompatible for the region specific endpoint this request was sent to.",
  ],
  InvalidAccessKeyId: [
    403,
    "The AWS Access Key Id you provided does not exist in our records.",
  ],
  InvalidBucketAclWithObjectOwnership: [
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  ],
  InvalidLocationConstraint: [
    400,
    "The specified location-constraint is not valid",
  ],
  InvalidObjectState: [
    403,
    "The operation is not valid for the object's storage class",
  ],
  InvalidPartNumber: [416, "The requested partnumber is not satisfiable"],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidStorageClass: [400, "The storage class you specified is not valid"],
  InvalidTag: [400, "The tag provided was not a valid tag."],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedPolicy: [400, "Policies must be valid JSON"],
  MalformedTrailerError: [
    400,
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  ],
  MalformedXML: [
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  ],
  MetadataTooLarge: [
    400,
    "Your metadata headers exceed the maximum allowed metadata size",
  ],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchBucketPolicy: [404, "The bucket policy does not exist"],
  NoSuchCORSConfiguration: [404, "The CORS configuration does not exist"],
  NoSuchConfiguration: [404, "The specified configuration does not exist."],
  NoSuchLifecycleConfiguration: [
    404,
    "The lifecycle configuration does not exist",
  ],
  NoSuchPublicAccessBlockConfiguration: [
    404,
    "The public access block configuration was not found",
  ],
  NoSuchTagSet: [404, "The TagSet does not exist"],
  NoSuchUpload: [
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  ],
  NoSuchVersion: [404, "The specified version does not exist."],
  NoSuchWebsiteConfiguration: [
    404,
    "The specified bucket does not have a website configuration",
  ],
  ObjectLockConfigurationNotFoundError: [
    404,
    "Object Lock configuration does not exist for this bucket",
  ],
  ObjectNotInActiveTierError: [
    403,
    "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.",
  ],
  OwnershipControlsNotFoundError: [
    404,
    "The bucket ownership controls were not found",
  ],
  PermanentRedirect: [
    301,
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
  ],
  PreconditionFailed: [
    412,
    "At least one of the pre-conditions you specified did not hold",
  ],
  ReplicationConfigurationNotFoundError: [
    404,
    "The replication configuration was not found",
  ],
  ServerSideEncryptionConfigurationNotFoundError: [
    404,
    "The server side encryption configuration was not found",
  ],
  SignatureDoesNotMatch: [
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  SlowDown: [503, "Please reduce your request rate."],
  TooManyBuckets: [
    400,
    "You have attempted to create more buckets than allowed",
  ],
  UnresolvableGrantByEmailAddress: [
    400,
    "The e-mail address you provided does not match any account on record.",
  ],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
};

/** As the AWS STS API Reference lists them, "Common Errors" included. */
const OF_STS: Texts = {
  InvalidAction: [400, "The action or operation requested is invalid."],
  InvalidIdentityToken: [
    400,
    "The web identity token that was passed could not be validated by AWS. Get a new identity token from the identity provider and then retry the request.",
  ],
  MissingAuthenticationToken: [403, "Request is missing Authentication Token"],
  ValidationError: [
    400,
    "The input fails to satisfy the constraints specified by an AWS service.",
  ],
};

// Proves N.
Deno.test("LocalAws answers with the status and the text of each code that Amazon has", () => {
  for (const texts of [LISTED, SENT, OF_STS]) {
    for (const [code, expected] of Object.entries(texts)) {
      assertEquals(describeCode(code), expected, code);
    }
  }
});

Deno.test("LocalAws has no code whose text is not compared", async () => {
  const source = await Deno.readTextFile(
    new URL("../../../src/testing/local_aws/s3_error.ts", import.meta.url),
  );
  const table = source.slice(0, source.indexOf("} as const satisfies"));
  const codes = [...table.matchAll(/^ {2}(\w+): \[/gm)].map(([, code]) => code);

  assertEquals(
    codes.toSorted(),
    [LISTED, SENT, OF_STS].flatMap((texts) => Object.keys(texts)).toSorted(),
  );
});
