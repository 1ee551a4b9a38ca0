/**
 * The ways in which the services say no.
 *
 * @module
 */

/** Status and usual message of each error code. */
const CODES = {
  AccessControlListNotSupported: [400, "The bucket does not allow ACLs"],
  AccessDenied: [403, "Access denied"],
  AuthorizationHeaderMalformed: [400, "The authorization header is malformed"],
  AuthorizationQueryParametersError: [
    400,
    "The query parameters of the signature are not as they should be",
  ],
  BadDigest: [400, "The checksum in the request is not that of the body"],
  BucketAlreadyExists: [409, "The bucket belongs to another account"],
  BucketAlreadyOwnedByYou: [409, "The bucket exists, and it is yours"],
  BucketNotEmpty: [409, "The bucket still has objects or uploads in it"],
  EntityTooSmall: [400, "A part other than the last is too small"],
  ExpiredToken: [400, "The token has expired"],
  IllegalLocationConstraintException: [
    400,
    "The location constraint does not fit the region of this endpoint",
  ],
  IncompleteBody: [400, "The body ends early, or is longer than it says"],
  InvalidAccessKeyId: [403, "There is no such access key id"],
  InvalidAction: [400, "There is no such action, or not in this server"],
  InvalidArgument: [400, "An argument is not valid"],
  InvalidBucketName: [400, "The bucket name is not valid"],
  InvalidDigest: [400, "A checksum in the request is not well formed"],
  InvalidIdentityToken: [400, "The web identity token is not a JWT"],
  InvalidPart: [400, "A part was not uploaded, or has another ETag"],
  InvalidPartOrder: [400, "The parts are not in ascending order"],
  InvalidRange: [416, "The range lies outside the object"],
  InvalidRequest: [400, "The request is not valid"],
  InvalidTag: [400, "A tag is not valid"],
  InvalidToken: [400, "The security token does not belong to the key"],
  InvalidURI: [400, "The URI cannot be decoded"],
  KeyTooLongError: [400, "The key is longer than 1024 bytes"],
  MalformedPolicy: [400, "The policy is not valid JSON"],
  MalformedTrailerError: [400, "The trailer is not as announced"],
  MalformedXML: [400, "The XML is not well formed, or not as it should be"],
  MethodNotAllowed: [405, "The method does not fit the resource"],
  MissingAuthenticationToken: [403, "The request is not signed"],
  NoSuchBucket: [404, "The bucket does not exist"],
  NoSuchBucketPolicy: [404, "The bucket has no policy"],
  NoSuchKey: [404, "The key does not exist"],
  NoSuchTagSet: [404, "The bucket has no tags"],
  NoSuchUpload: [404, "The upload does not exist, or has ended"],
  NotImplemented: [501, "This server does not do that"],
  PreconditionFailed: [412, "A condition of the request does not hold"],
  RequestTimeTooSkewed: [
    403,
    "The time of the request and that of the server are too far apart",
  ],
  SignatureDoesNotMatch: [
    403,
    "The signature is not the one that belongs to the request and the key",
  ],
  ValidationError: [400, "A parameter is missing or not valid"],
  XAmzContentSHA256Mismatch: [
    400,
    "The hash in x-amz-content-sha256 is not that of the body",
  ],
} as const satisfies Record<string, readonly [number, string]>;

/** An error code. */
export type Code = keyof typeof CODES;

/** What else an error document says, by element name. */
export type Details = Readonly<Record<string, number | string>>;

/**
 * The answer to a request is no. It stays within the server, which turns it into
 * an error document.
 */
export class S3Error extends Error {
  /** The error code. */
  readonly code: Code;
  /** What else the document says. */
  readonly details: Details;

  constructor(code: Code, details: Details = {}, message?: string) {
    super(message ?? CODES[code][1]);
    this.code = code;
    this.details = details;
  }

  /** HTTP status. */
  get status(): number {
    return CODES[this.code][0];
  }
}
