/**
 * The verbs that move bytes: cp, mv, sync.
 *
 * @module
 */
import { ConfigError, PreconditionError, ServiceError } from "../../mod.ts";
import { type S3, statObject } from "../services/s3/mod.ts";
import {
  copy,
  download,
  downloadStream,
  file,
  folder,
  type FolderFailure,
  type FolderObjects,
  type FolderOptions,
  type FolderPlan,
  type FolderResult,
  type FolderStep,
  type LocalFolder,
  move,
  planFolder,
  type TransferProgress,
  upload,
} from "../transfer/mod.ts";
import {
  type CliCall,
  type CliOption,
  type CliVerb,
  countText,
  EXIT,
  FILTER_OPTIONS,
  maybeAddress,
  printable,
  type S3Address,
  UsageError,
} from "./command.ts";
import { ProgressLine } from "./progress.ts";

const PERMISSIONS =
  "--allow-net --allow-env=AWS_*,HOME --allow-read=$HOME/.aws,PATH --allow-write=PATH";

const UPLOAD_OPTIONS: Readonly<Record<string, CliOption>> = {
  "content-type": {
    type: "string",
    value: "TYPE",
    help: "of what is uploaded",
  },
  "cache-control": {
    type: "string",
    value: "TEXT",
    help: "of what is uploaded",
  },
  "storage-class": { type: "string", value: "NAME", help: "of what is stored" },
};

const TRANSFER_OPTIONS: Readonly<Record<string, CliOption>> = {
  recursive: {
    type: "boolean",
    short: "r",
    help: "a folder or a prefix with all below it",
  },
  ...FILTER_OPTIONS,
  "dry-run": { type: "boolean", help: "show what would be done" },
  resume: {
    type: "boolean",
    help: "keep parts of what breaks off, and go on with them",
  },
  "keep-times": {
    type: "boolean",
    help: "times of last change travel with the files",
  },
  ...UPLOAD_OPTIONS,
  verbose: { type: "boolean", short: "v", help: "print a line for each item" },
};

/** Copies to, from and within S3. */
const CP: CliVerb = {
  name: "cp",
  summary: "Copy a file, an object or a stream (-), or with -r a folder.",
  args: "SOURCE TARGET",
  options: TRANSFER_OPTIONS,
  count: [2, 2],
  permissions: PERMISSIONS,
  example: "cp -r site s3://www/site --exclude '*.map'",
  run: async (call) => await transfer(call, false),
};

const MV: CliVerb = {
  name: "mv",
  summary: "Move: copy, and delete each source once its copy is there.",
  args: "SOURCE TARGET",
  options: TRANSFER_OPTIONS,
  count: [2, 2],
  permissions: PERMISSIONS,
  example: "mv s3://photos/cat.jpg s3://archive/2026/",
  run: async (call) => await transfer(call, true),
};

const SYNC: CliVerb = {
  name: "sync",
  summary: "Make one folder like another: transfer what is new or has changed.",
  args: "SOURCE TARGET",
  options: {
    delete: { type: "boolean", help: "delete what only the target has" },
    "delete-limit": {
      type: "string",
      value: "N",
      help: "refuse to delete more",
    },
    "allow-empty-source": {
      type: "boolean",
      help: "let an empty source empty the target",
    },
    compare: {
      type: "string",
      value: "RULE",
      help: "size-and-time (default), exact-time, size, checksum or all",
    },
    "no-follow-links": {
      type: "boolean",
      help: "leave out links of a local source",
    },
    yes: { type: "boolean", short: "y", help: "delete without a question" },
    ...Object.fromEntries(
      Object.entries(TRANSFER_OPTIONS).filter(([name]) => name !== "recursive"),
    ),
  },
  count: [2, 2],
  permissions: PERMISSIONS,
  example: "sync site s3://www --delete --dry-run",
  run: sync,
};

/** The verbs. */
export const TRANSFER_VERBS: readonly CliVerb[] = [CP, MV, SYNC];

/** One end of a transfer. */
type End =
  | S3Address
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "stream" };

function endOf(text: string): End {
  if (text === "-") return { kind: "stream" };
  return maybeAddress(text) ?? { kind: "local", path: text };
}

function nameOf(end: End): string {
  if (end.kind === "stream") return "-";
  return printable(
    end.kind === "local" ? end.path : `s3://${end.Bucket}/${end.Key}`,
  );
}

/** What is said of an upload or a copy. */
function members(call: CliCall): Omit<FolderObjects, "Bucket"> {
  const ContentType = call.text("content-type");
  const CacheControl = call.text("cache-control");
  // The service refuses a class that it does not have.
  const StorageClass = call.text("storage-class") as
    | FolderObjects["StorageClass"]
    | undefined;
  return {
    ...ContentType !== undefined && { ContentType },
    ...CacheControl !== undefined && { CacheControl },
    ...StorageClass !== undefined && { StorageClass },
  };
}

async function transfer(call: CliCall, moves: boolean): Promise<number> {
  const [source = "", target = ""] = call.args;
  const [from, to] = [endOf(source), endOf(target)];
  if (from.kind !== "s3" && to.kind !== "s3") {
    throw new UsageError(
      `one of both must be an address s3://bucket/key, got "${source}" and "${target}"`,
    );
  }
  if (call.flag("recursive")) return await transferAll(call, from, to, moves);
  if (call.filters.length > 0) {
    throw new UsageError("--include and --exclude need --recursive");
  }
  return await transferOne(call, from, to, moves);
}

async function transferOne(
  call: CliCall,
  from: End,
  to: End,
  moves: boolean,
): Promise<number> {
  if (from.kind === "s3" && from.Key === "") {
    throw new UsageError(`"${nameOf(from)}" names no key; -r copies a bucket`);
  }
  if (moves && (from.kind === "stream" || to.kind === "stream")) {
    throw new UsageError("a stream cannot be moved");
  }
  const s3 = call.client();
  const end = await whole(s3, from, to);
  if (moves && nameOf(end) === nameOf(from)) {
    throw new UsageError(`"${nameOf(from)}" would be moved to itself`);
  }
  const line = `${moves ? "move" : "copy"} ${nameOf(from)} to ${nameOf(end)}`;
  if (call.flag("dry-run")) {
    await call.print({ from: nameOf(from), to: nameOf(end) }, line);
    return EXIT.done;
  }
  const toOutput = end.kind === "stream";
  const progress = new ProgressLine(call.io, 1, Date.now, toOutput);
  try {
    await carry(call, s3, { from, to: end, moves }, progress);
  } catch (error) {
    await progress.clear();
    throw error;
  }
  progress.update({ files: 1 });
  await progress.end(moves ? "Moved" : "Copied");
  const isShown = call.flag("json") || call.flag("verbose");
  if (end.kind !== "stream" && isShown) {
    await call.print({ from: nameOf(from), to: nameOf(end) }, line);
  }
  return EXIT.done;
}

/** The target with the name of the source, where it is a folder. */
async function whole(s3: S3, from: End, to: End): Promise<End> {
  const path = from.kind === "local"
    ? from.path
    : from.kind === "s3"
    ? from.Key
    : "";
  // Within S3 a backslash is a character like others.
  const isKey = from.kind === "s3" && to.kind === "s3";
  const last = isKey ? /([^/]+)\/*$/ : /([^/\\]+)[/\\]*$/;
  const [, name = ""] = last.exec(path) ?? [];
  if (to.kind === "s3") {
    if (to.Key !== "" && !to.Key.endsWith("/")) return to;
    if (name === "") {
      throw new UsageError(`"${nameOf(to)}" names no key for the stream`);
    }
    return { ...to, Key: to.Key + name };
  }
  if (to.kind === "stream") return to;
  const facts = await s3.core.files?.stat?.(to.path);
  const isFolder = /[/\\]$/.test(to.path) ||
    facts?.kind === "found" && facts.value.kind === "folder";
  if (!isFolder) return to;
  return { ...to, path: `${to.path.replace(/[/\\]+$/, "")}/${name}` };
}

async function carry(
  call: CliCall,
  s3: S3,
  { from, to, moves }: {
    readonly from: End;
    readonly to: End;
    readonly moves: boolean;
  },
  progress: ProgressLine,
): Promise<void> {
  const options = {
    signal: call.signal,
    onProgress: (facts: TransferProgress): void => progress.update(facts),
  };
  const resume = call.flag("resume") && { resume: true };
  if (to.kind === "s3") {
    const { Bucket, Key } = to;
    if (from.kind === "s3") {
      const CopySource = { Bucket: from.Bucket, Key: from.Key };
      const carryOver = moves ? move : copy;
      const input = { ...members(call), Bucket, Key, CopySource };
      await carryOver(s3, input, options);
      return;
    }
    const before = moves ? await changedMs(s3, from) : undefined;
    const Body = from.kind === "local" ? file(from.path) : call.io.stdin;
    const input = { ...members(call), Bucket, Key, Body };
    await upload(s3, input, { ...options, ...resume });
    if (moves && from.kind === "local") {
      await removeFile(s3, from.path, before);
    }
    return;
  }
  if (from.kind !== "s3") return;
  const object = { Bucket: from.Bucket, Key: from.Key };
  if (to.kind === "local") {
    const { ETag } = await download(s3, object, file(to.path), {
      ...options,
      ...resume,
      ...call.flag("keep-times") && { setLastModified: true },
    });
    if (moves) await deleteRead(s3, object, ETag, call.signal);
    return;
  }
  const { Body } = await downloadStream(s3, object, options);
  for await (const piece of Body) await call.io.write(piece);
}

/** The condition that an object is the one that was read; a weak tag never matches. */
function sameAs(etag: string | undefined): { readonly IfMatch?: string } {
  return etag && !etag.startsWith("W/") ? { IfMatch: etag } : {};
}

/**
 * Deletes an object that was read, unless another one is there by now. It is
 * looked at before where the store is not known to keep the condition.
 */
async function deleteRead(
  s3: S3,
  object: { readonly Bucket: string; readonly Key: string },
  etag: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const condition = sameAs(etag);
  const isBound = "IfMatch" in condition && await isAmazon(s3);
  if (!isBound) await requireSame(s3, object, etag, signal);
  try {
    await s3.deleteObject({ ...object, ...condition }, { signal });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status !== 412) throw error;
    // Swift cannot match the ETag that it gives for an object in parts.
    await requireSame(s3, object, etag, signal, error);
    await s3.deleteObject(object, { signal });
  }
}

/** Amazon keeps conditions on deletes; of other stores that is not known. */
async function isAmazon({ core }: S3): Promise<boolean> {
  const { endpointUrl } = await core.settings?.() ?? {};
  return endpointUrl === undefined ||
    /\.amazonaws\.com(\.cn)?$/.test(new URL(endpointUrl).hostname);
}

async function requireSame(
  s3: S3,
  object: { readonly Bucket: string; readonly Key: string },
  etag: string | undefined,
  signal: AbortSignal,
  cause?: ServiceError,
): Promise<void> {
  const now = await statObject(s3, object, { signal });
  if (now !== null && now.ETag === etag) return;
  const name = printable(`s3://${object.Bucket}/${object.Key}`);
  throw new ConfigError(
    "SourceChanged",
    `Cannot remove "${name}": it was replaced or removed while it was copied; run the command again`,
    { cause },
  );
}

/** When a file was changed last. */
async function changedMs(s3: S3, end: End): Promise<number | undefined> {
  if (end.kind !== "local") return undefined;
  const facts = await s3.core.files?.stat?.(end.path);
  return facts?.kind === "found" ? facts.value.changedMs : undefined;
}

/** Removes a file that was copied, unless it has changed since. */
async function removeFile(
  s3: S3,
  path: string,
  before: number | undefined,
): Promise<void> {
  const name = printable(path);
  if (before !== await changedMs(s3, { kind: "local", path })) {
    throw new ConfigError(
      "SourceChanged",
      `Cannot remove "${name}": it was changed while it was copied; run the command again`,
    );
  }
  const removed = await s3.core.files?.remove(path);
  if (removed?.kind !== "denied") return;
  throw new UsageError(
    `"${name}" was copied and cannot be removed: run with ${removed.flag}`,
  );
}

/** A side of the transfer of a folder. */
function side(
  end: End,
  more: Omit<FolderObjects, "Bucket">,
): FolderObjects | LocalFolder {
  if (end.kind === "local") return folder(end.path);
  if (end.kind === "stream") {
    throw new UsageError("a stream is no folder");
  }
  return { ...more, Bucket: end.Bucket, Prefix: end.Key };
}

async function planned(
  call: CliCall,
  s3: S3,
  from: End,
  to: End,
  options: FolderOptions,
): Promise<FolderPlan> {
  return await planFolder(s3, side(from, {}), side(to, members(call)), {
    ...options,
    filters: call.filters,
    resume: call.flag("resume"),
    keepTimes: call.flag("keep-times"),
    signal: call.signal,
  });
}

async function transferAll(
  call: CliCall,
  from: End,
  to: End,
  moves: boolean,
): Promise<number> {
  if (moves && from.kind === "s3" && to.kind === "s3") {
    refuseOverlap(from, to);
  }
  const s3 = call.client();
  const plan = await planned(call, s3, from, to, { compare: "all" });
  if (moves && from.kind === "s3" && to.kind === "s3") {
    await refuseSame(call, s3, plan, [from, to]);
  }
  if (call.flag("dry-run")) return await showPlan(call, plan);
  const before = new Map<string, number | undefined>();
  for (const { from: path = "" } of moves ? plan.steps : []) {
    const end = from.kind === "local" ? { ...from, path } : from;
    before.set(path, await changedMs(s3, end));
  }
  const result = await carryOut(call, plan, moves ? "Moved" : "Copied");
  const failures = [...result.failures];
  if (moves) {
    failures.push(...await removeSources(call, s3, from, result, before));
  }
  return await showResult(call, { ...result, failures });
}

function refuseOverlap(from: S3Address, to: S3Address): void {
  const [a, b] = [from, to].map(({ Key }) =>
    Key === "" || Key.endsWith("/") ? Key : `${Key}/`
  );
  if (from.Bucket !== to.Bucket || a === undefined || b === undefined) return;
  if (a.startsWith(b) || b.startsWith(a)) {
    throw new UsageError(
      `"${nameOf(from)}" and "${
        nameOf(to)
      }" overlap: a moved object could be deleted as a source`,
    );
  }
}

/** Names of other forms, which may stand for a bucket of another name. */
const ALIAS = /^arn:|-s3alias$|--ol-s3$|:/;

/** The copies would be the sources, and then be deleted. One shows it for all. */
async function refuseSame(
  { signal }: CliCall,
  s3: S3,
  { steps }: FolderPlan,
  [from, to]: readonly [from: S3Address, to: S3Address],
): Promise<void> {
  const [step] = steps;
  if (step?.from !== step?.to || step === undefined) return;
  if (!ALIAS.test(from.Bucket) && !ALIAS.test(to.Bucket)) return;
  const [source, target] = await Promise.all(
    [from, to].map(({ Bucket }) =>
      statObject(s3, { Bucket, Key: step.to }, { signal })
    ),
  );
  const isOther = !source || !target || source.ETag !== target.ETag ||
    source.VersionId !== target.VersionId ||
    source.ContentLength !== target.ContentLength ||
    source.LastModified?.getTime() !== target.LastModified?.getTime();
  if (isOther) return;
  throw new UsageError(
    `"${nameOf(from)}" would be moved to itself: "${
      nameOf(to)
    }" has the same objects`,
  );
}

/** Deletes of single objects that are under way at once. */
const DELETES = 10;

/** Whether a failure says nothing of the deletes of other objects. */
function isOfOne(error: unknown): boolean {
  return error instanceof PreconditionError ||
    error instanceof ConfigError &&
      ["IncompleteCopy", "SourceChanged"].includes(error.code) ||
    error instanceof ServiceError && error.code !== "NoSuchBucket";
}

/** What the copy lacks would be gone with the source. */
function requireComplete(
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
  lost: readonly string[] | undefined,
): void {
  if (lost === undefined) return;
  throw new ConfigError(
    "IncompleteCopy",
    `Cannot remove "${printable(`s3://${Bucket}/${Key}`)}": its ${
      lost.join(" and ")
    } may not be read, so that its copy lacks them; allow ${
      lost.includes("tags") ? "s3:GetObjectTagging" : "to read them"
    } and run the command again`,
  );
}

/** Deletes the sources of what has arrived, as they were then. */
async function removeSources(
  call: CliCall,
  s3: S3,
  from: End,
  { done, etags, lost }: FolderResult,
  before: ReadonlyMap<string, number | undefined>,
): Promise<FolderFailure[]> {
  const failures: FolderFailure[] = [];
  if (from.kind === "s3") {
    const remove = async (step: FolderStep): Promise<void> => {
      const object = { Bucket: from.Bucket, Key: step.from ?? "" };
      try {
        requireComplete(object, lost.get(object.Key));
        await deleteRead(s3, object, etags.get(object.Key), call.signal);
      } catch (error) {
        const isGone = error instanceof ServiceError &&
          error.code === "NoSuchKey";
        if (!isGone) failures.push({ step, error });
      }
    };
    for (let at = 0; at < done.length; at += DELETES) {
      await Promise.all(done.slice(at, at + DELETES).map(remove));
      call.signal.throwIfAborted();
      const other = failures.find(({ error }) => !isOfOne(error));
      if (other !== undefined) throw other.error;
    }
    return failures;
  }
  for (const step of done) {
    try {
      const path = step.from ?? "";
      await removeFile(s3, path, before.get(path));
    } catch (error) {
      failures.push({ step, error });
    }
  }
  return failures;
}

async function sync(call: CliCall): Promise<number> {
  const [source = "", target = ""] = call.args;
  const [from, to] = [endOf(source), endOf(target)];
  const deleteLimit = call.number("delete-limit");
  const compare = call.text("compare") as FolderOptions["compare"] | undefined;
  const plan = await planned(call, call.client(), from, to, {
    delete: call.flag("delete"),
    allowEmptySource: call.flag("allow-empty-source"),
    followLinks: !call.flag("no-follow-links"),
    ...deleteLimit !== undefined && { deleteLimit },
    ...compare !== undefined && { compare },
  });
  if (call.flag("dry-run")) return await showPlan(call, plan);
  const deletes = plan.steps.filter(({ kind }) => kind === "delete");
  const { confirm } = call.io;
  const asks = confirm !== undefined && deletes.length > 0 &&
    plan.refusals.length === 0 && !call.flag("yes");
  if (asks) {
    await call.note(printablePlan(plan));
    if (!await confirm(`Delete ${countText(deletes.length, "item")}?`)) {
      await call.note("Nothing was changed.");
      return EXIT.failed;
    }
  }
  return await showResult(call, await carryOut(call, plan, "Transferred"));
}

function printablePlan(plan: FolderPlan): string {
  return `${plan}`.split("\n").map(printable).join("\n");
}

async function showPlan(call: CliCall, plan: FolderPlan): Promise<number> {
  const {
    from,
    to,
    steps,
    skipped,
    refusals,
    caseCollisions,
    unchanged,
    bytes,
  } = plan;
  const value = {
    from,
    to,
    steps,
    skipped,
    refusals,
    caseCollisions,
    unchanged,
    bytes,
  };
  await call.print(value, () => printablePlan(plan));
  if (refusals.length > 0) return EXIT.failed;
  return skipped.length > 0 ? EXIT.partly : EXIT.done;
}

async function carryOut(
  call: CliCall,
  plan: FolderPlan,
  verb: string,
): Promise<FolderResult> {
  const files = plan.steps.filter(({ kind }) => kind !== "delete").length;
  const progress = new ProgressLine(call.io, files);
  const done: FolderStep[] = [];
  const failed: FolderStep[] = [];
  const count = (steps: readonly FolderStep[]): number =>
    steps.filter(({ kind }) => kind !== "delete").length;
  try {
    const result = await plan.run({
      onStep: (step, error) =>
        void (error === undefined ? done : failed).push(step),
      onProgress: ({ bytes, total }) =>
        progress.update({
          bytes,
          total,
          files: count(done),
          failed: failed.length,
        }),
    });
    progress.update({ deleted: result.done.length - count(result.done) });
    await progress.end(verb);
    return result;
  } catch (error) {
    await progress.clear();
    if (done.length > 0 || call.signal.aborted) {
      await call.note(
        `Ended early: ${done.length} of ${
          countText(plan.steps.length, "step")
        } done`,
      );
    }
    throw error;
  }
}

async function showResult(
  call: CliCall,
  { done, failures, postponed, skipped, unchanged, bytes }: FolderResult,
): Promise<number> {
  const isJson = call.flag("json");
  for (const { step, error } of failures) {
    if (isJson) break;
    await call.note(
      `failed ${step.kind} ${printable(step.path)}: ${errorText(error)}`,
    );
  }
  for (const { path, reason } of skipped) {
    if (!isJson) await call.note(`skipped ${printable(path)}: ${reason}`);
  }
  if (postponed.length > 0 && !isJson) {
    await call.note(
      `${
        countText(postponed.length, "delete")
      } not carried out, as transfers failed`,
    );
  }
  if (isJson) {
    await call.print({
      done,
      failed: failures.map(({ step, error }) => ({
        ...step,
        error: errorText(error),
      })),
      postponed,
      skipped,
      unchanged,
      bytes,
    }, "");
  } else if (call.flag("verbose")) {
    for (const step of done) {
      await call.print(step, `${step.kind} ${printable(step.path)}`);
    }
  }
  return failures.length > 0 || skipped.length > 0 ? EXIT.partly : EXIT.done;
}

function errorText(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}
