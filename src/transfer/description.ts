/**
 * What describes an object beside its bytes: content headers, metadata, tags.
 *
 * @module
 */
import { ServiceError } from "../foundation/errors.ts";
import { encodeParam } from "../foundation/bytes.ts";
import type {
  CopyObjectInput,
  HeadObjectOutput,
  S3,
} from "../services/s3/mod.ts";
import { type Names, pick } from "./members.ts";
import { callOptions } from "./options.ts";
import type { RemoteObject } from "./remote_object.ts";

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
