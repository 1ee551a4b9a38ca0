/**
 * What the operations and members of S3 are, in our own words.
 *
 * @module
 */
import type { Reasons } from "./corrections.ts";

/** One sentence per operation. */
export const s3Summaries: Reasons = {
  AbortMultipartUpload: "Ends a multipart upload and discards its parts.",
  CompleteMultipartUpload:
    "Makes an object of the parts of a multipart upload.",
  CopyObject: "Copies an object of up to 5 GB within S3.",
  CreateBucket: "Makes a bucket.",
  CreateBucketMetadataConfiguration:
    "Starts to keep the metadata of a bucket's objects in tables.",
  CreateBucketMetadataTableConfiguration:
    "Starts to keep the metadata of a bucket's objects in a table, the older way.",
  CreateMultipartUpload: "Starts an upload in parts.",
  CreateSession: "Gets credentials for the objects of a directory bucket.",
  DeleteBucket: "Deletes an empty bucket.",
  DeleteBucketAnalyticsConfiguration:
    "Deletes an analytics configuration of a bucket.",
  DeleteBucketCors: "Deletes the cross-origin rules of a bucket.",
  DeleteBucketEncryption: "Sets the encryption of a bucket back to S3's own.",
  DeleteBucketIntelligentTieringConfiguration:
    "Deletes an Intelligent-Tiering configuration of a bucket.",
  DeleteBucketInventoryConfiguration:
    "Deletes an inventory configuration of a bucket.",
  DeleteBucketLifecycle: "Deletes the lifecycle rules of a bucket.",
  DeleteBucketMetadataConfiguration:
    "Stops keeping the metadata of a bucket's objects in tables.",
  DeleteBucketMetadataTableConfiguration:
    "Stops keeping the metadata of a bucket's objects in a table, the older way.",
  DeleteBucketMetricsConfiguration:
    "Deletes a metrics configuration of a bucket.",
  DeleteBucketOwnershipControls:
    "Deletes the object ownership rules of a bucket.",
  DeleteBucketPolicy: "Deletes the policy of a bucket.",
  DeleteBucketReplication: "Deletes the replication rules of a bucket.",
  DeleteBucketTagging: "Deletes all tags of a bucket.",
  DeleteBucketWebsite: "Stops serving a bucket as a website.",
  DeleteObject: "Deletes an object, or hides it behind a delete marker.",
  DeleteObjectAnnotation: "Deletes an annotation of an object.",
  DeleteObjectTagging: "Deletes all tags of an object.",
  DeleteObjects: "Deletes up to 1 000 objects.",
  DeletePublicAccessBlock: "Stops blocking public access to a bucket.",
  GetBucketAbac: "Reads whether tags of a bucket decide on access.",
  GetBucketAccelerateConfiguration:
    "Reads whether a bucket has Transfer Acceleration.",
  GetBucketAcl: "Reads the access control list of a bucket.",
  GetBucketAnalyticsConfiguration:
    "Reads an analytics configuration of a bucket.",
  GetBucketCors: "Reads the cross-origin rules of a bucket.",
  GetBucketEncryption: "Reads how the objects of a bucket are encrypted.",
  GetBucketIntelligentTieringConfiguration:
    "Reads an Intelligent-Tiering configuration of a bucket.",
  GetBucketInventoryConfiguration:
    "Reads an inventory configuration of a bucket.",
  GetBucketLifecycle: "Reads the lifecycle rules of a bucket, in the old form.",
  GetBucketLifecycleConfiguration: "Reads the lifecycle rules of a bucket.",
  GetBucketLocation: "Reads the region of a bucket.",
  GetBucketLogging: "Reads where the access logs of a bucket go.",
  GetBucketMetadataConfiguration:
    "Reads how the metadata of a bucket's objects is kept in tables.",
  GetBucketMetadataTableConfiguration:
    "Reads how the metadata of a bucket's objects is kept in a table, the older way.",
  GetBucketMetricsConfiguration: "Reads a metrics configuration of a bucket.",
  GetBucketNotification:
    "Reads whom events of a bucket are sent to, in the old form.",
  GetBucketNotificationConfiguration:
    "Reads whom events of a bucket are sent to.",
  GetBucketOwnershipControls: "Reads the object ownership rules of a bucket.",
  GetBucketPolicy: "Reads the policy of a bucket.",
  GetBucketPolicyStatus: "Reads whether the policy makes a bucket public.",
  GetBucketReplication: "Reads the replication rules of a bucket.",
  GetBucketRequestPayment: "Reads who pays for the requests to a bucket.",
  GetBucketTagging: "Reads the tags of a bucket.",
  GetBucketVersioning: "Reads whether a bucket keeps versions.",
  GetBucketWebsite: "Reads how a bucket is served as a website.",
  GetObject: "Reads an object, whole or in part.",
  GetObjectAcl: "Reads the access control list of an object.",
  GetObjectAnnotation: "Reads an annotation of an object.",
  GetObjectAttributes: "Reads size, checksums and parts of an object.",
  GetObjectLegalHold: "Reads whether an object is under legal hold.",
  GetObjectLockConfiguration: "Reads the Object Lock rules of a bucket.",
  GetObjectRetention: "Reads until when an object must be kept.",
  GetObjectTagging: "Reads the tags of an object.",
  GetObjectTorrent: "Reads the torrent file of an object.",
  GetPublicAccessBlock: "Reads how public access to a bucket is blocked.",
  HeadBucket: "Checks whether a bucket exists and may be used.",
  HeadObject: "Reads the metadata of an object.",
  ListBucketAnalyticsConfigurations:
    "Lists the analytics configurations of a bucket.",
  ListBucketIntelligentTieringConfigurations:
    "Lists the Intelligent-Tiering configurations of a bucket.",
  ListBucketInventoryConfigurations:
    "Lists the inventory configurations of a bucket.",
  ListBucketMetricsConfigurations:
    "Lists the metrics configurations of a bucket.",
  ListBuckets: "Lists the caller's buckets.",
  ListDirectoryBuckets: "Lists the caller's directory buckets.",
  ListMultipartUploads: "Lists the unfinished multipart uploads of a bucket.",
  ListObjectAnnotations: "Lists the annotations of an object.",
  ListObjectVersions: "Lists the versions of the objects of a bucket.",
  ListObjects: "Lists the objects of a bucket, the older way.",
  ListObjectsV2: "Lists the objects of a bucket.",
  ListParts: "Lists the parts of a multipart upload.",
  PutBucketAbac: "Sets whether tags of a bucket decide on access.",
  PutBucketAccelerateConfiguration:
    "Sets whether a bucket has Transfer Acceleration.",
  PutBucketAcl: "Sets the access control list of a bucket.",
  PutBucketAnalyticsConfiguration:
    "Sets an analytics configuration of a bucket.",
  PutBucketCors: "Sets the cross-origin rules of a bucket.",
  PutBucketEncryption: "Sets how the objects of a bucket are encrypted.",
  PutBucketIntelligentTieringConfiguration:
    "Sets an Intelligent-Tiering configuration of a bucket.",
  PutBucketInventoryConfiguration:
    "Sets an inventory configuration of a bucket.",
  PutBucketLifecycle: "Sets the lifecycle rules of a bucket, in the old form.",
  PutBucketLifecycleConfiguration: "Sets the lifecycle rules of a bucket.",
  PutBucketLogging: "Sets where the access logs of a bucket go.",
  PutBucketMetricsConfiguration: "Sets a metrics configuration of a bucket.",
  PutBucketNotification:
    "Sets whom events of a bucket are sent to, in the old form.",
  PutBucketNotificationConfiguration:
    "Sets whom events of a bucket are sent to.",
  PutBucketOwnershipControls: "Sets the object ownership rules of a bucket.",
  PutBucketPolicy: "Sets the policy of a bucket.",
  PutBucketReplication: "Sets the replication rules of a bucket.",
  PutBucketRequestPayment: "Sets who pays for the requests to a bucket.",
  PutBucketTagging: "Sets the tags of a bucket, in place of those it has.",
  PutBucketVersioning: "Sets whether a bucket keeps versions.",
  PutBucketWebsite: "Serves a bucket as a website.",
  PutObject: "Writes an object of up to 5 GB.",
  PutObjectAcl: "Sets the access control list of an object.",
  PutObjectAnnotation: "Writes an annotation of an object.",
  PutObjectLegalHold: "Sets whether an object is under legal hold.",
  PutObjectLockConfiguration: "Sets the Object Lock rules of a bucket.",
  PutObjectRetention: "Sets until when an object must be kept.",
  PutObjectTagging: "Sets the tags of an object, in place of those it has.",
  PutPublicAccessBlock: "Sets how public access to a bucket is blocked.",
  RenameObject: "Renames an object of a directory bucket.",
  RestoreObject: "Brings an archived object back for a time.",
  SelectObjectContent: "Queries the rows of an object with SQL.",
  UpdateBucketMetadataAnnotationTableConfiguration:
    "Changes the table of a bucket's annotations.",
  UpdateBucketMetadataInventoryTableConfiguration:
    "Changes the inventory table of a bucket.",
  UpdateBucketMetadataJournalTableConfiguration:
    "Changes the journal table of a bucket.",
  UpdateObjectEncryption: "Changes how an object is encrypted.",
  UploadPart: "Uploads a part of a multipart upload.",
  UploadPartCopy: "Copies a part of a multipart upload from an object.",
  WriteGetObjectResponse: "Answers a GetObject from an Object Lambda function.",
};

/** A phrase per member name, for the members that everybody meets. */
export const s3Members: Reasons = {
  ACL: "Ready-made access control list.",
  "Body@payload": "The content.",
  "Bucket@path": "The bucket: its name, or the ARN of an access point.",
  BucketKeyEnabled: "Whether the bucket's own KMS key saves requests to KMS.",
  CacheControl: "What caches may do with the content.",
  ChecksumAlgorithm: "Algorithm of the checksum.",
  ChecksumCRC32: "CRC-32 of the content, in base64.",
  ChecksumCRC32C: "CRC-32C of the content, in base64.",
  ChecksumCRC64NVME: "CRC-64/NVME of the content, in base64.",
  ChecksumMD5: "MD5 of the content, in base64.",
  ChecksumSHA1: "SHA-1 of the content, in base64.",
  ChecksumSHA256: "SHA-256 of the content, in base64.",
  ChecksumSHA512: "SHA-512 of the content, in base64.",
  ChecksumType:
    "What the checksum is of: the whole object, or the checksums of its parts.",
  ChecksumXXHASH128: "XXH128 of the content, in base64.",
  ChecksumXXHASH3: "XXH3 of the content, in base64.",
  ChecksumXXHASH64: "XXH64 of the content, in base64.",
  CommonPrefixes: "What the keys share up to the delimiter.",
  ContentDisposition:
    'How browsers show the content, for example `attachment; filename="a.txt"`.',
  ContentEncoding:
    "How the content is packed, for example `gzip`. Nothing is packed or unpacked here.",
  ContentLanguage: "Language of the content.",
  ContentLength: "Length of the content, in bytes.",
  ContentMD5: "MD5 of the body, in base64; a body that differs is refused.",
  ContentType: "Media type of the content.",
  Contents: "The objects of this page.",
  "ContinuationToken@query": "Where to go on, as the page before says.",
  CopySource:
    "What to copy: bucket, key and version, or `bucket/key?versionId=id` as text.",
  Delimiter: "Text at which keys are cut, usually `/`.",
  ETag: "Tag of the content, in its double quotes.",
  ExpectedBucketOwner: "Account that must own the bucket, or the call fails.",
  Expires: "When the content is out of date.",
  ExpiresString: "The stored text of `Expires`, be it a date or not.",
  IfMatch: "Only if the object has this tag.",
  IfModifiedSince: "Only if the object has changed since.",
  IfNoneMatch:
    'Only if the object does not have this tag; `"*"`: if there is none.',
  IfUnmodifiedSince: "Only if the object has not changed since.",
  IsTruncated: "Whether there are more pages.",
  "Key@path": "The object's key.",
  LastModified: "Time of the last change.",
  LocationConstraint:
    "Region of the bucket; absent: us-east-1; `EU`: eu-west-1.",
  MaxKeys: "Most entries of a page.",
  Metadata: "The caller's own metadata, by name.",
  NextContinuationToken: "Where the next page starts.",
  PartNumber: "Number of the part, 1 to 10 000.",
  Prefix: "What the keys start with.",
  Range: "Part of the content, for example `bytes=0-99`.",
  RequestCharged: "Set where the caller is charged for the request.",
  RequestPayer: "Who pays for the request.",
  SSECustomerAlgorithm: "Algorithm of the caller's own key: `AES256`.",
  SSECustomerKey:
    "The caller's own key, 32 bytes. Base64 and digest are added.",
  SSECustomerKeyMD5: "MD5 of the caller's own key, in base64.",
  SSEKMSEncryptionContext:
    "Facts that are bound to the encryption, as JSON in base64.",
  SSEKMSKeyId: "KMS key: its id, ARN or alias.",
  ServerSideEncryption: "How the object is encrypted where it is stored.",
  StartAfter: "Where the listing starts: after this key.",
  StorageClass: "Storage class.",
  "Tagging@header": "Tags, in the form of a query: `a=1&b=2`.",
  UploadId: "Id of the multipart upload.",
  VersionId: "Version of the object.",
  WebsiteRedirectLocation: "Where the website of the bucket redirects to.",
};
