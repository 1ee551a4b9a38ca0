/**
 * A bucket in the manner of boto 2.
 *
 * @module
 */
import {
  type HeadObjectOutput,
  type ListedObject,
  type S3,
  statObject,
} from "../services/s3/mod.ts";
import { ValidationError } from "../foundation/errors.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { CopyFromOptions } from "../resource/mod.ts";
import {
  deleteMany,
  type DeleteManyOptions,
  type DeleteResult,
} from "../transfer/mod.ts";
import { Key, type KeyFacts } from "./key.ts";

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
    if (typeof keys === "string") {
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
