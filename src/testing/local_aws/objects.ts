/**
 * Objects: writing, reading, copying and removing them, their tags, ACLs and
 * attributes.
 *
 * @module
 */
import { base64, hex } from "../../foundation/bytes.ts";
import { md5 } from "../../foundation/checksums.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type {
  DeletedObject,
  DeleteFailure,
} from "../../services/s3/generated/types.ts";
import {
  aclDocument,
  grantsOf,
  ownerGrants,
  requestedGrants,
} from "./access.ts";
import {
  bucketFor,
  type Call,
  checkOwner,
  existingBucket,
  type Handlers,
  objectFor,
} from "./call.ts";
import {
  algorithmOf,
  type ByteRange,
  checkCustomerKey,
  checkedTags,
  checkGrants,
  checkKey,
  checksumHeaders,
  checksumMembers,
  checkWrite,
  CUSTOMER,
  encryptionHeaders,
  factsOf,
  failed,
  isArchived,
  MAX_OBJECT_TAGS,
  readRange,
  readVerdict,
  shownEncryption,
  storageClassOf,
} from "./facts.ts";
import { checkChecksums, checksumOf, DEFAULT_ALGORITHM } from "./payload.ts";
import { invalidArgument, invalidRequest, S3Error } from "./s3_error.ts";
import {
  type Bucket,
  compareKeys,
  type Content,
  contentBytes,
  type ObjectFacts,
  type Part,
  type StoredChecksum,
  type Version,
  wholeContent,
} from "./store.ts";
import { decoded } from "./request.ts";

/** The most keys of one DeleteObjects. */
const MAX_DELETES = 1_000;

export const objectHandlers: Handlers = {
  PutObject: async (call) => {
    const bucket = bucketFor(call, {
      permission: "WRITE",
      action: "PutObject",
      key: call.key,
    });
    checkKey(call.key);
    const facts = factsOf(call, bucket);
    const digest = await md5(call.body);
    const stated = await checkChecksums(call.headers, call.body, digest);
    const sum = await checksumOf(stated, call.body);
    const part = await newPart(call, 1, call.body, hex(digest));
    const version = writeVersion(call, bucket, {
      ...facts,
      parts: [part],
      multipart: false,
      etag: `"${part.md5}"`,
      checksum: sum,
    });
    await call.store.keep(bucket.name, call.key);
    Object.assign(call.reply.headers, checksumHeaders(version.checksum));
    return {
      ETag: version.etag,
      ...writtenVersion(bucket, version),
      ...shownEncryption(version.encryption),
    };
  },

  GetObject: (call, input) => readObject(call, input, true),

  HeadObject: (call, input) => readObject(call, input),

  DeleteObject: async (call, input) => {
    const bucket = bucketFor(call, {
      permission: "WRITE",
      action: input.VersionId ? "DeleteObjectVersion" : "DeleteObject",
      key: call.key,
    });
    const present = call.store.current(bucket, call.key);
    if (input.IfMatch !== undefined) {
      checkWrite({ "if-match": input.IfMatch }, present);
    }
    const deleted = deleteVersion(call, bucket, call.key, input.VersionId);
    await call.store.keep(bucket.name, call.key);
    call.reply.status = 204;
    return deleted;
  },

  DeleteObjects: async (call, input) => {
    const bucket = existingBucket(call);
    const stated = await checkChecksums(call.headers, call.body);
    if (call.headers["content-md5"] === undefined && stated === undefined) {
      throw invalidRequest(
        "Missing required header for this request: Content-MD5",
      );
    }
    const { Objects: objects = [], Quiet: quiet = false } = input.Delete ?? {};
    if (objects.length === 0 || objects.length > MAX_DELETES) {
      throw new S3Error("MalformedXML");
    }
    const deleted: DeletedObject[] = [];
    const errors: DeleteFailure[] = [];
    for (const { Key, VersionId, ETag } of objects) {
      if (!Key) throw new S3Error("MalformedXML");
      try {
        bucketFor(call, {
          permission: "WRITE",
          action: VersionId ? "DeleteObjectVersion" : "DeleteObject",
          key: Key,
        });
        if (ETag !== undefined) {
          checkWrite({ "if-match": ETag }, call.store.current(bucket, Key));
        }
        const { VersionId: id, DeleteMarker } = deleteVersion(
          call,
          bucket,
          Key,
          VersionId,
        );
        deleted.push({
          Key,
          ...VersionId ? { VersionId } : {},
          ...DeleteMarker ? { DeleteMarker, DeleteMarkerVersionId: id } : {},
        });
        await call.store.keep(bucket.name, Key);
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        const { code: Code, message: Message } = error;
        errors.push({ Key, ...VersionId ? { VersionId } : {}, Code, Message });
      }
    }
    return {
      ...quiet ? {} : { Deleted: deleted },
      ...errors.length > 0 ? { Errors: errors } : {},
    };
  },

  CopyObject: async (call, input) => {
    const bucket = bucketFor(call, {
      permission: "WRITE",
      action: "PutObject",
      key: call.key,
    });
    checkKey(call.key);
    const source = sourceOf(call);
    const from = source.version;
    const replaced = directive(call, "x-amz-metadata-directive");
    const retagged = directive(call, "x-amz-tagging-directive");
    const given = factsOf(call, bucket);
    const storageClass = call.headers["x-amz-storage-class"];
    const changed = replaced || retagged || storageClass !== undefined ||
      given.encryption !== undefined || input.ChecksumAlgorithm !== undefined ||
      input.WebsiteRedirectLocation !== undefined || source.versionId !== "";
    if (source.bucket === bucket && source.key === call.key && !changed) {
      throw invalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    }
    const content = wholeContent(from.parts.flatMap(({ pieces }) => pieces));
    const [first, second] = from.parts;
    const { digest, sum } = await whileHeld(call, content, async () => ({
      digest: first !== undefined && second === undefined
        ? first.md5
        : hex(await md5(await contentBytes(content))),
      sum: await copiedChecksum(from, input.ChecksumAlgorithm, content),
    }));
    const headers: Record<string, string> = replaced
      ? { ...given.headers }
      : { ...from.headers };
    if (!replaced) delete headers["x-amz-storage-class"];
    if (!replaced) delete headers["x-amz-website-redirect-location"];
    for (
      const name of ["x-amz-storage-class", "x-amz-website-redirect-location"]
    ) {
      const value = given.headers[name];
      if (value !== undefined) headers[name] = value;
    }
    const version = writeVersion(call, bucket, {
      ...given,
      headers,
      tags: retagged ? given.tags : from.tags,
      parts: [{
        number: 1,
        pieces: content.pieces,
        size: from.size,
        md5: digest,
        modified: wholeSeconds(call.now),
      }],
      multipart: false,
      etag: `"${digest}"`,
      checksum: sum,
    });
    await call.store.keep(bucket.name, call.key);
    return {
      CopyObjectResult: {
        LastModified: version.modified,
        ETag: version.etag,
        ...checksumMembers(sum),
      },
      ...writtenVersion(bucket, version),
      ...shownEncryption(version.encryption),
      ...source.bucket.versioning === undefined
        ? {}
        : { CopySourceVersionId: from.id },
    };
  },

  GetObjectAttributes: (call, input) => {
    const { bucket, version } = objectFor(
      call,
      "READ",
      "GetObjectAttributes",
      { versionId: input.VersionId },
    );
    checkCustomerKey(call.headers, version);
    const wanted = new Set<string>(input.ObjectAttributes ?? []);
    const known = [
      "ETag",
      "Checksum",
      "ObjectParts",
      "StorageClass",
      "ObjectSize",
    ];
    if (
      wanted.size === 0 || [...wanted].some((name) => !known.includes(name))
    ) {
      throw invalidArgument(
        "x-amz-object-attributes",
        [...wanted].join(),
        "Invalid attribute name specified.",
      );
    }
    const most = input.MaxParts ?? 1_000;
    const marker = Number(input.PartNumberMarker ?? 0);
    const rest = version.parts.filter(({ number }) => number > marker);
    const page = rest.slice(0, most);
    return {
      LastModified: version.modified,
      ...shownVersion(bucket, version),
      ...wanted.has("ETag") ? { ETag: version.etag.replaceAll('"', "") } : {},
      ...wanted.has("Checksum") && version.checksum !== undefined
        ? { Checksum: checksumMembers(version.checksum) }
        : {},
      ...wanted.has("ObjectParts") && version.multipart
        ? {
          ObjectParts: {
            TotalPartsCount: version.parts.length,
            PartNumberMarker: marker,
            NextPartNumberMarker: page.at(-1)?.number ?? 0,
            MaxParts: most,
            IsTruncated: rest.length > page.length,
            Parts: page.map(({ number, size, checksum: sum }) => ({
              PartNumber: number,
              Size: size,
              ...sum === undefined
                ? {}
                : { [`Checksum${sum.algorithm}`]: sum.value },
            })),
          },
        }
        : {},
      ...wanted.has("StorageClass")
        ? { StorageClass: storageClassOf(version) as "STANDARD" }
        : {},
      ...wanted.has("ObjectSize") ? { ObjectSize: version.size } : {},
    };
  },

  PutObjectTagging: async (call, input) => {
    const { bucket, version } = objectFor(
      call,
      "FULL_CONTROL",
      "PutObjectTagging",
      { versionId: input.VersionId },
    );
    const tags = checkedTags(input.Tagging?.TagSet ?? [], MAX_OBJECT_TAGS);
    call.store.replace(bucket, call.key, { ...version, tags });
    await call.store.keep(bucket.name, call.key);
    return shownVersion(bucket, version);
  },

  GetObjectTagging: (call, input) => {
    const { bucket, version } = objectFor(
      call,
      "FULL_CONTROL",
      "GetObjectTagging",
      { versionId: input.VersionId },
    );
    return {
      ...shownVersion(bucket, version),
      TagSet: [...version.tags].map(([Key, Value]) => ({ Key, Value }))
        .sort((one, other) => compareKeys(one.Key, other.Key)),
    };
  },

  DeleteObjectTagging: async (call, input) => {
    const { bucket, version } = objectFor(
      call,
      "FULL_CONTROL",
      "DeleteObjectTagging",
      { versionId: input.VersionId },
    );
    call.store.replace(bucket, call.key, { ...version, tags: new Map() });
    await call.store.keep(bucket.name, call.key);
    call.reply.status = 204;
    return shownVersion(bucket, version);
  },

  GetObjectAcl: (call, input) => {
    const { version } = objectFor(call, "READ_ACP", "GetObjectAcl", {
      versionId: input.VersionId,
    });
    return aclDocument(version.grants, version.owner);
  },

  PutObjectAcl: async (call, input) => {
    const { bucket, version } = objectFor(call, "WRITE_ACP", "PutObjectAcl", {
      versionId: input.VersionId,
    });
    const known = (account: string) => call.keys.isAccount(account);
    const grants = input.AccessControlPolicy === undefined
      ? requestedGrants(call.headers, version.owner, bucket.account, known)
      : grantsOf(input.AccessControlPolicy, version.owner, known);
    if (grants === undefined) {
      throw new S3Error(
        "InvalidRequest",
        {},
        "Your request was missing a required header: x-amz-acl",
      );
    }
    checkGrants(bucket, grants, call.headers["x-amz-acl"]);
    call.store.replace(bucket, call.key, { ...version, grants });
    await call.store.keep(bucket.name, call.key);
    return {};
  },
};

/** What GetObject and HeadObject are given. */
interface ReadInput {
  readonly VersionId?: string;
  readonly PartNumber?: number;
}

function readObject(
  call: Call,
  input: ReadInput,
  bytes = false,
): Record<string, never> {
  const { bucket, version } = objectFor(call, "READ", "GetObject", {
    versionId: input.VersionId,
  });
  checkCustomerKey(call.headers, version);
  const encryption = call.headers["x-amz-server-side-encryption"];
  if (encryption !== undefined) {
    throw invalidArgument(
      "x-amz-server-side-encryption",
      encryption,
      "x-amz-server-side-encryption header is not supported for this operation.",
    );
  }
  if (bytes && isArchived(version)) {
    throw new S3Error("InvalidObjectState", {
      StorageClass: storageClassOf(version),
    });
  }
  const { reply } = call;
  const validators = {
    etag: version.etag,
    "last-modified": version.modified.toUTCString(),
  };
  const versionId = bucket.versioning === undefined
    ? {}
    : { "x-amz-version-id": version.id };
  if (readVerdict(call.headers, version) === "not-modified") {
    reply.status = 304;
    Object.assign(reply.headers, validators, versionId);
    return {};
  }
  const content = wholeContent(version.parts.flatMap(({ pieces }) => pieces));
  Object.assign(
    reply.headers,
    version.headers,
    validators,
    versionId,
    { "accept-ranges": "bytes" },
    encryptionHeaders(version.encryption),
    version.tags.size > 0
      ? { "x-amz-tagging-count": String(version.tags.size) }
      : {},
    overrides(call),
  );
  if (storageClassOf(version) === "STANDARD") {
    delete reply.headers["x-amz-storage-class"];
  }
  const range = input.PartNumber === undefined
    ? readRange(call.headers["range"], version.size)
    : partRange(call, version, input.PartNumber);
  if (
    call.headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED" &&
    (range === undefined || input.PartNumber !== undefined)
  ) {
    const sum = input.PartNumber !== undefined && version.multipart
      ? version.parts[input.PartNumber - 1]?.checksum
      : version.checksum;
    Object.assign(reply.headers, checksumHeaders(sum, version.checksum?.type));
  }
  // Until it is sent, whatever becomes of the object meanwhile.
  if (bytes) call.store.hold(content.pieces);
  if (range === undefined) {
    reply.body = content;
    return {};
  }
  reply.status = 206;
  reply.body = { ...content, start: range.start, end: range.end + 1 };
  // An empty part has no range to state.
  if (range.end >= range.start) {
    reply.headers["content-range"] =
      `bytes ${range.start}-${range.end}/${version.size}`;
  } else {
    reply.status = 200;
  }
  return {};
}

function partRange(call: Call, version: Version, number: number): ByteRange {
  if (call.headers["range"] !== undefined) {
    throw invalidRequest("Cannot specify both Range header and partNumber");
  }
  if (number < 1 || number > 10_000) {
    throw invalidArgument(
      "partNumber",
      String(number),
      "Part number must be an integer between 1 and 10000, inclusive",
    );
  }
  // Parts are counted in the order of the object, whatever their numbers were.
  const index = version.multipart ? number - 1 : number === 1 ? 0 : -1;
  const part = version.parts[index];
  if (part === undefined) {
    throw new S3Error("InvalidPartNumber", {
      ActualPartCount: version.parts.length,
      PartNumberRequested: number,
    });
  }
  if (version.multipart) {
    call.reply.headers["x-amz-mp-parts-count"] = String(version.parts.length);
  }
  const start = version.parts.slice(0, index)
    .reduce((sum, { size }) => sum + size, 0);
  return { start, end: start + part.size - 1 };
}

/** A part of bytes, which are the store's from then on. */
export async function newPart(
  { store, now }: Call,
  number: number,
  bytes: Uint8Array<ArrayBuffer>,
  digest: string,
  checksum?: StoredChecksum,
): Promise<Part> {
  return {
    number,
    size: bytes.length,
    pieces: [await store.piece(bytes)],
    md5: digest,
    modified: wholeSeconds(now),
    ...checksum === undefined ? {} : { checksum },
  };
}

/** Does something with a content that another request may remove meanwhile. */
export async function whileHeld<Result>(
  { store }: Call,
  { pieces }: Content,
  act: () => Promise<Result>,
): Promise<Result> {
  store.hold(pieces);
  try {
    return await act();
  } finally {
    store.letGo(pieces);
  }
}

/** What a new version is made of. */
type NewVersion =
  & ObjectFacts
  & Pick<Version, "checksum" | "etag" | "multipart" | "parts">;

/**
 * Adds a version to a bucket. Nothing waits between its check of conditions and
 * the write, so no other write slips in.
 */
export function writeVersion(
  call: Call,
  bucket: Bucket,
  { checksum: sum, ...version }: NewVersion,
): Version {
  checkWrite(call.headers, call.store.current(bucket, call.key));
  const added: Version = {
    ...version,
    ...sum === undefined ? {} : { checksum: sum },
    id: bucket.versioning === "Enabled" ? newId() : "null",
    marker: false,
    size: version.parts.reduce((total, { size }) => total + size, 0),
    modified: wholeSeconds(call.now),
  };
  call.store.add(bucket, call.key, added);
  return added;
}

/** What DeleteObject answers. */
interface Deletion {
  readonly DeleteMarker?: boolean;
  readonly VersionId?: string;
}

function deleteVersion(
  { store, now, caller }: Call,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Deletion {
  if (versionId) {
    const found = bucket.objects.get(key)?.find(({ id }) => id === versionId);
    store.remove(bucket, key, versionId);
    return {
      VersionId: versionId,
      ...found?.marker ? { DeleteMarker: true } : {},
    };
  }
  if (bucket.versioning === undefined) {
    store.remove(bucket, key);
    return {};
  }
  const owner = caller?.account ?? bucket.account;
  const id = bucket.versioning === "Enabled" ? newId() : "null";
  store.add(bucket, key, {
    id,
    marker: true,
    headers: {},
    tags: new Map(),
    grants: ownerGrants(owner),
    owner,
    parts: [],
    size: 0,
    multipart: false,
    etag: "",
    modified: wholeSeconds(now),
  });
  return { DeleteMarker: true, VersionId: id };
}

function newId(): string {
  return base64(crypto.getRandomValues(new Uint8Array(24)))
    .replaceAll("+", "_").replaceAll("/", ".");
}

/** The id of a version that was written, where it got one of its own. */
export function writtenVersion(
  { versioning }: Bucket,
  { id }: Pick<Version, "id">,
): { readonly VersionId?: string } {
  return versioning === "Enabled" ? { VersionId: id } : {};
}

/** A version's id, where its bucket has versions. */
function shownVersion(
  bucket: Bucket,
  { id }: Pick<Version, "id">,
): { readonly VersionId?: string } {
  return bucket.versioning === undefined ? {} : { VersionId: id };
}

/** HTTP dates have no fractions, and conditions compare with them. */
function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1_000) * 1_000);
}

/** The object to copy, and where it is. */
export interface CopySource {
  readonly bucket: Bucket;
  readonly key: string;
  /** Version that was asked for, or `""`. */
  readonly versionId: string;
  readonly version: Version;
}

/** The object that `x-amz-copy-source` names, if it may be read. */
export function sourceOf(call: Call): CopySource {
  const value = call.headers["x-amz-copy-source"] ?? "";
  const [path = "", query = ""] = value.split("?");
  const [, name, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded(path)) ?? [];
  if (name === undefined || key === undefined) {
    throw invalidArgument(
      "x-amz-copy-source",
      value,
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    );
  }
  const versionId = /^versionId=([^&]*)$/.exec(query)?.[1] ?? "";
  let found;
  try {
    found = objectFor(call, "READ", "GetObject", {
      bucket: name,
      key,
      versionId,
    });
  } catch (error) {
    if (error instanceof S3Error && error.code === "MethodNotAllowed") {
      throw invalidRequest(
        "The source of a copy request may not specifically refer to a delete marker by version id.",
      );
    }
    throw error;
  }
  checkOwner(call, found.bucket, "x-amz-source-expected-bucket-owner");
  if (isArchived(found.version)) {
    throw new S3Error("ObjectNotInActiveTierError");
  }
  const prefix = "x-amz-copy-source-";
  checkCustomerKey(
    call.headers,
    found.version,
    `${prefix}${CUSTOMER.slice("x-amz-".length)}`,
  );
  if (readVerdict(call.headers, found.version, prefix) === "not-modified") {
    throw failed(`${prefix}if-none-match or ${prefix}if-modified-since`);
  }
  return { ...found, key, versionId };
}

/** Whether a directive says REPLACE; COPY is the default. */
function directive(call: Call, name: string): boolean {
  const value = call.headers[name] ?? "COPY";
  if (value === "REPLACE" || value === "COPY") return value === "REPLACE";
  throw invalidArgument(
    name,
    value,
    `Unknown ${name.includes("tagging") ? "tagging" : "metadata"} directive.`,
  );
}

/** `response-content-type` and its like set header fields of the answer. */
function overrides(call: Call): HeaderMap {
  const found = call.query.filter(([name]) => name.startsWith("response-"));
  if (found.length > 0 && call.caller === undefined) {
    throw invalidRequest(
      "Request specific response headers cannot be used for anonymous GET requests.",
    );
  }
  return Object.fromEntries(
    found.map(([name, value]) => [name.slice("response-".length), value]),
  );
}

async function copiedChecksum(
  { checksum: sum }: Version,
  name: string | undefined,
  content: Content,
): Promise<StoredChecksum> {
  const algorithm = algorithmOf(name, "x-amz-checksum-algorithm") ??
    sum?.algorithm ?? DEFAULT_ALGORITHM;
  if (sum?.algorithm === algorithm && sum.type === "FULL_OBJECT") return sum;
  return await checksumOf(undefined, await contentBytes(content), algorithm);
}
