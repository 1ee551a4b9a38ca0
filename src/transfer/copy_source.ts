/**
 * The object that is copied, as it is when the copy begins.
 *
 * @module
 */
import {
  ObjectChangedError,
  ServiceError,
  ValidationError,
} from "../foundation/errors.ts";
import type {
  CopyObjectInput,
  CopySourceObject,
  S3,
} from "../services/s3/mod.ts";
import { type Names, pick } from "./members.ts";
import { maybeWritten } from "../services/s3/lost_answer.ts";
import {
  changeOf,
  type DownloadInput,
  inspect,
  nameOf,
  type RemoteObject,
} from "./remote_object.ts";

/** An object that is copied. */
export interface CopySource extends RemoteObject {
  /** Members of each call that copies from it. */
  readonly members: Pick<CopyObjectInput, keyof typeof SOURCE_MEMBERS>;
  /** Binds the calls that copy from it to its being the same. */
  readonly bond: SourceBond;
}

/** Conditions on the source of a copy. */
type SourceConditions = Pick<
  CopyObjectInput,
  "CopySourceIfMatch" | "CopySourceIfUnmodifiedSince"
>;

/** What a call that copies says about the source. */
const SOURCE_MEMBERS: Names<
  | "CopySource"
  | "CopySourceSSECustomerAlgorithm"
  | "CopySourceSSECustomerKey"
  | "CopySourceSSECustomerKeyMD5"
  | "ExpectedSourceBucketOwner"
> = {
  CopySource: true,
  CopySourceSSECustomerAlgorithm: true,
  CopySourceSSECustomerKey: true,
  CopySourceSSECustomerKeyMD5: true,
  ExpectedSourceBucketOwner: true,
};

/**
 * Looks at the source of a copy.
 *
 * @param s3 The client.
 * @param input The copy.
 * @param signal Ends the look early.
 * @throws {ServiceError} If it is not there, or the conditions do not hold.
 */
export async function inspectSource(
  s3: S3,
  input: CopyObjectInput,
  signal: AbortSignal | undefined,
): Promise<CopySource> {
  const asked = askedOf(input);
  const object = await inspect(s3, asked, signal);
  return {
    ...object,
    members: pick(input, SOURCE_MEMBERS),
    bond: new SourceBond(object, async () => {
      const {
        IfMatch: _match,
        IfModifiedSince: _since,
        IfNoneMatch: _noneMatch,
        IfUnmodifiedSince: _unmodifiedSince,
        ...again
      } = asked;
      return await inspect(s3, again, signal);
    }),
  };
}

/**
 * Binds calls to a source that must not change. A weak ETag never matches, and
 * some stores cannot match the one that they give: then the time of the last
 * change is the condition, and at last a look when all is done.
 */
export class SourceBond {
  readonly #source: RemoteObject;
  readonly #look: () => Promise<RemoteObject>;
  readonly #conditions: readonly SourceConditions[];
  #level = 0;

  /**
   * Makes a bond.
   *
   * @param source The source as it was when the copy began.
   * @param look Looks at it again.
   */
  constructor(source: RemoteObject, look: () => Promise<RemoteObject>) {
    const { ETag, LastModified } = source.head;
    this.#source = source;
    this.#look = look;
    this.#conditions = [
      ...ETag && !ETag.startsWith("W/") ? [{ CopySourceIfMatch: ETag }] : [],
      ...LastModified ? [{ CopySourceIfUnmodifiedSince: LastModified }] : [],
      {},
    ];
  }

  /**
   * Makes a call under the condition, and under a weaker one where the store
   * refuses it although the source is the same.
   *
   * @param call The call.
   * @param conditional Whether its target is bound to a condition, too, which is
   * refused in the same words.
   * @throws {ObjectChangedError} If the source was replaced or removed.
   */
  async bind<T>(
    call: (conditions: SourceConditions) => Promise<T>,
    conditional = false,
  ): Promise<T> {
    for (;;) {
      const level = this.#level;
      const conditions = this.#conditions[level] ?? {};
      try {
        return await call(conditions);
      } catch (error) {
        const failure = changeOf(error, this.#source);
        const refused = error instanceof ServiceError && error.status === 412;
        if (!refused || (conditional && maybeWritten(error))) {
          throw conditional && refused ? error : failure;
        }
        if (!await this.#isSame()) throw failure;
        if (Object.keys(conditions).length === 0) {
          throw conditional ? error : failure;
        }
        this.#level = Math.max(this.#level, level + 1);
      }
    }
  }

  /**
   * Looks at the source when all is done, where no condition held.
   *
   * @throws {ObjectChangedError} If it is another one.
   */
  async verify(): Promise<void> {
    const conditions = this.#conditions[this.#level] ?? {};
    if (Object.keys(conditions).length > 0) return;
    if (this.#level === 0 && !this.#source.head.ETag) return;
    if (await this.#isSame()) return;
    throw new ObjectChangedError("replaced", nameOf(this.#source.request));
  }

  async #isSame(): Promise<boolean> {
    try {
      const { head, size } = await this.#look();
      const { ETag, LastModified } = this.#source.head;
      return size === this.#source.size && head.ETag === ETag &&
        head.LastModified?.getTime() === LastModified?.getTime();
    } catch (error) {
      throw changeOf(error, this.#source);
    }
  }
}

/** The same source where it is only looked at. */
function askedOf(input: CopyObjectInput): DownloadInput {
  const {
    CopySourceIfMatch: match,
    CopySourceIfModifiedSince: since,
    CopySourceIfNoneMatch: noneMatch,
    CopySourceIfUnmodifiedSince: unmodifiedSince,
    CopySourceSSECustomerAlgorithm: algorithm,
    CopySourceSSECustomerKey: key,
    CopySourceSSECustomerKeyMD5: keyMd5,
    ExpectedSourceBucketOwner: owner,
    RequestPayer,
  } = input;
  return {
    ...sourceObject(input.CopySource),
    ...match && { IfMatch: match },
    ...since && { IfModifiedSince: since },
    ...noneMatch && { IfNoneMatch: noneMatch },
    ...unmodifiedSince && { IfUnmodifiedSince: unmodifiedSince },
    ...algorithm && { SSECustomerAlgorithm: algorithm },
    ...key && { SSECustomerKey: key },
    ...keyMd5 && { SSECustomerKeyMD5: keyMd5 },
    ...owner && { ExpectedBucketOwner: owner },
    ...RequestPayer && { RequestPayer },
  };
}

/**
 * Takes the text of a copy source apart: `bucket/key`, or `arn/object/key` with
 * the ARN of an access point, and a version behind `?versionId=`.
 *
 * @param source The source.
 * @throws {ValidationError} If it has no key.
 */
export function sourceObject(
  source: CopySourceObject | string,
): CopySourceObject {
  if (typeof source !== "string") return source;
  const pattern =
    /^\/?(arn:.*?(?=\/object\/)|[^/]+)\/(.+?)(?:\?versionId=(\S+))?$/s;
  const [, Bucket, path, VersionId] = pattern.exec(source) ?? [];
  if (Bucket === undefined || path === undefined) {
    throw new ValidationError("copy", [{
      path: "CopySource",
      problem: "must be a bucket and a key with a slash between them",
    }]);
  }
  const Key = Bucket.startsWith("arn:") ? path.replace("object/", "") : path;
  return { Bucket, Key, ...VersionId === undefined ? {} : { VersionId } };
}
