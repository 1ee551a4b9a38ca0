/**
 * Transfers of any size: uploads and downloads in parts, several at a time, that
 * can go on after a crash; copies, and deletes of many objects. Thin functions
 * over a client of S3, which does the retries.
 *
 * @example Usage
 * ```ts
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
export { compose } from "./compose.ts";
export type {
  ComposeInput,
  ComposeOptions,
  ComposeResult,
  ComposeSource,
  MultipartCompose,
  SingleCompose,
} from "./compose.ts";
export { copy } from "./copy.ts";
export type {
  CopyInput,
  CopyOptions,
  CopyResult,
  MultipartCopy,
  SingleCopy,
} from "./copy.ts";
export {
  deleteBucketWithObjects,
  type DeletedBucket,
  deleteMany,
  type DeleteManyOptions,
  type DeleteResult,
  type EmptiedBucket,
  emptyBucket,
  type EmptyBucketOptions,
} from "./delete.ts";
export { download, downloadBytes, downloadStream } from "./download.ts";
export type {
  DownloadedBytes,
  DownloadedFile,
  DownloadedStream,
  DownloadOptions,
  DownloadResult,
  StreamOptions,
} from "./download.ts";
export { move, type MoveResult } from "./move.ts";
export { file } from "./local_file.ts";
export type { LocalFile } from "./local_file.ts";
export type {
  PartOptions,
  TransferOptions,
  TransferProgress,
} from "./options.ts";
export type { DownloadInput } from "./remote_object.ts";
export {
  abortUnfinishedUploads,
  type AbortUploadsOptions,
  listUnfinishedUploads,
  type ResumedUpload,
  type UnfinishedUploadsOptions,
} from "./multipart.ts";
export {
  type MultipartUploadResult,
  type SingleUploadResult,
  upload,
  type UploadBody,
  type UploadInput,
  type UploadOptions,
  type UploadResult,
} from "./upload.ts";
export { folder, folderFilter } from "./folder_listing.ts";
export type {
  FolderFilter,
  FolderObjects,
  LocalFolder,
  SkippedItem,
  SkipReason,
} from "./folder_listing.ts";
export type {
  FolderComparison,
  FolderRefusal,
  FolderStep,
  PlannedSteps,
} from "./folder_plan.ts";
export {
  downloadFolder,
  planFolder,
  syncFolder,
  uploadFolder,
} from "./folders.ts";
export type { FolderOptions, FolderPlan } from "./folders.ts";
export type {
  FolderFailure,
  FolderItemOptions,
  FolderProgress,
  FolderResult,
  FolderRunOptions,
} from "./folder_run.ts";
