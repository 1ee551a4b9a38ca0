/**
 * Buckets: making, finding and removing them, and what hangs on them.
 *
 * @module
 */
import { strictText, utf8 } from "../../foundation/bytes.ts";
import {
  answer,
  bucketOf,
  type Call,
  canonicalId,
  empty,
  type Handler,
  param,
  shownTime,
} from "./call.ts";
import { S3Error } from "./s3_error.ts";
import { compareKeys } from "./store.ts";
import { element, fields, readXml, textOf } from "./xml.ts";

/** Where buckets are when nobody says where. */
const DEFAULT_REGION = "us-east-1";

export const listBuckets: Handler = (call) => {
  const prefix = param(call, "prefix") ?? "";
  const buckets = [...call.store.values()]
    .filter((bucket) =>
      bucket.account === call.caller.account && bucket.name.startsWith(prefix)
    )
    .sort((one, other) => compareKeys(one.name, other.name));
  return answer(element(
    "ListAllMyBucketsResult",
    element("Owner", fields({ ID: canonicalId(call.caller.account) })),
    element(
      "Buckets",
      buckets.map((bucket) =>
        element(
          "Bucket",
          fields({
            Name: bucket.name,
            CreationDate: shownTime(bucket.created),
            BucketRegion: call.region,
          }),
        )
      ),
    ),
  ));
};

export const createBucket: Handler = (call) => {
  const name = call.bucket;
  if (!isBucketName(name)) {
    throw new S3Error("InvalidBucketName", { BucketName: name });
  }
  checkLocation(call);
  const present = call.store.get(name);
  if (present !== undefined) {
    throw new S3Error(
      present.account === call.caller.account
        ? "BucketAlreadyOwnedByYou"
        : "BucketAlreadyExists",
      { BucketName: name },
    );
  }
  call.store.set(name, {
    name,
    account: call.caller.account,
    created: call.now,
    objects: new Map(),
    uploads: new Map(),
  });
  return empty(200, { location: `/${name}` });
};

export const headBucket: Handler = (call) => {
  bucketOf(call);
  return empty(200, { "x-amz-bucket-region": call.region });
};

export const deleteBucket: Handler = (call) => {
  const bucket = bucketOf(call);
  if (bucket.objects.size + bucket.uploads.size > 0) {
    throw new S3Error("BucketNotEmpty", { BucketName: bucket.name });
  }
  call.store.delete(bucket.name);
  return empty(204);
};

export const getBucketLocation: Handler = (call) => {
  bucketOf(call);
  const region = call.region === DEFAULT_REGION ? "" : call.region;
  return answer(element("LocationConstraint", region));
};

export const putBucketPolicy: Handler = (call) => {
  const bucket = bucketOf(call);
  bucket.policy = readPolicy(call.body);
  return empty(204);
};

export const getBucketPolicy: Handler = (call) => {
  const { policy, name } = bucketOf(call);
  if (policy === undefined) {
    throw new S3Error("NoSuchBucketPolicy", { BucketName: name });
  }
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: utf8(policy),
  };
};

export const deleteBucketPolicy: Handler = (call) => {
  delete bucketOf(call).policy;
  return empty(204);
};

/** Source: "General purpose bucket naming rules", Amazon S3 User Guide. */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
}

function checkLocation(call: Call): void {
  const root = call.body.length === 0
    ? undefined
    : readXml(call.body, "CreateBucketConfiguration");
  const location = root && textOf(root, "LocationConstraint");
  if ((location || DEFAULT_REGION) !== call.region) {
    throw new S3Error("IllegalLocationConstraintException", {
      Region: call.region,
    });
  }
}

function readPolicy(body: Uint8Array): string {
  try {
    const policy = strictText(body);
    const parsed: unknown = JSON.parse(policy);
    if (typeof parsed === "object" && parsed !== null) return policy;
  } catch {
    // Not UTF-8 or not JSON: both are refused below.
  }
  throw new S3Error("MalformedPolicy");
}
