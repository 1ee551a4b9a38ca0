/**
 * What describes an object beside its bytes: content headers, metadata, tags.
 *
 * @module
 */
import { encodeParam } from "../foundation/bytes.ts";
import { AwsError, ServiceError, withMessage } from "../foundation/errors.ts";
import type {
  CompleteMultipartUploadOutput,
  CopyObjectInput,
  GetObjectAnnotationInput,
  HeadObjectOutput,
  S3,
} from "../services/s3/mod.ts";
import { type Names, pick } from "./multipart.ts";
import { callOptions } from "./options.ts";
import { nameOf, type RemoteObject } from "./remote_object.ts";

/** Members that S3 either copies all of, or none. */
const DESCRIPTION: Names<
  & keyof CopyObjectInput
  & (`Content${string}` | "CacheControl" | "Expires" | "Metadata")
> = {
  CacheControl: true,
  ContentDisposition: true,
  ContentEncoding: true,
  ContentLanguage: true,
  ContentType: true,
  Expires: true,
  Metadata: true,
};

/** How a copy is described. */
export type Description = Pick<
  CopyObjectInput,
  keyof typeof DESCRIPTION | "MetadataDirective"
>;

/**
 * Describes a copy: what is given wins, the rest is that of the source. Where
 * nothing is given, S3 does that by itself.
 *
 * @param given What is given.
 * @param source The source.
 */
export function descriptionOf(
  given: Omit<Description, "MetadataDirective">,
  source: HeadObjectOutput,
): Description {
  const own = pick(given, DESCRIPTION);
  return Object.keys(own).length === 0 ? {} : {
    ...pick(withoutFraming(source), DESCRIPTION),
    ...own,
    MetadataDirective: "REPLACE",
  };
}

/**
 * Some stores keep what says only how the body of an upload was framed; a copy
 * has no body.
 */
function withoutFraming(
  { ContentEncoding, ...source }: HeadObjectOutput,
): HeadObjectOutput {
  const codings = (ContentEncoding ?? "").split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "aws-chunked");
  return codings.length === 0
    ? source
    : { ...source, ContentEncoding: codings.join(",") };
}

/**
 * Gets the tags of an object, as an input states them.
 *
 * @param s3 The client.
 * @param object The object.
 * @param signal Ends the call early.
 * @returns The tags; empty where there are none, or the store has no tags;
 * `undefined` where they may not be read.
 */
export async function tagsOf(
  s3: S3,
  { request }: RemoteObject,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const { TagSet } = await s3.getObjectTagging(
      pick(request, TAGGED),
      callOptions({ signal }),
    );
    return TagSet.map(({ Key, Value }) => encodeParam([Key, Value])).join("&");
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.status === 501) return "";
    if (error.status === 403) return undefined;
    throw error;
  }
}

/** What says whose tags are asked for. */
const TAGGED: Names<
  "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer" | "VersionId"
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
  VersionId: true,
};

/** What says whose annotations are meant. */
const ANNOTATED: Names<
  "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer" | "VersionId"
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
  VersionId: true,
};

/**
 * Whether a store may have annotations: Amazon's hosts do. Others may take the
 * question for that after the object itself, and send all of it.
 *
 * @param s3 The client.
 */
export async function mayBeAnnotated({ core }: S3): Promise<boolean> {
  const { endpointUrl } = await core.settings?.() ?? {};
  return core.settings !== undefined &&
    (endpointUrl === undefined ||
      /\.amazonaws\.com(\.cn)?$/.test(new URL(endpointUrl).hostname));
}

/**
 * Lists the annotations of an object.
 *
 * @param s3 The client.
 * @param object The object.
 * @param signal Ends the call early.
 * @returns Their names; `undefined` where they may not be read.
 */
export async function annotationsOf(
  s3: S3,
  { request }: RemoteObject,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  const names: string[] = [];
  let from: string | undefined;
  try {
    do {
      const page = await s3.listObjectAnnotations({
        ...pick(request, ANNOTATED),
        ...from !== undefined && { ContinuationToken: from },
      }, callOptions({ signal }));
      for (const { AnnotationName } of page.Annotations ?? []) {
        names.push(AnnotationName);
      }
      from = page.NextContinuationToken || undefined;
    } while (from !== undefined);
    return names;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // No annotations in this kind of bucket, or in this region.
    if ([400, 404, 405, 501].includes(error.status)) return names;
    if (error.status === 403) return undefined;
    throw error;
  }
}

/** A copy that has been made, without its annotations. */
interface BareCopy {
  /** The client that reads the source. */
  readonly reader: S3;
  /** The source. */
  readonly source: RemoteObject;
  /** The client that writes the target. */
  readonly writer: S3;
  /** The target. */
  readonly target: Pick<
    CopyObjectInput,
    "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer"
  >;
  /** What S3 answered when it was made. */
  readonly made: CompleteMultipartUploadOutput;
}

/**
 * Writes the annotations of the source to its copy.
 *
 * @param copy The copy.
 * @param names Their names.
 * @param signal Ends the calls early.
 * @throws {AwsError} If one cannot be written; the copy itself is made.
 */
export async function copyAnnotations(
  { reader, source, writer, target, made }: BareCopy,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = callOptions({ signal });
  const from: Omit<GetObjectAnnotationInput, "AnnotationName"> = pick(
    source.request,
    ANNOTATED,
  );
  const { Bucket, Key, ExpectedBucketOwner, RequestPayer } = target;
  for (const AnnotationName of names) {
    try {
      const { AnnotationPayload } = await reader.getObjectAnnotation(
        { ...from, AnnotationName },
        options,
      );
      await writer.putObjectAnnotation({
        Bucket,
        Key,
        ...ExpectedBucketOwner !== undefined && { ExpectedBucketOwner },
        ...RequestPayer !== undefined && { RequestPayer },
        ...made.VersionId && { VersionId: made.VersionId },
        ...made.ETag && { ObjectIfMatch: made.ETag },
        AnnotationName,
        AnnotationPayload: await AnnotationPayload.bytes(),
      }, options);
    } catch (error) {
      if (error instanceof AwsError) {
        withMessage(
          error,
          `${error.message}; ${
            nameOf(target)
          } is copied, but without the annotation "${AnnotationName}" and those after it`,
        );
      }
      throw error;
    }
  }
}
