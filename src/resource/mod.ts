/**
 * S3 as things with verbs, in the manner of boto3's resources:
 * `s3.bucket(name).object(key)`, collections to walk through, narrow and delete.
 *
 * @example Usage
 * ```ts
 * import { resource } from "@inia/aws/resource";
 * import { S3 } from "@inia/aws/s3";
 *
 * const s3 = resource(S3);
 * const photos = s3.bucket("photos");
 * await photos.object("cat.txt").put({ Body: "miaow" });
 * for await (const object of photos.objects.filter({ Prefix: "cat" })) {
 *   console.log(object.key, await object.size());
 * }
 * ```
 *
 * @module
 */
export {
  Collection,
  type CollectionChoice,
  type CollectionSource,
  DeletableCollection,
  type DeletableSource,
  type PageOptions,
} from "./collection.ts";
export {
  type CopyFromOptions,
  type DownloadFileOptions,
  type ListedVersion,
  type ObjectAttributes,
  type ObjectRef,
  ObjectResource,
  type PlaceMember,
  type UploadFileOptions,
} from "./object.ts";
export {
  type BucketFilter,
  BucketResource,
  type ObjectFilter,
  resource,
  S3Resource,
  type UploadFilter,
  type VersionFilter,
} from "./s3.ts";
