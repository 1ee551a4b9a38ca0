/**
 * Tags of objects and buckets.
 *
 * @module
 */
import { answer, bucketOf, empty, type Handler, objectOf } from "./call.ts";
import { S3Error } from "./s3_error.ts";
import type { Tags } from "./store.ts";
import { parseQuery } from "./target.ts";
import { children, element, fields, readXml, textOf } from "./xml.ts";
import type { PlainResponse } from "../http_message.ts";

/** The most tags of an object, and of a bucket. */
const MAX_OBJECT_TAGS = 10;
const MAX_BUCKET_TAGS = 50;

export const putObjectTagging: Handler = (call) => {
  const object = objectOf(call);
  const tags = readTagSet(call.body, MAX_OBJECT_TAGS);
  bucketOf(call).objects.set(call.key, { ...object, tags });
  return empty();
};

export const getObjectTagging: Handler = (call) => tagSet(objectOf(call).tags);

export const deleteObjectTagging: Handler = (call) => {
  const object = objectOf(call);
  bucketOf(call).objects.set(call.key, { ...object, tags: new Map() });
  return empty(204);
};

export const putBucketTagging: Handler = (call) => {
  bucketOf(call).tags = readTagSet(call.body, MAX_BUCKET_TAGS);
  return empty(204);
};

export const getBucketTagging: Handler = (call) => {
  const { tags, name } = bucketOf(call);
  if (tags === undefined) {
    throw new S3Error("NoSuchTagSet", { BucketName: name });
  }
  return tagSet(tags);
};

export const deleteBucketTagging: Handler = (call) => {
  delete bucketOf(call).tags;
  return empty(204);
};

/** Tags as `x-amz-tagging` has them: like a query. */
export function readTagString(value: string): Tags {
  return checked(parseQuery(value), MAX_OBJECT_TAGS);
}

function readTagSet(body: Uint8Array, most: number): Tags {
  const root = readXml(body, "Tagging");
  const tags = children(root, "TagSet")
    .flatMap((set) => children(set, "Tag"))
    .map((tag) =>
      [textOf(tag, "Key") ?? "", textOf(tag, "Value") ?? ""] as const
    );
  return checked(tags, most);
}

function checked(
  pairs: readonly (readonly [key: string, value: string])[],
  most: number,
): Tags {
  const tags = new Map(pairs);
  const fits = [...tags].every(([key, value]) =>
    key !== "" && key.length <= 128 && value.length <= 256
  );
  if (!fits || tags.size < pairs.length || tags.size > most) {
    throw new S3Error(
      "InvalidTag",
      {},
      `There may be up to ${most} tags, each key once, with up to 128 characters, and values up to 256`,
    );
  }
  return tags;
}

function tagSet(tags: Tags): PlainResponse {
  const set = [...tags].map(([Key, Value]) =>
    element("Tag", fields({ Key, Value }))
  );
  return answer(element("Tagging", element("TagSet", set)));
}
