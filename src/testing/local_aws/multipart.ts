/**
 * Objects that are uploaded in parts.
 *
 * @module
 */
import { concat, hex } from "../../foundation/bytes.ts";
import { md5 } from "../../foundation/checksums.ts";
import {
  answer,
  bucketOf,
  type Call,
  empty,
  type Handler,
  param,
  uploadOf,
} from "./call.ts";
import { checkChecksums, etagOf } from "./checksums.ts";
import { checkWrite, unquoted } from "./conditions.ts";
import { checkKey, factsOf } from "./facts.ts";
import { wholeSeconds } from "./objects.ts";
import { S3Error } from "./s3_error.ts";
import type { Part, Upload } from "./store.ts";
import {
  children,
  element,
  fields,
  type Node,
  readXml,
  textOf,
} from "./xml.ts";

/** The highest number of a part. */
const MAX_PART_NUMBER = 10_000;

export const createMultipartUpload: Handler = (call) => {
  const bucket = bucketOf(call);
  checkKey(call.key);
  const id = crypto.randomUUID().replaceAll("-", "");
  bucket.uploads.set(id, {
    ...factsOf(call.headers),
    id,
    key: call.key,
    initiated: call.now,
    parts: new Map(),
  });
  const algorithm = call.headers["x-amz-checksum-algorithm"];
  return answer(
    element(
      "InitiateMultipartUploadResult",
      fields({ Bucket: bucket.name, Key: call.key, UploadId: id }),
    ),
    algorithm === undefined ? {} : { "x-amz-checksum-algorithm": algorithm },
  );
};

export const uploadPart: Handler = async (call) => {
  const upload = uploadOf(call);
  const number = partNumber(call);
  const part = {
    bytes: call.body,
    etag: await etagOf(call.body),
    modified: wholeSeconds(call.now),
    checksums: await checkChecksums(call.headers, call.body),
  };
  upload.parts.set(number, part);
  return empty(200, { etag: part.etag, ...part.checksums });
};

export const completeMultipartUpload: Handler = async (call) => {
  const bucket = bucketOf(call);
  const upload = uploadOf(call);
  const parts = chosenParts(call, upload);
  const digests = await Promise.all(parts.map(({ bytes }) => md5(bytes)));
  const etag = `"${hex(await md5(concat(digests)))}-${parts.length}"`;
  const { headers, tags } = upload;
  const bytes = concat(parts.map(({ bytes }) => bytes));
  // The digest of the document is none of the object.
  const { "content-md5": _digest, ...stated } = call.headers;
  const checksums = await checkChecksums(stated, bytes);
  checkWrite(call.headers, bucket.objects.get(call.key));
  bucket.uploads.delete(upload.id);
  bucket.objects.set(call.key, {
    headers,
    tags,
    bytes,
    etag,
    modified: wholeSeconds(call.now),
    checksums,
  });
  const host = call.headers["host"] ?? "";
  return answer(element(
    "CompleteMultipartUploadResult",
    fields({
      Location: `http://${host}/${bucket.name}/${call.key}`,
      Bucket: bucket.name,
      Key: call.key,
      ETag: etag,
    }),
  ));
};

export const abortMultipartUpload: Handler = (call) => {
  bucketOf(call).uploads.delete(uploadOf(call).id);
  return empty(204);
};

/**
 * The number of the part that a call is about.
 *
 * @throws {S3Error} InvalidArgument, if it is not 1 to 10 000.
 */
export function partNumber(call: Call): number {
  const value = param(call, "partNumber") ?? "";
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > MAX_PART_NUMBER) {
    throw new S3Error("InvalidArgument", {
      ArgumentName: "partNumber",
      ArgumentValue: value,
    });
  }
  return number;
}

/** The parts that the document lists, if they are those that were uploaded. */
function chosenParts(call: Call, upload: Upload): readonly Part[] {
  const listed = children(
    readXml(call.body, "CompleteMultipartUpload"),
    "Part",
  );
  if (listed.length === 0) throw new S3Error("MalformedXML");
  const numbers = listed.map((node) => Number(textOf(node, "PartNumber")));
  if (numbers.some((number, index) => !(number > (numbers[index - 1] ?? 0)))) {
    throw new S3Error("InvalidPartOrder");
  }
  const parts = listed.map((node, index) => {
    const part = upload.parts.get(numbers[index] ?? 0);
    if (part !== undefined && matches(node, part)) return part;
    throw new S3Error("InvalidPart", {
      UploadId: upload.id,
      PartNumber: numbers[index] ?? 0,
    });
  });
  const small = parts.slice(0, -1)
    .find(({ bytes }) => bytes.length < call.minPartSize);
  if (small !== undefined) {
    throw new S3Error("EntityTooSmall", {
      ProposedSize: small.bytes.length,
      MinSizeAllowed: call.minPartSize,
    });
  }
  return parts;
}

/** Whether a listed part has the ETag and the checksums of one that was uploaded. */
function matches(node: Node, part: Part): boolean {
  if (unquoted(textOf(node, "ETag") ?? "") !== unquoted(part.etag)) {
    return false;
  }
  return Object.entries(part.checksums).every(([header, value]) => {
    const name = header.replace("x-amz-checksum-", "").toUpperCase();
    return (textOf(node, `Checksum${name}`) ?? value) === value;
  });
}
