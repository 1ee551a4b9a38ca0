/**
 * Objects and parts made from objects that are there.
 *
 * @module
 */
import type { PlainResponse } from "../http_message.ts";
import {
  answer,
  bucketOf,
  type Call,
  type Handler,
  shownTime,
  uploadOf,
} from "./call.ts";
import { etagOf } from "./checksums.ts";
import { checkWrite, failed, readVerdict } from "./conditions.ts";
import { checkKey, factsOf } from "./facts.ts";
import { partNumber } from "./multipart.ts";
import { wholeSeconds } from "./objects.ts";
import { readRange } from "./range.ts";
import { S3Error } from "./s3_error.ts";
import type { StoredObject } from "./store.ts";
import { decoded } from "./target.ts";
import { element, fields } from "./xml.ts";

/** The object to copy, and where it is. */
interface Source {
  readonly bucket: string;
  readonly key: string;
  readonly object: StoredObject;
}

export const copyObject: Handler = (call) => {
  const bucket = bucketOf(call);
  checkKey(call.key);
  const source = sourceOf(call);
  const replaced = directive(call, "x-amz-metadata-directive");
  const retagged = directive(call, "x-amz-tagging-directive");
  const given = factsOf(call.headers);
  const storageClass = call.headers["x-amz-storage-class"];
  const changed = replaced || retagged || storageClass !== undefined;
  if (source.bucket === bucket.name && source.key === call.key && !changed) {
    throw new S3Error(
      "InvalidRequest",
      {},
      "The object is copied to itself and nothing about it is changed",
    );
  }
  const object = {
    ...source.object,
    headers: replaced ? given.headers : {
      ...source.object.headers,
      ...storageClass ? { "x-amz-storage-class": storageClass } : {},
    },
    tags: retagged ? given.tags : source.object.tags,
    modified: wholeSeconds(call.now),
  };
  checkWrite(call.headers, bucket.objects.get(call.key));
  bucket.objects.set(call.key, object);
  return copied("CopyObjectResult", object);
};

export const uploadPartCopy: Handler = async (call) => {
  const upload = uploadOf(call);
  const number = partNumber(call);
  const { object } = sourceOf(call);
  const value = call.headers["x-amz-copy-source-range"];
  const range = readRange(value, object.bytes.length);
  if (value !== undefined && range === undefined) {
    throw new S3Error("InvalidArgument", {
      ArgumentName: "x-amz-copy-source-range",
      ArgumentValue: value,
    });
  }
  const bytes = range === undefined
    ? object.bytes
    : object.bytes.slice(range.start, range.end + 1);
  const part = {
    bytes,
    etag: await etagOf(bytes),
    modified: wholeSeconds(call.now),
    checksums: {},
  };
  upload.parts.set(number, part);
  return copied("CopyPartResult", part);
};

function sourceOf(call: Call): Source {
  const value = call.headers["x-amz-copy-source"] ?? "";
  const [path = "", version] = value.split("?");
  const [, name, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded(path)) ?? [];
  if (name === undefined || key === undefined) {
    throw new S3Error("InvalidArgument", {
      ArgumentName: "x-amz-copy-source",
      ArgumentValue: value,
    });
  }
  if (version !== undefined) {
    throw new S3Error("NotImplemented", { Header: "x-amz-copy-source" });
  }
  const object = bucketOf(call, name).objects.get(key);
  if (object === undefined) throw new S3Error("NoSuchKey", { Key: key });
  const prefix = "x-amz-copy-source-";
  if (readVerdict(call.headers, object, prefix) === "not-modified") {
    throw failed(`${prefix}if-none-match or ${prefix}if-modified-since`);
  }
  return { bucket: name, key, object };
}

/** Whether a directive says REPLACE; COPY is the habit. */
function directive(call: Call, name: string): boolean {
  const value = call.headers[name] ?? "COPY";
  if (value === "REPLACE" || value === "COPY") return value === "REPLACE";
  throw new S3Error("InvalidArgument", {
    ArgumentName: name,
    ArgumentValue: value,
  });
}

function copied(
  name: string,
  { etag, modified }: Pick<StoredObject, "etag" | "modified">,
): PlainResponse {
  return answer(
    element(name, fields({ LastModified: shownTime(modified), ETag: etag })),
  );
}
