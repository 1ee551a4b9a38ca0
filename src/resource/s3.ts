/**
 * S3 and its buckets, as things with verbs.
 *
 * @module
 */
import type { CallOptions } from "../ports/caller.ts";
import type { ServiceClientClass } from "../ports/service.ts";
import {
  type CreateBucketInput,
  type CreateBucketOutput,
  type DeleteBucketOutput,
  type DeleteMarkerEntry,
  type ListBucketsInput,
  type ListedObject,
  type ListMultipartUploadsInput,
  type ListObjectsV2Input,
  type ListObjectVersionsInput,
  type MultipartUpload,
  type ObjectIdentifier,
  type ObjectVersion,
  type PutObjectInput,
  requireBucket,
  type S3,
  type S3Config,
  statBucket,
  type WaitOptions,
} from "../services/s3/mod.ts";
import { client, registerResource } from "../session/session.ts";
import {
  deleteMany,
  type DeleteManyOptions,
  type DeleteResult,
  type DownloadedFile,
} from "../transfer/mod.ts";
import {
  Collection,
  type CollectionSource,
  DeletableCollection,
  type DeletableSource,
} from "./collection.ts";
import {
  type DownloadFileOptions,
  type ObjectAttributes,
  ObjectResource,
  refuseOther,
  type UploadFileOptions,
} from "./object.ts";

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

/** What narrows the objects of a bucket, for example `Prefix`. */
export type ObjectFilter = Omit<
  ListObjectsV2Input,
  "Bucket" | "ContinuationToken" | "MaxKeys"
>;

/** What narrows the versions of the objects of a bucket. */
export type VersionFilter = Omit<
  ListObjectVersionsInput,
  "Bucket" | "MaxKeys"
>;

/** What narrows the unfinished uploads of a bucket. */
export type UploadFilter = Omit<
  ListMultipartUploadsInput,
  "Bucket" | "MaxUploads"
>;

/**
 * One bucket of S3. Making one sends nothing; the bucket need not exist.
 *
 * @example Usage
 * ```ts ignore
 * const photos = s3.bucket("photos");
 * for await (const object of photos.objects.filter({ Prefix: "2026/" })) {
 *   console.log(object.key, await object.size());
 * }
 * await photos.objects.filter({ Prefix: "tmp/" }).delete();
 * ```
 */
export class BucketResource {
  /** Its name. */
  readonly name: string;
  /** The client that makes the calls. */
  readonly client: S3;

  /**
   * Makes the resource. Most programs use `s3.bucket(name)` instead.
   *
   * @param client The client that makes the calls.
   * @param name Name of the bucket.
   */
  constructor(client: S3, name: string) {
    this.client = client;
    this.name = name;
  }

  /** One object of the bucket. */
  object(key: string): ObjectResource {
    return new ObjectResource(this.client, { Bucket: this.name, Key: key });
  }

  /** Its objects. */
  get objects(): DeletableCollection<ObjectFilter, ObjectResource> {
    return new DeletableCollection(objectSource(this.client, this.name));
  }

  /** The versions of its objects, delete markers among them. */
  get objectVersions(): DeletableCollection<VersionFilter, ObjectResource> {
    return new DeletableCollection(versionSource(this.client, this.name));
  }

  /** Its unfinished uploads. */
  get multipartUploads(): Collection<UploadFilter, MultipartUpload> {
    return new Collection(uploadSource(this.client, this.name));
  }

  /** Makes the bucket. */
  async create(
    input: Omit<CreateBucketInput, "Bucket"> = {},
    options?: CallOptions,
  ): Promise<CreateBucketOutput> {
    refuseOther("create", input, { Bucket: this.name });
    return await this.client.createBucket(
      { ...input, Bucket: this.name },
      options,
    );
  }

  /** Deletes the bucket, which must be empty. */
  async delete(options?: CallOptions): Promise<DeleteBucketOutput> {
    return await this.client.deleteBucket({ Bucket: this.name }, options);
  }

  /**
   * Tells whether the bucket exists and may be listed.
   *
   * @throws {ServiceError} 403, if it may not be listed; the message names the
   * permission.
   */
  async exists(options?: CallOptions): Promise<boolean> {
    return await statBucket(this.client, { Bucket: this.name }, options) !==
      null;
  }

  /**
   * Tells the region of the bucket.
   *
   * @throws {ServiceError} 404 or 403, told apart in words.
   */
  async region(options?: CallOptions): Promise<string | undefined> {
    const facts = await requireBucket(
      this.client,
      { Bucket: this.name },
      options,
    );
    return facts.BucketRegion;
  }

  /** Writes an object. */
  async putObject(
    input: Omit<PutObjectInput, "Bucket">,
    options?: CallOptions,
  ): Promise<ObjectResource> {
    refuseOther("putObject", input, { Bucket: this.name });
    await this.client.putObject({ ...input, Bucket: this.name }, options);
    return this.object(input.Key);
  }

  /**
   * Deletes objects, up to 1 000 with one request. One that is not there counts
   * as deleted.
   *
   * @param keys Their keys.
   * @param options What differs from the defaults.
   * @returns What became of each: a refusal of single objects is no error of the
   * whole.
   */
  async deleteObjects(
    keys: readonly string[],
    options?: DeleteManyOptions,
  ): Promise<readonly DeleteResult[]> {
    return await deleteMany(this.client, this.name, keys, options);
  }

  /**
   * Writes a file as an object, in parts where it is large.
   *
   * @param path The file: a path, or a `file:` URL.
   * @param key Key of the object.
   * @param options What differs from the defaults.
   * @returns The object.
   */
  async uploadFile(
    path: string | URL,
    key: string,
    options?: UploadFileOptions,
  ): Promise<ObjectResource> {
    const object = this.object(key);
    await object.uploadFile(path, options);
    return object;
  }

  /**
   * Writes an object to a file, in ranges where it is large.
   *
   * @param key Key of the object.
   * @param path The file: a path, or a `file:` URL. It appears when all is there.
   * @param options What differs from the defaults.
   */
  async downloadFile(
    key: string,
    path: string | URL,
    options?: DownloadFileOptions,
  ): Promise<DownloadedFile> {
    return await this.object(key).downloadFile(path, options);
  }

  /** Waits until it exists. */
  async waitUntilExists(options?: WaitOptions): Promise<void> {
    await this.client.waitUntilBucketExists({ Bucket: this.name }, options);
  }

  /** Waits until it does not exist. */
  async waitUntilNotExists(options?: WaitOptions): Promise<void> {
    await this.client.waitUntilBucketNotExists({ Bucket: this.name }, options);
  }
}

/** The objects of a bucket. */
function objectSource(
  client: S3,
  bucket: string,
): DeletableSource<ListObjectsV2Input, ObjectResource> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxKeys: pageSize };
      const input = { ...filter, Bucket: bucket, ...size };
      return mapped(
        client.listObjectsV2Pages(input, options),
        ({ Contents = [] }) =>
          Contents.map((listed) => {
            const place = { Bucket: bucket, Key: listed.Key };
            return new ObjectResource(client, place, attributesOf(listed));
          }),
      );
    },
    delete: (items, options) =>
      deleteMany(client, bucket, identitiesOf(items), options),
  };
}

/** The versions and delete markers of a bucket. */
function versionSource(
  client: S3,
  bucket: string,
): DeletableSource<ListObjectVersionsInput, ObjectResource> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxKeys: pageSize };
      const input = { ...filter, Bucket: bucket, ...size };
      return mapped(
        client.listObjectVersionsPages(input, options),
        ({ Versions = [], DeleteMarkers = [] }) => [
          ...Versions.map((listed) => versionOf(client, bucket, listed, false)),
          ...DeleteMarkers.map((marker) =>
            versionOf(client, bucket, marker, true)
          ),
        ],
      );
    },
    delete: (items, options) =>
      deleteMany(client, bucket, identitiesOf(items), options),
  };
}

/** One version, or one delete marker, with what the listing says of it. */
function versionOf(
  client: S3,
  bucket: string,
  listed: DeleteMarkerEntry | ObjectVersion,
  isDeleteMarker: boolean,
): ObjectResource {
  const { Key, VersionId, IsLatest } = listed;
  return new ObjectResource(
    client,
    { Bucket: bucket, Key, ...VersionId === undefined ? {} : { VersionId } },
    attributesOf(listed),
    {
      isDeleteMarker,
      ...IsLatest === undefined ? {} : { isLatest: IsLatest },
    },
  );
}

/** The unfinished uploads of a bucket. */
function uploadSource(
  client: S3,
  bucket: string,
): CollectionSource<ListMultipartUploadsInput, MultipartUpload> {
  return {
    pages: (filter, { pageSize, options }) => {
      const size = pageSize === undefined ? {} : { MaxUploads: pageSize };
      const input = { ...filter, Bucket: bucket, ...size };
      return mapped(
        client.listMultipartUploadsPages(input, options),
        ({ Uploads = [] }) => Uploads,
      );
    },
  };
}

/**
 * What each page of a listing holds.
 *
 * @param pages The pages.
 * @param items Takes the items out of one.
 */
async function* mapped<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[],
): AsyncGenerator<readonly Item[], void, void> {
  for await (const page of pages) yield items(page);
}

/** What a listing says about an object, in the words of HEAD. */
function attributesOf(
  { ETag, LastModified, Size, StorageClass }: Partial<
    Pick<ListedObject, "ETag" | "LastModified" | "Size" | "StorageClass">
  >,
): ObjectAttributes {
  return {
    ...ETag && { ETag },
    ...LastModified === undefined ? {} : { LastModified },
    ...Size === undefined ? {} : { ContentLength: Size },
    ...StorageClass && { StorageClass },
  };
}

async function* identitiesOf(
  objects: AsyncIterable<ObjectResource>,
): AsyncGenerator<ObjectIdentifier, void, void> {
  for await (const { place } of objects) {
    const { Bucket: _same, ...identity } = place;
    yield identity;
  }
}

registerResource("s3", (client) => new S3Resource(client));
