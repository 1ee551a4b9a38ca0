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
import { deleteMany, type DeleteResult } from "../transfer/mod.ts";
import { Key, type KeyFacts } from "./key.ts";

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
   * @returns The key; `null` where there is none.
   * @throws {ServiceError} 403, if that may not be known; the message names the
   * permissions.
   */
  async getKey(name: string): Promise<Key | null> {
    const head = await statObject(this.client, {
      Bucket: this.name,
      Key: name,
    });
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
  async *list(prefix = ""): AsyncGenerator<Key, void, void> {
    const objects = this.client.listObjectsV2Items({
      Bucket: this.name,
      ...prefix === "" ? {} : { Prefix: prefix },
    });
    for await (const listed of objects) {
      yield new Key(this, listed.Key, listedFacts(listed));
    }
  }

  /** Deletes a key. That it is not there is no error. */
  async deleteKey(name: string): Promise<void> {
    await this.newKey(name).delete();
  }

  /**
   * Deletes keys, up to 1 000 with one request.
   *
   * @param keys Names, or keys.
   * @returns What became of each.
   */
  async deleteKeys(
    keys: Iterable<Key | string>,
  ): Promise<readonly DeleteResult[]> {
    const names = Array.from(
      keys,
      (key) => typeof key === "string" ? key : key.name,
    );
    return await deleteMany(this.client, this.name, names);
  }

  /**
   * Copies a key into this bucket.
   *
   * @param name Name of the copy.
   * @param sourceBucket Name of the bucket of the original.
   * @param sourceName Name of the original.
   * @returns The copy.
   */
  async copyKey(
    name: string,
    sourceBucket: string,
    sourceName: string,
  ): Promise<Key> {
    return await this.sibling(sourceBucket).newKey(sourceName)
      .copy(this.name, name);
  }

  /** Deletes the bucket, which must be empty. */
  async delete(): Promise<void> {
    await this.client.deleteBucket({ Bucket: this.name });
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
