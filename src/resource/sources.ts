/**
 * Where the collections of a bucket get their items from.
 *
 * @module
 */
import type {
  DeleteMarkerEntry,
  ListedObject,
  ListMultipartUploadsInput,
  ListObjectsV2Input,
  ListObjectVersionsInput,
  MultipartUpload,
  ObjectIdentifier,
  ObjectVersion,
  S3,
} from "../services/s3/mod.ts";
import type { CollectionSource, DeletableSource } from "./collection.ts";
import { deleteMany } from "../transfer/mod.ts";
import { ObjectResource } from "./object.ts";
import type { ObjectAttributes } from "./options.ts";

/** The objects of a bucket. */
export function objectSource(
  client: S3,
  bucket: string,
): DeletableSource<ListObjectsV2Input, ObjectResource> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxKeys: pageSize };
      const input = { ...filter, Bucket: bucket, ...size };
      return mapped(
        client.listObjectsV2Pages(input, options),
        ({ Contents = [] }) =>
          Contents.map((listed) => {
            const place = { Bucket: bucket, Key: listed.Key };
            return new ObjectResource(client, place, attributesOf(listed));
          }),
      );
    },
    delete: (items, options) =>
      deleteMany(client, bucket, identitiesOf(items), options),
  };
}

/** The versions and delete markers of a bucket. */
export function versionSource(
  client: S3,
  bucket: string,
): DeletableSource<ListObjectVersionsInput, ObjectResource> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxKeys: pageSize };
      const input = { ...filter, Bucket: bucket, ...size };
      return mapped(
        client.listObjectVersionsPages(input, options),
        ({ Versions = [], DeleteMarkers = [] }) => [
          ...Versions.map((listed) => versionOf(client, bucket, listed, false)),
          ...DeleteMarkers.map((marker) =>
            versionOf(client, bucket, marker, true)
          ),
        ],
      );
    },
    delete: (items, options) =>
      deleteMany(client, bucket, identitiesOf(items), options),
  };
}

/** One version, or one delete marker, with what the listing says of it. */
function versionOf(
  client: S3,
  bucket: string,
  listed: DeleteMarkerEntry | ObjectVersion,
  isDeleteMarker: boolean,
): ObjectResource {
  const { Key, VersionId, IsLatest } = listed;
  return new ObjectResource(
    client,
    { Bucket: bucket, Key, ...VersionId === undefined ? {} : { VersionId } },
    attributesOf(listed),
    {
      isDeleteMarker,
      ...IsLatest === undefined ? {} : { isLatest: IsLatest },
    },
  );
}

/** The unfinished uploads of a bucket. */
export function uploadSource(
  client: S3,
  bucket: string,
): CollectionSource<ListMultipartUploadsInput, MultipartUpload> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxUploads: pageSize };
      const input = { ...filter, Bucket: bucket, ...size };
      return mapped(
        client.listMultipartUploadsPages(input, options),
        ({ Uploads = [] }) => Uploads,
      );
    },
  };
}

/**
 * What each page of a listing holds.
 *
 * @param pages The pages.
 * @param items Takes the items out of one.
 */
export async function* mapped<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[],
): AsyncGenerator<readonly Item[], void, void> {
  for await (const page of pages) yield items(page);
}

/** What a listing says about an object, in the words of HEAD. */
function attributesOf(
  { ETag, LastModified, Size, StorageClass }: Partial<
    Pick<ListedObject, "ETag" | "LastModified" | "Size" | "StorageClass">
  >,
): ObjectAttributes {
  return {
    ...ETag === undefined ? {} : { ETag },
    ...LastModified === undefined ? {} : { LastModified },
    ...Size === undefined ? {} : { ContentLength: Size },
    ...StorageClass === undefined ? {} : { StorageClass },
  };
}

async function* identitiesOf(
  objects: AsyncIterable<ObjectResource>,
): AsyncGenerator<ObjectIdentifier, void, void> {
  for await (const { place } of objects) {
    const { Bucket: _same, ...identity } = place;
    yield identity;
  }
}
