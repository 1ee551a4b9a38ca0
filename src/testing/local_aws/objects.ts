/**
 * Objects: writing, reading and removing them.
 *
 * @module
 */
import { httpDate } from "../../foundation/timestamps.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { PlainResponse } from "../http_message.ts";
import {
  answer,
  bucketOf,
  type Call,
  empty,
  type Handler,
  objectOf,
  param,
} from "./call.ts";
import { checkChecksums, etagOf } from "./checksums.ts";
import { checkWrite, readVerdict } from "./conditions.ts";
import { checkKey, factsOf } from "./facts.ts";
import { readRange } from "./range.ts";
import { S3Error } from "./s3_error.ts";
import type { StoredObject } from "./store.ts";
import { children, element, fields, readXml, textOf } from "./xml.ts";

/** The most keys of one DeleteObjects. */
const MAX_DELETES = 1_000;

export const putObject: Handler = async (call) => {
  const bucket = bucketOf(call);
  checkKey(call.key);
  const object = {
    ...factsOf(call.headers),
    bytes: call.body,
    etag: await etagOf(call.body),
    modified: wholeSeconds(call.now),
    checksums: await checkChecksums(call.headers, call.body),
  };
  // Nothing waits between this check and the write, so no other write slips in.
  checkWrite(call.headers, bucket.objects.get(call.key));
  bucket.objects.set(call.key, object);
  return empty(200, { etag: object.etag, ...object.checksums });
};

export const getObject: Handler = (call) => {
  const object = objectOf(call);
  if (readVerdict(call.headers, object) === "not-modified") {
    return empty(304, validators(object));
  }
  const headers = { ...objectHeaders(call, object), ...overrides(call) };
  const size = object.bytes.length;
  const range = readRange(call.headers["range"], size);
  if (range === undefined) return { status: 200, headers, body: object.bytes };
  // A part of an object does not have the checksums of the whole.
  const partial = Object.entries(headers).filter(([name]) =>
    !(name in object.checksums)
  );
  return {
    status: 206,
    headers: {
      ...Object.fromEntries(partial),
      "content-range": `bytes ${range.start}-${range.end}/${size}`,
    },
    body: object.bytes.slice(range.start, range.end + 1),
  };
};

export const deleteObject: Handler = (call) => {
  const bucket = bucketOf(call);
  const present = bucket.objects.get(call.key);
  if (call.headers["if-match"] !== undefined) {
    checkWrite({ "if-match": call.headers["if-match"] }, present);
  }
  bucket.objects.delete(call.key);
  return empty(204);
};

export const deleteObjects: Handler = async (call) => {
  const bucket = bucketOf(call);
  const checksums = await checkChecksums(call.headers, call.body);
  const md5 = call.headers["content-md5"];
  if (md5 === undefined && Object.keys(checksums).length === 0) {
    throw new S3Error(
      "InvalidRequest",
      {},
      "DeleteObjects needs Content-MD5 or a checksum",
    );
  }
  const root = readXml(call.body, "Delete");
  const keys = children(root, "Object").map((item) => textOf(item, "Key"));
  if (keys.length === 0 || keys.length > MAX_DELETES) {
    throw new S3Error("MalformedXML");
  }
  const deleted = keys.map((key) => {
    if (!key) throw new S3Error("MalformedXML");
    bucket.objects.delete(key);
    return element("Deleted", fields({ Key: key }));
  });
  const quiet = textOf(root, "Quiet")?.trim() === "true";
  return answer(element("DeleteResult", quiet ? [] : deleted));
};

/** HTTP dates have no fractions, and conditions compare with them. */
export function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1_000) * 1_000);
}

function objectHeaders(call: Call, object: StoredObject): HeaderMap {
  const asked = call.headers["x-amz-checksum-mode"] === "ENABLED";
  return {
    ...object.headers,
    ...validators(object),
    "accept-ranges": "bytes",
    ...object.tags.size > 0
      ? { "x-amz-tagging-count": String(object.tags.size) }
      : {},
    ...asked ? object.checksums : {},
  };
}

function validators(object: StoredObject): HeaderMap {
  return { etag: object.etag, "last-modified": httpDate(object.modified) };
}

/** `response-content-type` and its like set header fields of the answer. */
function overrides(call: Call): PlainResponse["headers"] {
  const names = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
  ];
  return Object.fromEntries(names.flatMap((name) => {
    const value = param(call, `response-${name}`);
    return value === undefined ? [] : [[name, value]];
  }));
}
