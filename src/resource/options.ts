/**
 * What is said to objects, and what they say about themselves.
 *
 * @module
 */
import { ValidationError } from "../foundation/errors.ts";
import type { OptionKinds } from "../foundation/options.ts";
import type { CopySourceObject, HeadObjectOutput } from "../services/s3/mod.ts";
import { COPY_OPTIONS } from "../transfer/copy.ts";
import { DOWNLOAD_OPTIONS } from "../transfer/download.ts";
import { UPLOAD_OPTIONS } from "../transfer/upload.ts";
import type {
  CopyInput,
  CopyOptions,
  DownloadInput,
  DownloadOptions,
  UploadInput,
  UploadOptions,
} from "../transfer/mod.ts";

/** Where an object is. */
export type ObjectRef = CopySourceObject;

/** What an object is like, as S3 says it without the content. */
export type ObjectAttributes = Omit<HeadObjectOutput, "ResponseMetadata">;

/** What a listing of versions says about one of them. */
export interface ListedVersion {
  /** Whether it is the newest one. */
  readonly isLatest?: boolean;
  /** Whether it is a delete marker. */
  readonly isDeleteMarker?: boolean;
}

/** The members of an input that say where an object is. */
export type PlaceMember = "Bucket" | "Key" | "VersionId";

/**
 * Refuses parameters that name another object than the resource is.
 *
 * @param verb Name of the verb, for the error.
 * @param input The parameters.
 * @param place What the resource is.
 * @throws {ValidationError} With all that differs.
 */
export function refuseOther(
  verb: string,
  input: object,
  place: Readonly<Partial<Record<PlaceMember, string>>>,
): void {
  const given = new Map<string, unknown>(Object.entries(input));
  const problems = Object.entries(place).flatMap(([path, own]) => {
    const value = given.get(path);
    if (value === undefined || value === own) return [];
    return [{ path, problem: "is that of the resource: leave it out" }];
  });
  if (problems.length > 0) throw new ValidationError(verb, problems);
}

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

/** The options of the verbs that transfer. */
export const COPY_FROM_OPTIONS: OptionKinds<CopyFromOptions> = {
  ...COPY_OPTIONS,
  input: "object",
};

/** The options of writing a file as an object. */
export const UPLOAD_FILE_OPTIONS: OptionKinds<UploadFileOptions> = {
  ...UPLOAD_OPTIONS,
  input: "object",
};

/** The options of writing an object to a file. */
export const DOWNLOAD_FILE_OPTIONS: OptionKinds<DownloadFileOptions> = {
  ...DOWNLOAD_OPTIONS,
  input: "object",
};
