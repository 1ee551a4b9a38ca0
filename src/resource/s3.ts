/**
 * S3, as a thing with verbs.
 *
 * @module
 */
import type { CallOptions } from "../ports/caller.ts";
import type { ServiceClientClass } from "../ports/service.ts";
import type {
  CreateBucketInput,
  ListBucketsInput,
  S3,
  S3Config,
} from "../services/s3/mod.ts";
import { client, registerResource } from "../session/session.ts";
import { BucketResource, mapped } from "./bucket.ts";
import { Collection, type CollectionSource } from "./collection.ts";
import type { ObjectResource } from "./object.ts";

/** What narrows the buckets of an account, for example `Prefix`. */
export type BucketFilter = Omit<
  ListBucketsInput,
  "ContinuationToken" | "MaxBuckets"
>;

/**
 * S3 in the manner of boto3's resources: things with verbs, on top of a client.
 *
 * @example Usage
 * ```ts ignore
 * import { Session } from "@inia/aws";
 * import { S3Resource } from "@inia/aws/resource";
 * import { S3 } from "@inia/aws/s3";
 *
 * using session = new Session({ profile: "dev" });
 * const s3 = new S3Resource(session.client(S3));
 * for await (const bucket of s3.buckets) console.log(bucket.name);
 * ```
 */
export class S3Resource {
  /** The client that makes the calls. */
  readonly client: S3;

  /**
   * Makes the resource.
   *
   * @param client The client that makes the calls.
   */
  constructor(client: S3) {
    this.client = client;
  }

  /** The buckets of the account. */
  get buckets(): Collection<BucketFilter, BucketResource> {
    return new Collection(bucketSource(this.client));
  }

  /** One bucket. Nothing is sent. */
  bucket(name: string): BucketResource {
    return new BucketResource(this.client, name);
  }

  /** One object. Nothing is sent. */
  object(bucket: string, key: string): ObjectResource {
    return this.bucket(bucket).object(key);
  }

  /** Makes a bucket. */
  async createBucket(
    input: CreateBucketInput,
    options?: CallOptions,
  ): Promise<BucketResource> {
    await this.client.createBucket(input, options);
    return this.bucket(input.Bucket);
  }
}

function bucketSource(
  client: S3,
): CollectionSource<BucketFilter, BucketResource> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxBuckets: pageSize };
      return mapped(
        client.listBucketsPages({ ...filter, ...size }, options),
        ({ Buckets = [] }) =>
          Buckets.map(({ Name }) => new BucketResource(client, Name)),
      );
    },
  };
}

/**
 * Makes the resource of a service on the default session; S3 is the service that
 * has one. For another session: `session.resource(S3)`.
 *
 * @param service The client's class.
 * @param config What differs from the session.
 * @throws {ConfigError} If an option does not exist, or contradicts another.
 */
export function resource(
  service: ServiceClientClass<S3, S3Config>,
  config?: S3Config,
): S3Resource {
  return new S3Resource(client(service, config));
}

registerResource("s3", (client) => new S3Resource(client));
