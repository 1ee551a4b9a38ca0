/**
 * S3: which handler answers which request.
 *
 * @module
 */
import type { PlainResponse } from "../http_message.ts";
import {
  createBucket,
  deleteBucket,
  deleteBucketPolicy,
  getBucketLocation,
  getBucketPolicy,
  headBucket,
  listBuckets,
  putBucketPolicy,
} from "./buckets.ts";
import type { Call, Handler } from "./call.ts";
import { copyObject, uploadPartCopy } from "./copy.ts";
import { listObjects, listObjectsV2 } from "./listing.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from "./multipart.ts";
import { listMultipartUploads, listParts } from "./multipart_listing.ts";
import {
  deleteObject,
  deleteObjects,
  getObject,
  putObject,
} from "./objects.ts";
import { S3Error } from "./s3_error.ts";
import {
  deleteBucketTagging,
  deleteObjectTagging,
  getBucketTagging,
  getObjectTagging,
  putBucketTagging,
  putObjectTagging,
} from "./tagging.ts";

/** What a request must be like for a handler. */
interface Route {
  readonly method: string;
  /** Name that the query must have. */
  readonly query?: string;
  /** Header field that must be there. */
  readonly header?: string;
  readonly run: Handler;
}

/** The first one that fits answers. */
const SERVICE_ROUTES: readonly Route[] = [
  { method: "GET", run: listBuckets },
];

const BUCKET_ROUTES: readonly Route[] = [
  { method: "GET", query: "location", run: getBucketLocation },
  { method: "GET", query: "policy", run: getBucketPolicy },
  { method: "PUT", query: "policy", run: putBucketPolicy },
  { method: "DELETE", query: "policy", run: deleteBucketPolicy },
  { method: "GET", query: "tagging", run: getBucketTagging },
  { method: "PUT", query: "tagging", run: putBucketTagging },
  { method: "DELETE", query: "tagging", run: deleteBucketTagging },
  { method: "GET", query: "uploads", run: listMultipartUploads },
  { method: "POST", query: "delete", run: deleteObjects },
  { method: "GET", query: "list-type", run: listObjectsV2 },
  { method: "GET", run: listObjects },
  { method: "PUT", run: createBucket },
  { method: "HEAD", run: headBucket },
  { method: "DELETE", run: deleteBucket },
];

const OBJECT_ROUTES: readonly Route[] = [
  { method: "GET", query: "tagging", run: getObjectTagging },
  { method: "PUT", query: "tagging", run: putObjectTagging },
  { method: "DELETE", query: "tagging", run: deleteObjectTagging },
  { method: "POST", query: "uploads", run: createMultipartUpload },
  {
    method: "PUT",
    query: "uploadId",
    header: "x-amz-copy-source",
    run: uploadPartCopy,
  },
  { method: "PUT", query: "uploadId", run: uploadPart },
  { method: "GET", query: "uploadId", run: listParts },
  { method: "POST", query: "uploadId", run: completeMultipartUpload },
  { method: "DELETE", query: "uploadId", run: abortMultipartUpload },
  { method: "PUT", header: "x-amz-copy-source", run: copyObject },
  { method: "PUT", run: putObject },
  { method: "GET", run: getObject },
  { method: "HEAD", run: getObject },
  { method: "DELETE", run: deleteObject },
];

/** Names in a query that ask for what the server does not do. */
const NOT_DONE = new Set([
  "accelerate",
  "acl",
  "analytics",
  "attributes",
  "cors",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "logging",
  "metadataConfiguration",
  "metadataTable",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "partNumber",
  "policyStatus",
  "publicAccessBlock",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "session",
  "torrent",
  "versionId",
  "versioning",
  "versions",
  "website",
]);

/**
 * Answers a request to S3.
 *
 * @throws {S3Error} If the answer is no.
 */
export async function answerS3(call: Call): Promise<PlainResponse> {
  const route = routesOf(call).find((route) => fits(route, call));
  const notDone = call.query.find(([name]) =>
    NOT_DONE.has(name) && !(name === "partNumber" && route?.query)
  );
  if (notDone !== undefined) {
    throw new S3Error("NotImplemented", { Parameter: notDone[0] });
  }
  if (route === undefined) {
    throw new S3Error("MethodNotAllowed", { Method: call.method });
  }
  return await route.run(call);
}

function routesOf({ bucket, key }: Call): readonly Route[] {
  if (bucket === "") return SERVICE_ROUTES;
  return key === "" ? BUCKET_ROUTES : OBJECT_ROUTES;
}

function fits(route: Route, call: Call): boolean {
  return route.method === call.method &&
    (!route.query || call.query.some(([name]) => name === route.query)) &&
    (!route.header || call.headers[route.header] !== undefined);
}
