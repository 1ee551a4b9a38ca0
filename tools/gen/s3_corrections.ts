/**
 * Corrections of the S3 model.
 *
 * @module
 */
import type { Corrections, Reasons } from "./corrections.ts";
import { s3Members, s3Summaries } from "./s3_words.ts";

const API = "https://docs.aws.amazon.com/AmazonS3/latest/API";

const page = (operation: string): string => `${API}/API_${operation}.html`;

const SELECT_MESSAGES = `${API}/RESTSelectObjectAppendix.html`;

const XML_NAME =
  "xmlName of the output in S3's Smithy model, read in @aws-sdk/client-s3 3.1175.0";

const NO_ERROR_BODY =
  "RFC 9110, section 9.3.2: an answer to HEAD has no body, so its status is its code";

const WRITES_CONDITIONALLY =
  "with a condition, the repetition meets what the first one wrote";

/** Members of a shape that Amazon always sends, with the page that says so. */
function sent(
  shape: string,
  source: string,
  ...members: readonly string[]
): Reasons {
  return Object.fromEntries(
    members.map((member) => [`${shape}.${member}`, source]),
  );
}

/** Corrections of the S3 model. */
export const s3Corrections: Corrections = {
  model: "s3/2006-03-01",
  className: "S3",
  title: "Amazon Simple Storage Service",
  page,
  rules: { bucketInEndpoint: true, errorInSuccess: true },
  repetitions: {
    CompleteMultipartUpload: {
      idempotent: true,
      unlessGiven: ["IfMatch", "IfNoneMatch"],
      why:
        `names the upload and all its parts, so it makes the same object or is refused; ${WRITES_CONDITIONALLY}`,
    },
    CopyObject: {
      idempotent: true,
      unlessGiven: ["IfMatch", "IfNoneMatch"],
      why: WRITES_CONDITIONALLY,
    },
    CreateBucketMetadataConfiguration: {
      idempotent: false,
      why: "the repetition is refused, as the configuration exists",
    },
    CreateBucketMetadataTableConfiguration: {
      idempotent: false,
      why: "the repetition is refused, as the configuration exists",
    },
    CreateMultipartUpload: {
      idempotent: false,
      why: "each one starts an upload of its own",
    },
    DeleteObject: {
      idempotent: true,
      unlessGiven: ["IfMatch", "IfMatchLastModifiedTime", "IfMatchSize"],
      why: "with a condition, the repetition meets an object that is gone",
    },
    DeleteObjects: {
      idempotent: true,
      why: "names what it deletes; what is gone already counts as deleted",
    },
    PutObject: {
      idempotent: true,
      unlessGiven: ["IfMatch", "IfNoneMatch", "WriteOffsetBytes"],
      why: `${WRITES_CONDITIONALLY}; an appended part is there already`,
    },
    RenameObject: {
      idempotent: true,
      why: "carries a token by which S3 knows the repetition",
    },
    RestoreObject: {
      idempotent: false,
      why:
        "the repetition is refused while the first one runs, and a select writes its results twice",
    },
    SelectObjectContent: { idempotent: true, why: "only reads" },
    WriteGetObjectResponse: {
      idempotent: false,
      why: "answers a request that waits for one answer",
    },
  },
  roots: {
    CompleteMultipartUpload: {
      names: ["CompleteMultipartUploadResult"],
      source: XML_NAME,
    },
    CreateMultipartUpload: {
      names: ["InitiateMultipartUploadResult"],
      source: XML_NAME,
    },
    CreateSession: { names: ["CreateSessionResult"], source: XML_NAME },
    DeleteObjects: { names: ["DeleteResult"], source: XML_NAME },
    GetBucketAccelerateConfiguration: {
      names: ["AccelerateConfiguration"],
      source: XML_NAME,
    },
    GetBucketAcl: { names: ["AccessControlPolicy"], source: XML_NAME },
    GetBucketCors: { names: ["CORSConfiguration"], source: XML_NAME },
    GetBucketLifecycle: {
      names: ["LifecycleConfiguration"],
      source: page("GetBucketLifecycleConfiguration"),
    },
    GetBucketLifecycleConfiguration: {
      names: ["LifecycleConfiguration"],
      source: XML_NAME,
    },
    GetBucketLocation: {
      names: ["LocationConstraint", "GetBucketLocationOutput"],
      source:
        `${XML_NAME}; the other: botocore 1.43.67, recorded answer "location-wrapped"`,
    },
    GetBucketLogging: { names: ["BucketLoggingStatus"], source: XML_NAME },
    GetBucketNotification: {
      names: ["NotificationConfiguration"],
      source: page("GetBucketNotificationConfiguration"),
    },
    GetBucketNotificationConfiguration: {
      names: ["NotificationConfiguration", "GetBucketNotificationResponse"],
      source: `${
        page("GetBucketNotificationConfiguration")
      }; the other: an answer of moto 5.2.1`,
    },
    GetBucketRequestPayment: {
      names: ["RequestPaymentConfiguration"],
      source: XML_NAME,
    },
    GetBucketTagging: { names: ["Tagging"], source: XML_NAME },
    GetBucketVersioning: {
      names: ["VersioningConfiguration"],
      source: XML_NAME,
    },
    GetBucketWebsite: { names: ["WebsiteConfiguration"], source: XML_NAME },
    GetObjectAcl: { names: ["AccessControlPolicy"], source: XML_NAME },
    GetObjectAttributes: {
      names: ["GetObjectAttributesResponse", "GetObjectAttributesOutput"],
      source: `${XML_NAME}; the other: ${page("GetObjectAttributes")}`,
    },
    GetObjectTagging: { names: ["Tagging"], source: XML_NAME },
    ListBucketAnalyticsConfigurations: {
      names: ["ListBucketAnalyticsConfigurationResult"],
      source: XML_NAME,
    },
    ListBucketIntelligentTieringConfigurations: {
      names: ["ListBucketIntelligentTieringConfigurationsOutput"],
      source: page("ListBucketIntelligentTieringConfigurations"),
    },
    ListBucketInventoryConfigurations: {
      names: ["ListInventoryConfigurationsResult"],
      source: XML_NAME,
    },
    ListBucketMetricsConfigurations: {
      names: ["ListMetricsConfigurationsResult"],
      source: XML_NAME,
    },
    ListBuckets: { names: ["ListAllMyBucketsResult"], source: XML_NAME },
    ListDirectoryBuckets: {
      names: ["ListAllMyDirectoryBucketsResult"],
      source: XML_NAME,
    },
    ListMultipartUploads: {
      names: ["ListMultipartUploadsResult"],
      source: XML_NAME,
    },
    ListObjectAnnotations: {
      names: ["ListObjectAnnotationsOutput"],
      source: page("ListObjectAnnotations"),
    },
    ListObjectVersions: { names: ["ListVersionsResult"], source: XML_NAME },
    ListObjects: { names: ["ListBucketResult"], source: XML_NAME },
    ListObjectsV2: { names: ["ListBucketResult"], source: XML_NAME },
    ListParts: { names: ["ListPartsResult"], source: XML_NAME },
    PutObjectAnnotation: {
      names: ["PutObjectAnnotationOutput"],
      source: page("PutObjectAnnotation"),
    },
  },
  shapes: { ExpiresString: { type: "string" } },
  uses: {
    "GetBucketLocationOutput.LocationConstraint": {
      use: { location: "text" },
      why: "the constraint is the text of the root, which has no elements",
    },
    "GetObjectOutput.Expires": {
      use: { lenient: true },
      why: "S3 gives back what was stored, which need not be a date",
    },
    "HeadObjectOutput.Expires": {
      use: { lenient: true },
      why: "S3 gives back what was stored, which need not be a date",
    },
    "GetObjectOutput.ExpiresString": {
      use: {
        shape: "ExpiresString",
        location: "header",
        locationName: "Expires",
      },
      why: "the text of an Expires that is no date, as in botocore",
    },
    "HeadObjectOutput.ExpiresString": {
      use: {
        shape: "ExpiresString",
        location: "header",
        locationName: "Expires",
      },
      why: "the text of an Expires that is no date, as in botocore",
    },
  },
  secrets: {
    "PutBucketReplicationRequest.Token":
      "unlocks replication of locked objects",
    "PutObjectLockConfigurationRequest.Token":
      "unlocks Object Lock on an existing bucket",
    "WriteGetObjectResponseRequest.RequestToken":
      "whoever has it can answer the request",
  },
  printed: {
    NonEmptyKmsKeyArnString: "the id of a key opens nothing",
    SSEKMSKeyId:
      "the id of a key opens nothing, and errors about keys are about it",
  },
  harmless: {
    ClientToken: "tells a repetition from a new request",
    ContinuationToken: "a place in a listing",
    NextContinuationToken: "a place in a listing",
  },
  alwaysThere: {
    "Bucket.Name": page("Bucket"),
    "CommonPrefix.Prefix": page("CommonPrefix"),
    "CopyObjectOutput.CopyObjectResult": page("CopyObject"),
    "CreateMultipartUploadOutput.UploadId": page("CreateMultipartUpload"),
    "DeleteMarkerEntry.Key": page("DeleteMarkerEntry"),
    "GetBucketPolicyOutput.Policy": page("GetBucketPolicy"),
    "GetObjectAnnotationOutput.AnnotationPayload": page("GetObjectAnnotation"),
    "GetObjectOutput.Body": page("GetObject"),
    "GetObjectTorrentOutput.Body": page("GetObjectTorrent"),
    "MultipartUpload.Key": page("MultipartUpload"),
    "MultipartUpload.UploadId": page("MultipartUpload"),
    "Object.Key": page("Object"),
    "ObjectVersion.Key": page("ObjectVersion"),
    "Part.ETag": page("Part"),
    "Part.PartNumber": page("Part"),
    "ProgressEvent.Details": SELECT_MESSAGES,
    "RecordsEvent.Payload": SELECT_MESSAGES,
    "SelectObjectContentOutput.Payload": page("SelectObjectContent"),
    "StatsEvent.Details": SELECT_MESSAGES,
    "UploadPartCopyOutput.CopyPartResult": page("UploadPartCopy"),
    "UploadPartOutput.ETag": page("UploadPart"),
  },
  alwaysSent: {
    ...sent("Bucket", page("Bucket"), "CreationDate"),
    ...sent(
      "CompleteMultipartUploadOutput",
      page("CompleteMultipartUpload"),
      "Bucket",
      "Key",
      "ETag",
    ),
    ...sent(
      "CopyObjectResult",
      page("CopyObjectResult"),
      "ETag",
      "LastModified",
    ),
    ...sent("CopyPartResult", page("CopyPartResult"), "ETag", "LastModified"),
    ...sent("CreateBucketOutput", page("CreateBucket"), "Location"),
    ...sent(
      "CreateMultipartUploadOutput",
      page("CreateMultipartUpload"),
      "Bucket",
      "Key",
    ),
    ...sent("DeletedObject", page("DeletedObject"), "Key"),
    ...sent(
      "DeleteMarkerEntry",
      page("DeleteMarkerEntry"),
      "VersionId",
      "IsLatest",
      "LastModified",
    ),
    ...sent("DeleteObjectsOutput", page("DeleteObjects"), "Deleted", "Errors"),
    ...sent("Error", page("Error"), "Key", "Code", "Message"),
    ...sent("GetBucketAbacOutput", page("GetBucketAbac"), "AbacStatus"),
    ...sent("GetBucketAclOutput", page("GetBucketAcl"), "Owner", "Grants"),
    ...sent(
      "GetBucketAnalyticsConfigurationOutput",
      page("GetBucketAnalyticsConfiguration"),
      "AnalyticsConfiguration",
    ),
    ...sent("GetBucketCorsOutput", page("GetBucketCors"), "CORSRules"),
    ...sent(
      "GetBucketEncryptionOutput",
      page("GetBucketEncryption"),
      "ServerSideEncryptionConfiguration",
    ),
    ...sent(
      "GetBucketIntelligentTieringConfigurationOutput",
      page("GetBucketIntelligentTieringConfiguration"),
      "IntelligentTieringConfiguration",
    ),
    ...sent(
      "GetBucketInventoryConfigurationOutput",
      page("GetBucketInventoryConfiguration"),
      "InventoryConfiguration",
    ),
    ...sent(
      "GetBucketLifecycleConfigurationOutput",
      page("GetBucketLifecycleConfiguration"),
      "Rules",
    ),
    ...sent("GetBucketLifecycleOutput", page("GetBucketLifecycle"), "Rules"),
    ...sent(
      "GetBucketMetadataConfigurationOutput",
      page("GetBucketMetadataConfiguration"),
      "GetBucketMetadataConfigurationResult",
    ),
    ...sent(
      "GetBucketMetadataTableConfigurationOutput",
      page("GetBucketMetadataTableConfiguration"),
      "GetBucketMetadataTableConfigurationResult",
    ),
    ...sent(
      "GetBucketMetricsConfigurationOutput",
      page("GetBucketMetricsConfiguration"),
      "MetricsConfiguration",
    ),
    ...sent(
      "GetBucketOwnershipControlsOutput",
      page("GetBucketOwnershipControls"),
      "OwnershipControls",
    ),
    ...sent(
      "GetBucketPolicyStatusOutput",
      page("GetBucketPolicyStatus"),
      "PolicyStatus",
    ),
    ...sent(
      "GetBucketReplicationOutput",
      page("GetBucketReplication"),
      "ReplicationConfiguration",
    ),
    ...sent(
      "GetBucketRequestPaymentOutput",
      page("GetBucketRequestPayment"),
      "Payer",
    ),
    ...sent("GetObjectAclOutput", page("GetObjectAcl"), "Owner", "Grants"),
    ...sent(
      "GetObjectAttributesOutput",
      page("GetObjectAttributes"),
      "LastModified",
    ),
    ...sent(
      "GetObjectLegalHoldOutput",
      page("GetObjectLegalHold"),
      "LegalHold",
    ),
    ...sent(
      "GetObjectLockConfigurationOutput",
      page("GetObjectLockConfiguration"),
      "ObjectLockConfiguration",
    ),
    ...sent(
      "GetObjectOutput",
      page("GetObject"),
      "ContentLength",
      "ETag",
      "LastModified",
      "Metadata",
    ),
    ...sent(
      "GetObjectRetentionOutput",
      page("GetObjectRetention"),
      "Retention",
    ),
    ...sent(
      "GetPublicAccessBlockOutput",
      page("GetPublicAccessBlock"),
      "PublicAccessBlockConfiguration",
    ),
    ...sent(
      "HeadObjectOutput",
      page("HeadObject"),
      "ContentLength",
      "ETag",
      "LastModified",
      "Metadata",
    ),
    ...sent(
      "ListBucketAnalyticsConfigurationsOutput",
      page("ListBucketAnalyticsConfigurations"),
      "AnalyticsConfigurationList",
      "IsTruncated",
    ),
    ...sent(
      "ListBucketIntelligentTieringConfigurationsOutput",
      page("ListBucketIntelligentTieringConfigurations"),
      "IntelligentTieringConfigurationList",
      "IsTruncated",
    ),
    ...sent(
      "ListBucketInventoryConfigurationsOutput",
      page("ListBucketInventoryConfigurations"),
      "InventoryConfigurationList",
      "IsTruncated",
    ),
    ...sent(
      "ListBucketMetricsConfigurationsOutput",
      page("ListBucketMetricsConfigurations"),
      "IsTruncated",
      "MetricsConfigurationList",
    ),
    ...sent("ListBucketsOutput", page("ListBuckets"), "Buckets", "Owner"),
    ...sent(
      "ListDirectoryBucketsOutput",
      page("ListDirectoryBuckets"),
      "Buckets",
    ),
    ...sent(
      "ListMultipartUploadsOutput",
      page("ListMultipartUploads"),
      "Bucket",
      "CommonPrefixes",
      "IsTruncated",
      "KeyMarker",
      "MaxUploads",
      "UploadIdMarker",
      "Uploads",
    ),
    ...sent(
      "ListObjectsOutput",
      page("ListObjects"),
      "CommonPrefixes",
      "Contents",
      "IsTruncated",
      "Marker",
      "MaxKeys",
      "Name",
      "Prefix",
    ),
    ...sent(
      "ListObjectsV2Output",
      page("ListObjectsV2"),
      "CommonPrefixes",
      "Contents",
      "IsTruncated",
      "KeyCount",
      "MaxKeys",
      "Name",
      "Prefix",
    ),
    ...sent(
      "ListObjectVersionsOutput",
      page("ListObjectVersions"),
      "CommonPrefixes",
      "DeleteMarkers",
      "IsTruncated",
      "KeyMarker",
      "MaxKeys",
      "Name",
      "Prefix",
      "VersionIdMarker",
      "Versions",
    ),
    ...sent(
      "ListPartsOutput",
      page("ListParts"),
      "Bucket",
      "IsTruncated",
      "Key",
      "MaxParts",
      "PartNumberMarker",
      "Parts",
      "StorageClass",
      "UploadId",
    ),
    ...sent(
      "MultipartUpload",
      page("MultipartUpload"),
      "Initiated",
      "StorageClass",
    ),
    ...sent(
      "Object",
      page("Object"),
      "ETag",
      "LastModified",
      "Size",
      "StorageClass",
    ),
    ...sent(
      "ObjectVersion",
      page("ObjectVersion"),
      "ETag",
      "IsLatest",
      "LastModified",
      "Size",
      "StorageClass",
      "VersionId",
    ),
    ...sent("Part", page("Part"), "LastModified", "Size"),
    ...sent("PolicyStatus", page("PolicyStatus"), "IsPublic"),
    ...sent(
      "Progress",
      SELECT_MESSAGES,
      "BytesProcessed",
      "BytesReturned",
      "BytesScanned",
    ),
    ...sent("PutObjectOutput", page("PutObject"), "ETag"),
    ...sent("RestoreStatus", page("RestoreStatus"), "IsRestoreInProgress"),
    ...sent(
      "Stats",
      SELECT_MESSAGES,
      "BytesProcessed",
      "BytesReturned",
      "BytesScanned",
    ),
  },
  lastEvents: {
    SelectObjectContentEventStream: { event: "End", page: page("EndEvent") },
  },
  names: {
    Error: "DeleteFailure",
    Event: "NotificationEvent",
    Object: "ListedObject",
    Protocol: "RedirectProtocol",
    Type: "GranteeType",
  },
  types: {
    CopySource: {
      type: "CopySourceObject | string",
      why: "a bucket and a key spare the caller the encoding",
    },
    CopySourceSSECustomerKey: {
      type: "Uint8Array | string",
      why: "a key is 32 bytes, not text; it is put into base64 here",
    },
    SSECustomerKey: {
      type: "Uint8Array | string",
      why: "a key is 32 bytes, not text; it is put into base64 here",
    },
  },
  typeImports: { CopySourceObject: "../amend.ts" },
  errorCodes: {
    page: `${API}/ErrorResponses.html`,
    codes: [
      "AccessDenied",
      "AuthorizationHeaderMalformed",
      "BadDigest",
      "BucketNotEmpty",
      "EntityTooLarge",
      "EntityTooSmall",
      "ExpiredToken",
      "InternalError",
      "InvalidAccessKeyId",
      "InvalidArgument",
      "InvalidBucketName",
      "InvalidObjectState",
      "InvalidPart",
      "InvalidPartOrder",
      "InvalidRange",
      "KeyTooLongError",
      "MalformedXML",
      "MethodNotAllowed",
      "NoSuchBucketPolicy",
      "NoSuchCORSConfiguration",
      "NoSuchLifecycleConfiguration",
      "NoSuchTagSet",
      "NoSuchVersion",
      "NotImplemented",
      "OperationAborted",
      "PermanentRedirect",
      "PreconditionFailed",
      "RequestTimeout",
      "RequestTimeTooSkewed",
      "ServerSideEncryptionConfigurationNotFoundError",
      "ServiceUnavailable",
      "SignatureDoesNotMatch",
      "SlowDown",
    ],
    operations: {
      CompleteMultipartUpload: {
        codes: [
          "EntityTooSmall",
          "InvalidPart",
          "InvalidPartOrder",
          "NoSuchUpload",
        ],
        source: page("CompleteMultipartUpload"),
      },
      GetBucketLifecycleConfiguration: {
        codes: ["NoSuchLifecycleConfiguration"],
        source: page("GetBucketLifecycleConfiguration"),
      },
      GetBucketTagging: {
        codes: ["NoSuchTagSet"],
        source: page("GetBucketTagging"),
      },
      HeadBucket: {
        codes: ["400", "403", "404"],
        instead: true,
        source: NO_ERROR_BODY,
      },
      HeadObject: {
        codes: ["304", "400", "403", "404", "405", "412"],
        instead: true,
        source: NO_ERROR_BODY,
      },
      UploadPart: { codes: ["NoSuchUpload"], source: page("UploadPart") },
      UploadPartCopy: {
        codes: ["InvalidRequest", "NoSuchUpload"],
        source: page("UploadPartCopy"),
      },
    },
    classes: {
      NotFound: {
        code: "404",
        doc:
          "Code `404`: the answer has no body that says what is missing, as with `HeadObject` and `HeadBucket`, whose models name `NoSuchKey` and `NoSuchBucket`.",
      },
    },
  },
  entry: {
    doc: [
      "The client of Amazon Simple Storage Service, with its types and operations.",
      "Methods of {@linkcode S3} are calls; the operations (`GetObject`) are what `presign` is given.",
    ],
    example: `\`\`\`ts
import { Session } from "@inia/aws";
import { S3 } from "@inia/aws/s3";

using session = new Session();
const s3 = session.client(S3);
const cat = { Bucket: "photos", Key: "cat.txt" };
await s3.putObject({ ...cat, Body: "miaow" });

const { Body, ETag } = await s3.getObject(cat);
console.log(ETag, await Body.text());
\`\`\``,
    types: {
      "../../foundation/event_stream.ts": ["EventSource", "EventStream"],
      "../../foundation/errors.ts": ["PreconditionKind"],
      "../../foundation/metadata.ts": ["ResponseBase", "ResponseMetadata"],
      "../../foundation/streaming_body.ts": [
        "LineOptions",
        "StreamingBody",
        "WebResponseOptions",
      ],
      "../../ports/caller.ts": [
        "CallOptions",
        "CallOverrides",
        "CustomFields",
        "ClientCore",
        "PresignedRequest",
        "PresignOptions",
      ],
      "../../ports/http.ts": ["BodyInput"],
      "../../ports/schema.ts": ["Operation"],
      "../pages.ts": [
        "ItemOptions",
        "Pages",
        "PageStart",
        "Paging",
        "WaitOptions",
      ],
      "./amend.ts": ["CopySourceObject"],
      "./conditional.ts": [
        "ChangedObjectInput",
        "CreateObjectInput",
        "EditedContent",
        "EditOptions",
        "FoundObject",
        "ObjectEdit",
        "ReplaceObjectInput",
        "WriteOptions",
      ],
      "./presigned_post.ts": [
        "PostCondition",
        "PresignedPost",
        "PresignedPostInput",
        "PresignedPostOptions",
      ],
      "./s3_uri.ts": ["ParsedS3Uri"],
      "./service.ts": ["ChecksumUse", "S3Config"],
      "./stores.ts": [
        "ConditionFacts",
        "ConditionOutcome",
        "OwnStore",
        "R2Store",
        "RegionalStore",
        "StoreFacts",
        "StoreName",
      ],
    },
    values: {
      "../../foundation/errors.ts": ["PreconditionError"],
      "./conditional.ts": [
        "createObject",
        "editObject",
        "getObjectIfChanged",
        "replaceObject",
      ],
      "./presigned_post.ts": ["presignPost"],
      "./s3_uri.ts": ["parseS3Uri"],
      "./stat.ts": [
        "bucketExists",
        "objectExists",
        "requireBucket",
        "requireObject",
        "statBucket",
        "statObject",
      ],
      "./stores.ts": ["STORES", "stores"],
    },
  },
  summaries: s3Summaries,
  members: s3Members,
};
