/**
 * What a request wants to be kept with an object, beside its bytes.
 *
 * @module
 */
import { utf8 } from "../../foundation/bytes.ts";
import { S3Error } from "./s3_error.ts";
import { readTagString } from "./tagging.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { ObjectFacts } from "./store.ts";

/** Header fields that come back as they were given. */
const KEPT = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
];

/** Header fields that ask for what the server cannot do. */
const REFUSED = [
  /^x-amz-server-side-encryption-/,
  /^x-amz-copy-source-server-side-encryption-/,
  /^x-amz-object-lock-/,
  /^x-amz-grant-/,
];

/** ACLs that change nothing for the owner of the bucket. */
const HARMLESS_ACLS = ["private", "bucket-owner-full-control"];

/** The most bytes of a key. */
const MAX_KEY_LENGTH = 1_024;

/** What a request says about the object it writes. */
export function factsOf(headers: HeaderMap): ObjectFacts {
  checkWritable(headers);
  const kept = Object.entries(headers).filter(([name]) =>
    KEPT.includes(name) || name.startsWith("x-amz-meta-")
  );
  const encoding = (headers["content-encoding"] ?? "").split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "" && item !== "aws-chunked").join(",");
  const all = {
    "content-type": "binary/octet-stream",
    ...Object.fromEntries(kept),
    "content-encoding": encoding,
  };
  return {
    headers: Object.fromEntries(
      Object.entries(all).filter(([, value]) => value !== ""),
    ),
    tags: readTagString(headers["x-amz-tagging"] ?? ""),
  };
}

/**
 * Checks the key of an object that is to be written.
 *
 * @throws {S3Error} KeyTooLongError, if it is.
 */
export function checkKey(key: string): void {
  const size = utf8(key).length;
  if (size > MAX_KEY_LENGTH) {
    throw new S3Error("KeyTooLongError", {
      Size: size,
      MaxSizeAllowed: MAX_KEY_LENGTH,
    });
  }
}

function checkWritable(headers: HeaderMap): void {
  const refused = Object.keys(headers).find((name) =>
    REFUSED.some((pattern) => pattern.test(name))
  );
  const encryption = headers["x-amz-server-side-encryption"] ?? "AES256";
  if (refused !== undefined || encryption !== "AES256") {
    throw new S3Error("NotImplemented", {
      Header: refused ?? "x-amz-server-side-encryption",
    });
  }
  const acl = headers["x-amz-acl"];
  if (acl !== undefined && !HARMLESS_ACLS.includes(acl)) {
    throw new S3Error("AccessControlListNotSupported");
  }
}
