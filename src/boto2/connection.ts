/**
 * A connection to S3 in the manner of boto 2.
 *
 * @module
 */
import { PartialCredentialsError } from "../foundation/errors.ts";
import {
  requireBucket,
  S3,
  type S3Config,
  statBucket,
} from "../services/s3/mod.ts";
import { Session } from "../session/session.ts";
import { Bucket } from "./bucket.ts";

/** What may be said about a connection, beside its key. */
export interface ConnectS3Options extends Omit<S3Config, "credentials"> {
  /** Token of temporary credentials. */
  readonly sessionToken?: string;
  /** The session to use. It stays yours. Default: one of the connection's own. */
  readonly session?: Session;
}

/** What may be said about getting a bucket. */
export interface GetBucketOptions {
  /** Whether to ask whether it is there, with a HEAD request. Default: `true`. */
  readonly validate?: boolean;
}

/**
 * Connects to S3, as `boto.connect_s3` does. Nothing is sent.
 *
 * @param accessKeyId Public part of the key. Default: the credential chain.
 * @param secretAccessKey Secret part of the key.
 * @param options What differs from the defaults.
 * @throws {PartialCredentialsError} If one half of the key is missing.
 *
 * @example Read an object
 * ```ts ignore
 * import { connectS3, MemoryFile } from "@inia/aws/boto2";
 *
 * using connection = connectS3(accessKeyId, secretAccessKey);
 * const bucket = await connection.getBucket("videos");
 * const key = await bucket.getKey("HLS/sample.m3u8");
 * if (key === null) throw new Error("no such video");
 * const file = new MemoryFile();
 * await key.getContentsToFile(file);
 * console.log(file.text());
 * ```
 */
export function connectS3(
  accessKeyId?: string,
  secretAccessKey?: string,
  options: ConnectS3Options = {},
): S3Connection {
  const { sessionToken, session, ...config } = options;
  if (accessKeyId === undefined && secretAccessKey === undefined) {
    return new S3Connection(config, session);
  }
  if (!accessKeyId || !secretAccessKey) {
    const [missing, place] = accessKeyId ? ["secret", "2"] : ["id", "1"];
    throw new PartialCredentialsError(
      "connectS3",
      `the ${missing} of the key is missing; it is argument ${place}`,
    );
  }
  const key = { accessKeyId, secretAccessKey };
  const credentials = sessionToken === undefined
    ? key
    : { ...key, sessionToken };
  return new S3Connection({ ...config, credentials }, session);
}

/** A connection to S3. */
export class S3Connection implements Disposable {
  /** The client that makes the calls, for all that boto 2 does not have. */
  readonly client: S3;

  readonly #own: Session | undefined;

  /**
   * Makes a connection. Most programs use {@linkcode connectS3} instead.
   *
   * @param config Settings of its client.
   * @param session The session to use. Default: one of its own.
   */
  constructor(config: S3Config, session?: Session) {
    const used = session ?? new Session();
    this.#own = used === session ? undefined : used;
    this.client = used.client(S3, config);
  }

  /**
   * Gets a bucket.
   *
   * @param name Its name.
   * @param options Whether to ask whether it is there.
   * @throws {ServiceError} 404, if there is no such bucket; 403, if it may not be
   * listed: the message tells them apart.
   */
  async getBucket(
    name: string,
    { validate = true }: GetBucketOptions = {},
  ): Promise<Bucket> {
    if (validate) await requireBucket(this.client, { Bucket: name });
    return new Bucket(this.client, name);
  }

  /**
   * Looks for a bucket.
   *
   * @param name Its name.
   * @returns The bucket; `null` where there is none.
   * @throws {ServiceError} 403, if it may not be listed.
   */
  async lookup(name: string): Promise<Bucket | null> {
    const facts = await statBucket(this.client, { Bucket: name });
    return facts === null ? null : new Bucket(this.client, name);
  }

  /** Gets all buckets of the account. */
  async getAllBuckets(): Promise<Bucket[]> {
    const buckets = await Array.fromAsync(this.client.listBucketsItems());
    return buckets.map(({ Name }) => new Bucket(this.client, Name));
  }

  /**
   * Makes a bucket.
   *
   * @param name Its name.
   * @param location Region it is to be in. Default: `us-east-1`.
   */
  async createBucket(name: string, location?: string): Promise<Bucket> {
    await this.client.createBucket({
      Bucket: name,
      ...location === undefined ? {} : {
        CreateBucketConfiguration: { LocationConstraint: location },
      },
    });
    return new Bucket(this.client, name);
  }

  /** Deletes a bucket, which must be empty. */
  async deleteBucket(name: string): Promise<void> {
    await this.client.deleteBucket({ Bucket: name });
  }

  /** Closes the connections, unless the session is yours. */
  [Symbol.dispose](): void {
    this.#own?.[Symbol.dispose]();
  }
}
