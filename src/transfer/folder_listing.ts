/**
 * What lies in a folder of the machine or below a prefix of a bucket, in one
 * form for both.
 *
 * @module
 */
import { ConfigError, fileFailed } from "../foundation/errors.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { FileId, Found, System, WritableFiles } from "../ports/system.ts";
import type { PutObjectInput, S3 } from "../services/s3/mod.ts";

/** A folder of the machine, told apart from text that looks like a path. */
export interface LocalFolder {
  /** Tells it apart from objects. */
  readonly kind: "folder";
  /** Where it lies: a path, or a URL with the scheme `file:`. */
  readonly path: string | URL;
}

/**
 * Names a folder.
 *
 * @param path Where it lies. A relative path counts from the working directory.
 */
export function folder(path: string | URL): LocalFolder {
  return { kind: "folder", path };
}

/**
 * The objects below a prefix of a bucket. Other members are sent with each
 * request that takes them: `StorageClass`, `CacheControl`, `SSECustomerKey`,
 * `RequestPayer`, `ExpectedBucketOwner` and others.
 */
export interface FolderObjects extends
  Omit<
    PutObjectInput,
    "Body" | "ContentLength" | "ContentMD5" | "Key" | "WriteOffsetBytes"
  > {
  /**
   * What the keys begin with. It means a folder: `"site"` is `"site/"`. Default:
   * the whole bucket.
   */
  readonly Prefix?: string;
}

/** A file or an object of a folder. */
export interface FolderItem {
  /** Its path within the folder, with `/` between the names. */
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly changedMs: number;
  /** The path of the file, or the key of the object. */
  readonly name: string;
  /** Of an object: its storage class. */
  readonly storageClass?: string;
  /** Of an object: its entity tag. */
  readonly etag?: string;
  /** Of a file: whether a link to a folder leads to it. */
  readonly throughLink?: boolean;
}

/** Why an item of a folder is left out. */
export type SkipReason =
  | "archived"
  | "broken link"
  | "file in the way"
  | "folder in the way"
  | "folder loop"
  | "leaves the folder"
  | "link"
  | "no file name"
  | "special file"
  | "unreadable";

/** An item of a folder that is left out, though no filter excludes it. */
export interface SkippedItem {
  /** Its path within the folder. */
  readonly path: string;
  /** Why. */
  readonly reason: SkipReason;
  /** Where it is left out. */
  readonly side: "source" | "target";
}

/** What lies in a folder. */
export interface FolderListing {
  /** Its items, by path. */
  readonly items: ReadonlyMap<string, FolderItem>;
  /** What is left out. */
  readonly skipped: readonly SkippedItem[];
  /** Of a local folder: the links to folders in it. */
  readonly links: ReadonlySet<string>;
  /** Of a local folder: the folders in it. */
  readonly folders: ReadonlySet<string>;
  /** Two keys that are one file. */
  readonly collisions: readonly (readonly [string, string])[];
}

/** One rule of what takes part. */
export type FolderFilter =
  | { readonly exclude: string }
  | { readonly include: string };

/**
 * Makes the function that tells whether a path takes part. All do at first; the
 * last pattern that matches decides. A pattern is compared with the whole path:
 * `*` and `?` also stand for `/`, `[abc]` and `[!abc]` for one character.
 *
 * @param filters The rules, in order.
 */
export function folderFilter(
  filters: readonly FolderFilter[],
): (path: string) => boolean {
  const rules = filters.map((filter) => ({
    takes: "include" in filter,
    pattern: globPattern("include" in filter ? filter.include : filter.exclude),
  }));
  return (path) =>
    rules.findLast(({ pattern }) => pattern.test(path))?.takes ?? true;
}

/** The pattern of Python's `fnmatch`, which `aws s3` uses. */
function globPattern(glob: string): RegExp {
  let source = "";
  const points = [...glob];
  for (let at = 0; at < points.length; at++) {
    const point = points[at] ?? "";
    if (point === "*") source += "[^]*";
    else if (point === "?") source += "[^]";
    else if (point === "[") {
      const negated = points[at + 1] === "!";
      const start = at + (negated ? 2 : 1);
      const end = points.indexOf("]", start + 1);
      if (end < 0) source += "\\[";
      else {
        const set = points.slice(start, end).join("")
          .replace(/[\\\]\[^&~|]/g, "\\$&");
        source += `[${negated ? "^" : ""}${set}]`;
        at = end;
      }
    } else source += point.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  try {
    return new RegExp(`^${source}$`, "u");
  } catch (cause) {
    throw new ConfigError(
      "InvalidFilter",
      `Cannot filter by the pattern "${glob}": the range between its brackets runs backwards`,
      { cause },
    );
  }
}

/** Compares two texts by their code points, as S3 lists keys. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    // Surrogates stand for code points above all others.
    const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;
    return isHigh(left) === isHigh(right)
      ? left - right
      : isHigh(left)
      ? 1
      : -1;
  }
  return a.length - b.length;
}

/** The folders above a path, outermost first. */
export function foldersAbove(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_name, index) =>
    names.slice(0, index + 1).join("/")
  );
}

/** How a local folder is listed. */
export interface LocalListingOptions {
  /** Whether what a link leads to is taken. */
  readonly followLinks: boolean;
  /** Tells whether a path takes part. */
  readonly filter: (path: string) => boolean;
  /** Which folder it is. */
  readonly side: "source" | "target";
  /** Ends the listing early. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Lists a folder of the machine with all that is below it.
 *
 * @param files The machine's files.
 * @param root The folder.
 * @param options How.
 * @returns What lies in it; empty where a target is not there.
 * @throws {ConfigError} If a source is not there, or it may not be read.
 */
export async function listLocal(
  files: WritableFiles,
  root: string,
  options: LocalListingOptions,
): Promise<FolderListing> {
  const walk = new Walk(files, options);
  const found = await walk.entries(root);
  const facts = await files.stat?.(root);
  if (found.kind === "denied") throw readDenied(root, found.flag);
  if (found.kind === "absent") {
    const isFile = facts?.kind === "found";
    if (options.side === "target" && !isFile) return walk;
    throw new ConfigError(
      isFile ? "NotAFolder" : "FolderNotFound",
      `Cannot read the folder "${root}": ${
        isFile ? "it is not a folder" : "it does not exist"
      }`,
    );
  }
  const id = facts?.kind === "found" ? facts.value.id : undefined;
  await walk.add(root, "", found.value, id ? [id] : [], false);
  return walk;
}

type Entries = Awaited<ReturnType<NonNullable<WritableFiles["list"]>>>;

/** The listing of a local folder while it grows. */
class Walk implements FolderListing {
  readonly items = new Map<string, FolderItem>();
  readonly skipped: SkippedItem[] = [];
  readonly links = new Set<string>();
  readonly folders = new Set<string>();
  readonly collisions = [];
  readonly #files: WritableFiles;
  readonly #options: LocalListingOptions;

  constructor(files: WritableFiles, options: LocalListingOptions) {
    this.#files = files;
    this.#options = options;
  }

  async entries(path: string): Promise<Entries> {
    this.#options.signal?.throwIfAborted();
    const { list } = this.#files;
    if (list === undefined) {
      throw new ConfigError(
        "FoldersUnavailable",
        `Cannot read the folder "${path}": the session's system cannot list folders`,
      );
    }
    try {
      return await list.call(this.#files, path);
    } catch (cause) {
      throw fileFailed("read", path, cause);
    }
  }

  async add(
    folder: string,
    prefix: string,
    entries: readonly { readonly name: string; readonly kind: string }[],
    above: readonly FileId[],
    throughLink: boolean,
  ): Promise<void> {
    for (const { name, kind } of entries) {
      const file = joinPath(folder, name);
      const path = prefix + name;
      if (kind === "link" && !this.#options.followLinks) {
        this.#skip(path, "link");
      } else if (kind === "special") {
        this.#skip(path, "special file");
      } else {
        await this.#addEntry(file, path, above, throughLink, kind === "link");
      }
    }
  }

  async #addEntry(
    file: string,
    path: string,
    above: readonly FileId[],
    throughLink: boolean,
    isLink: boolean,
  ): Promise<void> {
    const facts = await this.#facts(file);
    if (facts === undefined) return this.#skip(path, "unreadable");
    if (facts.kind === "denied") throw readDenied(file, facts.flag);
    if (facts.kind === "absent") {
      return this.#skip(path, isLink ? "broken link" : "unreadable");
    }
    const { kind, size, changedMs, id } = facts.value;
    if (kind === "special") return this.#skip(path, "special file");
    if (kind === undefined) {
      if (!this.#options.filter(path)) return;
      const item = { path, size, changedMs, name: file, throughLink };
      this.items.set(path, item);
      return;
    }
    this.folders.add(path);
    if (isLink) this.links.add(path);
    if (id && above.some((other) => isSameFile(other, id))) {
      return this.#skip(path, "folder loop");
    }
    let entries: Entries;
    try {
      entries = await this.entries(file);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return this.#skip(path, "unreadable");
    }
    if (entries.kind === "denied") throw readDenied(file, entries.flag);
    if (entries.kind === "absent") return this.#skip(path, "unreadable");
    await this.add(
      file,
      `${path}/`,
      entries.value,
      id ? [...above, id] : above,
      throughLink || isLink,
    );
  }

  /** `undefined` where the system refuses. */
  async #facts(
    file: string,
  ): Promise<
    Awaited<ReturnType<NonNullable<WritableFiles["stat"]>>> | undefined
  > {
    this.#options.signal?.throwIfAborted();
    try {
      return await this.#files.stat?.(file);
    } catch {
      // A loop of links, or a folder that may not be searched.
      return undefined;
    }
  }

  #skip(path: string, reason: SkipReason): void {
    const { side, filter } = this.#options;
    if (filter(path)) this.skipped.push({ path, reason, side });
  }
}

function isSameFile(a: FileId, b: FileId): boolean {
  return a.inode !== null && a.inode === b.inode && a.device === b.device;
}

function readDenied(path: string, flag: string): ConfigError {
  return new ConfigError(
    "FileDenied",
    `Cannot read "${path}": the program may not; run it with ${flag}`,
  );
}

/** A path below a folder. */
export function joinPath(folder: string, path: string): string {
  if (folder === "" || folder === ".") return `./${path}`;
  return /[\\/]$/.test(folder) ? folder + path : `${folder}/${path}`;
}

/** How objects are listed. */
export interface ObjectListingOptions {
  /** Tells whether a path takes part. */
  readonly filter: (path: string) => boolean;
  /** Whether the paths are to be files of the machine, and of which one. */
  readonly asFiles: "no" | "posix" | "windows";
  /** Options of the calls. */
  readonly call: CallOptions;
}

/**
 * Lists the objects below a prefix.
 *
 * @param s3 The client.
 * @param where The bucket and the prefix.
 * @param options How.
 */
export async function listObjects(
  s3: S3,
  where: FolderObjects,
  { filter, asFiles, call }: ObjectListingOptions,
): Promise<FolderListing> {
  const prefix = folderPrefix(where);
  const { Bucket, RequestPayer, ExpectedBucketOwner } = where;
  const items = new Map<string, FolderItem>();
  const skipped: SkippedItem[] = [];
  const collisions: (readonly [string, string])[] = [];
  const pages = s3.listObjectsV2Pages({
    Bucket,
    ...prefix && { Prefix: prefix },
    ...RequestPayer && { RequestPayer },
    ...ExpectedBucketOwner && { ExpectedBucketOwner },
  }, call);
  for await (const { Contents = [] } of pages) {
    for (const object of Contents) {
      const { Key, Size = 0, LastModified, StorageClass, ETag } = object;
      // Some stores list by another prefix than the one that was asked for.
      if (!Key.startsWith(prefix)) continue;
      const relative = Key.slice(prefix.length);
      // The mark of an empty folder.
      if (Size === 0 && (relative === "" || relative.endsWith("/"))) continue;
      if (!filter(relative)) continue;
      const path = asFiles === "no"
        ? { path: relative }
        : filePath(relative, asFiles === "windows");
      if ("reason" in path) {
        skipped.push({ path: relative, side: "source", ...path });
        continue;
      }
      const other = items.get(path.path);
      if (other !== undefined && other.name !== Key) {
        collisions.push([other.name, Key]);
        continue;
      }
      items.set(path.path, {
        path: path.path,
        size: Size,
        changedMs: LastModified?.getTime() ?? 0,
        name: Key,
        ...StorageClass && { storageClass: StorageClass },
        ...ETag && { etag: ETag },
      });
    }
  }
  const none = new Set<string>();
  return { items, skipped, collisions, links: none, folders: none };
}

/** The prefix of the keys below a folder: empty, or with a slash at its end. */
export function folderPrefix({ Prefix = "" }: FolderObjects): string {
  return Prefix === "" || Prefix.endsWith("/") ? Prefix : `${Prefix}/`;
}

/** Names that Windows keeps for devices. */
const DEVICES = /^(?:aux|com\d|con|lpt\d|nul|prn)(?:\.|$)/i;

/** What no name of a file has on Windows. */
const FORBIDDEN = /[<>:"|?*]|[. ]$/;

/**
 * The path of the file that a key becomes. Empty names and `.` vanish, as in the
 * file system.
 */
function filePath(
  key: string,
  windows: boolean,
): { readonly path: string } | { readonly reason: SkipReason } {
  const names: string[] = [];
  for (const name of key.split(windows ? /[\\/]/ : "/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (names.pop() === undefined) return { reason: "leaves the folder" };
      continue;
    }
    const isNoName = windows
      ? FORBIDDEN.test(name) || DEVICES.test(name) ||
        [...name].some((character) => character < " ")
      : name.includes("\0");
    if (isNoName) return { reason: "no file name" };
    names.push(name);
  }
  return names.length === 0 || key.endsWith("/") ||
      windows && key.endsWith("\\")
    ? { reason: "no file name" }
    : { path: names.join("/") };
}

/** Whether the machine is Windows. */
export function isWindows(files: Partial<System>): boolean {
  return files.windows === true;
}

/** Takes what the system found; anything else is an error. */
export function requireFound<T>(
  found: Found<T> | undefined,
  failed: string,
): T {
  if (found?.kind === "found") return found.value;
  throw found?.kind === "denied"
    ? new ConfigError(
      "FileDenied",
      `${failed}: the program may not; run it with ${found.flag}`,
    )
    : new ConfigError("FileNotFound", `${failed}: it does not exist`);
}
