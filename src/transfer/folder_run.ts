/**
 * A plan, carried out: transfers first, all of them bounded together, then
 * deletes.
 *
 * @module
 */
import {
  ConfigError,
  CredentialsError,
  ServiceError,
} from "../foundation/errors.ts";
import { contentTypeOf } from "../foundation/content_type.ts";
import type { Found, WritableFiles } from "../ports/system.ts";
import type { S3 } from "../services/s3/mod.ts";
import { copySeen } from "./copy.ts";
import { deleteMany } from "./delete.ts";
import { download } from "./download.ts";
import {
  type FolderObjects,
  foldersAbove,
  joinPath,
  requireFound,
  type SkippedItem,
} from "./folder_listing.ts";
import type {
  FolderComparison,
  FolderSide,
  FolderStep,
  PlannedSteps,
} from "./folder_plan.ts";
import { file, filesOf } from "./local_file.ts";
import type { DownloadInput } from "./remote_object.ts";
import { upload } from "./upload.ts";

/** How far the transfer of a folder is. */
export interface FolderProgress {
  /** Bytes that are where they belong. It falls when bytes have to go again. */
  readonly bytes: number;
  /** Bytes there are to transfer. */
  readonly total: number;
  /** Steps that are done: items that were transferred or deleted. */
  readonly steps: number;
  /** Steps there are. */
  readonly totalSteps: number;
  /** Steps that failed. */
  readonly failed: number;
}

/** What may be said about carrying out a plan. */
export interface FolderRunOptions {
  /** Ends it early. What is under way is cleaned up first; what is done stays. */
  readonly signal?: AbortSignal;
  /** Called as bytes and items arrive. */
  readonly onProgress?: (progress: FolderProgress) => void;
  /** Called when a step has ended. `error` is there where it failed. */
  readonly onStep?: (step: FolderStep, error?: unknown) => void;
}

/** What may be said about the items that are transferred. */
export interface FolderItemOptions {
  /**
   * Whether times of last change travel with the files: an upload states them in
   * the metadata `mtime`, in seconds as rclone does, and a download sets them.
   * Default: `false`. A download sets the object's `LastModified` where it is to
   * be compared by time.
   */
  readonly keepTimes?: boolean;
  /**
   * Whether large transfers go on with what an earlier one left, and leave what
   * is there when they fail. Default: `false`.
   */
  readonly resume?: boolean;
  /**
   * The `ContentType` of an upload by its path. `undefined`: none is stated.
   * Default: by the ending of the name.
   */
  readonly contentType?: (path: string) => string | undefined;
  /** Client of the source, where both sides are objects. Default: the same. */
  readonly source?: S3;
}

/** A step that failed. */
export interface FolderFailure {
  /** The step. */
  readonly step: FolderStep;
  /** Why. */
  readonly error: unknown;
}

/** What carrying out a plan came to. */
export interface FolderResult {
  /** Steps that were done, in the order in which they ended. */
  readonly done: readonly FolderStep[];
  /** Steps that failed. Where a transfer failed, nothing is deleted. */
  readonly failures: readonly FolderFailure[];
  /** Deletes that were not carried out as a transfer had failed. */
  readonly postponed: readonly FolderStep[];
  /** What was left out, though no filter excludes it. */
  readonly skipped: readonly SkippedItem[];
  /** Number of items that were the same on both sides. */
  readonly unchanged: number;
  /** Bytes that were transferred. */
  readonly bytes: number;
  /** ETags of the objects that were downloaded or copied, by their keys. */
  readonly etags: ReadonlyMap<string, string>;
  /** What copies lack, as it may not be read (403), by the keys of their sources. */
  readonly lost: ReadonlyMap<string, readonly ("annotations" | "tags")[]>;
}

/** The options that have defaults and ranges. */
export interface FolderSettings {
  readonly compare: FolderComparison;
  readonly concurrency: number;
  readonly bytesInFlight: number;
  readonly partSize: number;
}

/** Bytes of a MiB. */
export const MEBIBYTE = 1_024 * 1_024;

/** What a run works on. */
export interface FolderTask {
  readonly s3: S3;
  readonly source: FolderSide;
  readonly target: FolderSide;
  readonly options: FolderItemOptions;
  readonly settings: FolderSettings;
}

/** Parts of one large file that are under way at once. */
const PARTS = 4;

/** Length from which transfers go in parts. */
const THRESHOLD = 8 * MEBIBYTE;

/** A plan that is being carried out. */
export class FolderRun {
  readonly #task: FolderTask;
  readonly #planned: PlannedSteps;
  readonly #options: FolderRunOptions;
  readonly #ends = new AbortController();
  readonly #signal: AbortSignal;
  readonly #done: FolderStep[] = [];
  readonly #failures: FolderFailure[] = [];
  readonly #etags = new Map<string, string>();
  readonly #lost = new Map<string, readonly ("annotations" | "tags")[]>();
  readonly #folders = new Map<string, Promise<void>>();
  readonly #total: number;
  #bytes = 0;
  #transferred = 0;

  constructor(
    task: FolderTask,
    planned: PlannedSteps,
    options: FolderRunOptions,
  ) {
    this.#task = task;
    this.#planned = planned;
    this.#options = options;
    this.#total = planned.steps.reduce((sum, { size }) => sum + size, 0);
    const { signal } = options;
    this.#signal = signal
      ? AbortSignal.any([signal, this.#ends.signal])
      : this.#ends.signal;
  }

  async result(): Promise<FolderResult> {
    const { steps, skipped, unchanged } = this.#planned;
    const deletes = steps.filter(({ kind }) => kind === "delete");
    this.#signal.throwIfAborted();
    await this.#transferAll(steps.filter(({ kind }) => kind !== "delete"));
    const isSafe = this.#failures.length === 0;
    if (isSafe && deletes.length > 0) await this.#deleteAll(deletes);
    return {
      done: this.#done,
      failures: this.#failures,
      postponed: isSafe ? [] : deletes,
      skipped,
      unchanged,
      bytes: this.#transferred,
      etags: this.#etags,
      lost: this.#lost,
    };
  }

  /** Bytes of all that is under way are bounded together. */
  async #transferAll(steps: readonly FolderStep[]): Promise<void> {
    const { concurrency, bytesInFlight } = this.#task.settings;
    const running = new Set<Promise<void>>();
    let inFlight = 0;
    for (const step of steps) {
      const weight = this.#weight(step);
      while (
        running.size >= concurrency ||
        running.size > 0 && inFlight + weight > bytesInFlight
      ) await Promise.race(running);
      if (this.#signal.aborted) break;
      inFlight += weight;
      const task: Promise<void> = this.#attempt(step).then(() => {
        inFlight -= weight;
        running.delete(task);
      });
      running.add(task);
    }
    await Promise.all(running);
    this.#signal.throwIfAborted();
  }

  /** Bytes that a transfer holds at most. */
  #weight({ kind, size }: FolderStep): number {
    if (kind === "copy") return 0;
    const { partSize } = this.#task.settings;
    return size < THRESHOLD
      ? size
      : Math.min(size, (this.#parts() + 1) * partSize);
  }

  #parts(): number {
    const { partSize, bytesInFlight } = this.#task.settings;
    const fitting = Math.floor(bytesInFlight / partSize) - 1;
    return Math.max(1, Math.min(PARTS, fitting));
  }

  async #attempt(step: FolderStep): Promise<void> {
    let counted = 0;
    const onProgress = ({ bytes }: { readonly bytes: number }): void => {
      this.#bytes += bytes - counted;
      counted = bytes;
      this.#report();
    };
    try {
      await this.#transfer(step, onProgress);
      onProgress({ bytes: step.size });
      this.#transferred += step.size;
      this.#end(step);
    } catch (error) {
      try {
        if (!this.#signal.aborted) onProgress({ bytes: 0 });
        this.#fail(step, error);
      } catch (thrown) {
        this.#ends.abort(thrown);
      }
    }
  }

  #end(step: FolderStep): void {
    this.#done.push(step);
    this.#options.onStep?.(step);
    this.#report();
  }

  /** What ends one step may end all of them. */
  #fail(step: FolderStep, error: unknown): void {
    if (this.#signal.aborted) return;
    this.#failures.push({ step, error });
    this.#options.onStep?.(step, error);
    this.#report();
    const endsAll = error instanceof CredentialsError ||
      error instanceof ServiceError && error.code === "NoSuchBucket";
    if (endsAll) this.#ends.abort(error);
  }

  #report(): void {
    try {
      this.#options.onProgress?.({
        bytes: this.#bytes,
        total: this.#total,
        steps: this.#done.length,
        totalSteps: this.#planned.steps.length,
        failed: this.#failures.length,
      });
    } catch (error) {
      // An error of the caller's own function ends all.
      this.#ends.abort(error);
      throw error;
    }
  }

  async #transfer(
    step: FolderStep,
    onProgress: (progress: { readonly bytes: number }) => void,
  ): Promise<void> {
    switch (step.kind) {
      case "upload":
        return await this.#upload(step, onProgress);
      case "download":
        return await this.#download(step, onProgress);
      default:
        return await this.#copy(step, onProgress);
    }
  }

  get #partOptions(): {
    readonly signal: AbortSignal;
    readonly partSize: number;
    readonly concurrency: number;
    readonly resume: boolean;
  } {
    return {
      signal: this.#signal,
      partSize: this.#task.settings.partSize,
      concurrency: this.#parts(),
      resume: this.#task.options.resume ?? false,
    };
  }

  async #upload(
    { path, from = "", to }: FolderStep,
    onProgress: (progress: { readonly bytes: number }) => void,
  ): Promise<void> {
    const { s3, target, options } = this.#task;
    const { Prefix: _prefix, ...members } = objectsOf(target);
    const guess = options.contentType ?? guessedType;
    const ContentType = members.ContentType ?? guess(path);
    const { resume, ...partOptions } = this.#partOptions;
    await upload(s3, {
      ...members,
      Key: to,
      Body: file(from),
      ...ContentType !== undefined && { ContentType },
      ...options.keepTimes && {
        Metadata: { ...members.Metadata, ...await this.#timeOf(from) },
      },
    }, { ...partOptions, ...resume && { resume }, onProgress });
  }

  async #timeOf(path: string): Promise<{ readonly mtime?: string }> {
    const facts = await this.#files.stat?.(path);
    return facts?.kind === "found"
      ? { mtime: String(facts.value.changedMs / 1_000) }
      : {};
  }

  async #download(
    { path, from = "", to }: FolderStep,
    onProgress: (progress: { readonly bytes: number }) => void,
  ): Promise<void> {
    const { s3, source, options, settings } = this.#task;
    await this.#makeFolders(path);
    const byTime = settings.compare === "size-and-time" ||
      settings.compare === "exact-time";
    const { Metadata = {}, ETag } = await download(
      s3,
      { ...readMembers(objectsOf(source)), Key: from },
      file(to),
      {
        ...this.#partOptions,
        setLastModified: byTime || (options.keepTimes ?? false),
        onProgress,
      },
    );
    if (ETag) this.#etags.set(from, ETag);
    const seconds = Number(Metadata.mtime ?? NaN);
    if (options.keepTimes && Number.isFinite(seconds)) {
      await this.#files.setChanged?.(to, Math.round(seconds * 1_000));
    }
  }

  async #copy(
    { from = "", to }: FolderStep,
    onProgress: (progress: { readonly bytes: number }) => void,
  ): Promise<void> {
    const { s3, source, target, options } = this.#task;
    const { Prefix: _prefix, ...members } = objectsOf(target);
    const { result, source: { head } } = await copySeen("copy", s3, {
      ...members,
      Key: to,
      CopySource: { Bucket: objectsOf(source).Bucket, Key: from },
    }, {
      signal: this.#signal,
      onProgress,
      ...options.source && { source: options.source },
    });
    if (head.ETag) this.#etags.set(from, head.ETag);
    const lost = result.kind === "multipart" ? result.lost : undefined;
    if (lost !== undefined) this.#lost.set(from, lost);
  }

  /** Makes the folders of a file; none of them may be a link. */
  async #makeFolders(path: string): Promise<void> {
    const { target } = this.#task;
    if (target.kind !== "local") return;
    for (const above of ["", ...foldersAbove(path)]) {
      const name = above === "" ? target.root : joinPath(target.root, above);
      let made = this.#folders.get(above);
      if (made === undefined) {
        made = this.#makeFolder(name, above === "");
        this.#folders.set(above, made);
      }
      await made;
    }
  }

  async #makeFolder(name: string, isRoot: boolean): Promise<void> {
    const failed = `Cannot make the folder "${name}"`;
    if (!isRoot) await this.#refuseLink(name);
    const facts = await this.#files.stat?.(name);
    if (facts?.kind === "found" && facts.value.kind === "folder") return;
    requireFound(await this.#files.makeFolder?.(name), failed);
  }

  /** A link may have come after the plan was made. */
  async #refuseLink(name: string): Promise<void> {
    const found: Found<string> | undefined = await this.#files
      .entryKind?.(name);
    if (found?.kind !== "found" || found.value !== "link") return;
    throw new ConfigError(
      "LinkInTarget",
      `Cannot write below "${name}": it is a link, which may lead out of the folder`,
    );
  }

  async #deleteAll(steps: readonly FolderStep[]): Promise<void> {
    const { s3, target } = this.#task;
    if (target.kind === "local") {
      for (const step of steps) {
        this.#signal.throwIfAborted();
        try {
          await this.#deleteFile(target.root, step);
          this.#end(step);
        } catch (error) {
          this.#fail(step, error);
        }
      }
      this.#signal.throwIfAborted();
      return;
    }
    const { Bucket, ExpectedBucketOwner, RequestPayer } = target.where;
    let results: Awaited<ReturnType<typeof deleteMany>>;
    try {
      results = await deleteMany(s3, Bucket, steps.map(({ to }) => to), {
        signal: this.#signal,
        ...ExpectedBucketOwner && { ExpectedBucketOwner },
        ...RequestPayer && { RequestPayer },
      });
    } catch (error) {
      for (const step of steps) this.#fail(step, error);
      this.#signal.throwIfAborted();
      return;
    }
    steps.forEach((step, index) => {
      const result = results[index];
      if (result?.kind === "deleted") return this.#end(step);
      const { Code = "NoResult", Message = "nothing is known of it" } =
        result ?? {};
      const detail = { code: Code, status: 200, operation: "DeleteObjects" };
      const error = { ...detail, headers: {}, fields: {} };
      this.#fail(step, new ServiceError(Message, error));
    });
    this.#signal.throwIfAborted();
  }

  async #deleteFile(root: string, { path, to }: FolderStep): Promise<void> {
    for (const above of foldersAbove(path)) {
      await this.#refuseLink(joinPath(root, above));
    }
    const removed = await this.#files.remove(to);
    if (removed.kind === "denied") {
      requireFound(removed, `Cannot delete "${to}"`);
    }
  }

  get #files(): WritableFiles {
    return filesOf(this.#task.s3.core);
  }
}

function objectsOf(side: FolderSide): FolderObjects {
  return side.kind === "objects" ? side.where : { Bucket: "" };
}

/** What a download takes of what is said of its source. */
function readMembers(
  {
    Bucket,
    RequestPayer,
    ExpectedBucketOwner,
    SSECustomerAlgorithm,
    SSECustomerKey,
    SSECustomerKeyMD5,
  }: FolderObjects,
): Omit<DownloadInput, "Key"> {
  return {
    Bucket,
    ...RequestPayer && { RequestPayer },
    ...ExpectedBucketOwner && { ExpectedBucketOwner },
    ...SSECustomerAlgorithm && { SSECustomerAlgorithm },
    ...SSECustomerKey && { SSECustomerKey },
    ...SSECustomerKeyMD5 && { SSECustomerKeyMD5 },
  };
}

/** The type by the name's ending; `undefined` where it tells none. */
function guessedType(path: string): string | undefined {
  const type = contentTypeOf(path);
  return type === "application/octet-stream" ? undefined : type;
}
