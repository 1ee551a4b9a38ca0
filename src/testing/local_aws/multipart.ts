/**
 * Objects that are uploaded in parts. Parts stay the pieces that they were sent
 * in; they are never joined.
 *
 * @module
 */
import {
  base64,
  concat,
  fromBase64,
  fromHex,
  hex,
} from "../../foundation/bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  combineCrcs,
  isCombinable,
  md5,
  startChecksum,
} from "../../foundation/checksums.ts";
import { bucketFor, type Call, type Handlers } from "./call.ts";
import {
  algorithmOf,
  checkCustomerKey,
  checkKey,
  checksumHeaders,
  checksumMembers,
  checkWrite,
  CUSTOMER,
  encryptionHeaders,
  factsOf,
  type readRange,
  shownEncryption,
  unquoted,
  uploadMembers,
} from "./facts.ts";
import {
  newPart,
  sourceOf,
  whileHeld,
  writeVersion,
  writtenVersion,
} from "./objects.ts";
import {
  checkChecksums,
  checksumOf,
  compare,
  DEFAULT_ALGORITHM,
  statedChecksums,
} from "./payload.ts";
import { invalidArgument, invalidRequest, S3Error } from "./s3_error.ts";
import {
  type Bucket,
  contentBytes,
  type Part,
  readContent,
  type StoredChecksum,
  type Upload,
  wholeContent,
} from "./store.ts";
import { locationOf } from "./request.ts";

/** The highest number of a part. */
const MAX_PART_NUMBER = 10_000;

/** The most entries of one page. */
const MAX_ENTRIES = 1_000;

export const multipartHandlers: Handlers = {
  CreateMultipartUpload: async (call, input) => {
    const bucket = bucketFor(call, {
      permission: "WRITE",
      action: "PutObject",
      key: call.key,
    });
    checkKey(call.key);
    const facts = factsOf(call, bucket);
    const algorithm = algorithmOf(
      input.ChecksumAlgorithm,
      "x-amz-checksum-algorithm",
    );
    const checksumType = checksumTypeOf(algorithm, input.ChecksumType);
    const id = hex(crypto.getRandomValues(new Uint8Array(24)));
    bucket.uploads.set(id, {
      ...facts,
      id,
      key: call.key,
      initiated: call.now,
      ...algorithm === undefined ? {} : { algorithm },
      ...checksumType === undefined ? {} : { checksumType },
      parts: new Map(),
    });
    await call.store.keep(bucket.name);
    return {
      Bucket: bucket.name,
      Key: call.key,
      UploadId: id,
      ...shownEncryption(facts.encryption),
      ...algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm },
      ...checksumType === undefined ? {} : { ChecksumType: checksumType },
    };
  },

  UploadPart: async (call) => {
    const { bucket, upload } = uploadFor(call);
    const number = partNumber(call);
    checkCustomerKey(call.headers, upload);
    const digest = await md5(call.body);
    const stated = await checkChecksums(call.headers, call.body, digest);
    checkPartAlgorithm(upload, stated?.[0]);
    const sum = await checksumOf(stated, call.body, upload.algorithm);
    const part = await newPart(call, number, call.body, hex(digest), sum);
    call.store.addPart(upload, part);
    await call.store.keep(bucket.name);
    Object.assign(call.reply.headers, encryptionHeaders(upload.encryption));
    if (stated !== undefined) {
      const { "x-amz-checksum-type": _type, ...own } = checksumHeaders(
        part.checksum,
      );
      Object.assign(call.reply.headers, own);
    }
    return { ETag: `"${part.md5}"` };
  },

  UploadPartCopy: async (call) => {
    const { bucket, upload } = uploadFor(call);
    const number = partNumber(call);
    checkCustomerKey(call.headers, upload);
    const source = sourceOf(call);
    const { version } = source;
    const value = call.headers["x-amz-copy-source-range"];
    const range = copyRange(value, version.size);
    const content = wholeContent(version.parts.flatMap(({ pieces }) => pieces));
    const bytes = await whileHeld(call, content, async () => {
      const found = await contentBytes(
        range === undefined
          ? content
          : { ...content, start: range.start, end: range.end + 1 },
      );
      return found.slice();
    });
    const digest = hex(await md5(bytes));
    const sum = await checksumOf(undefined, bytes, upload.algorithm);
    const part = await newPart(call, number, bytes, digest, sum);
    call.store.addPart(upload, part);
    await call.store.keep(bucket.name);
    Object.assign(call.reply.headers, encryptionHeaders(upload.encryption));
    return {
      CopyPartResult: {
        LastModified: part.modified,
        ETag: `"${part.md5}"`,
        // Only that of an algorithm that was asked for is told.
        ...upload.algorithm === undefined ? {} : partChecksum(part),
      },
      ...source.bucket.versioning === undefined
        ? {}
        : { CopySourceVersionId: version.id },
    };
  },

  CompleteMultipartUpload: async (call, input) => {
    const bucket = bucketFor(call, {
      permission: "WRITE",
      action: "PutObject",
      key: call.key,
    });
    const id = input.UploadId;
    const done = bucket.completed.get(id);
    const location = locationOf(call.headers["host"] ?? "localhost", {
      bucket: bucket.name,
      key: call.key,
    });
    if (done !== undefined && done.key === call.key) {
      // A client whose answer was lost asks again.
      return {
        Location: location,
        Bucket: bucket.name,
        Key: call.key,
        ETag: done.etag,
        ...checksumMembers(done.checksum),
        ...writtenVersion(bucket, { id: done.versionId }),
      };
    }
    const { upload } = uploadFor(call);
    const parts = chosenParts(
      call,
      upload,
      input.MultipartUpload?.Parts ?? [],
    );
    // S3 needs the customer's key to check the checksums that were stated.
    if (parts.some((part) => isStated(upload, part))) {
      checkCustomerKey(call.headers, upload);
    }
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const expected = input.MpuObjectSize;
    if (expected !== undefined && expected !== size) {
      throw invalidRequest(
        `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${size}`,
      );
    }
    const digests = parts.map((part) => fromHex(part.md5));
    const etag = `"${hex(await md5(concat(digests)))}-${parts.length}"`;
    const content = wholeContent(parts.flatMap(({ pieces }) => pieces));
    const sum = await whileHeld(
      call,
      content,
      () => objectChecksum(call, upload, parts),
    );
    // Another request may have ended the upload meanwhile.
    const { upload: now } = uploadFor(call);
    if (parts.some((part) => now.parts.get(part.number) !== part)) {
      throw new S3Error("InvalidPart", { UploadId: id });
    }
    const { id: _id, key: _key, initiated: _begun, parts: _parts, ...facts } =
      upload;
    checkWrite(call.headers, call.store.current(bucket, call.key));
    const version = writeVersion(call, bucket, {
      ...facts,
      parts,
      multipart: true,
      etag,
      checksum: sum,
    });
    Object.assign(call.reply.headers, encryptionHeaders(upload.encryption));
    call.store.endUpload(bucket, upload);
    bucket.completed.set(id, {
      key: call.key,
      etag,
      versionId: version.id,
      checksum: sum,
    });
    await call.store.keep(bucket.name, call.key);
    return {
      Location: location,
      Bucket: bucket.name,
      Key: call.key,
      ETag: etag,
      ...checksumMembers(sum),
      ...writtenVersion(bucket, version),
      ...shownEncryption(version.encryption),
    };
  },

  AbortMultipartUpload: async (call) => {
    const { bucket, upload } = uploadFor(call, "AbortMultipartUpload");
    call.store.endUpload(bucket, upload);
    await call.store.keep(bucket.name);
    call.reply.status = 204;
    return {};
  },

  ListParts: (call, input) => {
    const { bucket, upload } = uploadFor(call, "ListMultipartUploadParts");
    if (call.headers[`${CUSTOMER}algorithm`] !== undefined) {
      checkCustomerKey(call.headers, upload);
    }
    const marker = Number(input.PartNumberMarker ?? 0);
    const most = Math.min(input.MaxParts ?? MAX_ENTRIES, MAX_ENTRIES);
    const rest = [...upload.parts.values()]
      .filter(({ number }) => number > marker)
      .sort((one, other) => one.number - other.number);
    const page = rest.slice(0, most);
    return {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: most,
      IsTruncated: rest.length > page.length,
      Parts: page.map((part) => ({
        PartNumber: part.number,
        LastModified: part.modified,
        ETag: `"${part.md5}"`,
        Size: part.size,
        ...partChecksum(part),
      })),
      ...uploadMembers(upload),
    };
  },
};

/** Whether the checksum of a part is not S3's own. */
function isStated({ algorithm }: Upload, { checksum: sum }: Part): boolean {
  return algorithm !== undefined ||
    (sum !== undefined && sum.algorithm !== DEFAULT_ALGORITHM);
}

/** A part's checksum as a member of an output. */
function partChecksum({ checksum: sum }: Part): Record<never, never> {
  return sum === undefined ? {} : { [`Checksum${sum.algorithm}`]: sum.value };
}

function checksumTypeOf(
  algorithm: ChecksumAlgorithm | undefined,
  type: string | undefined,
): "COMPOSITE" | "FULL_OBJECT" | undefined {
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw invalidRequest(
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT") {
    throw invalidRequest("Value for x-amz-checksum-type header is invalid.");
  }
  if (
    (type === "FULL_OBJECT" && !isCombinable(algorithm)) ||
    (type === "COMPOSITE" && algorithm === "CRC64NVME")
  ) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return type ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
}

/** Checks that a part comes with the checksum that its upload wants. */
function checkPartAlgorithm(
  { algorithm, checksumType }: Upload,
  stated: ChecksumAlgorithm | undefined,
): void {
  if (algorithm === undefined || stated === algorithm) return;
  // The checksum of the whole can be had without those of the parts.
  if (stated === undefined && checksumType === "FULL_OBJECT") return;
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${
      stated?.toLowerCase() ?? "null"
    }`,
  );
}

/** The upload that a call is about. */
function uploadFor(
  call: Call,
  action = "PutObject",
): { readonly bucket: Bucket; readonly upload: Upload } {
  const { key } = call;
  const bucket = bucketFor(call, { permission: "WRITE", action, key });
  const id = call.query.find(([name]) => name === "uploadId")?.[1] ?? "";
  const upload = bucket.uploads.get(id);
  if (upload === undefined || upload.key !== call.key) {
    throw new S3Error("NoSuchUpload", { UploadId: id });
  }
  return { bucket, upload };
}

/**
 * The number of the part that a call is about.
 *
 * @throws {S3Error} InvalidArgument, if it is not 1 to 10 000.
 */
function partNumber(call: Call): number {
  const value = call.query.find(([name]) => name === "partNumber")?.[1] ?? "";
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > MAX_PART_NUMBER) {
    throw invalidArgument(
      "partNumber",
      value,
      `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    );
  }
  return number;
}

function copyRange(
  value: string | undefined,
  size: number,
): ReturnType<typeof readRange> {
  if (value === undefined) return undefined;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(value) ?? [];
  if (first === undefined || last === undefined) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      value,
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  }
  if (Number(last) < Number(first) || Number(last) >= size) {
    throw new S3Error(
      "InvalidRange",
      { RangeRequested: value, ActualObjectSize: size },
      `Range specified is not valid for source object of size: ${size}`,
    );
  }
  return { start: Number(first), end: Number(last) };
}

/** A part as CompleteMultipartUpload lists it. */
type ListedPart = Readonly<Record<string, number | string | undefined>>;

/** The parts that the document lists, if they are those that were uploaded. */
function chosenParts(
  call: Call,
  upload: Upload,
  given: readonly object[],
): readonly Part[] {
  if (given.length === 0) throw new S3Error("MalformedXML");
  const listed = given.map((part) => part as ListedPart);
  const numbers = listed.map(({ PartNumber }) => Number(PartNumber));
  if (numbers.some((number, index) => !(number > (numbers[index - 1] ?? 0)))) {
    throw new S3Error("InvalidPartOrder");
  }
  checkPartChecksums(upload, listed, numbers);
  const parts = listed.map((one, index) => {
    const number = numbers[index] ?? 0;
    const part = upload.parts.get(number);
    if (part !== undefined && matches(one, part)) return part;
    throw new S3Error("InvalidPart", {
      UploadId: upload.id,
      PartNumber: number,
      ETag: String(one["ETag"] ?? ""),
    });
  });
  const small = parts.slice(0, -1).find(({ size }) => size < call.minPartSize);
  if (small !== undefined) {
    throw new S3Error("EntityTooSmall", {
      ProposedSize: small.size,
      MinSizeAllowed: call.minPartSize,
      PartNumber: small.number,
      ETag: small.md5,
    });
  }
  return parts;
}

/**
 * Checks that parts whose checksums make that of the object are listed with
 * them, one after the other.
 */
function checkPartChecksums(
  { algorithm, checksumType }: Upload,
  listed: readonly ListedPart[],
  numbers: readonly number[],
): void {
  if (algorithm === undefined) return;
  if (numbers.some((number, index) => number !== index + 1)) {
    throw new S3Error("InvalidPartOrder");
  }
  if (checksumType !== "COMPOSITE") return;
  const index = listed.findIndex((part) =>
    part[`Checksum${algorithm}`] === undefined
  );
  if (index < 0) return;
  throw invalidRequest(
    `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${
      numbers[index]
    } in the request.`,
  );
}

/** Whether a listed part has the ETag and the checksums of one that was uploaded. */
function matches(
  listed: ListedPart,
  { md5: digest, checksum: sum }: Part,
): boolean {
  if (unquoted(String(listed["ETag"] ?? "")) !== digest) return false;
  if (sum === undefined) return true;
  const stated = listed[`Checksum${sum.algorithm}`];
  return stated === undefined || stated === sum.value;
}

/** The checksum of the object that parts become. */
async function objectChecksum(
  call: Call,
  upload: Upload,
  parts: readonly Part[],
): Promise<StoredChecksum> {
  const [stated] = statedChecksums(call.headers);
  const algorithm = upload.algorithm ?? stated?.[0] ?? DEFAULT_ALGORITHM;
  const wanted = call.headers["x-amz-checksum-type"];
  if (
    upload.checksumType !== undefined && wanted !== undefined &&
    wanted !== upload.checksumType
  ) {
    throw invalidRequest(
      `The upload was created using the ${upload.checksumType} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const type = upload.checksumType ??
    checksumTypeOf(algorithm, wanted ?? byDefault(algorithm)) ?? "FULL_OBJECT";
  const value = type === "FULL_OBJECT"
    ? await fullChecksum(algorithm, parts)
    : await compositeChecksum(algorithm, parts);
  if (stated !== undefined) {
    const [name, given] = stated;
    const real = name === algorithm ? value : "";
    // A composite checksum may come without its number of parts.
    compare(
      checksumHeader(name),
      given,
      given.includes("-") ? real : real.split("-")[0] ?? "",
    );
  }
  return { algorithm, value, type };
}

/** The kind of checksum of an upload that was begun without one. */
function byDefault(algorithm: ChecksumAlgorithm): "COMPOSITE" | "FULL_OBJECT" {
  return isCombinable(algorithm) ? "FULL_OBJECT" : "COMPOSITE";
}

/** The checksum of the bytes of parts. */
async function fullChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly Part[],
): Promise<string> {
  if (isCombinable(algorithm)) {
    const known = parts.flatMap(({ checksum: sum, size: length }) =>
      sum?.algorithm === algorithm ? [{ value: sum.value, length }] : []
    );
    if (known.length === parts.length) return combineCrcs(algorithm, known);
  }
  const content = wholeContent(parts.flatMap(({ pieces }) => pieces));
  const growing = await startChecksum(algorithm);
  for await (const bytes of readContent(content)) growing.update(bytes);
  return base64(growing.digest());
}

async function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly Part[],
): Promise<string> {
  const sums: Uint8Array[] = [];
  for (const part of parts) {
    const value = part.checksum?.algorithm === algorithm
      ? part.checksum.value
      : await fullChecksum(algorithm, [part]);
    sums.push(fromBase64(value));
  }
  return `${await checksum(algorithm, concat(sums))}-${parts.length}`;
}
