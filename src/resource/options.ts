/**
 * What is said to objects, and what they say about themselves.
 *
 * @module
 */
import type { CopySourceObject, HeadObjectOutput } from "../services/s3/mod.ts";
import type {
  CopyInput,
  CopyOptions,
  DownloadInput,
  DownloadOptions,
  UploadInput,
  UploadOptions,
} from "../transfer/mod.ts";

/** Where an object is. */
export type ObjectPlace = CopySourceObject;

/** What an object is like, as S3 says it without the content. */
export type ObjectAttributes = Omit<HeadObjectOutput, "ResponseMetadata">;

/** The members of an input that say where an object is. */
export type PlaceMember = "Bucket" | "Key" | "VersionId";

/** What may be said about making an object a copy. */
export interface CopyFromOptions extends CopyOptions {
  /** What differs from the source. */
  readonly input?: Partial<Omit<CopyInput, PlaceMember | "CopySource">>;
}

/** What may be said about writing a file as an object. */
export interface UploadFileOptions extends UploadOptions {
  /** What the object gets beside the content, for example `ContentType`. */
  readonly input?: Partial<Omit<UploadInput, PlaceMember | "Body">>;
}

/** What may be said about writing an object to a file. */
export interface DownloadFileOptions extends DownloadOptions {
  /** Further parameters, for example the customer's key. */
  readonly input?: Partial<Omit<DownloadInput, PlaceMember>>;
}
