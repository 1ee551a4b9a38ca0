/**
 * What the server keeps: buckets, the versions of their objects, and uploads
 * that have not ended.
 *
 * @module
 */
import type { ChecksumAlgorithm } from "../../foundation/checksums.ts";
import { concat } from "../../foundation/bytes.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { Grants } from "./access.ts";

/** Bytes that are kept in one piece, in memory or in a file. */
export interface Piece {
  /** Their number. */
  readonly size: number;
  /** Name of their file, where they lie in a folder. */
  readonly file?: string;
  /** Those from one position to before another. */
  read(
    start: number,
    end: number,
  ): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>;
  /** Gives back what they take; nobody reads them any more. */
  free(): Promise<void> | void;
}

/** A piece in memory. Its bytes are its own: nobody else writes or reads them. */
export function memoryPiece(bytes: Uint8Array<ArrayBuffer>): Piece {
  return {
    size: bytes.length,
    read: (start, end) => bytes.subarray(start, end),
    free: () => discard(bytes),
  };
}

/**
 * Gives memory back at once. The garbage collector would do so much later: it
 * counts what the runtime holds for it as next to nothing.
 */
export function discard({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (!buffer.detached) buffer.transfer(0);
}

/** Pieces in order, or a range of them. */
export interface Content {
  /** Where the bytes lie. */
  readonly pieces: readonly Piece[];
  /** Position of the first byte. */
  readonly start: number;
  /** Position behind the last byte. */
  readonly end: number;
}

/** All bytes of pieces. */
export function wholeContent(pieces: readonly Piece[]): Content {
  const end = pieces.reduce((sum, { size }) => sum + size, 0);
  return { pieces, start: 0, end };
}

/** The bytes of a content, piece by piece. */
export async function* readContent(
  { pieces, start, end }: Content,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, piece.size);
    if (from < to) yield await piece.read(from, to);
    at += piece.size;
  }
}

/** The bytes of a content in one array; that of a single piece is not copied. */
export async function contentBytes(
  content: Content,
): Promise<Uint8Array<ArrayBuffer>> {
  const found: Uint8Array<ArrayBuffer>[] = [];
  for await (const bytes of readContent(content)) found.push(bytes);
  const [only] = found;
  return found.length === 1 && only !== undefined ? only : concat(found);
}

/** Tags by key. */
export type Tags = ReadonlyMap<string, string>;

/** The checksum of an object. */
export interface StoredChecksum {
  /** How it is computed. */
  readonly algorithm: ChecksumAlgorithm;
  /** Its value in base64; of a composite one with its dash and number. */
  readonly value: string;
  /** Whether it is of the bytes, or of the parts' checksums. */
  readonly type: "COMPOSITE" | "FULL_OBJECT";
}

/** Encryption as it was asked for; nothing is encrypted. */
export interface StoredEncryption {
  /** Algorithm, for example `"aws:kms"`. */
  readonly algorithm: string;
  /** Key of KMS. */
  readonly kmsKeyId?: string;
  /** Context of KMS. */
  readonly kmsContext?: string;
  /** Whether the bucket's key is used. */
  readonly bucketKey?: boolean;
  /** MD5 of the customer's key, in base64. */
  readonly customerKeyMd5?: string;
}

/** What is kept with an object beside its bytes. */
export interface ObjectFacts {
  /** Header fields that come back with it: `content-type`, `x-amz-meta-*`, … */
  readonly headers: HeaderMap;
  /** Its tags. */
  readonly tags: Tags;
  /** Who may do what. */
  readonly grants: Grants;
  /** Account that wrote it. */
  readonly owner: string;
  /** Encryption that was asked for. */
  readonly encryption?: StoredEncryption;
}

/** A part of an object or upload. */
export interface Part {
  /** Its number. */
  readonly number: number;
  /** Its bytes. */
  readonly pieces: readonly Piece[];
  /** Number of its bytes. */
  readonly size: number;
  /** Its MD5, in hexadecimal. */
  readonly md5: string;
  /** When it was written. */
  readonly modified: Date;
  /** Its checksum, where it has one. */
  readonly checksum?: StoredChecksum;
}

/** A version of an object. */
export interface Version extends ObjectFacts {
  /** Its id; `"null"` where it was written without versioning. */
  readonly id: string;
  /** Whether it is a delete marker. */
  readonly marker: boolean;
  /** Its bytes. */
  readonly parts: readonly Part[];
  /** Number of its bytes. */
  readonly size: number;
  /** Whether it was uploaded in parts. */
  readonly multipart: boolean;
  /** Its ETag, in quotes. */
  readonly etag: string;
  /** When it was written, to the second. */
  readonly modified: Date;
  /** Its checksum, where it has one. */
  readonly checksum?: StoredChecksum;
}

/** An upload that has not ended. */
export interface Upload extends ObjectFacts {
  /** Its id. */
  readonly id: string;
  /** Key of the object it is to become. */
  readonly key: string;
  /** When it began. */
  readonly initiated: Date;
  /** The checksum that its parts are to have. */
  readonly algorithm?: ChecksumAlgorithm;
  /** Kind of the object's checksum. */
  readonly checksumType?: "COMPOSITE" | "FULL_OBJECT";
  /** The parts so far, by number. */
  readonly parts: Map<number, Part>;
}

/** An upload that has become an object. */
export interface CompletedUpload {
  /** Key of the object. */
  readonly key: string;
  /** ETag of the object. */
  readonly etag: string;
  /** Version of the object. */
  readonly versionId: string;
  /** Checksum of the object. */
  readonly checksum?: StoredChecksum;
}

/** A bucket. */
export interface Bucket {
  /** Its name. */
  readonly name: string;
  /** Account that owns it. */
  readonly account: string;
  /** Where it is. */
  readonly region: string;
  /** When it was made. */
  readonly created: Date;
  /** The versions of its objects by key, the newest first. */
  readonly objects: Map<string, Version[]>;
  /** Its uploads that have not ended, by id. */
  readonly uploads: Map<string, Upload>;
  /** Its uploads that have become objects, by id. */
  readonly completed: Map<string, CompletedUpload>;
  /** Who may do what. */
  grants: Grants;
  /** State of versioning, once it was set. */
  versioning?: "Enabled" | "Suspended";
  /** Its tags; none is not the same as an empty set. */
  tags?: Tags;
  /** Its policy, as JSON. */
  policy?: string;
  /** Its further configurations, by name. */
  readonly configurations: Map<string, unknown>;
}

/** Keeps what has changed beyond the life of the process. */
export interface Keeper {
  /** Makes a piece of bytes. Whoever has them is done with them. */
  piece(bytes: Uint8Array<ArrayBuffer>): Promise<Piece>;
  /** Keeps the bucket as it is now; where `key` is given, its versions. */
  keep(store: Store, bucket: string, key?: string): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

/** All buckets. */
export class Store {
  /** The buckets by name. */
  readonly buckets: Map<string, Bucket> = new Map();
  readonly #sorted = new WeakMap<Bucket, readonly string[]>();
  readonly #keeper: Keeper | undefined;
  /** How many versions, parts of uploads and answers hold a piece. */
  readonly #holders = new Map<Piece, number>();
  /** Pieces that nobody holds any more, and that still take their place. */
  #unheld: Piece[] = [];
  /** Changes that are being kept. */
  #keeping = 0;

  /** @param keeper Keeps changes; without one they are in memory only. */
  constructor(keeper?: Keeper) {
    this.#keeper = keeper;
  }

  /** Makes a piece of bytes. Whoever has them is done with them. */
  piece(bytes: Uint8Array<ArrayBuffer>): Piece | Promise<Piece> {
    return this.#keeper?.piece(bytes) ?? memoryPiece(bytes);
  }

  /** Holds pieces, so that they stay while they are read. */
  hold(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      this.#holders.set(piece, (this.#holders.get(piece) ?? 0) + 1);
    }
  }

  /** Ends a {@linkcode hold}. */
  letGo(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      const left = (this.#holders.get(piece) ?? 0) - 1;
      if (left > 0) {
        this.#holders.set(piece, left);
      } else if (this.#holders.delete(piece)) this.#unheld.push(piece);
    }
  }

  /**
   * Frees the pieces that nobody holds, unless changes are being kept: until then
   * a file may stand for what was removed in memory only.
   */
  async sweep(): Promise<void> {
    if (this.#keeping > 0 || this.#unheld.length === 0) return;
    const unheld = this.#unheld.filter((piece) => !this.#holders.has(piece));
    this.#unheld = [];
    for (const piece of unheld) await piece.free();
  }

  /** Adds a bucket, as it was read. */
  addBucket(bucket: Bucket): void {
    this.buckets.set(bucket.name, bucket);
    this.hold(piecesOf(bucket));
  }

  /** Removes a bucket. */
  removeBucket(bucket: Bucket): void {
    this.buckets.delete(bucket.name);
    this.letGo(piecesOf(bucket));
  }

  /** Adds a part to an upload, in place of one with its number. */
  addPart({ parts }: Upload, part: Part): void {
    this.hold(part.pieces);
    this.letGo(parts.get(part.number)?.pieces ?? []);
    parts.set(part.number, part);
  }

  /** Ends an upload; the parts that an object has stay with it. */
  endUpload({ uploads }: Bucket, upload: Upload): void {
    if (!uploads.delete(upload.id)) return;
    this.letGo(piecesIn([...upload.parts.values()]));
  }

  /** The keys of a bucket, in the order of a listing. */
  keys(bucket: Bucket): readonly string[] {
    let sorted = this.#sorted.get(bucket);
    if (sorted === undefined) {
      sorted = [...bucket.objects.keys()].sort(compareKeys);
      this.#sorted.set(bucket, sorted);
    }
    return sorted;
  }

  /** The newest version of a key, unless it is a delete marker. */
  current(bucket: Bucket, key: string): Version | undefined {
    const version = bucket.objects.get(key)?.[0];
    return version?.marker ? undefined : version;
  }

  /** Adds a version as the newest one; another with the id `"null"` goes. */
  add(bucket: Bucket, key: string, version: Version): void {
    const present = bucket.objects.get(key);
    this.hold(piecesIn(version.parts));
    if (present === undefined) {
      bucket.objects.set(key, [version]);
      this.#sorted.delete(bucket);
      return;
    }
    const kept = version.id === "null"
      ? present.filter(({ id }) => id !== "null")
      : present;
    bucket.objects.set(key, [version, ...kept]);
    for (const other of present) {
      if (!kept.includes(other)) this.letGo(piecesIn(other.parts));
    }
  }

  /** Puts one version in place of another with the same id. */
  replace(bucket: Bucket, key: string, version: Version): void {
    const versions = bucket.objects.get(key) ?? [];
    bucket.objects.set(
      key,
      versions.map((other) => other.id === version.id ? version : other),
    );
  }

  /** Removes a version, or all of them. */
  remove(bucket: Bucket, key: string, id?: string): void {
    const present = bucket.objects.get(key) ?? [];
    const kept = id === undefined
      ? []
      : present.filter((version) => version.id !== id);
    for (const version of present) {
      if (!kept.includes(version)) this.letGo(piecesIn(version.parts));
    }
    if (kept.length > 0) {
      bucket.objects.set(key, kept);
    } else if (bucket.objects.delete(key)) {
      this.#sorted.delete(bucket);
    }
  }

  /** Keeps a change; without a keeper it is in memory already. */
  async keep(bucket: string, key?: string): Promise<void> {
    if (this.#keeper === undefined) return;
    this.#keeping++;
    await this.#keeper.keep(this, bucket, key);
    // Where it fails nothing is freed any more: files may still be needed.
    this.#keeping--;
  }

  /** Forgets all buckets. */
  async clear(): Promise<void> {
    for (const bucket of this.buckets.values()) this.removeBucket(bucket);
    await this.#keeper?.clear();
    await this.sweep();
  }
}

function piecesIn(parts: readonly Part[]): readonly Piece[] {
  const [first] = parts;
  return first !== undefined && parts.length === 1
    ? first.pieces
    : parts.flatMap(({ pieces }) => pieces);
}

/** The pieces of a bucket, once for each version and part that has them. */
export function piecesOf({ objects, uploads }: Bucket): readonly Piece[] {
  return piecesIn([
    ...[...objects.values()].flat().flatMap(({ parts }) => parts),
    ...[...uploads.values()].flatMap(({ parts }) => [...parts.values()]),
  ]);
}

/**
 * The order of keys in a listing: that of their UTF-8 bytes, which is that of
 * their code points and not that of JavaScript strings.
 */
export function compareKeys(one: string, other: string): number {
  const end = Math.min(one.length, other.length);
  for (let at = 0; at < end; at++) {
    if (one.charCodeAt(at) !== other.charCodeAt(at)) {
      return (one.codePointAt(at) ?? 0) - (other.codePointAt(at) ?? 0);
    }
  }
  return one.length - other.length;
}
