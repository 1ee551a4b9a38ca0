/**
 * Listings: of objects in both forms, of their versions, and of uploads.
 *
 * @module
 */
import {
  base64,
  encodePath,
  fromBase64,
  strictText,
  utf8,
} from "../../foundation/bytes.ts";
import { canonicalId } from "./access.ts";
import { bucketFor, type Call, type Handlers } from "./call.ts";
import { storageClassOf, uploadMembers } from "./facts.ts";
import { invalidArgument } from "./s3_error.ts";
import type { Members } from "./shapes.ts";
import {
  type Bucket,
  compareKeys,
  type Upload,
  type Version,
} from "./store.ts";

/** The most entries of one page. */
const MAX_KEYS = 1_000;

export const listingHandlers: Handlers = {
  ListObjectsV2: (call, input) => {
    const bucket = listedBucket(call);
    const { ContinuationToken: token, StartAfter: startAfter } = input;
    const after = token ? readToken(token) : startAfter ?? "";
    const query = pageQuery(input, after);
    const page = cut(call, bucket, query);
    const shown = encoder(input.EncodingType);
    return {
      Name: bucket.name,
      Prefix: shown(query.prefix),
      ...startAfter === undefined ? {} : { StartAfter: shown(startAfter) },
      ...token === undefined ? {} : { ContinuationToken: token },
      ...page.next === undefined
        ? {}
        : { NextContinuationToken: base64(utf8(page.next)) },
      KeyCount: page.objects.length + page.prefixes.length,
      MaxKeys: query.maxKeys,
      ...delimiterOf(query, shown),
      ...encodingOf(input.EncodingType),
      IsTruncated: page.next !== undefined,
      Contents: page.objects.map(([key, version]) =>
        objectEntry(shown(key), version, input.FetchOwner === true)
      ),
      CommonPrefixes: page.prefixes.map((prefix) => ({
        Prefix: shown(prefix),
      })),
    };
  },

  ListObjects: (call, input) => {
    const bucket = listedBucket(call);
    const marker = input.Marker ?? "";
    const query = pageQuery(input, marker);
    const page = cut(call, bucket, query);
    const shown = encoder(input.EncodingType);
    // Without a delimiter the last key serves as the next marker.
    const next = query.delimiter === "" ? undefined : page.next;
    return {
      Name: bucket.name,
      Prefix: shown(query.prefix),
      Marker: shown(marker),
      ...next === undefined ? {} : { NextMarker: shown(next) },
      MaxKeys: query.maxKeys,
      ...delimiterOf(query, shown),
      ...encodingOf(input.EncodingType),
      IsTruncated: page.next !== undefined,
      Contents: page.objects.map(([key, version]) =>
        objectEntry(shown(key), version, true)
      ),
      CommonPrefixes: page.prefixes.map((prefix) => ({
        Prefix: shown(prefix),
      })),
    };
  },

  ListObjectVersions: (call, input) => {
    const bucket = bucketFor(call, {
      permission: "READ",
      action: "ListBucketVersions",
    });
    const keyMarker = input.KeyMarker ?? "";
    const idMarker = input.VersionIdMarker ?? "";
    if (idMarker !== "" && input.KeyMarker === undefined) {
      throw invalidArgument(
        "version-id-marker",
        idMarker,
        "A version-id marker cannot be specified without a key marker.",
      );
    }
    const query = pageQuery(input, keyMarker);
    const shown = encoder(input.EncodingType);
    const page = cutVersions(call, bucket, query, idMarker);
    call.reply.mixed = page.versions.map(([key, version]) =>
      versionEntry(
        shown(key),
        version,
        bucket.objects.get(key)?.[0] === version,
      )
    );
    const { next } = page;
    return {
      Name: bucket.name,
      Prefix: shown(query.prefix),
      KeyMarker: shown(keyMarker),
      VersionIdMarker: idMarker,
      ...next === undefined ? {} : {
        NextKeyMarker: shown(next.key),
        ...next.id === undefined ? {} : { NextVersionIdMarker: next.id },
      },
      MaxKeys: query.maxKeys,
      ...delimiterOf(query, shown),
      ...encodingOf(input.EncodingType),
      IsTruncated: next !== undefined,
      CommonPrefixes: page.prefixes.map((prefix) => ({
        Prefix: shown(prefix),
      })),
    };
  },

  ListMultipartUploads: (call, input) => {
    const bucket = bucketFor(call, {
      permission: "READ",
      action: "ListBucketMultipartUploads",
    });
    const shown = encoder(input.EncodingType);
    const { Prefix: prefix = "", Delimiter: delimiter = "" } = input;
    const keyMarker = input.KeyMarker ?? "";
    const idMarker = input.UploadIdMarker ?? "";
    const most = Math.min(input.MaxUploads ?? MAX_KEYS, MAX_KEYS);
    const uploads: Upload[] = [];
    const prefixes = new Set<string>();
    let last: Upload | undefined;
    let truncated = false;
    for (const upload of laterUploads(bucket, prefix, keyMarker, idMarker)) {
      const common = commonPrefix(upload.key, prefix, delimiter);
      if (
        common !== undefined && (common === keyMarker || prefixes.has(common))
      ) continue;
      if (uploads.length + prefixes.size === most) {
        truncated = true;
        break;
      }
      if (common === undefined) uploads.push(upload);
      else prefixes.add(common);
      last = upload;
    }
    const lastKey = last === undefined
      ? ""
      : commonPrefix(last.key, prefix, delimiter) ?? last.key;
    return {
      Bucket: bucket.name,
      KeyMarker: shown(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: shown(lastKey),
      NextUploadIdMarker: last?.id ?? "",
      Prefix: shown(prefix),
      ...delimiter === "" ? {} : { Delimiter: shown(delimiter) },
      ...encodingOf(input.EncodingType),
      MaxUploads: most,
      IsTruncated: truncated,
      Uploads: uploads.map((upload) => ({
        Key: shown(upload.key),
        UploadId: upload.id,
        Initiated: upload.initiated,
        ...uploadMembers(upload),
      })),
      CommonPrefixes: [...prefixes].map((name) => ({ Prefix: shown(name) })),
    };
  },
};

function listedBucket(call: Call): Bucket {
  return bucketFor(call, { permission: "READ", action: "ListBucket" });
}

/** What a page is cut from. */
interface PageQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** The page begins behind this key or common prefix. */
  readonly after: string;
  readonly maxKeys: number;
}

function pageQuery(
  { Prefix = "", Delimiter = "", MaxKeys = MAX_KEYS }: {
    readonly Prefix?: string;
    readonly Delimiter?: string;
    readonly MaxKeys?: number;
  },
  after: string,
): PageQuery {
  return {
    prefix: Prefix,
    delimiter: Delimiter,
    after,
    maxKeys: Math.min(MaxKeys, MAX_KEYS),
  };
}

/** A page: objects and common prefixes together make its entries. */
interface Page {
  readonly objects: readonly (readonly [key: string, version: Version])[];
  readonly prefixes: readonly string[];
  /** The last entry, where more follow. */
  readonly next: string | undefined;
}

function cut(
  call: Call,
  bucket: Bucket,
  { prefix, delimiter, after, maxKeys }: PageQuery,
): Page {
  const objects: [string, Version][] = [];
  const prefixes = new Set<string>();
  let last = "";
  const keys = call.store.keys(bucket);
  for (let at = firstAfter(keys, after, prefix); at < keys.length; at++) {
    const key = keys[at] ?? "";
    if (!key.startsWith(prefix)) break;
    const version = call.store.current(bucket, key);
    if (version === undefined) continue;
    const common = commonPrefix(key, prefix, delimiter);
    // A page that ended with a common prefix is done with all keys under it.
    if (common !== undefined && (common === after || prefixes.has(common))) {
      continue;
    }
    if (objects.length + prefixes.size === maxKeys) {
      // S3 answers a page of no entries as complete.
      return { objects, prefixes: [...prefixes], next: last || undefined };
    }
    if (common === undefined) objects.push([key, version]);
    else prefixes.add(common);
    last = common ?? key;
  }
  return { objects, prefixes: [...prefixes], next: undefined };
}

/** Index of the first key behind one and not before a prefix. */
function firstAfter(
  keys: readonly string[],
  after: string,
  prefix: string,
): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = keys[middle] ?? "";
    const before = (after !== "" && compareKeys(key, after) <= 0) ||
      compareKeys(key, prefix) < 0;
    if (before) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A page of versions. */
interface VersionPage {
  readonly versions: readonly (readonly [key: string, version: Version])[];
  readonly prefixes: readonly string[];
  /** The last entry, where more follow; without an id it is a prefix. */
  readonly next: { readonly key: string; readonly id?: string } | undefined;
}

function cutVersions(
  call: Call,
  bucket: Bucket,
  { prefix, delimiter, after, maxKeys }: PageQuery,
  idMarker: string,
): VersionPage {
  const versions: [string, Version][] = [];
  const prefixes = new Set<string>();
  let next: VersionPage["next"];
  for (const key of call.store.keys(bucket)) {
    const order = compareKeys(key, after);
    if (!key.startsWith(prefix)) continue;
    if (after !== "" && (order < 0 || (order === 0 && idMarker === ""))) {
      continue;
    }
    const common = commonPrefix(key, prefix, delimiter);
    if (common !== undefined && (common === after || prefixes.has(common))) {
      continue;
    }
    const all = bucket.objects.get(key) ?? [];
    const skipped = order === 0 && idMarker !== ""
      ? all.findIndex(({ id }) => id === idMarker) + 1
      : 0;
    for (const version of all.slice(skipped)) {
      if (versions.length + prefixes.size === maxKeys) {
        return { versions, prefixes: [...prefixes], next };
      }
      if (common !== undefined) {
        prefixes.add(common);
        next = { key: common };
        break;
      }
      versions.push([key, version]);
      next = { key, id: version.id };
    }
  }
  return { versions, prefixes: [...prefixes], next: undefined };
}

function versionEntry(
  key: string,
  version: Version,
  latest: boolean,
): readonly [member: string, value: Members] {
  const common = {
    Key: key,
    VersionId: version.id,
    IsLatest: latest,
    LastModified: version.modified,
    Owner: { ID: canonicalId(version.owner) },
  };
  return version.marker ? ["DeleteMarkers", common] : ["Versions", {
    ...common,
    ETag: version.etag,
    Size: version.size,
    StorageClass: storageClassOf(version),
    ...checksumEntry(version),
  }];
}

function objectEntry(key: string, version: Version, owner: boolean): {
  readonly Key: string;
  readonly LastModified: Date;
  readonly ETag: string;
  readonly Size: number;
  readonly StorageClass: "STANDARD";
  readonly Owner?: { readonly ID: string };
} {
  return {
    Key: key,
    LastModified: version.modified,
    ETag: version.etag,
    Size: version.size,
    StorageClass: storageClassOf(version) as "STANDARD",
    ...checksumEntry(version),
    ...owner ? { Owner: { ID: canonicalId(version.owner) } } : {},
  };
}

function checksumEntry({ checksum }: Version): Record<never, never> {
  return checksum === undefined
    ? {}
    : { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type };
}

/** How names are shown: as they are, or encoded as `encoding-type=url` asks. */
function encoder(type: string | undefined): (name: string) => string {
  if (type === undefined) return (name) => name;
  if (type !== "url") {
    throw invalidArgument(
      "encoding-type",
      type,
      "Invalid Encoding Method specified in Request",
    );
  }
  return (name) => encodePath(name).replaceAll("%20", "+");
}

function encodingOf(
  type: string | undefined,
): { readonly EncodingType?: "url" } {
  return type === undefined ? {} : { EncodingType: "url" };
}

function delimiterOf(
  { delimiter }: PageQuery,
  shown: (name: string) => string,
): { readonly Delimiter?: string } {
  return delimiter === "" ? {} : { Delimiter: shown(delimiter) };
}

/** The part of a key up to the first delimiter behind the prefix, if it has one. */
function commonPrefix(
  key: string,
  prefix: string,
  delimiter: string,
): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** The uploads under a prefix and behind the markers, in order. */
function laterUploads(
  { uploads }: Bucket,
  prefix: string,
  keyMarker: string,
  idMarker: string,
): Upload[] {
  const marked = uploads.get(idMarker);
  const time = marked?.initiated.getTime() ?? 0;
  const isLater = ({ key, id, initiated }: Upload): boolean => {
    const order = compareKeys(key, keyMarker);
    const begun = initiated.getTime();
    return order > 0 ||
      (order === 0 && idMarker !== "" &&
        (begun > time || (begun === time && id > idMarker)));
  };
  return [...uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix) && isLater(upload))
    .sort((one, other) =>
      compareKeys(one.key, other.key) ||
      one.initiated.getTime() - other.initiated.getTime() ||
      compareKeys(one.id, other.id)
    );
}

/** Where a listing goes on, as its token says. */
export function readToken(token: string): string {
  try {
    const key = strictText(fromBase64(token));
    if (key !== "") return key;
  } catch {
    // Neither base64 nor UTF-8: refused below.
  }
  throw invalidArgument(
    "continuation-token",
    token,
    "The continuation token provided is incorrect",
  );
}
