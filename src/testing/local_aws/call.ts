/**
 * A request to S3, checked and decoded, and what its handlers share.
 *
 * @module
 */
import { iso8601 } from "../../foundation/timestamps.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { PlainResponse } from "../http_message.ts";
import type { Identity } from "./keys.ts";
import { S3Error } from "./s3_error.ts";
import type { Bucket, Store, StoredObject, Upload } from "./store.ts";
import { type Resource, type Target, valueOf } from "./target.ts";
import { type Element, writeXml } from "./xml.ts";

/** A request to S3. */
export interface Call extends Resource {
  /** HTTP method in capitals. */
  readonly method: string;
  /** The query, decoded. */
  readonly query: Target["query"];
  /** Header fields, those of a trailer included. */
  readonly headers: HeaderMap;
  /** The body, decoded. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Who it comes from. */
  readonly caller: Identity;
  /** Time of the server. */
  readonly now: Date;
  /** What the server remembers. */
  readonly store: Store;
  /** Region of the server. */
  readonly region: string;
  /** Least size of a part that is not the last, in bytes. */
  readonly minPartSize: number;
}

/** Answers a request. */
export type Handler = (call: Call) => PlainResponse | Promise<PlainResponse>;

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** The bucket that a call is about, if its caller may use it. */
export function bucketOf(call: Call, name = call.bucket): Bucket {
  const bucket = call.store.get(name);
  if (bucket === undefined) {
    throw new S3Error("NoSuchBucket", { BucketName: name });
  }
  const owner = call.headers["x-amz-expected-bucket-owner"];
  if (
    bucket.account !== call.caller.account ||
    (owner !== undefined && owner !== bucket.account)
  ) {
    throw new S3Error("AccessDenied");
  }
  return bucket;
}

/** The object that a call is about. */
export function objectOf(call: Call): StoredObject {
  const object = bucketOf(call).objects.get(call.key);
  if (object === undefined) throw new S3Error("NoSuchKey", { Key: call.key });
  return object;
}

/** The upload that a call is about. */
export function uploadOf(call: Call): Upload {
  const id = param(call, "uploadId") ?? "";
  const upload = bucketOf(call).uploads.get(id);
  if (upload === undefined || upload.key !== call.key) {
    throw new S3Error("NoSuchUpload", { UploadId: id });
  }
  return upload;
}

/** A query parameter, where it is there. */
export function param(call: Call, name: string): string | undefined {
  return valueOf(call.query, name);
}

/**
 * A query parameter that is a whole number.
 *
 * @param fallback The value where it is not there.
 * @throws {S3Error} InvalidArgument, if it is none.
 */
export function countParam(call: Call, name: string, fallback: number): number {
  const value = param(call, name);
  if (value === undefined || value === "") return fallback;
  if (!/^\d{1,10}$/.test(value)) {
    throw new S3Error("InvalidArgument", {
      ArgumentName: name,
      ArgumentValue: value,
    });
  }
  return Number(value);
}

/** An answer without a body. */
export function empty(status = 200, headers: HeaderMap = {}): PlainResponse {
  return { status, headers, body: new Uint8Array() };
}

/** An answer with a document. */
export function answer(root: Element, headers: HeaderMap = {}): PlainResponse {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: writeXml(root, NAMESPACE),
  };
}

/** A time as documents show it: with milliseconds, even where they are zero. */
export function shownTime(time: Date): string {
  return iso8601(time).replace(/(:\d\d)Z$/, "$1.000Z");
}

/** The id that stands for an account in documents. */
export function canonicalId(account: string): string {
  return account.padStart(64, "0");
}
