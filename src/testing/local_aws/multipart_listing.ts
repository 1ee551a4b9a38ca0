/**
 * Listings of uploads that have not ended, and of their parts.
 *
 * @module
 */
import {
  answer,
  bucketOf,
  type Call,
  canonicalId,
  countParam,
  type Handler,
  param,
  shownTime,
  uploadOf,
} from "./call.ts";
import { commonPrefix, encoder } from "./listing.ts";
import { type Bucket, compareKeys, type Upload } from "./store.ts";
import { type Element, element, fields } from "./xml.ts";

/** The most entries of one page. */
const MAX_ENTRIES = 1_000;

export const listParts: Handler = (call) => {
  const upload = uploadOf(call);
  const marker = countParam(call, "part-number-marker", 0);
  const most = Math.min(
    countParam(call, "max-parts", MAX_ENTRIES),
    MAX_ENTRIES,
  );
  const rest = [...upload.parts].filter(([number]) => number > marker)
    .sort(([one], [other]) => one - other);
  const page = rest.slice(0, most);
  return answer(element(
    "ListPartsResult",
    fields({
      Bucket: call.bucket,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.[0] ?? 0,
      MaxParts: most,
      IsTruncated: rest.length > page.length,
    }),
    page.map(([number, part]) =>
      element(
        "Part",
        fields({
          PartNumber: number,
          LastModified: shownTime(part.modified),
          ETag: part.etag,
          Size: part.bytes.length,
        }),
      )
    ),
    element("Owner", fields({ ID: canonicalId(call.caller.account) })),
    element("StorageClass", "STANDARD"),
  ));
};

export const listMultipartUploads: Handler = (call) => {
  const bucket = bucketOf(call);
  const shown = encoder(call);
  const prefix = param(call, "prefix") ?? "";
  const delimiter = param(call, "delimiter") ?? "";
  const most = Math.min(
    countParam(call, "max-uploads", MAX_ENTRIES),
    MAX_ENTRIES,
  );
  const rest = laterUploads(call, bucket);
  const folderOf = ({ key }: Upload): string | undefined =>
    commonPrefix(key, prefix, delimiter);
  const own = rest.filter((upload) => folderOf(upload) === undefined);
  const folders = new Set(
    rest.map(folderOf).filter((name) => name !== undefined),
  );
  const page = own.slice(0, most);
  return answer(element(
    "ListMultipartUploadsResult",
    fields({
      Bucket: bucket.name,
      KeyMarker: shown(param(call, "key-marker") ?? ""),
      UploadIdMarker: param(call, "upload-id-marker") ?? "",
      NextKeyMarker: shown(page.at(-1)?.key ?? ""),
      NextUploadIdMarker: page.at(-1)?.id ?? "",
      Prefix: shown(prefix),
      Delimiter: delimiter === "" ? undefined : shown(delimiter),
      EncodingType: param(call, "encoding-type"),
      MaxUploads: most,
      IsTruncated: own.length > page.length,
    }),
    page.map((upload) => uploadElement(upload, shown)),
    [...folders].map((name) =>
      element("CommonPrefixes", element("Prefix", shown(name)))
    ),
  ));
};

/** The uploads that a call asks for and that come behind its markers. */
function laterUploads(call: Call, { uploads }: Bucket): Upload[] {
  const prefix = param(call, "prefix") ?? "";
  const keyMarker = param(call, "key-marker") ?? "";
  const idMarker = param(call, "upload-id-marker") ?? "";
  const isLater = ({ key, id }: Upload): boolean => {
    const order = compareKeys(key, keyMarker);
    return order > 0 || (order === 0 && idMarker !== "" && id > idMarker);
  };
  return [...uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix) && isLater(upload))
    .sort((one, other) =>
      compareKeys(one.key, other.key) || compareKeys(one.id, other.id)
    );
}

function uploadElement(
  { key, id, initiated }: Upload,
  shown: (name: string) => string,
): Element {
  return element(
    "Upload",
    fields({
      Key: shown(key),
      UploadId: id,
      StorageClass: "STANDARD",
      Initiated: shownTime(initiated),
    }),
  );
}
