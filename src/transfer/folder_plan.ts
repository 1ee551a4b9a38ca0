/**
 * What has to be done so that one folder becomes like another, and what speaks
 * against it. Nothing is changed here.
 *
 * @module
 */
import { base64 } from "../foundation/bytes.ts";
import {
  checksumToVerify,
  type ExpectedChecksum,
  startChecksum,
} from "../foundation/checksums.ts";
import { ServiceError } from "../foundation/errors.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { WritableFiles } from "../ports/system.ts";
import {
  type HeadObjectOutput,
  requireObject,
  type S3,
} from "../services/s3/mod.ts";
import {
  byCodePoint,
  type FolderFilter,
  folderFilter,
  type FolderItem,
  type FolderListing,
  type FolderObjects,
  folderPrefix,
  foldersAbove,
  isWindows,
  joinPath,
  listLocal,
  listObjects,
  type SkippedItem,
} from "./folder_listing.ts";
import { filesOf } from "./local_file.ts";

/**
 * What counts as changed. `"size-and-time"` is the rule of `aws s3 sync`: another
 * size, or a source that is newer (uploads, copies), or a file that is newer than
 * its object (downloads). `"exact-time"`: another size or another time.
 * `"checksum"`: other bytes, by the object's checksum or MD5; where it has none
 * that can be compared, it counts as changed. `"all"`: everything.
 */
export type FolderComparison =
  | "all"
  | "checksum"
  | "exact-time"
  | "size"
  | "size-and-time";

/** One file or object that is transferred or deleted. */
export interface FolderStep {
  /** What is done. */
  readonly kind: "copy" | "delete" | "download" | "upload";
  /** Its path within the folder. */
  readonly path: string;
  /** The file or the key that it comes from. Absent: nothing comes. */
  readonly from?: string;
  /** The file or the key that is written or deleted. */
  readonly to: string;
  /** Bytes that are transferred; 0 for a delete. */
  readonly size: number;
  /** Why. */
  readonly reason: "all" | "checksum" | "extra" | "new" | "size" | "time";
}

/** Why a plan is not carried out. */
export interface FolderRefusal {
  /** Which case it is. */
  readonly code:
    | "CaseCollision"
    | "EmptySource"
    | "LinkInTarget"
    | "NotAFile"
    | "OverlappingFolders"
    | "SameFile"
    | "SkippedSource"
    | "TooManyDeletes";
  /** What is wrong and what would help. */
  readonly message: string;
  /** The paths that it is about. */
  readonly paths: readonly string[];
}

/** What is planned. */
export interface PlannedSteps {
  /** What is to be done, in the order of the paths. */
  readonly steps: readonly FolderStep[];
  /** What is left out, though no filter excludes it. */
  readonly skipped: readonly SkippedItem[];
  /** Why the plan is not carried out. Empty: nothing speaks against it. */
  readonly refusals: readonly FolderRefusal[];
  /** Paths that would be one file where letters of both cases count as the same. */
  readonly caseCollisions: readonly (readonly string[])[];
  /** Number of items that are the same on both sides. */
  readonly unchanged: number;
}

/** One side of a plan. */
export type FolderSide =
  | { readonly kind: "local"; readonly root: string }
  | {
    readonly kind: "objects";
    readonly s3: S3;
    readonly where: FolderObjects;
  };

/** What a plan is made for. */
export interface PlanRequest {
  /** The machine's files; absent where both sides are objects. */
  readonly files: WritableFiles | undefined;
  readonly from: FolderSide;
  readonly to: FolderSide;
  readonly compare: FolderComparison;
  readonly filters: readonly FolderFilter[];
  readonly followLinks: boolean;
  readonly delete: boolean;
  readonly deleteLimit: number;
  readonly allowEmptySource: boolean;
  readonly signal: AbortSignal | undefined;
  /** Comparisons that need a request or a file, at once. */
  readonly concurrency: number;
}

/**
 * Plans.
 *
 * @param request The two sides and the rules.
 */
export async function planSteps(request: PlanRequest): Promise<PlannedSteps> {
  const source = await listing(request, "source");
  const target = await listing(request, "target");
  const planner = new Planner(request, source, target);
  await planner.compareAll();
  planner.addDeletes();
  await planner.refuse();
  return planner.planned();
}

async function listing(
  { from, to, files, filters, followLinks, signal }: PlanRequest,
  role: "source" | "target",
): Promise<FolderListing> {
  const side = role === "source" ? from : to;
  const filter = folderFilter(filters);
  if (side.kind === "objects") {
    const windows = files !== undefined && isWindows(files);
    return await listObjects(side.s3, side.where, {
      filter,
      asFiles: role === "target" || to.kind === "objects"
        ? "no"
        : windows
        ? "windows"
        : "posix",
      call: signal ? { signal } : {},
    });
  }
  return await listLocal(filesOf({ files }), side.root, {
    // A target is read as it is; what lies behind its links is refused later.
    followLinks: role === "target" || followLinks,
    filter,
    side: role,
    signal,
  });
}

/** Storage classes whose objects cannot be read before they are restored. */
const ARCHIVES = ["DEEP_ARCHIVE", "GLACIER"];

/** A plan while it is made. */
class Planner {
  readonly #request: PlanRequest;
  readonly #source: FolderListing;
  readonly #target: FolderListing;
  readonly #steps: FolderStep[] = [];
  readonly #skipped: SkippedItem[];
  readonly #refusals: FolderRefusal[] = [];
  readonly #caseCollisions: (readonly string[])[] = [];
  readonly #kind: "copy" | "download" | "upload";
  #unchanged = 0;

  constructor(
    request: PlanRequest,
    source: FolderListing,
    target: FolderListing,
  ) {
    this.#request = request;
    this.#source = source;
    this.#target = target;
    this.#skipped = [...source.skipped, ...target.skipped];
    const { from, to } = request;
    this.#kind = from.kind === "local"
      ? "upload"
      : to.kind === "local"
      ? "download"
      : "copy";
  }

  planned(): PlannedSteps {
    const { from } = this.#request;
    const start = from.kind === "objects" ? folderPrefix(from.where).length : 0;
    // A key may have names that vanish from its path.
    const place = ({ kind, path, from = "" }: FolderStep): string =>
      kind === "download" ? from.slice(start) : path;
    return {
      steps: this.#steps.sort((a, b) => byCodePoint(place(a), place(b))),
      skipped: this.#skipped,
      refusals: this.#refusals,
      caseCollisions: this.#caseCollisions,
      unchanged: this.#unchanged,
    };
  }

  async compareAll(): Promise<void> {
    const { concurrency, signal } = this.#request;
    const items = this.#source.items.values();
    const folders = this.#kind === "download"
      ? new Set([...this.#source.items.keys()].flatMap(foldersAbove))
      : new Set<string>();
    let failure: { readonly error: unknown } | undefined;
    const work = async (): Promise<void> => {
      for (const item of items) {
        if (failure !== undefined) return;
        try {
          signal?.throwIfAborted();
          await this.#compare(item, folders);
        } catch (error) {
          failure ??= { error };
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    if (failure !== undefined) throw failure.error;
  }

  async #compare(
    item: FolderItem,
    folders: ReadonlySet<string>,
  ): Promise<void> {
    const other = this.#target.items.get(item.path);
    const reason = other === undefined
      ? "new"
      : await this.#difference(item, other);
    if (reason === undefined) {
      this.#unchanged++;
      return;
    }
    const skip = await this.#skipReason(item, folders);
    if (skip !== undefined) {
      this.#skipped.push({ path: item.path, reason: skip, side: "source" });
      return;
    }
    this.#steps.push({
      kind: this.#kind,
      path: item.path,
      from: item.name,
      to: this.#targetName(item.path),
      size: item.size,
      reason,
    });
  }

  #targetName(path: string): string {
    const { to } = this.#request;
    return to.kind === "local"
      ? joinPath(to.root, path)
      : folderPrefix(to.where) + path;
  }

  async #difference(
    from: FolderItem,
    to: FolderItem,
  ): Promise<FolderStep["reason"] | undefined> {
    const { compare } = this.#request;
    if (compare === "all") return "all";
    if (from.size !== to.size) return "size";
    switch (compare) {
      case "size":
        return undefined;
      case "exact-time":
        return from.changedMs === to.changedMs ? undefined : "time";
      case "size-and-time": {
        const [file, object] = this.#kind === "download"
          ? [to, from]
          : [from, to];
        return file.changedMs > object.changedMs ? "time" : undefined;
      }
      case "checksum":
        return await this.#isSame(from, to) ? undefined : "checksum";
    }
  }

  async #isSame(from: FolderItem, to: FolderItem): Promise<boolean> {
    const { from: source, to: target, signal, files } = this.#request;
    const call: CallOptions = signal ? { signal } : {};
    const [a, b] = await Promise.all([
      source.kind === "objects" ? head(source, from, call) : undefined,
      target.kind === "objects" ? head(target, to, call) : undefined,
    ]);
    if (a !== undefined && b !== undefined) return isSameObject(a, b);
    const object = a ?? b;
    const expected = object && checksumOf(object);
    if (expected === undefined) return false;
    const file = a === undefined ? from : to;
    return await fileChecksum(
      filesOf({ files }),
      file.name,
      expected,
      signal,
    ) ===
      expected.value;
  }

  async #skipReason(
    item: FolderItem,
    folders: ReadonlySet<string>,
  ): Promise<SkippedItem["reason"] | undefined> {
    const { from, files, signal } = this.#request;
    if (from.kind === "local") {
      return await isReadable(filesOf({ files }), item.name)
        ? undefined
        : "unreadable";
    }
    if (this.#kind === "download") {
      const { folders: local, items } = this.#target;
      if (folders.has(item.path) || local.has(item.path)) {
        return "folder in the way";
      }
      if (foldersAbove(item.path).some((path) => items.has(path))) {
        return "file in the way";
      }
    }
    if (!ARCHIVES.includes(item.storageClass ?? "")) return undefined;
    const { Restore = "" } = await head(from, item, signal ? { signal } : {});
    return Restore.includes('ongoing-request="false"') ? undefined : "archived";
  }

  addDeletes(): void {
    if (!this.#request.delete) return;
    const { items } = this.#source;
    for (const { path, name } of this.#target.items.values()) {
      if (items.has(path)) continue;
      // What a download that can be resumed has left.
      const isPart = this.#kind === "download" && path.endsWith(".part") &&
        items.has(path.slice(0, -".part".length));
      if (isPart) continue;
      this.#steps.push({
        kind: "delete",
        path,
        to: name,
        size: 0,
        reason: "extra",
      });
    }
  }

  async refuse(): Promise<void> {
    this.#refuseDeletes();
    for (const [a, b] of this.#source.collisions) {
      this.#refusals.push({
        code: "SameFile",
        message:
          `the keys "${a}" and "${b}" would be one file; exclude one of them`,
        paths: [a, b],
      });
    }
    if (this.#kind !== "download") return;
    this.#refuseLinks();
    this.#refuseSpecial();
    await this.#refuseCases();
  }

  #refuseDeletes(): void {
    const { delete: deletes, deleteLimit, allowEmptySource, from, to } =
      this.#request;
    if (
      deletes && from.kind === "objects" && to.kind === "objects" &&
      from.where.Bucket === to.where.Bucket
    ) {
      const [a, b] = [folderPrefix(from.where), folderPrefix(to.where)];
      if (a.startsWith(b) || b.startsWith(a)) {
        this.#refusals.push({
          code: "OverlappingFolders",
          message:
            `"${a}" and "${b}" of bucket "${from.where.Bucket}" overlap, and what is deleted in one may belong to the other`,
          paths: [a, b],
        });
      }
    }
    const extra = this.#steps.filter(({ kind }) => kind === "delete");
    if (extra.length === 0) return;
    if (this.#source.items.size === 0 && !allowEmptySource) {
      this.#refusals.push({
        code: "EmptySource",
        message: `the source is empty and ${
          count(extra.length, "item")
        } would be deleted; allowEmptySource permits it`,
        paths: extra.map(({ path }) => path),
      });
    }
    if (extra.length > deleteLimit) {
      this.#refusals.push({
        code: "TooManyDeletes",
        message: `${
          count(extra.length, "item")
        } would be deleted, deleteLimit allows ${deleteLimit}`,
        paths: extra.map(({ path }) => path),
      });
    }
    const left = this.#source.skipped.filter(({ path }) =>
      extra.some((step) =>
        step.path === path || step.path.startsWith(`${path}/`)
      )
    );
    for (const { path, reason } of left) {
      this.#refusals.push({
        code: "SkippedSource",
        message:
          `"${path}" is left out of the source (${reason}), and what the target has of it would be deleted; exclude it to keep it`,
        paths: [path],
      });
    }
  }

  /** A link to a folder leads out of the target. */
  #refuseLinks(): void {
    const { links } = this.#target;
    if (links.size === 0) return;
    const through = new Map<string, string>();
    for (const { path } of this.#steps) {
      const link = foldersAbove(path).find((above) => links.has(above));
      if (link !== undefined) through.set(link, path);
    }
    for (const [link, path] of through) {
      this.#refusals.push({
        code: "LinkInTarget",
        message:
          `"${link}" in the target is a link to a folder, and "${path}" lies behind it; exclude "${link}/*"`,
        paths: [link, path],
      });
    }
  }

  #refuseSpecial(): void {
    const special = new Set(
      this.#target.skipped
        .filter(({ reason }) => reason === "special file")
        .map(({ path }) => path),
    );
    for (const { path } of this.#steps) {
      if (!special.has(path)) continue;
      this.#refusals.push({
        code: "NotAFile",
        message:
          `"${path}" in the target is a pipe, a socket or a device; exclude or remove it`,
        paths: [path],
      });
    }
  }

  /** Names that differ in their letters' case, or in how accents are encoded. */
  async #refuseCases(): Promise<void> {
    const paths = new Set([
      ...this.#source.items.keys(),
      ...this.#target.items.keys(),
    ]);
    const alike = Map.groupBy(
      paths,
      (path) => path.normalize("NFC").toLowerCase(),
    );
    for (const group of alike.values()) {
      if (group.length > 1) this.#caseCollisions.push(group);
    }
    if (this.#caseCollisions.length === 0 || !await this.#foldsCase()) return;
    for (const group of this.#caseCollisions) {
      this.#refusals.push({
        code: "CaseCollision",
        message: `${
          group.map((path) => `"${path}"`).join(" and ")
        } are one file here, where letters of both cases count as the same; exclude all but one`,
        paths: group,
      });
    }
  }

  /** Whether the file system takes `a` for `A`. */
  async #foldsCase(): Promise<boolean> {
    const { to, files } = this.#request;
    if (to.kind !== "local" || files?.stat === undefined) return false;
    const { root } = to;
    const below = [...this.#target.folders].map((path) => joinPath(root, path));
    for (const path of [root, ...below]) {
      const other = path.replace(/[^\\/]+$/, (name) => swapped(name));
      if (other === path) continue;
      const [a, b] = [await files.stat(path), await files.stat(other)];
      if (a.kind !== "found" || a.value.id === undefined) continue;
      return b.kind === "found" && b.value.id?.inode === a.value.id.inode;
    }
    return isWindows(files);
  }
}

/** A name with small letters for capital ones, and the other way round. */
function swapped(name: string): string {
  const lower = name.toLowerCase();
  return lower === name ? name.toUpperCase() : lower;
}

/** A number of things in words. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** Whether a file can be opened. */
async function isReadable(
  files: WritableFiles,
  path: string,
): Promise<boolean> {
  try {
    const opened = await files.open(path);
    if (opened.kind !== "found") return false;
    await opened.value.stream.cancel();
    return true;
  } catch {
    // Why it cannot be opened is the same here.
    return false;
  }
}

async function head(
  { s3, where }: FolderSide & { readonly kind: "objects" },
  { name }: FolderItem,
  call: CallOptions,
): Promise<ObjectFacts> {
  const { Bucket, RequestPayer, ExpectedBucketOwner } = where;
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = where;
  try {
    return await requireObject(s3, {
      Bucket,
      Key: name,
      ChecksumMode: "ENABLED",
      ...RequestPayer && { RequestPayer },
      ...ExpectedBucketOwner && { ExpectedBucketOwner },
      ...SSECustomerAlgorithm && { SSECustomerAlgorithm },
      ...SSECustomerKey && { SSECustomerKey },
      ...SSECustomerKeyMD5 && { SSECustomerKeyMD5 },
    }, call);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // What it is like cannot be known, as where it is gone.
    return { ResponseMetadata: error.ResponseMetadata ?? NO_FACTS };
  }
}

/** What a look tells of an object; nothing where it was refused. */
type ObjectFacts =
  & Partial<HeadObjectOutput>
  & Pick<HeadObjectOutput, "ResponseMetadata">;

const NO_FACTS = { HTTPHeaders: {}, RetryAttempts: 0, Attempts: [] };

/** The checksum of all bytes of an object, or their MD5 by its entity tag. */
function checksumOf(object: ObjectFacts): ExpectedChecksum | undefined {
  const { ETag = "", ServerSideEncryption = "AES256", SSECustomerAlgorithm } =
    object;
  const checksum = checksumToVerify(object.ResponseMetadata.HTTPHeaders);
  if (checksum !== undefined) return checksum;
  const [, md5] = /^"?([0-9a-f]{32})"?$/.exec(ETag) ?? [];
  // Under other encryption a tag says nothing of the bytes.
  return md5 === undefined || SSECustomerAlgorithm !== undefined ||
      ServerSideEncryption !== "AES256"
    ? undefined
    : {
      algorithm: "MD5",
      value: base64(
        Uint8Array.from(md5.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
      ),
    };
}

function isSameObject(a: ObjectFacts, b: ObjectFacts): boolean {
  const [left, right] = [checksumOf(a), checksumOf(b)];
  if (left && right && left.algorithm === right.algorithm) {
    return left.value === right.value;
  }
  // The tags of objects in parts are equal where their parts are.
  return !!a.ETag && a.ETag === b.ETag;
}

async function fileChecksum(
  files: WritableFiles,
  path: string,
  { algorithm }: ExpectedChecksum,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const checksum = await startChecksum(algorithm);
  const opened = await files.open(path);
  if (opened.kind !== "found") return undefined;
  for await (const piece of opened.value.stream) {
    signal?.throwIfAborted();
    checksum.update(piece);
  }
  return base64(checksum.digest());
}
