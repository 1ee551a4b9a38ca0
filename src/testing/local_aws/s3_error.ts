/**
 * The errors that the services answer with, their documents, and the faults that
 * a test asks the server for.
 *
 * Source: "Error responses", Amazon S3 API Reference; "Common Errors", AWS STS
 * API Reference.
 *
 * @module
 */
import { utf8 } from "../../foundation/bytes.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { PlainResponse } from "../http_message.ts";
import { element, fields, writeXml } from "./xml.ts";

/** Status and message of each error code. */
const CODES = {
  AccessControlListNotSupported: [400, "The bucket does not allow ACLs"],
  AccessDenied: [403, "Access Denied"],
  AccessForbidden: [
    403,
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
  ],
  AuthorizationHeaderMalformed: [
    400,
    "The authorization header you provided is invalid.",
  ],
  AuthorizationQueryParametersError: [
    400,
    "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed",
  ],
  BadDigest: [
    400,
    "The Content-MD5 or checksum value that you specified did not match what the server received.",
  ],
  BadRequest: [400, "Bad Request"],
  BucketAlreadyExists: [
    409,
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
  ],
  BucketAlreadyOwnedByYou: [
    409,
    "Your previous request to create the named bucket succeeded and you already own it.",
  ],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  EntityTooLarge: [
    400,
    "Your proposed upload exceeds the maximum allowed object size.",
  ],
  EntityTooSmall: [
    400,
    "Your proposed upload is smaller than the minimum allowed object size.",
  ],
  ExpiredToken: [400, "The provided token has expired."],
  IllegalLocationConstraintException: [
    400,
    "The location constraint is incompatible for the region specific endpoint this request was sent to.",
  ],
  IllegalVersioningConfigurationException: [
    400,
    "The versioning configuration specified in the request is invalid.",
  ],
  IncompleteBody: [
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  ],
  InternalError: [
    500,
    "We encountered an internal error. Please try again.",
  ],
  InvalidAccessKeyId: [
    403,
    "The AWS Access Key Id you provided does not exist in our records.",
  ],
  InvalidAction: [400, "The action or operation requested is invalid."],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketAclWithObjectOwnership: [
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  ],
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
  InvalidIdentityToken: [
    400,
    "The web identity token that was passed could not be validated by AWS. Get a new identity token from the identity provider and then retry the request.",
  ],
  InvalidLocationConstraint: [
    400,
    "The specified location-constraint is not valid",
  ],
  InvalidObjectState: [
    403,
    "The operation is not valid for the object's storage class",
  ],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
  ],
  InvalidPartNumber: [416, "The requested partnumber is not satisfiable"],
  InvalidPartOrder: [
    400,
    "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
  ],
  InvalidPolicyDocument: [
    400,
    "The content of the form does not meet the conditions specified in the policy document.",
  ],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidStorageClass: [400, "The storage class you specified is not valid"],
  InvalidTag: [400, "The tag provided was not a valid tag."],
  InvalidToken: [
    400,
    "The provided token is malformed or otherwise not valid.",
  ],
  InvalidURI: [400, "The specified URI couldn't be parsed."],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedACLError: [
    400,
    "The ACL that you provided was not well formed or did not validate against our published schema.",
  ],
  MalformedPOSTRequest: [
    400,
    "The body of your POST request is not well-formed multipart/form-data.",
  ],
  MalformedPolicy: [400, "Policies must be valid JSON"],
  MalformedTrailerError: [
    400,
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  ],
  MalformedXML: [
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  ],
  MaxMessageLengthExceeded: [400, "Your request was too large."],
  MetadataTooLarge: [
    400,
    "Your metadata headers exceed the maximum allowed metadata size",
  ],
  MethodNotAllowed: [
    405,
    "The specified method is not allowed against this resource.",
  ],
  MissingAuthenticationToken: [403, "Request is missing Authentication Token"],
  MissingContentLength: [
    411,
    "You must provide the Content-Length HTTP header.",
  ],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchBucketPolicy: [404, "The bucket policy does not exist"],
  NoSuchCORSConfiguration: [404, "The CORS configuration does not exist"],
  NoSuchConfiguration: [404, "The specified configuration does not exist."],
  NoSuchKey: [404, "The specified key does not exist."],
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
  NotImplemented: [
    501,
    "A header you provided implies functionality that is not implemented.",
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
  RequestTimeTooSkewed: [
    403,
    "The difference between the request time and the server's time is too large.",
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
  ServiceUnavailable: [503, "Service is unable to handle request."],
  TooManyBuckets: [
    400,
    "You have attempted to create more buckets than allowed",
  ],
  UnresolvableGrantByEmailAddress: [
    400,
    "The e-mail address you provided does not match any account on record.",
  ],
  ValidationError: [
    400,
    "The input fails to satisfy the constraints specified by an AWS service.",
  ],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const satisfies Record<string, readonly [number, string]>;

/** An error code. */
export type Code = keyof typeof CODES;

/** Further elements of an error document, by name. */
export type Details = Readonly<Record<string, number | string>>;

/** Status and message of a code; of one that is not known, 500. */
export function describeCode(code: string): readonly [number, string] {
  return Object.hasOwn(CODES, code)
    ? CODES[code as Code]
    : [500, "We encountered an internal error. Please try again."];
}

/** An error that the server turns into an error document. */
export class S3Error extends Error {
  /** The error code. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** Further elements of the document. */
  readonly details: Details;
  /** Header fields of the answer. */
  readonly headers: HeaderMap;

  constructor(
    code: Code,
    details: Details = {},
    message?: string,
    headers: HeaderMap = {},
  ) {
    super(message ?? CODES[code][1]);
    this.code = code;
    this.status = CODES[code][0];
    this.details = details;
    this.headers = headers;
  }
}

/** An argument that is not valid. */
export function invalidArgument(
  name: string,
  value: string,
  message?: string,
): S3Error {
  return new S3Error("InvalidArgument", {
    ArgumentName: name,
    ArgumentValue: value,
  }, message);
}

/** A request that is not valid, with the reason. */
export function invalidRequest(message: string): S3Error {
  return new S3Error("InvalidRequest", {}, message);
}

/** Something that the server does not do, by name. */
export function notImplemented(what: Details): S3Error {
  const name = Object.values(what).join(", ");
  return new S3Error(
    "NotImplemented",
    what,
    `LocalAws does not implement ${name}`,
  );
}

/** The ids of a request. */
export interface RequestIds {
  /** Id of the request. */
  readonly requestId: string;
  /** S3's second id. */
  readonly hostId: string;
}

/** Codes of STS that differ from those of S3; their status is 403. */
const STS_CODES: Readonly<Record<string, string>> = {
  AccessDenied: "AccessDenied",
  AuthorizationHeaderMalformed: "SignatureDoesNotMatch",
  AuthorizationQueryParametersError: "SignatureDoesNotMatch",
  ExpiredToken: "ExpiredToken",
  InvalidAccessKeyId: "InvalidClientTokenId",
  InvalidToken: "InvalidClientTokenId",
  RequestTimeTooSkewed: "SignatureDoesNotMatch",
};

/** What an error document is made from. */
export type ErrorFacts = Pick<
  S3Error,
  "code" | "details" | "headers" | "message" | "status"
>;

/** An error as S3 writes it. */
export function s3ErrorResponse(
  { code, status, message, details, headers }: ErrorFacts,
  { requestId, hostId }: RequestIds,
  path: string,
): PlainResponse {
  const root = element(
    "Error",
    fields({
      Code: code,
      Message: message,
      ...details,
      Resource: path,
      RequestId: requestId,
      HostId: hostId,
    }),
  );
  return {
    status,
    headers: { "content-type": "application/xml", ...headers },
    body: writeXml(root),
  };
}

/** An error as services with a JSON protocol write it. */
export function jsonErrorResponse(
  { code, status, message }: ErrorFacts,
): PlainResponse {
  return {
    status,
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-errortype": code,
    },
    body: utf8(JSON.stringify({ __type: code, message })),
  };
}

/** An error as STS writes it. */
export function stsErrorResponse(
  { code, status, message }: ErrorFacts,
  { requestId }: RequestIds,
): PlainResponse {
  const own = STS_CODES[code];
  const root = element(
    "ErrorResponse",
    element(
      "Error",
      fields({
        Type: status < 500 ? "Sender" : "Receiver",
        Code: own ?? code,
        Message: message,
      }),
    ),
    element("RequestId", requestId),
  );
  return {
    status: own === undefined ? status : 403,
    headers: { "content-type": "text/xml" },
    body: writeXml(root, "https://sts.amazonaws.com/doc/2011-06-15/"),
  };
}

/** What goes wrong, and how often. */
export interface FaultOptions {
  /** How many requests it is for. Default: 1. */
  readonly times?: number;
  /** Error code, for example `"SlowDown"`; its status follows from it. */
  readonly code?: string;
  /** HTTP status of the error. Default: that of the code. */
  readonly status?: number;
  /** Message of the error. Default: that of the code. */
  readonly message?: string;
  /** Only requests for this bucket. */
  readonly bucket?: string;
  /** Only requests for this key. */
  readonly key?: string;
  /** The answer waits so long, in milliseconds. */
  readonly delayMs?: number;
  /** The connection is cut after so many bytes of the answer's body. */
  readonly cutAfterBytes?: number;
}

/** What goes wrong with a request. */
export interface Fault extends FaultOptions {
  /** The error, where there is one. */
  readonly error?: S3Error;
}

interface Pending {
  readonly operation: string;
  readonly options: FaultOptions;
  left: number;
}

/** The faults that are still to come. */
export class Faults {
  #pending: Pending[] = [];
  readonly #waits = new Set<() => void>();

  /** Asks for a fault. */
  add(operation: string, options: FaultOptions): void {
    const { times = 1 } = options;
    this.#pending.push({ operation, options, left: times });
  }

  /** The fault of a request, where one is pending. */
  take(
    operation: string,
    { bucket, key }: { readonly bucket: string; readonly key: string },
  ): Fault | undefined {
    const found = this.#pending.find(({ operation: name, options, left }) =>
      left > 0 && (name === operation || name === "*") &&
      (options.bucket ?? bucket) === bucket && (options.key ?? key) === key
    );
    if (found === undefined) return undefined;
    found.left--;
    const { options } = found;
    return options.code === undefined && options.status === undefined
      ? options
      : { ...options, error: errorOf(options) };
  }

  /** Waits as long as a fault says, or until the server ends. */
  async wait({ delayMs = 0 }: Fault): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#waits.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waits.delete(resolve);
  }

  /** Drops all faults and ends all waits. */
  clear(): void {
    this.#pending = [];
    for (const end of this.#waits) end();
  }
}

function errorOf(
  { code = "InternalError", status, message }: FaultOptions,
): S3Error {
  const [known, text] = describeCode(code);
  const error = new S3Error("InternalError", {}, message ?? text);
  // Tests may ask for codes that the server itself never answers with.
  return Object.assign(error, {
    code: code as Code,
    status: status ?? known,
  });
}
