/**
 * Files and programs as Deno shows them. Loaded when one is first asked for:
 * most programs that read objects never do.
 *
 * @module
 */
import { pathOf } from "../foundation/paths.ts";
import { ConfigError } from "../foundation/errors.ts";
import type {
  ClaimedFile,
  EntryKind,
  FileFacts,
  FileId,
  FolderEntry,
  Found,
  OpenedFile,
  ProcessResult,
  WritableFile,
} from "../ports/system.ts";
import { denied, found, granted, isMissing, reading } from "./deno_access.ts";
import {
  fileSink,
  fileSource,
  KEPT_ERRORS,
  type MachineFiles,
  MAX_OUTPUT,
  OpenToWrite,
  ProgramOutput,
} from "./file_streams.ts";

/** The files and programs of the machine that the script runs on. */
export class DenoFiles implements MachineFiles {
  async stat(path: string | URL): Promise<Found<FileFacts>> {
    const facts = await reading(path, async () => {
      const info = await Deno.stat(path);
      const kind = kindOf(path, info);
      return {
        size: info.size,
        changedMs: info.mtime?.getTime() ?? 0,
        ...kind && { kind },
        ...kind === "folder" && { id: { device: info.dev, inode: info.ino } },
      };
    });
    return deniedWholly(facts, { name: "read", path });
  }

  async writePrivate(
    path: string,
    text: string,
    missing?: "make",
  ): Promise<Found<true>> {
    const folder = folderOf(path);
    // Renaming a file needs to read it as well.
    for (const name of ["write", "read"] as const) {
      const flag = `--allow-${name}=${folder}`;
      if (!granted({ name, path: folder })) return denied(flag);
    }
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    return await found(`--allow-write=${folder}`, async () => {
      if (missing === "make") await Deno.mkdir(folder, { recursive: true });
      try {
        await Deno.writeTextFile(temporary, text, {
          createNew: true,
          mode: 0o600,
        });
        await Deno.rename(temporary, path);
      } catch (error) {
        await removeIfThere(temporary);
        throw error;
      }
      return true as const;
    });
  }

  async run(
    command: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Found<ProcessResult>> {
    signal?.throwIfAborted();
    const flag = `--allow-run=${command}`;
    if (!granted({ name: "run", command })) return denied(flag);
    return await found(flag, async () => {
      const child = new Deno.Command(command, {
        args: [...args],
        // A program may ask for a second factor.
        stdin: "inherit",
        stdout: "piped",
        stderr: "piped",
        ...signal === undefined ? {} : { signal },
      }).spawn();
      const errors = child.stderr.getReader();
      const [stdout, stderr, { code }] = await Promise.all([
        outputOf(child, errors),
        errorsOf(errors),
        child.status,
      ]);
      signal?.throwIfAborted();
      return { code, ...stdout, stderr };
    });
  }

  async open(
    path: string | URL,
    from = 0,
    only?: FileId,
    signal?: AbortSignal,
  ): Promise<Found<OpenedFile>> {
    return await reading(path, async () => {
      const file = only
        ? await Deno.open(path, { read: true, write: true })
        : await openToRead(path, signal);
      try {
        if (only) await checkSame(file, only);
        const facts = await file.stat();
        if (facts.isDirectory) {
          throw new Deno.errors.IsADirectory(pathOf(path));
        }
        if (from > 0) await file.seek(from, Deno.SeekMode.Start);
        const length = lengthOf(facts);
        const left = length === undefined ? undefined : length - from;
        return { length, ...fileSource(file, left) };
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  async write(
    path: string | URL,
    from: number,
    only?: FileId,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return await writing(path, async () => {
      const file = only
        ? await openOwn(path, only)
        : await Deno.open(path, { write: true, create: true });
      try {
        await file.seek(from, Deno.SeekMode.Start);
        return fileSink(file);
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  async openToWrite(
    path: string | URL,
    only: FileId,
  ): Promise<Found<WritableFile>> {
    return await writing(
      path,
      async () => new OpenToWrite(await openOwn(path, only)),
    );
  }

  async append(
    path: string | URL,
    signal?: AbortSignal,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    const found = await writing(
      path,
      async () => fileSink(await openToAppend(path, signal)),
    );
    return deniedWholly(found, { name: "write", path });
  }

  async claim(
    path: string | URL,
    { keep }: { readonly keep: boolean },
  ): Promise<Found<ClaimedFile>> {
    const fresh = keep ? besideOf(path, `${crypto.randomUUID()}.part`) : path;
    const missing = [
      { name: "read", path },
      { name: "write", path },
      { name: "write", path: fresh },
      { name: "read", path: fresh },
    ] as const;
    const flag = missing.find((permission) => !granted(permission));
    if (flag) return denied(`--allow-${flag.name}=${pathOf(flag.path)}`);
    return await writing(path, async () => {
      const made = await newFile(fresh, 0o600);
      return claimed(keep ? await keptOr(path, fresh, made) : made);
    });
  }

  async prepare(
    path: string | URL,
    only: FileId,
    { as, changedMs }: {
      readonly as: string | URL;
      readonly changedMs?: number;
    },
  ): Promise<Found<true>> {
    return await writing(path, async () => {
      await setMode(path, only, await modeFor(as));
      if (changedMs === undefined) return true as const;
      const file = await openOwn(path, only);
      try {
        const time = new Date(changedMs);
        await file.utime(time, time);
      } finally {
        file.close();
      }
      return true as const;
    });
  }

  async cut(
    path: string | URL,
    length: number,
    only?: FileId,
  ): Promise<Found<true>> {
    return await writing(path, async () => {
      const file = only
        ? await openOwn(path, only)
        : await Deno.open(path, { write: true });
      try {
        await file.truncate(length);
      } finally {
        file.close();
      }
      return true as const;
    });
  }

  async rename(from: string | URL, to: string | URL): Promise<Found<true>> {
    // Renaming a file needs to read it as well.
    const flags = [
      { name: "read", path: from },
      { name: "write", path: from },
      { name: "write", path: to },
    ] as const;
    const missing = flags.find((permission) => !granted(permission));
    if (missing) {
      return denied(`--allow-${missing.name}=${pathOf(missing.path)}`);
    }
    return await writing(to, async () => {
      await Deno.rename(from, to);
      return true as const;
    });
  }

  async remove(path: string | URL): Promise<Found<true>> {
    return await writing(path, async () => {
      await Deno.remove(path);
      return true as const;
    });
  }

  async list(path: string | URL): Promise<Found<readonly FolderEntry[]>> {
    return await reading(path, async () => {
      const entries: FolderEntry[] = [];
      for await (const entry of Deno.readDir(path)) {
        entries.push({ name: entry.name, kind: entryKind(entry) });
      }
      return entries;
    });
  }

  async entryKind(path: string | URL): Promise<Found<EntryKind>> {
    return await reading(path, async () => entryKind(await Deno.lstat(path)));
  }

  async makeFolder(path: string | URL): Promise<Found<true>> {
    return await writing(path, async () => {
      await Deno.mkdir(path, { recursive: true });
      return true as const;
    });
  }

  async setChanged(
    path: string | URL,
    changedMs: number,
  ): Promise<Found<true>> {
    return await writing(path, async () => {
      const time = new Date(changedMs);
      await Deno.utime(path, time, time);
      return true as const;
    });
  }
}

function entryKind(
  { isFile, isDirectory, isSymlink }: Pick<
    Deno.DirEntry,
    "isDirectory" | "isFile" | "isSymlink"
  >,
): EntryKind {
  if (isSymlink) return "link";
  if (isDirectory) return "folder";
  return isFile ? "file" : "special";
}

/** Longest file that may be one of the kernel: it claims a page and holds less. */
const PAGE = 4_096;

/**
 * The length of a file that tells it: not of a pipe or a device, and not of what
 * looks like a plain file but is made by the kernel while it is read.
 */
function lengthOf(
  { isFile, size, blocks }: Deno.FileInfo,
): number | undefined {
  if (!isFile || size === 0) return undefined;
  return blocks === 0 && size <= PAGE ? undefined : size;
}

async function openToRead(
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<Deno.FsFile> {
  const { isFifo } = await Deno.stat(path);
  return isFifo
    ? await openPipe(path, signal)
    : await Deno.open(path, { read: true });
}

/**
 * Opens a named pipe. That takes until somebody writes to it, and cannot be ended
 * by a signal: a writer of our own has to come.
 */
async function openPipe(
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<Deno.FsFile> {
  signal?.throwIfAborted();
  const opening = Deno.open(path, { read: true });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    if (signal?.aborted) await releasePipe(path, opening, error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

async function releasePipe(
  path: string | URL,
  opening: Promise<Deno.FsFile>,
  cause: unknown,
): Promise<void> {
  if (!granted({ name: "write", path })) {
    // Who writes to it later finds nobody.
    opening.then((file) => file.close(), () => {});
    throw new ConfigError(
      "FileDenied",
      `Cannot stop waiting for a writer of the pipe "${
        pathOf(path)
      }": that takes opening it for writing, which the program may not; run it with --allow-write=${
        pathOf(path)
      }`,
      { cause },
    );
  }
  const both = await Deno.open(path, { read: true, write: true });
  try {
    (await opening).close();
  } finally {
    both.close();
  }
}

async function writing<T>(
  path: string | URL,
  write: () => Promise<T>,
): Promise<Found<T>> {
  const flag = `--allow-write=${pathOf(path)}`;
  if (!granted({ name: "write", path })) return denied(flag);
  return await found(flag, write);
}

/** Names under which a process finds what its shell has opened for it. */
const OPENED = /^\/(?:dev\/(?:std(?:in|out|err)$|fd\/)|proc\/)/;

function kindOf(
  path: string | URL,
  { isDirectory, isFile }: Deno.FileInfo,
): FileFacts["kind"] {
  if (isDirectory) return "folder";
  return isFile && !OPENED.test(pathOf(path)) ? undefined : "special";
}

async function openOwn(
  path: string | URL,
  only: FileId,
): Promise<Deno.FsFile> {
  // A pipe in its place would block an open only for writing.
  const file = await Deno.open(path, { read: true, write: true });
  try {
    await checkSame(file, only);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

async function checkSame(file: Deno.FsFile, only: FileId): Promise<void> {
  const { dev, ino } = await file.stat();
  if (dev !== only.device || ino !== only.inode) throw replaced();
}

function replaced(): Error {
  return new Error("another file took the place of its unfinished one");
}

/**
 * Opening a pipe waits for its reader, and no signal ends that on this
 * platform; somebody who opens it for reading does.
 */
async function openToAppend(
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<Deno.FsFile> {
  signal?.throwIfAborted();
  const release = async (): Promise<void> => {
    const both = await Deno.open(path, { read: true, write: true });
    both.close();
  };
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    // What cannot be opened both ways keeps its wait; the caller need not.
    release().catch(() => reject(signal?.reason));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  const opening = Deno.open(path, { append: true });
  try {
    const file = await Promise.race([opening, aborted]);
    if (!signal?.aborted) return file;
    file.close();
    throw signal.reason;
  } catch (error) {
    if (signal?.aborted) {
      opening.then((file) => file.close()).catch(() => {
        // It was closed above, or never opened.
      });
    }
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Makes a file; nothing may have its name. */
async function newFile(
  path: string | URL,
  mode: number,
): Promise<Deno.FileInfo> {
  const file = await Deno.open(path, { write: true, createNew: true, mode });
  try {
    return await file.stat();
  } finally {
    file.close();
  }
}

/**
 * The file of a name, if it is just like one that was made now: a plain file,
 * with no other name, of the same owner and mode. Else the new one takes its
 * place. What lies there is never opened, as it may be a link or a pipe.
 */
async function keptOr(
  path: string | URL,
  fresh: string | URL,
  made: Deno.FileInfo,
): Promise<Deno.FileInfo> {
  try {
    const left = await lstatIfThere(path);
    if (left && isAlike(left, made)) {
      await Deno.remove(fresh);
      return left;
    }
    if (left?.isDirectory) {
      throw new Error(`its unfinished file, "${pathOf(path)}", is a folder`);
    }
    await Deno.rename(fresh, path);
    return made;
  } catch (error) {
    await removeIfThere(fresh);
    throw error;
  }
}

function isAlike(left: Deno.FileInfo, made: Deno.FileInfo): boolean {
  return left.isFile && (left.nlink ?? 1) === 1 && left.uid === made.uid &&
    left.mode === made.mode;
}

async function lstatIfThere(
  path: string | URL,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function claimed({ dev, ino, size }: Deno.FileInfo): ClaimedFile {
  return { id: { device: dev, inode: ino }, length: size };
}

/**
 * The mode of the file of a name, else that of new files. The umask itself is
 * not shown without a permission of its own.
 */
async function modeFor(path: string | URL): Promise<number | null> {
  const old = await lstatIfThere(path);
  if (old?.isFile) return old.mode;
  const probe = besideOf(path, `${crypto.randomUUID()}.part`);
  try {
    return (await newFile(probe, 0o666)).mode;
  } finally {
    await removeIfThere(probe);
  }
}

/** The part of `node:fs` that `Deno` has no other name for. */
interface NodeFiles {
  readonly promises: {
    open(path: string | URL, flags: "r+"): Promise<{
      stat(): Promise<
        { readonly dev: number; readonly ino: number; readonly mode: number }
      >;
      chmod(mode: number): Promise<void>;
      close(): Promise<void>;
    }>;
  };
}

/** A mode is set on the open file: by its name it would follow a link. */
async function setMode(
  path: string | URL,
  only: FileId,
  mode: number | null,
): Promise<void> {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule(name: "node:fs"): NodeFiles };
  };
  if (mode === null || process === undefined) return;
  const file = await process.getBuiltinModule("node:fs").promises
    .open(path, "r+");
  try {
    const { dev, ino, mode: current } = await file.stat();
    if (dev !== only.device || ino !== only.inode) throw replaced();
    // Some file systems have no modes, and refuse to set what they show.
    if ((current & 0o777) !== (mode & 0o777)) await file.chmod(mode & 0o777);
  } finally {
    await file.close();
  }
}

/** A name in the folder of a file. */
function besideOf(path: string | URL, name: string): string | URL {
  if (path instanceof URL) return new URL(encodeURIComponent(name), path);
  const end = path.lastIndexOf("/") + 1;
  return path.slice(0, Math.max(end, path.lastIndexOf("\\") + 1)) + name;
}

/** Reads what a program prints. One that prints too much is ended. */
async function outputOf(
  child: Deno.ChildProcess,
  errors: ReadableStreamDefaultReader<Uint8Array>,
): Promise<Pick<ProcessResult, "stdout" | "tooLong">> {
  const output = new ProgramOutput(MAX_OUTPUT);
  for await (const piece of child.stdout) {
    output.add(piece);
    if (!output.isCut) continue;
    // A program that does not listen to SIGTERM would go on printing, and one
    // that it has started may hold the pipe of its errors open.
    end(child);
    await errors.cancel();
    return { stdout: output.finish(), tooLong: true };
  }
  return { stdout: output.finish() };
}

async function errorsOf(
  errors: ReadableStreamDefaultReader<Uint8Array>,
): Promise<string> {
  const output = new ProgramOutput(KEPT_ERRORS);
  for (;;) {
    const { value } = await errors.read();
    if (value === undefined) return output.finish();
    output.add(value);
  }
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Most devices are refused whatever the flag for their path says. */
function deniedWholly<T>(
  found: Found<T>,
  permission: Deno.PermissionDescriptor,
): Found<T> {
  return found.kind === "denied" && granted(permission)
    ? denied("--allow-all")
    : found;
}

async function removeIfThere(path: string | URL): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : path.slice(0, end) || "/";
}
