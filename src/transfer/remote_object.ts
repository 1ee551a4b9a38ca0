/**
 * An object that is downloaded: what it is like when the download begins, and
 * what came of it when it ends otherwise.
 *
 * @module
 */
import {
  checksumToVerify,
  type ExpectedChecksum,
} from "../foundation/checksums.ts";
import { ProtocolError, ServiceError } from "../foundation/errors.ts";
import { ObjectChangedError } from "../foundation/object_changed_error.ts";
import {
  type GetObjectInput,
  type HeadObjectOutput,
  requireObject,
  type S3,
} from "../services/s3/mod.ts";
import { callOptions } from "./options.ts";

/** Codes of an object that is not there; nothing else may be missing. */
const GONE = ["NoSuchKey", "NoSuchVersion"];

/** What is downloaded: the parameters of GetObject, without those for a piece. */
export interface DownloadInput
  extends Omit<GetObjectInput, "ChecksumMode" | "PartNumber" | "Range"> {}

/** An object, as it is when the download begins. */
export interface RemoteObject {
  /** How a piece of it is asked for, and nothing else than it. */
  readonly request: GetObjectInput;
  /** Its length, in bytes. */
  readonly size: number;
  /** Its checksum, where there is one of all its bytes. */
  readonly checksum: ExpectedChecksum | undefined;
  /** All that the service tells of it. */
  readonly head: HeadObjectOutput;
}

/**
 * Looks at an object before its bytes are asked for.
 *
 * @param s3 The client.
 * @param input The object.
 * @param signal Ends the look early.
 * @throws {ServiceError} If it is not there, or the conditions do not hold.
 */
export async function inspect(
  s3: S3,
  input: DownloadInput,
  signal: AbortSignal | undefined,
): Promise<RemoteObject> {
  const head = await requireObject(
    s3,
    { ...input, ChecksumMode: "ENABLED" },
    callOptions({ signal }),
  );
  const { ContentLength: size, ETag } = head;
  checkSize(size, input);
  const {
    IfMatch: _match,
    IfModifiedSince: _since,
    IfNoneMatch: _noneMatch,
    IfUnmodifiedSince: _unmodifiedSince,
    ...request
  } = input;
  return {
    request: { ...request, ...ETag && { IfMatch: ETag } },
    size,
    checksum: checksumToVerify(head.ResponseMetadata.HTTPHeaders),
    head,
  };
}

/**
 * The largest object, 48.8 TiB: 10 000 parts of 5 GiB. Source: "Amazon S3
 * multipart upload limits", User Guide, userguide/qfacts.html, as of 2026.
 */
const LARGEST = 10_000 * 5 * 1_024 ** 3;

function checkSize(
  size: number | undefined,
  input: DownloadInput,
): asserts size is number {
  const problem = size === undefined
    ? "the answer to HeadObject lacks its length"
    : Number.isInteger(size) && size >= 0 && size <= LARGEST
    ? undefined
    : `the answer to HeadObject states a length of ${size} bytes, and an object has 0 to ${LARGEST}`;
  if (problem === undefined) return;
  throw new ProtocolError(`Cannot download ${nameOf(input)}: ${problem}`);
}

/**
 * Tells an object that has changed from other reasons for a refusal.
 *
 * @param error What ended a request for a piece of it.
 * @param object The object.
 */
export function changeOf(error: unknown, object: RemoteObject): unknown {
  if (!(error instanceof ServiceError)) return error;
  // A range that lies behind the end, where the object has become shorter.
  const replaced = error.status === 412 || error.status === 416;
  if (!replaced && !GONE.includes(error.code)) return error;
  const kind = replaced ? "replaced" : "removed";
  return new ObjectChangedError(kind, nameOf(object.request), { cause: error });
}

/** An object in words, for errors. */
export function nameOf(
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): string {
  return `"${Key}" of bucket "${Bucket}"`;
}
