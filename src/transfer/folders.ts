/**
 * Folders, sent to S3, brought from there and kept alike.
 *
 * @module
 */
import { pathOf } from "../foundation/paths.ts";
import { ConfigError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type { S3 } from "../services/s3/mod.ts";
import type {
  FolderFilter,
  FolderObjects,
  LocalFolder,
} from "./folder_listing.ts";
import {
  count,
  type FolderComparison,
  type FolderRefusal,
  type FolderSide,
  type PlannedSteps,
  planSteps,
} from "./folder_plan.ts";
import {
  type FolderItemOptions,
  type FolderResult,
  FolderRun,
  type FolderRunOptions,
  type FolderSettings,
  MEBIBYTE,
} from "./folder_run.ts";

/** What may be said about the transfer of a folder. */
export interface FolderOptions extends FolderItemOptions, FolderRunOptions {
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
  /** Items under way at once, at least 1. Default: 10. */
  readonly concurrency?: number;
  /** Most bytes under way at once, over all items; one item may always be. Default: 128 MiB. */
  readonly bytesInFlight?: number;
  /** Length of a part, in bytes, 5 MiB to 5 GiB. Default: 8 MiB. */
  readonly partSize?: number;
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
    return { kind: "local", root: pathOf(side) };
  }
  if (typeof given === "object" && given !== null && !(side instanceof URL)) {
    if ("Bucket" in side) return { kind: "objects", s3, where: side };
    if ("path" in side && side.kind === "folder") {
      const root = pathOf(side.path);
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
