/**
 * Data in a folder. Every file is written whole under another name and renamed,
 * so that a reader never sees half of one:
 *
 * ```text
 * BUCKET/bucket.json       the bucket, its configuration and its uploads
 * BUCKET/keys/HASH.json    the versions of a key
 * pieces/ID                bytes
 * ```
 *
 * @module
 */
import { hex, utf8 } from "../../foundation/bytes.ts";
import { sha256 } from "../../foundation/digest.ts";
import { ConfigError } from "../../foundation/errors.ts";
import {
  type Bucket,
  type CompletedUpload,
  discard,
  type Keeper,
  type Part,
  type Piece,
  piecesOf,
  Store,
  type Upload,
  type Version,
} from "./store.ts";

/** A version as it lies in a file. */
type SavedPart = Omit<Part, "modified" | "pieces"> & {
  readonly modified: string;
  readonly pieces: readonly { readonly size: number; readonly file: string }[];
};

type SavedVersion = Omit<Version, "modified" | "parts" | "tags"> & {
  readonly modified: string;
  readonly parts: readonly SavedPart[];
  readonly tags: readonly (readonly [string, string])[];
};

type SavedUpload = Omit<Upload, "initiated" | "parts" | "tags"> & {
  readonly initiated: string;
  readonly parts: readonly SavedPart[];
  readonly tags: readonly (readonly [string, string])[];
};

type SavedBucket =
  & Omit<
    Bucket,
    "completed" | "configurations" | "created" | "objects" | "tags" | "uploads"
  >
  & {
    readonly created: string;
    readonly tags?: readonly (readonly [string, string])[];
    readonly configurations: readonly (readonly [string, unknown])[];
    readonly completed: readonly (readonly [
      string,
      CompletedUpload,
    ])[];
    readonly uploads: readonly SavedUpload[];
  };

interface SavedKey {
  readonly key: string;
  readonly versions: readonly SavedVersion[];
}

/** Keeps the data of a server in a folder. */
export class Folder implements Keeper {
  readonly #path: string;
  /** Writes go one after the other, so that the newest one is the last. */
  #writing: Promise<void> = Promise.resolve();
  /** What the files of the buckets hold, by the buckets' names. */
  readonly #saved = new Map<string, string>();

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads a folder; makes it where it is not there.
   *
   * @throws {ConfigError} `"InvalidFolder"`, if it cannot be read.
   */
  static async open(path: string): Promise<Store> {
    const folder = new Folder(path);
    const store = new Store(folder);
    try {
      await Deno.mkdir(`${path}/pieces`, { recursive: true });
      for await (const { name, isDirectory } of Deno.readDir(path)) {
        if (isDirectory && name !== "pieces") await folder.#read(store, name);
      }
      await folder.#dropStrayPieces(store);
    } catch (cause) {
      throw new ConfigError(
        "InvalidFolder",
        `Cannot start LocalAws: the folder ${path} cannot be read or written (${
          cause instanceof Error ? cause.message : cause
        }); give one that an earlier LocalAws has written, or an empty one`,
        { cause },
      );
    }
    return store;
  }

  async piece(bytes: Uint8Array<ArrayBuffer>): Promise<Piece> {
    const file = crypto.randomUUID();
    const { length } = bytes;
    await this.#write(`pieces/${file}`, bytes);
    discard(bytes);
    return this.#piece(length, file);
  }

  async keep(store: Store, name: string, key?: string): Promise<void> {
    const turn = this.#writing.then(() => this.#keep(store, name, key));
    // A write that fails is its own caller's error, not the next one's.
    this.#writing = turn.catch(() => {});
    await turn;
  }

  async clear(): Promise<void> {
    await this.#writing;
    this.#saved.clear();
    for await (const { name } of Deno.readDir(this.#path)) {
      await Deno.remove(`${this.#path}/${name}`, { recursive: true });
    }
    await Deno.mkdir(`${this.#path}/pieces`, { recursive: true });
  }

  async #keep(store: Store, name: string, key?: string): Promise<void> {
    const bucket = store.buckets.get(name);
    if (bucket === undefined) {
      this.#saved.delete(name);
      // Without it the rest is of no bucket, however far the removal gets.
      await remove(`${this.#path}/${folderOf(name)}/bucket.json`);
      await remove(`${this.#path}/${folderOf(name)}`);
      return;
    }
    const folder = folderOf(name);
    await Deno.mkdir(`${this.#path}/${folder}/keys`, { recursive: true });
    if (key !== undefined) {
      const file = `${folder}/keys/${hex(await sha256(utf8(key)))}.json`;
      const versions = bucket.objects.get(key);
      if (versions === undefined) await remove(`${this.#path}/${file}`);
      else {
        const saved = { key, versions: versions.map(savedVersion) };
        await this.#write(file, utf8(JSON.stringify(saved)));
      }
    }
    // An upload that has become an object goes only once the object is kept.
    const text = JSON.stringify(savedBucket(bucket));
    if (this.#saved.get(name) === text) return;
    await this.#write(`${folder}/bucket.json`, utf8(text));
    this.#saved.set(name, text);
  }

  async #read(store: Store, folder: string): Promise<void> {
    const path = `${this.#path}/${folder}`;
    await dropDrafts(path);
    const saved = await readJson<SavedBucket>(`${path}/bucket.json`);
    // Being made or removed when the process ended, or nothing of this server's.
    if (saved === undefined) return;
    await dropDrafts(`${path}/keys`);
    const { tags, created, configurations, completed, uploads, ...rest } =
      saved;
    const bucket: Bucket = {
      ...rest,
      created: new Date(created),
      objects: new Map(),
      uploads: new Map(
        uploads.map((upload) => [upload.id, this.#upload(upload)]),
      ),
      completed: new Map(completed),
      configurations: new Map(configurations),
      ...tags === undefined ? {} : { tags: new Map(tags) },
    };
    for await (const { name: file } of Deno.readDir(`${path}/keys`)) {
      if (!file.endsWith(".json")) continue;
      const found = await readJson<SavedKey>(`${path}/keys/${file}`);
      if (found === undefined) continue;
      bucket.objects.set(
        found.key,
        found.versions.map((version) => this.#version(version)),
      );
    }
    store.addBucket(bucket);
  }

  /** Removes bytes that no object and no upload has any more. */
  async #dropStrayPieces(store: Store): Promise<void> {
    const used = new Set<string | undefined>();
    for (const bucket of store.buckets.values()) {
      for (const { file } of piecesOf(bucket)) used.add(file);
    }
    for await (const { name } of Deno.readDir(`${this.#path}/pieces`)) {
      if (!used.has(name)) await remove(`${this.#path}/pieces/${name}`);
    }
  }

  #upload({ initiated, parts, tags, ...rest }: SavedUpload): Upload {
    return {
      ...rest,
      initiated: new Date(initiated),
      tags: new Map(tags),
      parts: new Map(
        parts.map((part) => [part.number, this.#part(part)]),
      ),
    };
  }

  #version({ modified, parts, tags, ...rest }: SavedVersion): Version {
    return {
      ...rest,
      modified: new Date(modified),
      tags: new Map(tags),
      parts: parts.map((part) => this.#part(part)),
    };
  }

  #part({ modified, pieces, ...rest }: SavedPart): Part {
    return {
      ...rest,
      modified: new Date(modified),
      pieces: pieces.map(({ size, file }) => this.#piece(size, file)),
    };
  }

  #piece(size: number, file: string): Piece {
    const path = `${this.#path}/pieces/${file}`;
    return {
      size,
      file,
      free: () => remove(path),
      read: async (start, end) => {
        const opened = await Deno.open(path);
        try {
          await opened.seek(start, Deno.SeekMode.Start);
          const bytes = new Uint8Array(end - start);
          for (let at = 0; at < bytes.length;) {
            const read = await opened.read(bytes.subarray(at));
            if (read === null) throw new Error(`${path} has fewer bytes`);
            at += read;
          }
          return bytes;
        } finally {
          opened.close();
        }
      },
    };
  }

  async #write(file: string, bytes: Uint8Array): Promise<void> {
    const path = `${this.#path}/${file}`;
    const draft = `${path}.${crypto.randomUUID()}${DRAFT}`;
    await Deno.writeFile(draft, bytes);
    await Deno.rename(draft, path);
  }
}

/** Where a bucket is kept. `pieces` holds the bytes of all; no bucket has a `_`. */
function folderOf(bucket: string): string {
  return bucket === "pieces" ? "_pieces" : bucket;
}

function savedBucket(bucket: Bucket): SavedBucket {
  const { objects: _objects, tags, configurations, completed, ...rest } =
    bucket;
  return {
    ...rest,
    created: bucket.created.toISOString(),
    uploads: [...bucket.uploads.values()].map((upload) => ({
      ...upload,
      initiated: upload.initiated.toISOString(),
      tags: [...upload.tags],
      parts: [...upload.parts.values()].map(savedPart),
    })),
    configurations: [...configurations],
    completed: [...completed],
    ...tags === undefined ? {} : { tags: [...tags] },
  };
}

function savedVersion(version: Version): SavedVersion {
  return {
    ...version,
    modified: version.modified.toISOString(),
    tags: [...version.tags],
    parts: version.parts.map(savedPart),
  };
}

function savedPart(part: Part): SavedPart {
  return {
    ...part,
    modified: part.modified.toISOString(),
    pieces: part.pieces.map(({ size, file = "" }) => ({ size, file })),
  };
}

async function readJson<Value>(path: string): Promise<Value | undefined> {
  try {
    // Only files of this server lie there.
    return JSON.parse(await Deno.readTextFile(path)) as Value;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** How names of files end that are being written. */
const DRAFT = ".new";

/** Removes what was being written when an earlier process ended. */
async function dropDrafts(path: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(path)) {
    const isDraft = name.includes(".json.") && name.endsWith(DRAFT);
    if (isFile && isDraft) await remove(`${path}/${name}`);
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
