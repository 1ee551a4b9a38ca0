/**
 * Folders, sent to S3, brought from there and kept alike.
 *
 * @module
 */
import {
  ConfigError,
  CredentialsError,
  ServiceError,
} from "../foundation/errors.ts";
import { contentTypeOf } from "../foundation/content_type.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type { Found, WritableFiles } from "../ports/system.ts";
import type { DownloadInput } from "./remote_object.ts";
import type { S3 } from "../services/s3/mod.ts";
import { copy } from "./copy.ts";
import { deleteMany } from "./delete.ts";
import { download } from "./download.ts";
import {
  type FolderFilter,
  type FolderObjects,
  foldersAbove,
  joinPath,
  type LocalFolder,
  pathText,
  requireFound,
  type SkippedItem,
} from "./folder_listing.ts";
import {
  count,
  type FolderComparison,
  type FolderRefusal,
  type FolderSide,
  type FolderStep,
  type PlannedSteps,
  planSteps,
} from "./folder_plan.ts";
import { file } from "./local_file.ts";
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

/** What may be said about the transfer of a folder. */
export interface FolderOptions extends FolderRunOptions {
  /** What counts as changed. Default: `"size-and-time"`; `"all"` of uploadFolder and downloadFolder. */
  readonly compare?: FolderComparison;
  /**
   * What takes part: all at first; the last rule that matches decides. Patterns
   * are compared with the whole path within the folder, `*` also stands for `/`.
   * What they exclude is left alone on both sides. Default: none.
   */
  readonly filters?: readonly FolderFilter[];
  /** Whether what only the target has is deleted. Default: `false`. */
  readonly delete?: boolean;
  /** Most items that may be deleted; a plan with more is refused. Default: no limit. */
  readonly deleteLimit?: number;
  /** Whether an empty source may empty the target. Default: `false`. */
  readonly allowEmptySource?: boolean;
  /** Whether links in a local source are followed; else they are left out. Default: `true`. */
  readonly followLinks?: boolean;
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
  /** Items under way at once, at least 1. Default: 10. */
  readonly concurrency?: number;
  /** Most bytes under way at once, over all items; one item may always be. Default: 128 MiB. */
  readonly bytesInFlight?: number;
  /** Length of a part, in bytes, 5 MiB to 5 GiB. Default: 8 MiB. */
  readonly partSize?: number;
  /** Client of the source, where both sides are objects. Default: the same. */
  readonly source?: S3;
}

const RUN_OPTIONS: OptionKinds<FolderRunOptions> = {
  signal: "signal",
  onProgress: "function",
  onStep: "function",
};

const OPTIONS: OptionKinds<FolderOptions> = {
  ...RUN_OPTIONS,
  compare: "text",
  filters: "list",
  delete: "boolean",
  deleteLimit: "number",
  allowEmptySource: "boolean",
  followLinks: "boolean",
  keepTimes: "boolean",
  resume: "boolean",
  contentType: "function",
  concurrency: "number",
  bytesInFlight: "number",
  partSize: "number",
  source: "object",
};

const COMPARISONS: readonly FolderComparison[] = [
  "all",
  "checksum",
  "exact-time",
  "size",
  "size-and-time",
];

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
}

/** A plan: what is to be done so that one folder becomes like another. */
export interface FolderPlan extends PlannedSteps {
  /** The source, for people: a path or an address `s3://`. */
  readonly from: string;
  /** The target, for people. */
  readonly to: string;
  /** Bytes that are to be transferred. */
  readonly bytes: number;
  /**
   * Carries the plan out: transfers first, deletes after them. A step that fails
   * does not end the others.
   *
   * @param options What differs from the options of the plan.
   * @throws {ConfigError} If the plan has refusals; the code is that of the first.
   * @throws {CredentialsError} If there are no credentials any more.
   * @throws {ServiceError} If the bucket does not exist.
   */
  run(options?: FolderRunOptions): Promise<FolderResult>;
  /** The plan as text, a line a step. */
  toString(): string;
}

/**
 * Uploads a folder: each file becomes an object, under the prefix and its path
 * within the folder.
 *
 * @example Usage
 * ```ts ignore
 * import { folder, uploadFolder } from "@inia/aws/transfer";
 *
 * const { done, failures } = await uploadFolder(s3, folder("site"), {
 *   Bucket: "www",
 *   Prefix: "site",
 *   CacheControl: "max-age=60",
 * });
 * ```
 *
 * @param s3 The client.
 * @param from The folder, by `folder(path)` or a `file:` URL.
 * @param to The bucket, the prefix, and what is said with each upload.
 * @param options What differs from the defaults.
 * @returns What was done, and what failed: look at `failures`.
 */
export async function uploadFolder(
  s3: S3,
  from: LocalFolder | URL,
  to: FolderObjects,
  options: FolderOptions = {},
): Promise<FolderResult> {
  return await transferFolder("uploadFolder", s3, from, to, options);
}

/**
 * Downloads the objects below a prefix to a folder. Keys that would leave the
 * folder are left out.
 *
 * @example Usage
 * ```ts ignore
 * import { downloadFolder, folder } from "@inia/aws/transfer";
 *
 * const site = { Bucket: "www", Prefix: "site" };
 * const { failures } = await downloadFolder(s3, site, folder("copy"));
 * ```
 *
 * @param s3 The client.
 * @param from The bucket and the prefix.
 * @param to The folder; it is made where it is not there.
 * @param options What differs from the defaults.
 * @returns What was done, and what failed: look at `failures`.
 */
export async function downloadFolder(
  s3: S3,
  from: FolderObjects,
  to: LocalFolder | URL,
  options: FolderOptions = {},
): Promise<FolderResult> {
  return await transferFolder("downloadFolder", s3, from, to, options);
}

/**
 * Makes a folder like another: transfers what is new or changed, and on wish
 * deletes what only the target has. One side or both are objects.
 *
 * @example Usage
 * ```ts ignore
 * import { folder, syncFolder } from "@inia/aws/transfer";
 *
 * await syncFolder(s3, folder("site"), { Bucket: "www" }, { delete: true });
 * ```
 *
 * @param s3 The client.
 * @param from The source.
 * @param to The target.
 * @param options What differs from the defaults.
 * @returns What was done, and what failed: look at `failures`.
 * @throws {ConfigError} If something speaks against the plan. Nothing is changed
 * then; {@linkcode planFolder} shows all of it.
 */
export async function syncFolder(
  s3: S3,
  from: FolderObjects | LocalFolder | URL,
  to: FolderObjects | LocalFolder | URL,
  options: FolderOptions = {},
): Promise<FolderResult> {
  const plan = await makePlan("syncFolder", s3, from, to, options);
  return await plan.run();
}

/**
 * Plans what {@linkcode syncFolder} would do, to be shown before it is carried
 * out.
 *
 * @example Usage
 * ```ts ignore
 * import { folder, planFolder } from "@inia/aws/transfer";
 *
 * const plan = await planFolder(s3, folder("site"), { Bucket: "www" });
 * console.log(`${plan}`);
 * if (confirm("Go on?")) await plan.run();
 * ```
 *
 * @param s3 The client.
 * @param from The source.
 * @param to The target.
 * @param options What differs from the defaults.
 */
export async function planFolder(
  s3: S3,
  from: FolderObjects | LocalFolder | URL,
  to: FolderObjects | LocalFolder | URL,
  options: FolderOptions = {},
): Promise<FolderPlan> {
  return await makePlan("planFolder", s3, from, to, options);
}

async function transferFolder(
  name: string,
  s3: S3,
  from: FolderObjects | LocalFolder | URL,
  to: FolderObjects | LocalFolder | URL,
  options: FolderOptions,
): Promise<FolderResult> {
  const settings = { compare: "all", ...options } as const;
  return await (await makePlan(name, s3, from, to, settings)).run();
}

/** Any two sides. */
async function makePlan(
  name: string,
  s3: S3,
  from: FolderObjects | LocalFolder | URL,
  to: FolderObjects | LocalFolder | URL,
  options: FolderOptions,
): Promise<FolderPlan> {
  checkOptions(`call ${name}`, options, OPTIONS);
  const settings = settingsOf(name, options);
  const source = sideOf(name, options.source ?? s3, from);
  const target = sideOf(name, s3, to);
  if (source.kind === "local" && target.kind === "local") {
    throw new ConfigError(
      "InvalidTarget",
      `Cannot call ${name}: both sides are local folders; one must be { Bucket, Prefix }`,
    );
  }
  options.signal?.throwIfAborted();
  const { files } = s3.core;
  const planned = await planSteps({
    files,
    from: source,
    to: target,
    compare: settings.compare,
    filters: options.filters ?? [],
    followLinks: options.followLinks ?? true,
    delete: options.delete ?? false,
    deleteLimit: options.deleteLimit ?? Infinity,
    allowEmptySource: options.allowEmptySource ?? false,
    signal: options.signal,
    concurrency: settings.concurrency,
  });
  const task = { s3, source, target, options, settings };
  const shown = { from: nameOfSide(source), to: nameOfSide(target) };
  return {
    ...planned,
    ...shown,
    bytes: planned.steps.reduce((sum, { size }) => sum + size, 0),
    run: async (own = {}) => {
      checkOptions("carry out a plan", own, RUN_OPTIONS);
      throwRefusal(shown, planned.refusals);
      return await new FolderRun(task, planned, { ...options, ...own })
        .result();
    },
    toString: () => planText(shown, planned),
  };
}

/** The options that have defaults and ranges. */
interface FolderSettings {
  readonly compare: FolderComparison;
  readonly concurrency: number;
  readonly bytesInFlight: number;
  readonly partSize: number;
}

const MEBIBYTE = 1_024 * 1_024;

function settingsOf(name: string, options: FolderOptions): FolderSettings {
  const {
    compare = "size-and-time",
    concurrency = 10,
    bytesInFlight = 128 * MEBIBYTE,
    partSize = 8 * MEBIBYTE,
    deleteLimit = Infinity,
  } = options;
  const invalid = (option: string, range: string, found: unknown): never => {
    throw new ConfigError(
      "InvalidTransferOption",
      `Cannot call ${name}: ${option} must be ${range}, got ${found}`,
    );
  };
  if (!COMPARISONS.includes(compare)) {
    invalid(
      "compare",
      COMPARISONS.map((one) => `"${one}"`).join(", "),
      compare,
    );
  }
  const isWhole = (value: number, least: number): boolean =>
    value === Infinity || Number.isInteger(value) && value >= least;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    invalid("concurrency", "a whole number, >= 1", concurrency);
  }
  if (!isWhole(bytesInFlight, 1)) {
    invalid("bytesInFlight", "a whole number, >= 1", bytesInFlight);
  }
  if (!isWhole(deleteLimit, 0)) {
    invalid("deleteLimit", "a whole number, >= 0", deleteLimit);
  }
  if (!isWhole(partSize, 5 * MEBIBYTE) || partSize > 5 * 1_024 * MEBIBYTE) {
    invalid("partSize", "a whole number, 5 MiB to 5 GiB in bytes", partSize);
  }
  for (const filter of options.filters ?? []) {
    const patterns = Object.entries(filter);
    const [[kind, pattern] = []] = patterns;
    const isRule = patterns.length === 1 && typeof pattern === "string" &&
      (kind === "include" || kind === "exclude");
    if (!isRule) {
      invalid(
        "each of filters",
        "{ include: pattern } or { exclude: pattern }",
        `the members ${Object.keys(filter).join(", ") || "none"}`,
      );
    }
  }
  return { compare, concurrency, bytesInFlight, partSize };
}

function sideOf(
  name: string,
  s3: S3,
  side: FolderObjects | LocalFolder | URL,
): FolderSide {
  const given: unknown = side;
  if (side instanceof URL && side.protocol === "file:") {
    return { kind: "local", root: pathText(side) };
  }
  if (typeof given === "object" && given !== null && !(side instanceof URL)) {
    if ("Bucket" in side) return { kind: "objects", s3, where: side };
    if ("path" in side && side.kind === "folder") {
      const root = pathText(side.path);
      if (root !== "") return { kind: "local", root };
    }
  }
  throw new ConfigError(
    "InvalidTarget",
    `Cannot call ${name}: each side must be folder("path/to/folder") of @inia/aws/transfer, a file: URL, or { Bucket, Prefix }; got ${
      typeof given === "string"
        ? "a string"
        : side instanceof URL
        ? `a URL with the scheme "${side.protocol}"`
        : "something else"
    }`,
  );
}

function nameOfSide(side: FolderSide): string {
  if (side.kind === "local") return side.root;
  const { Bucket, Prefix = "" } = side.where;
  return `s3://${Bucket}/${Prefix}`;
}

function throwRefusal(
  { from, to }: { readonly from: string; readonly to: string },
  refusals: readonly FolderRefusal[],
): void {
  const [first, ...others] = refusals;
  if (first === undefined) return;
  const more = others.length === 0
    ? ""
    : `, and ${count(others.length, "further reason")}`;
  throw new ConfigError(
    first.code,
    `Cannot make "${to}" like "${from}": ${first.message}${more}`,
  );
}

function planText(
  { from, to }: { readonly from: string; readonly to: string },
  { steps, skipped, refusals, caseCollisions, unchanged }: PlannedSteps,
): string {
  const bytes = steps.reduce((sum, { size }) => sum + size, 0);
  return [
    `${from} -> ${to}`,
    ...steps.map(({ kind, path, size, reason }) =>
      kind === "delete"
        ? `  delete    ${path}`
        : `  ${kind.padEnd(8)}  ${path} (${count(size, "byte")}, ${reason})`
    ),
    ...skipped.map(({ path, reason, side }) =>
      `  skip      ${path} (${reason} in the ${side})`
    ),
    ...caseCollisions.map((paths) =>
      `  warning   ${paths.join(", ")} differ only in case or accents`
    ),
    ...refusals.map(({ message }) => `  refused   ${message}`),
    `  ${count(steps.length, "step")}, ${
      count(bytes, "byte")
    }, ${unchanged} unchanged`,
  ].join("\n");
}

/** What a run works on. */
interface FolderTask {
  readonly s3: S3;
  readonly source: FolderSide;
  readonly target: FolderSide;
  readonly options: FolderOptions;
  readonly settings: FolderSettings;
}

/** Parts of one large file that are under way at once. */
const PARTS = 4;

/** Length from which transfers go in parts. */
const THRESHOLD = 8 * MEBIBYTE;

/** A plan that is being carried out. */
class FolderRun {
  readonly #task: FolderTask;
  readonly #planned: PlannedSteps;
  readonly #options: FolderRunOptions;
  readonly #ends = new AbortController();
  readonly #signal: AbortSignal;
  readonly #done: FolderStep[] = [];
  readonly #failures: FolderFailure[] = [];
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
    const { Metadata = {} } = await download(
      s3,
      { ...readMembers(objectsOf(source)), Key: from },
      file(to),
      {
        ...this.#partOptions,
        setLastModified: byTime || (options.keepTimes ?? false),
        onProgress,
      },
    );
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
    await copy(s3, {
      ...members,
      Key: to,
      CopySource: { Bucket: objectsOf(source).Bucket, Key: from },
    }, {
      signal: this.#signal,
      onProgress,
      ...options.source && { source: options.source },
    });
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
    const { files } = this.#task.s3.core;
    if (files !== undefined) return files;
    throw new ConfigError(
      "FilesUnavailable",
      "Cannot open files: the client was made without access to files; make it with session.client",
    );
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
