/**
 * An object of S3, as a thing with verbs.
 *
 * @module
 */
import { ValidationError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type { CallOptions } from "../ports/caller.ts";
import {
  type CopySourceObject,
  type DeleteObjectInput,
  type DeleteObjectOutput,
  type GetObjectInput,
  type GetObjectOutput,
  type HeadObjectInput,
  type HeadObjectOutput,
  type PutObjectInput,
  type PutObjectOutput,
  requireObject,
  type S3,
  statObject,
  type WaitOptions,
} from "../services/s3/mod.ts";
import { COPY_OPTIONS } from "../transfer/copy.ts";
import { DOWNLOAD_OPTIONS } from "../transfer/download.ts";
import {
  copy,
  type CopyInput,
  type CopyOptions,
  type CopyResult,
  download,
  type DownloadedFile,
  type DownloadInput,
  type DownloadOptions,
  file,
  upload,
  type UploadInput,
  type UploadOptions,
  type UploadResult,
} from "../transfer/mod.ts";
import { UPLOAD_OPTIONS } from "../transfer/upload.ts";

/**
 * One object of S3, or one version of it. Making one sends nothing; the object
 * need not exist.
 *
 * What it is like is asked for when it is first needed and then remembered;
 * writing, copying and deleting through this resource forget it.
 *
 * @example Usage
 * ```ts ignore
 * const cat = s3.bucket("photos").object("cat.txt");
 * await cat.put({ Body: "miaow", ContentType: "text/plain" });
 * console.log(await cat.size(), await cat.lastModified());
 * ```
 */
export class ObjectResource {
  /** Where it is. */
  readonly place: ObjectRef;
  /** The client that makes the calls. */
  readonly client: S3;

  #listed: ObjectAttributes;
  #loaded: Promise<ObjectAttributes> | undefined;
  #loadedFor: AbortSignal | undefined;
  #version: ListedVersion;

  /**
   * Makes the resource. Most programs use `s3.bucket(name).object(key)` instead.
   *
   * @param client The client that makes the calls.
   * @param place Where the object is.
   * @param listed What a listing says about it.
   * @param version What a listing of versions says about this one.
   */
  constructor(
    client: S3,
    place: ObjectRef,
    listed: ObjectAttributes = {},
    version: ListedVersion = {},
  ) {
    this.client = client;
    this.place = place;
    this.#listed = listed;
    this.#version = version;
  }

  /** Name of its bucket. */
  get bucketName(): string {
    return this.place.Bucket;
  }

  /** Its key. */
  get key(): string {
    return this.place.Key;
  }

  /** One version of the object. */
  version(versionId: string): ObjectResource {
    const { Bucket, Key } = this.place;
    return new ObjectResource(this.client, {
      Bucket,
      Key,
      VersionId: versionId,
    });
  }

  /**
   * Reads it.
   *
   * @throws {ServiceError} `NoSuchKey` and others.
   */
  async get(
    input: Partial<Omit<GetObjectInput, PlaceMember>> = {},
    options?: CallOptions,
  ): Promise<GetObjectOutput> {
    refuseOther("get", input, this.place);
    return await this.client.getObject({ ...input, ...this.place }, options);
  }

  /** Writes it. */
  async put(
    input: Omit<PutObjectInput, PlaceMember>,
    options?: CallOptions,
  ): Promise<PutObjectOutput> {
    const { Bucket, Key } = this.place;
    refuseOther("put", input, { Bucket, Key });
    return await this.#changing(
      this.client.putObject({ ...input, Bucket, Key }, options),
    );
  }

  /** Deletes it. That it is not there is no error. */
  async delete(
    input: Partial<Omit<DeleteObjectInput, PlaceMember>> = {},
    options?: CallOptions,
  ): Promise<DeleteObjectOutput> {
    refuseOther("delete", input, this.place);
    return await this.#changing(
      this.client.deleteObject({ ...input, ...this.place }, options),
    );
  }

  /**
   * Makes it a copy of another object within S3, in parts above 5 GiB.
   *
   * @param source The other object.
   * @param options What differs from it, and how to copy.
   */
  async copyFrom(
    source: CopySourceObject | ObjectResource | string,
    options: CopyFromOptions = {},
  ): Promise<CopyResult> {
    const { Bucket, Key } = this.place;
    checkOptions("call copyFrom", options, COPY_FROM_OPTIONS);
    const { input = {}, ...copying } = options;
    refuseOther("copyFrom", input, { Bucket, Key });
    const CopySource = source instanceof ObjectResource ? source.place : source;
    return await this.#changing(
      copy(this.client, { ...input, CopySource, Bucket, Key }, copying),
    );
  }

  /**
   * Writes a file as this object, in parts where it is large.
   *
   * @param path The file: a path, or a `file:` URL.
   * @param options What differs from the defaults.
   */
  async uploadFile(
    path: string | URL,
    options: UploadFileOptions = {},
  ): Promise<UploadResult> {
    const { Bucket, Key } = this.place;
    checkOptions("call uploadFile", options, UPLOAD_FILE_OPTIONS);
    const { input = {}, ...uploading } = options;
    refuseOther("uploadFile", input, { Bucket, Key });
    return await this.#changing(
      upload(
        this.client,
        { ...input, Bucket, Key, Body: file(path) },
        uploading,
      ),
    );
  }

  /**
   * Writes this object to a file, in ranges where it is large.
   *
   * @param path The file: a path, or a `file:` URL. It appears when all is there.
   * @param options What differs from the defaults.
   */
  async downloadFile(
    path: string | URL,
    options: DownloadFileOptions = {},
  ): Promise<DownloadedFile> {
    checkOptions("call downloadFile", options, DOWNLOAD_FILE_OPTIONS);
    const { input = {}, ...downloading } = options;
    refuseOther("downloadFile", input, this.place);
    return await download(
      this.client,
      { ...input, ...this.place },
      file(path),
      downloading,
    );
  }

  /**
   * Tells whether it exists, now.
   *
   * @throws {ServiceError} 403, if that may not be known; the message names the
   * permissions.
   */
  async exists(options?: CallOptions): Promise<boolean> {
    const facts = await statObject(this.client, this.place, options);
    this.#loaded = facts === null ? undefined : Promise.resolve(facts);
    return facts !== null;
  }

  /**
   * Asks what it is like, whatever is remembered.
   *
   * @param input Further parameters, for example the customer's key.
   * @param options What differs for the call.
   * @throws {ServiceError} 404, if it does not exist.
   */
  async load(
    input: Partial<Omit<HeadObjectInput, PlaceMember>> = {},
    options?: CallOptions,
  ): Promise<ObjectAttributes> {
    refuseOther("load", input, this.place);
    const where = { ...input, ...this.place };
    const loading = requireObject(this.client, where, options);
    this.#loaded = loading;
    this.#loadedFor = options?.signal;
    // One that failed is asked for again.
    loading.catch(() => {
      if (this.#loaded === loading) this.#loaded = undefined;
    });
    return await loading;
  }

  /**
   * What it is like: asked for once.
   *
   * @param options What differs for the call, where one is made.
   */
  async attributes(options?: CallOptions): Promise<ObjectAttributes> {
    const { signal } = options ?? {};
    for (;;) {
      signal?.throwIfAborted();
      const loading = this.#loaded;
      const other = this.#loadedFor;
      if (loading === undefined) return await this.load({}, options);
      try {
        return await unlessAborted(loading, signal);
      } catch (error) {
        // The first caller has given up; the others still wait.
        if (signal?.aborted || !other?.aborted) throw error;
      }
    }
  }

  /** Whether it is the newest version, as a listing of versions says it. */
  get isLatest(): boolean | undefined {
    return this.#version.isLatest;
  }

  /** Whether it is a delete marker, as a listing of versions says it. */
  get isDeleteMarker(): boolean | undefined {
    return this.#version.isDeleteMarker;
  }

  /** Its length, in bytes. */
  async size(options?: CallOptions): Promise<number | undefined> {
    return await this.#attribute("ContentLength", options);
  }

  /** Time of its last change. */
  async lastModified(options?: CallOptions): Promise<Date | undefined> {
    return await this.#attribute("LastModified", options);
  }

  /** Its ETag, with the quotes that conditions want. */
  async eTag(options?: CallOptions): Promise<string | undefined> {
    return await this.#attribute("ETag", options);
  }

  /** Its media type. */
  async contentType(options?: CallOptions): Promise<string | undefined> {
    return await this.#attribute("ContentType", options);
  }

  /** The metadata it was written with. */
  async metadata(
    options?: CallOptions,
  ): Promise<Readonly<Record<string, string>>> {
    return await this.#attribute("Metadata", options) ?? {};
  }

  /** Its storage class. */
  async storageClass(options?: CallOptions): Promise<string> {
    return await this.#attribute("StorageClass", options) ?? "STANDARD";
  }

  /** Its version; absent in buckets without versions. */
  async versionId(options?: CallOptions): Promise<string | undefined> {
    return this.place.VersionId ??
      await this.#attribute("VersionId", options);
  }

  /** Waits until it exists. */
  async waitUntilExists(options?: WaitOptions): Promise<void> {
    await this.client.waitUntilObjectExists(this.place, options);
  }

  /** Waits until it does not exist. */
  async waitUntilNotExists(options?: WaitOptions): Promise<void> {
    await this.client.waitUntilObjectNotExists(this.place, options);
  }

  /** An attribute as a listing says it, else as it is asked for. */
  async #attribute<Name extends keyof ObjectAttributes>(
    name: Name,
    options: CallOptions | undefined,
  ): Promise<ObjectAttributes[Name] | undefined> {
    const listed = this.#loaded === undefined ? this.#listed[name] : undefined;
    // A marker has nothing else to tell; asking for it is an error.
    if (this.#version.isDeleteMarker) return listed;
    return listed ?? (await this.attributes(options))[name];
  }

  /** Forgets what is known once a call has ended, well or not. */
  async #changing<Output>(call: Promise<Output>): Promise<Output> {
    try {
      return await call;
    } finally {
      const { isLatest: _old, ...version } = this.#version;
      this.#listed = {};
      this.#version = version;
      this.#loaded = undefined;
    }
  }
}

/** Waits, but not past the signal; what is waited for goes on. */
async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Where an object is. */
export type ObjectRef = CopySourceObject;

/** What an object is like, as S3 says it without the content. */
export type ObjectAttributes = Partial<
  Omit<HeadObjectOutput, "ResponseMetadata">
>;

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
const COPY_FROM_OPTIONS: OptionKinds<CopyFromOptions> = {
  ...COPY_OPTIONS,
  input: "object",
};

/** The options of writing a file as an object. */
const UPLOAD_FILE_OPTIONS: OptionKinds<UploadFileOptions> = {
  ...UPLOAD_OPTIONS,
  input: "object",
};

/** The options of writing an object to a file. */
const DOWNLOAD_FILE_OPTIONS: OptionKinds<DownloadFileOptions> = {
  ...DOWNLOAD_OPTIONS,
  input: "object",
};
