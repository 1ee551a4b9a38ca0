/**
 * Listings of objects, both versions.
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
import {
  answer,
  bucketOf,
  type Call,
  canonicalId,
  countParam,
  type Handler,
  param,
  shownTime,
} from "./call.ts";
import { S3Error } from "./s3_error.ts";
import { type Bucket, compareKeys, type StoredObject } from "./store.ts";
import { type Element, element, fields } from "./xml.ts";

/** The most entries of one page. */
const MAX_KEYS = 1_000;

/** What a page is cut from. */
interface PageQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** The page begins behind this key or common prefix. */
  readonly after: string;
  readonly maxKeys: number;
}

/** A page: objects and common prefixes together make its entries. */
interface Page {
  readonly objects: readonly (readonly [key: string, object: StoredObject])[];
  readonly prefixes: readonly string[];
  /** The last entry, where more follow. */
  readonly next: string | undefined;
}

export const listObjectsV2: Handler = (call) => {
  const bucket = bucketOf(call);
  const token = param(call, "continuation-token");
  const startAfter = param(call, "start-after");
  const query = pageQuery(
    call,
    token === undefined ? startAfter ?? "" : readToken(token),
  );
  const page = cut(bucket, query);
  const shown = encoder(call);
  const owner = param(call, "fetch-owner") === "true";
  return answer(element(
    "ListBucketResult",
    fields({
      Name: bucket.name,
      Prefix: shown(query.prefix),
      StartAfter: startAfter && shown(startAfter),
      ContinuationToken: token,
      NextContinuationToken: page.next && base64(utf8(page.next)),
      KeyCount: page.objects.length + page.prefixes.length,
      MaxKeys: query.maxKeys,
      Delimiter: query.delimiter === "" ? undefined : shown(query.delimiter),
      EncodingType: param(call, "encoding-type"),
      IsTruncated: page.next !== undefined,
    }),
    entries(page, shown, owner ? bucket.account : undefined),
  ));
};

export const listObjects: Handler = (call) => {
  const bucket = bucketOf(call);
  const marker = param(call, "marker") ?? "";
  const query = pageQuery(call, marker);
  const page = cut(bucket, query);
  const shown = encoder(call);
  // Without a delimiter the last key serves as the next marker.
  const next = query.delimiter === "" ? undefined : page.next;
  return answer(element(
    "ListBucketResult",
    fields({
      Name: bucket.name,
      Prefix: shown(query.prefix),
      Marker: shown(marker),
      NextMarker: next && shown(next),
      MaxKeys: query.maxKeys,
      Delimiter: query.delimiter === "" ? undefined : shown(query.delimiter),
      EncodingType: param(call, "encoding-type"),
      IsTruncated: page.next !== undefined,
    }),
    entries(page, shown, bucket.account),
  ));
};

/** How names are shown: as they are, or encoded as `encoding-type=url` asks. */
export function encoder(call: Call): (name: string) => string {
  const type = param(call, "encoding-type");
  if (type === undefined) return (name) => name;
  if (type !== "url") {
    throw new S3Error("InvalidArgument", {
      ArgumentName: "encoding-type",
      ArgumentValue: type,
    });
  }
  return (name) => encodePath(name).replaceAll("%20", "+");
}

/** The part of a key up to the first delimiter behind the prefix, if it has one. */
export function commonPrefix(
  key: string,
  prefix: string,
  delimiter: string,
): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

function pageQuery(call: Call, after: string): PageQuery {
  return {
    prefix: param(call, "prefix") ?? "",
    delimiter: param(call, "delimiter") ?? "",
    after,
    maxKeys: Math.min(countParam(call, "max-keys", MAX_KEYS), MAX_KEYS),
  };
}

function cut(
  bucket: Bucket,
  { prefix, delimiter, after, maxKeys }: PageQuery,
): Page {
  const objects: [string, StoredObject][] = [];
  const prefixes = new Set<string>();
  let last = "";
  const sorted = [...bucket.objects]
    .filter(([key]) => key.startsWith(prefix) && compareKeys(key, after) > 0)
    .sort(([one], [other]) => compareKeys(one, other));
  for (const [key, object] of sorted) {
    const common = commonPrefix(key, prefix, delimiter);
    // A page that ended with a common prefix is done with all keys under it.
    if (common !== undefined && (common === after || prefixes.has(common))) {
      continue;
    }
    if (objects.length + prefixes.size === maxKeys) {
      // S3 answers a page of no entries as complete.
      return { objects, prefixes: [...prefixes], next: last || undefined };
    }
    if (common === undefined) objects.push([key, object]);
    else prefixes.add(common);
    last = common ?? key;
  }
  return { objects, prefixes: [...prefixes], next: undefined };
}

function entries(
  { objects, prefixes }: Page,
  shown: (name: string) => string,
  account: string | undefined,
): Element[] {
  const owner = account === undefined
    ? []
    : element("Owner", fields({ ID: canonicalId(account) }));
  return [
    ...objects.map(([key, object]) =>
      element(
        "Contents",
        fields({
          Key: shown(key),
          LastModified: shownTime(object.modified),
          ETag: object.etag,
          Size: object.bytes.length,
          StorageClass: object.headers["x-amz-storage-class"] ?? "STANDARD",
        }),
        owner,
      )
    ),
    ...prefixes.map((prefix) =>
      element("CommonPrefixes", element("Prefix", shown(prefix)))
    ),
  ];
}

function readToken(token: string): string {
  try {
    return strictText(fromBase64(token));
  } catch {
    throw new S3Error("InvalidArgument", {
      ArgumentName: "continuation-token",
    });
  }
}
