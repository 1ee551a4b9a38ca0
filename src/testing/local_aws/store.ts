/**
 * What the server remembers: buckets, objects and uploads that have not ended.
 *
 * @module
 */
import type { HeaderMap } from "../../ports/http.ts";
import type { Checksums } from "./checksums.ts";

/** Tags by key. */
export type Tags = ReadonlyMap<string, string>;

/** What is kept with an object beside its bytes. */
export interface ObjectFacts {
  /** Header fields that come back with it: `content-type`, `x-amz-meta-*`, … */
  readonly headers: HeaderMap;
  /** Its tags. */
  readonly tags: Tags;
}

/** An object. */
export interface StoredObject extends ObjectFacts {
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its ETag, in quotes. */
  readonly etag: string;
  /** When it was written, to the second. */
  readonly modified: Date;
  /** The checksums that came with it. */
  readonly checksums: Checksums;
}

/** A part of an upload. */
export interface Part {
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its ETag, in quotes. */
  readonly etag: string;
  /** When it was written. */
  readonly modified: Date;
  /** The checksums that came with it. */
  readonly checksums: Checksums;
}

/** An upload that has not ended. */
export interface Upload extends ObjectFacts {
  /** Its id. */
  readonly id: string;
  /** Key of the object it is to become. */
  readonly key: string;
  /** When it began. */
  readonly initiated: Date;
  /** The parts so far, by number. */
  readonly parts: Map<number, Part>;
}

/** A bucket. */
export interface Bucket {
  /** Its name. */
  readonly name: string;
  /** Account that owns it. */
  readonly account: string;
  /** When it was made. */
  readonly created: Date;
  /** Its objects, by key. */
  readonly objects: Map<string, StoredObject>;
  /** Its uploads that have not ended, by id. */
  readonly uploads: Map<string, Upload>;
  /** Its tags; none is not the same as an empty set. */
  tags?: Tags;
  /** Its policy, as JSON. */
  policy?: string;
}

/** All buckets, by name. */
export type Store = Map<string, Bucket>;

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
