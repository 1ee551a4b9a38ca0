/**
 * Transfers of any size: uploads and downloads in parts, several at a time, that
 * can go on after a crash; copies, and deletes of many objects. Thin functions
 * over a client of S3, which does the retries.
 *
 * @example Usage
 * ```ts ignore
 * import { Session } from "@inia/aws";
 * import { S3 } from "@inia/aws/s3";
 * import { download, file, upload } from "@inia/aws/transfer";
 *
 * using session = new Session();
 * const s3 = session.client(S3);
 * const object = { Bucket: "photos", Key: "cat.mp4" };
 *
 * await upload(s3, { ...object, Body: file("cat.mp4") });
 * await download(s3, object, file("copy.mp4"));
 * ```
 *
 * @module
 */
export { type ObjectChange, ObjectChangedError } from "../foundation/errors.ts";
export { copy } from "./copy.ts";
export type {
  CopyInput,
  CopyOptions,
  CopyResult,
  MultipartCopy,
  SingleCopy,
} from "./copy.ts";
export { deleteMany } from "./delete_many.ts";
export type { DeleteManyOptions, DeleteResult } from "./delete_many.ts";
export { download, downloadBytes, downloadStream } from "./download.ts";
export type {
  Downloaded,
  DownloadedBytes,
  DownloadedFile,
  DownloadedStream,
  DownloadOptions,
  StreamOptions,
} from "./download.ts";
export { deleteBucketWithObjects, emptyBucket } from "./empty_bucket.ts";
export type {
  DeletedBucket,
  EmptiedBucket,
  EmptyBucketOptions,
} from "./empty_bucket.ts";
export { file } from "./local_file.ts";
export type { LocalFile } from "./local_file.ts";
export type {
  PartOptions,
  TransferOptions,
  TransferProgress,
} from "./options.ts";
export type { DownloadInput } from "./remote_object.ts";
export type { ResumedUpload } from "./resume_upload.ts";
export {
  abortUnfinishedUploads,
  listUnfinishedUploads,
} from "./unfinished_uploads.ts";
export type {
  AbortUploadsOptions,
  UnfinishedUploadsOptions,
} from "./unfinished_uploads.ts";
export { upload } from "./upload.ts";
export type {
  MultipartUploaded,
  SingleUpload,
  UploadInput,
  UploadOptions,
  UploadResult,
} from "./upload.ts";
export type { UploadBody } from "./upload_body.ts";
