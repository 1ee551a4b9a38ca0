/**
 * A bucket in the manner of boto 2.
 *
 * @module
 */
import { contentTypeOf } from "../foundation/content_type.ts";
import { ConfigError, ValidationError } from "../foundation/errors.ts";
import { checkOptions } from "../foundation/options.ts";
import type { CallOptions, PresignOptions } from "../ports/caller.ts";
import {
  type CopyFromOptions,
  type DownloadFileOptions,
  ObjectResource,
} from "../resource/mod.ts";
import {
  DeleteObject,
  GetObject,
  HeadObject,
  type HeadObjectOutput,
  type ListedObject,
  type Operation,
  PutObject,
  type PutObjectInput,
  type PutObjectOutput,
  type S3,
  statObject,
} from "../services/s3/mod.ts";
import {
  deleteMany,
  type DeleteManyOptions,
  type DeleteResult,
  type DownloadedFile,
  file,
  upload,
  type UploadOptions,
  type UploadResult,
} from "../transfer/mod.ts";
import {
  contentsOf,
  type FileSource,
  type FileTarget,
  writeTo,
} from "./open_file.ts";

/** What keys have in common, up to a delimiter: a level below, as a folder. */
export class Prefix {
  /** The bucket it is in. */
  readonly bucket: Bucket;
  /** Its name, with the delimiter at its end. */
  readonly name: string;

  /**
   * Makes a prefix. Most programs get them from {@linkcode Bucket.list}.
   *
   * @param bucket The bucket it is in.
   * @param name Its name.
   */
  constructor(bucket: Bucket, name: string) {
    this.bucket = bucket;
    this.name = name;
  }
}

/** One bucket. */
export class Bucket {
  /** Its name. */
  readonly name: string;
  /** The client that makes the calls, for all that boto 2 does not have. */
  readonly client: S3;

  /**
   * Makes a bucket. Most programs use `connection.getBucket(name)` instead.
   *
   * @param client The client that makes the calls.
   * @param name Name of the bucket.
   */
  constructor(client: S3, name: string) {
    this.client = client;
    this.name = name;
  }

  /** Another bucket of the same connection. Nothing is sent. */
  sibling(name: string): Bucket {
    return new Bucket(this.client, name);
  }

  /**
   * Gets a key, with a HEAD request.
   *
   * @param name Name of the key.
   * @param options What differs for the call.
   * @returns The key; `null` where there is none.
   * @throws {ServiceError} 403, if that may not be known; the message names the
   * permissions.
   */
  async getKey(name: string, options?: CallOptions): Promise<Key | null> {
    const head = await statObject(this.client, {
      Bucket: this.name,
      Key: name,
    }, options);
    return head === null ? null : new Key(this, name, headFacts(head));
  }

  /** A key of that name, whether it exists or not. Nothing is sent. */
  newKey(name: string): Key {
    return new Key(this, name);
  }

  /**
   * Lists keys, page after page.
   *
   * @param prefix Only keys that begin with it. Default: all.
   */
  list(
    prefix?: string,
    delimiter?: "",
    options?: CallOptions,
  ): AsyncGenerator<Key, void, void>;
  /**
   * Lists the keys of one level, as of a folder, and the levels below it.
   *
   * @param prefix Only keys that begin with it, for example `"2026/"`.
   * @param delimiter What ends a level, for example `"/"`. Keys that have it
   * behind the prefix are told by their common {@linkcode Prefix} alone.
   * @param options What differs for the calls.
   * @returns Page after page: the keys, then the prefixes.
   */
  list(
    prefix: string,
    delimiter: string,
    options?: CallOptions,
  ): AsyncGenerator<Key | Prefix, void, void>;
  async *list(
    prefix = "",
    delimiter = "",
    options?: CallOptions,
  ): AsyncGenerator<Key | Prefix, void, void> {
    const pages = this.client.listObjectsV2Pages({
      Bucket: this.name,
      ...prefix === "" ? {} : { Prefix: prefix },
      ...delimiter === "" ? {} : { Delimiter: delimiter },
    }, options);
    for await (const { Contents = [], CommonPrefixes = [] } of pages) {
      for (const listed of Contents) {
        yield new Key(this, listed.Key, listedFacts(listed));
      }
      for (const { Prefix: name } of CommonPrefixes) {
        if (name !== undefined) yield new Prefix(this, name);
      }
    }
  }

  /** Deletes a key. That it is not there is no error. */
  async deleteKey(name: string, options?: CallOptions): Promise<void> {
    await this.newKey(name).delete(options);
  }

  /**
   * Deletes keys, up to 1 000 with one request.
   *
   * @param keys Names, or keys.
   * @param options What each request says beside them.
   * @returns What became of each.
   */
  async deleteKeys(
    keys: Iterable<Key | string>,
    options?: DeleteManyOptions,
  ): Promise<readonly DeleteResult[]> {
    if (typeof keys === "string" || !(Symbol.iterator in Object(keys))) {
      throw new ValidationError("deleteKeys", [{
        path: "keys",
        problem: "must be a list, as in [key]: deleteKey takes one key",
      }]);
    }
    const names = Array.from(
      keys,
      (key) => typeof key === "string" ? key : key.name,
    );
    return await deleteMany(this.client, this.name, names, options);
  }

  /**
   * Copies a key into this bucket.
   *
   * @param name Name of the copy.
   * @param sourceBucket Name of the bucket of the original.
   * @param sourceName Name of the original.
   * @param options How to copy, and what differs from the original.
   * @returns The copy.
   */
  async copyKey(
    name: string,
    sourceBucket: string,
    sourceName: string,
    options?: CopyFromOptions,
  ): Promise<Key> {
    return await this.sibling(sourceBucket).newKey(sourceName)
      .copy(this.name, name, options);
  }

  /** Deletes the bucket, which must be empty. */
  async delete(options?: CallOptions): Promise<void> {
    await this.client.deleteBucket({ Bucket: this.name }, options);
  }
}

function headFacts(head: HeadObjectOutput): KeyFacts {
  return defined({
    size: head.ContentLength,
    etag: head.ETag,
    lastModified: head.LastModified,
    contentType: head.ContentType,
    metadata: head.Metadata,
    storageClass: head.StorageClass,
  });
}

function listedFacts(listed: ListedObject): KeyFacts {
  return defined({
    size: listed.Size,
    etag: listed.ETag,
    lastModified: listed.LastModified,
    storageClass: listed.StorageClass,
  });
}

/** The facts that are there. */
function defined(
  facts: { readonly [Name in keyof KeyFacts]: KeyFacts[Name] | undefined },
): KeyFacts {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  );
}

/** What is known of a key. */
export interface KeyFacts {
  /** Its length, in bytes. */
  readonly size?: number;
  /** Its ETag, with quotes. */
  readonly etag?: string;
  /** Time of its last change. */
  readonly lastModified?: Date;
  /** Its media type. */
  readonly contentType?: string;
  /** Its metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Its storage class. */
  readonly storageClass?: string;
}

/** What a key is written with, beside its contents. */
export type KeyInput = Partial<Omit<PutObjectInput, "Body" | "Bucket" | "Key">>;

/** What a URL can be for. */
export type UrlMethod = "DELETE" | "GET" | "HEAD" | "PUT";

/** The operations of the methods that URLs are made for. */
const BY_METHOD: Readonly<
  Record<UrlMethod, Operation<{ Bucket: string; Key: string }, unknown>>
> = {
  DELETE: DeleteObject,
  GET: GetObject,
  HEAD: HeadObject,
  PUT: PutObject,
};

const URL_OPTIONS = { allowShorter: "boolean", signal: "signal" } as const;

/** What the key itself decides. */
function checkKeyInput(verb: string, input: KeyInput): void {
  const problems = ["Body", "Bucket", "Key"].flatMap((path) =>
    Object.hasOwn(input, path)
      ? [{ path, problem: "is given by the verb and its key: leave it out" }]
      : []
  );
  if (problems.length > 0) throw new ValidationError(verb, problems);
}

/**
 * One key of a bucket. What is known of it, {@linkcode Key.facts}, is what the
 * request said that it came from: `getKey` knows all, `list` less, `newKey`
 * nothing.
 */
export class Key {
  /** The bucket it is in. */
  readonly bucket: Bucket;
  /** Its name, which S3 calls the key. */
  readonly name: string;
  /** The same as a resource, for all that boto 2 does not have. */
  readonly object: ObjectResource;

  #facts: KeyFacts;

  /**
   * Makes a key. Most programs use the methods of {@linkcode Bucket} instead.
   *
   * @param bucket The bucket it is in.
   * @param name Its name.
   * @param facts What is known of it.
   */
  constructor(bucket: Bucket, name: string, facts: KeyFacts = {}) {
    this.bucket = bucket;
    this.name = name;
    this.object = new ObjectResource(bucket.client, {
      Bucket: bucket.name,
      Key: name,
    });
    this.#facts = facts;
  }

  /** What is known of it. */
  get facts(): KeyFacts {
    return this.#facts;
  }

  /** Its length, in bytes, where that is known. */
  get size(): number | undefined {
    return this.#facts.size;
  }

  /** Its ETag, with quotes, where that is known. */
  get etag(): string | undefined {
    return this.#facts.etag;
  }

  /** Time of its last change, where that is known. */
  get lastModified(): Date | undefined {
    return this.#facts.lastModified;
  }

  /** Its media type, where that is known. */
  get contentType(): string | undefined {
    return this.#facts.contentType;
  }

  /** One item of its metadata, where that is known. */
  getMetadata(name: string): string | undefined {
    return this.#facts.metadata?.[name];
  }

  /** Reads its contents as UTF-8 text. */
  async getContentsAsString(options?: CallOptions): Promise<string> {
    return await (await this.object.get({}, options)).Body.text();
  }

  /** Reads its contents as bytes. */
  async getContentsAsBytes(
    options?: CallOptions,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await (await this.object.get({}, options)).Body.bytes();
  }

  /**
   * Writes its contents to a file that is open, from the current position on.
   * The file stays open, and holds all bytes when the promise is fulfilled.
   *
   * @param target The file, for example a `Deno.FsFile`, `Deno.stdout` or a
   * {@linkcode MemoryFile}, or a stream. Give a file itself, not its `writable`:
   * that one keeps up to 64 KiB back until it is closed.
   * @param options What differs for the call.
   * @throws {ConfigError} If it cannot be written, as on a full disk.
   */
  async getContentsToFile(
    target: FileTarget,
    options?: CallOptions,
  ): Promise<void> {
    const contents = async () => (await this.object.get({}, options)).Body;
    await writeTo(target, contents, options?.signal);
  }

  /**
   * Writes its contents to the file of that name, whose time of last change
   * becomes that of the key, as in boto 2.
   *
   * @param path The file: a path, or a `file:` URL.
   * @param options What differs from the defaults.
   */
  async getContentsToFilename(
    path: string | URL,
    options?: DownloadFileOptions,
  ): Promise<DownloadedFile> {
    return await this.object.downloadFile(path, {
      setLastModified: true,
      ...options,
    });
  }

  /**
   * Writes a text.
   *
   * @param text The text.
   * @param input What it is written with.
   * @param options What differs for the call.
   */
  async setContentsFromString(
    text: string,
    input: KeyInput = {},
    options?: CallOptions,
  ): Promise<PutObjectOutput> {
    checkKeyInput("setContentsFromString", input);
    const output = await this.object.put({ ...input, Body: text }, options);
    this.#written(output.ETag);
    return output;
  }

  /**
   * Writes what a stream holds, in parts where that is much.
   *
   * @param stream The stream.
   * @param input What it is written with.
   * @param options What differs from the defaults.
   */
  async setContentsFromStream(
    stream: ReadableStream<Uint8Array>,
    input: KeyInput = {},
    options?: UploadOptions,
  ): Promise<UploadResult> {
    checkKeyInput("setContentsFromStream", input);
    const { Bucket, Key } = this.object.place;
    const output = await upload(this.bucket.client, {
      ...input,
      Bucket,
      Key,
      Body: stream,
    }, options);
    this.#written(output.ETag);
    return output;
  }

  /**
   * Writes what a file that is open holds from its current position on, in parts
   * where that is much. The file stays open.
   *
   * @param source The file, for example a `Deno.FsFile`, `Deno.stdin`, a `File`
   * or a {@linkcode MemoryFile}, or a stream.
   * @param input What it is written with. Default: the media type by the name of
   * a `File`, `"application/octet-stream"` for others.
   * @param options What differs from the defaults.
   * @throws {ConfigError} If it cannot be read.
   */
  async setContentsFromFile(
    source: FileSource,
    input: KeyInput = {},
    options?: UploadOptions,
  ): Promise<UploadResult> {
    checkKeyInput("setContentsFromFile", input);
    const { Bucket, Key } = this.object.place;
    const { body, type } = contentsOf(source);
    const output = await upload(this.bucket.client, {
      ContentType: type,
      ...input,
      Bucket,
      Key,
      Body: body,
    }, options);
    this.#written(output.ETag);
    return output;
  }

  /**
   * Writes the file of that name, in parts where it is large.
   *
   * @param path The file: a path, or a `file:` URL.
   * @param input What it is written with. Default: the media type by the name of
   * the file, `"application/octet-stream"` where it tells none.
   * @param options What differs from the defaults.
   */
  async setContentsFromFilename(
    path: string | URL,
    input: KeyInput = {},
    options: UploadOptions = {},
  ): Promise<UploadResult> {
    checkKeyInput("setContentsFromFilename", input);
    const { path: name } = file(path);
    const output = await this.object.uploadFile(name, {
      ...options,
      input: { ContentType: contentTypeOf(name), ...input },
    });
    this.#written(output.ETag);
    return output;
  }

  /**
   * Copies it, within S3.
   *
   * @param bucket Name of the bucket that the copy is for.
   * @param name Name of the copy.
   * @param options How to copy, and what differs from the original.
   * @returns The copy.
   */
  async copy(
    bucket: string,
    name: string,
    options?: CopyFromOptions,
  ): Promise<Key> {
    const target = this.bucket.sibling(bucket).newKey(name);
    await target.object.copyFrom(this.object, options);
    return target;
  }

  /** Tells whether it exists, now. */
  async exists(options?: CallOptions): Promise<boolean> {
    return await this.object.exists(options);
  }

  /** Deletes it. That it is not there is no error. */
  async delete(options?: CallOptions): Promise<void> {
    await this.object.delete({}, options);
  }

  /**
   * Makes a URL for someone without credentials.
   *
   * @param expiresInSeconds Life of the URL, 1 to 604 800 (seven days).
   * @param method What the URL is for. Default: `"GET"`.
   * @param options Ends the search for credentials early, and whether the URL may
   * end with them.
   */
  async generateUrl(
    expiresInSeconds: number,
    method: UrlMethod = "GET",
    options: Pick<PresignOptions, "allowShorter" | "signal"> = {},
  ): Promise<string> {
    if (!Object.hasOwn(BY_METHOD, method)) {
      throw new ConfigError(
        "InvalidOption",
        `Cannot make a URL for the method ${
          typeof method === "string" ? JSON.stringify(method) : typeof method
        }: allowed are ${Object.keys(BY_METHOD).join(", ")}`,
      );
    }
    checkOptions("call generateUrl", options, URL_OPTIONS);
    const { url } = await this.bucket.client.presign(
      BY_METHOD[method],
      this.object.place,
      { ...options, expiresInSeconds },
    );
    return url;
  }

  /** Nothing else is known of what was just written. */
  #written(etag: string | undefined): void {
    this.#facts = etag === undefined ? {} : { etag };
  }
}
