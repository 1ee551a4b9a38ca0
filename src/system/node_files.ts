/**
 * Files and programs as Node and Bun show them. Loaded when one is first asked
 * for.
 *
 * @module
 */
import { strictText } from "../foundation/bytes.ts";
import { pathOf } from "../foundation/paths.ts";
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
import {
  KEPT_ERRORS,
  type MachineFiles,
  MAX_OUTPUT,
  ProgramOutput,
} from "./file_streams.ts";

/** The part of `node:fs` that is used. */
interface NodeFs {
  readonly promises: {
    readFile(path: string): Promise<Uint8Array>;
    stat(path: string): Promise<NodeStats>;
    open(path: string, flags: string, mode?: number): Promise<NodeFile>;
    rename(from: string, to: string): Promise<void>;
    rm(path: string): Promise<void>;
    readdir(
      path: string,
      options: { readonly withFileTypes: true },
    ): Promise<(NodeKind & { readonly name: string })[]>;
    lstat(path: string): Promise<NodeStats & NodeKind>;
    mkdir(
      path: string,
      options: { readonly recursive: true },
    ): Promise<unknown>;
    utimes(path: string, atime: Date, mtime: Date): Promise<void>;
  };
}

interface NodeStats {
  readonly size: number;
  readonly mtimeMs: number;
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  isDirectory(): boolean;
  isFile(): boolean;
}

interface NodeKind {
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

interface NodeFile {
  read(
    room: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<NodeStats>;
  chmod(mode: number): Promise<void>;
  utimes(accessed: Date, changed: Date): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The part of `node:child_process` that is used. */
interface NodeChildren {
  spawn(
    command: string,
    args: readonly string[],
    options: {
      readonly stdio: readonly ["inherit", "pipe", "pipe"];
      readonly signal?: AbortSignal;
      readonly windowsHide: true;
    },
  ): NodeChild;
}

interface NodeChild {
  readonly stdout: NodeOutput;
  readonly stderr: NodeOutput;
  kill(signal: "SIGKILL"): boolean;
  on(event: "close", heard: (code: number | null) => void): void;
  on(event: "error", heard: (error: unknown) => void): void;
}

interface NodeOutput {
  on(event: "data", heard: (piece: Uint8Array) => void): void;
  destroy(): void;
}

/** The part of the global `process` that is used. */
interface NodeProcess {
  readonly platform: string;
  getBuiltinModule(name: "node:fs"): NodeFs;
  getBuiltinModule(name: "node:child_process"): NodeChildren;
}

/** Most bytes that are read at a time. */
const MOST = 512 * 1_024;

/** Fewest bytes that are asked for: some files do not tell how long they are. */
const LEAST = 16 * 1_024;

/**
 * The files and programs of the machine that a script runs on, by `node:fs` and
 * `node:child_process`. What Node's permission model does not allow is told with
 * the flag that would.
 */
export class NodeFiles implements MachineFiles {
  readonly #process: NodeProcess;

  /**
   * Reads nothing yet.
   *
   * @param process The runtime's `process`, which has built-in modules.
   */
  constructor(process: object) {
    this.#process = process as NodeProcess;
  }

  async readText(path: string): Promise<Found<string>> {
    return await found(
      path,
      "read",
      async () => strictText(await this.#files.readFile(path)),
    );
  }

  async stat(path: string | URL): Promise<Found<FileFacts>> {
    return await found(path, "read", async () => {
      const facts = await this.#files.stat(pathOf(path));
      const kind = facts.isDirectory()
        ? "folder" as const
        : facts.isFile()
        ? undefined
        : "special" as const;
      return {
        size: facts.size,
        changedMs: facts.mtimeMs,
        ...kind && { kind },
        ...kind === "folder" && { id: { device: facts.dev, inode: facts.ino } },
      };
    });
  }

  async writePrivate(
    path: string,
    text: string,
    missing?: "make",
  ): Promise<Found<true>> {
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    return await found(path, "write", async () => {
      if (missing === "make") {
        const folder = path.replace(/[/\\][^/\\]*$/, "");
        await this.#files.mkdir(folder, { recursive: true });
      }
      const file = await this.#files.open(temporary, "wx", 0o600);
      try {
        try {
          await writeAll(file, new TextEncoder().encode(text), 0);
        } finally {
          await file.close();
        }
        await this.#files.rename(temporary, path);
      } catch (error) {
        await this.#files.rm(temporary);
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
    const children = this.#process.getBuiltinModule("node:child_process");
    return await found(command, "run", async () => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const child = children.spawn(command, args, {
        // A program may ask for a second factor.
        stdio: ["inherit", "pipe", "pipe"],
        windowsHide: true,
        ...signal === undefined ? {} : { signal },
      });
      const stdout = new ProgramOutput(MAX_OUTPUT);
      const stderr = new ProgramOutput(KEPT_ERRORS);
      child.stdout.on("data", (piece) => {
        stdout.add(piece);
        if (!stdout.isCut) return;
        // A program that does not listen to SIGTERM would go on printing, and
        // one that it has started may hold the pipes open.
        child.kill("SIGKILL");
        child.stdout.destroy();
        child.stderr.destroy();
      });
      child.stderr.on("data", (piece) => stderr.add(piece));
      child.on("error", (error) => reject(signal?.reason ?? error));
      child.on("close", (code) => resolve(code ?? 1));
      return {
        code: await promise,
        stdout: stdout.finish(),
        stderr: stderr.finish(),
        ...stdout.isCut && { tooLong: true },
      };
    });
  }

  async open(
    path: string | URL,
    from = 0,
    only?: FileId,
  ): Promise<Found<OpenedFile>> {
    return await found(path, "read", async () => {
      const file = await this.#files.open(pathOf(path), "r");
      try {
        const facts = await file.stat();
        checkSame(facts, only);
        if (facts.isDirectory()) throw folder();
        if (facts.isFile() && !isOpened(pathOf(path))) {
          return { length: facts.size, stream: source(file, facts.size, from) };
        }
        // A pipe or a device has no length and no positions.
        return { length: undefined, stream: source(file, 0, undefined) };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  async write(
    path: string | URL,
    from: number,
    only?: FileId,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return await found(path, "write", async () => {
      const file = only === undefined
        ? await this.#toWrite(pathOf(path))
        : await this.#openOwn(path, only);
      return sink(file, from);
    });
  }

  async openToWrite(
    path: string | URL,
    only: FileId,
  ): Promise<Found<WritableFile>> {
    return await found(path, "write", async () => {
      const file = await this.#openOwn(path, only);
      return {
        write: (bytes, at) => writeAll(file, bytes, at),
        close: () => file.close(),
      };
    });
  }

  async append(
    path: string | URL,
    signal?: AbortSignal,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return await found(path, "write", async () => {
      const file = await this.#toAppend(pathOf(path), signal);
      return sink(file, null);
    });
  }

  async claim(
    path: string | URL,
    { keep }: { readonly keep: boolean },
  ): Promise<Found<ClaimedFile>> {
    const name = pathOf(path);
    const fresh = keep ? besideOf(name) : name;
    return await found(path, "write", async () => {
      const made = await this.#newFile(fresh, 0o600);
      const { dev, ino, size } = keep
        ? await this.#keptOr(name, fresh, made)
        : made;
      return { id: { device: dev, inode: ino }, length: size };
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
    return await found(path, "write", async () => {
      const mode = await this.#modeFor(pathOf(as));
      const file = await this.#openOwn(path, only);
      try {
        if (this.#process.platform !== "win32") await file.chmod(mode & 0o777);
        if (changedMs !== undefined) {
          await file.utimes(new Date(changedMs), new Date(changedMs));
        }
      } finally {
        await file.close();
      }
      return true as const;
    });
  }

  async cut(
    path: string | URL,
    length: number,
    only?: FileId,
  ): Promise<Found<true>> {
    return await found(path, "write", async () => {
      const file = await this.#openOwn(path, only);
      try {
        await file.truncate(length);
      } finally {
        await file.close();
      }
      return true as const;
    });
  }

  async rename(from: string | URL, to: string | URL): Promise<Found<true>> {
    return await found(to, "write", async () => {
      await this.#files.rename(pathOf(from), pathOf(to));
      return true as const;
    });
  }

  async remove(path: string | URL): Promise<Found<true>> {
    return await found(path, "write", async () => {
      await this.#files.rm(pathOf(path));
      return true as const;
    });
  }

  async list(path: string | URL): Promise<Found<readonly FolderEntry[]>> {
    return await found(path, "read", async () => {
      const entries = await this.#files
        .readdir(pathOf(path), { withFileTypes: true });
      return entries.map((entry) => ({
        name: entry.name,
        kind: entryKind(entry),
      }));
    });
  }

  async entryKind(path: string | URL): Promise<Found<EntryKind>> {
    return await found(
      path,
      "read",
      async () => entryKind(await this.#files.lstat(pathOf(path))),
    );
  }

  async makeFolder(path: string | URL): Promise<Found<true>> {
    return await found(path, "write", async () => {
      await this.#files.mkdir(pathOf(path), { recursive: true });
      return true as const;
    });
  }

  async setChanged(
    path: string | URL,
    changedMs: number,
  ): Promise<Found<true>> {
    return await found(path, "write", async () => {
      const time = new Date(changedMs);
      await this.#files.utimes(pathOf(path), time, time);
      return true as const;
    });
  }

  get #files(): NodeFs["promises"] {
    return this.#process.getBuiltinModule("node:fs").promises;
  }

  async #openOwn(path: string | URL, only?: FileId): Promise<NodeFile> {
    const file = await this.#files.open(pathOf(path), "r+");
    try {
      checkSame(await file.stat(), only);
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  /**
   * Opening a pipe waits for its reader, which no signal ends; somebody who
   * opens it both ways does.
   */
  async #toAppend(path: string, signal?: AbortSignal): Promise<NodeFile> {
    signal?.throwIfAborted();
    const release = (): void => {
      this.#files.open(path, "r+").then((both) => both.close()).catch(() => {
        // What cannot be opened both ways keeps its wait.
      });
    };
    signal?.addEventListener("abort", release, { once: true });
    try {
      const file = await this.#files.open(path, "a");
      if (!signal?.aborted) return file;
      await file.close();
      throw signal.reason;
    } finally {
      signal?.removeEventListener("abort", release);
    }
  }

  /** Makes a file; nothing may have its name. */
  async #newFile(path: string, mode: number): Promise<NodeStats> {
    const file = await this.#files.open(path, "wx", mode);
    try {
      return await file.stat();
    } finally {
      await file.close();
    }
  }

  /**
   * The file of a name, if it is just like one that was made now; else the new
   * one takes its place. What lies there is never opened: it may be a link.
   */
  async #keptOr(
    path: string,
    fresh: string,
    made: NodeStats,
  ): Promise<NodeStats> {
    try {
      const left = await this.#lstatIfThere(path);
      if (
        left?.isFile() && left.nlink === 1 && left.uid === made.uid &&
        left.mode === made.mode
      ) {
        await this.#files.rm(fresh);
        return left;
      }
      if (left?.isDirectory()) {
        throw new Error(`its unfinished file, "${path}", is a folder`);
      }
      await this.#files.rename(fresh, path);
      return made;
    } catch (error) {
      await this.#files.rm(fresh).catch(() => {
        // It has the other name already.
      });
      throw error;
    }
  }

  /** The mode of the file of a name, else that of new files. */
  async #modeFor(path: string): Promise<number> {
    const old = await this.#lstatIfThere(path);
    if (old?.isFile()) return old.mode;
    const probe = besideOf(path);
    const { mode } = await this.#newFile(probe, 0o666);
    await this.#files.rm(probe);
    return mode;
  }

  async #lstatIfThere(path: string): Promise<NodeStats | undefined> {
    try {
      return await this.#files.lstat(path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** A file that is there keeps its bytes; an empty one is made where there is none. */
  async #toWrite(path: string): Promise<NodeFile> {
    try {
      return await this.#files.open(path, "r+");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      return await this.#files.open(path, "wx");
    }
  }
}

function entryKind(entry: NodeKind): EntryKind {
  if (entry.isSymbolicLink()) return "link";
  if (entry.isDirectory()) return "folder";
  return entry.isFile() ? "file" : "special";
}

function checkSame({ dev, ino }: NodeStats, only: FileId | undefined): void {
  if (only === undefined || dev === only.device && ino === only.inode) return;
  throw new Error("another file took the place of its unfinished one");
}

/** A name in the folder of a file that nothing else has. */
function besideOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return `${path.slice(0, end)}${crypto.randomUUID()}.part`;
}

/** Whether a name is one under which a process finds what its shell has opened. */
function isOpened(path: string): boolean {
  return /^\/(?:dev\/(?:std(?:in|out|err)$|fd\/)|proc\/)/.test(path);
}

function source(
  file: NodeFile,
  length: number,
  from: number | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieceSize = Math.min(MOST, Math.max(LEAST, length - (from ?? 0)));
  let position = from ?? null;
  let ended = false;
  const end = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await file.close();
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const piece = new Uint8Array(pieceSize);
      try {
        const { bytesRead } = await file.read(piece, 0, pieceSize, position);
        if (ended) return;
        if (bytesRead > 0) {
          if (position !== null) position += bytesRead;
          return controller.enqueue(piece.subarray(0, bytesRead));
        }
      } catch (error) {
        await end();
        throw error;
      }
      await end();
      controller.close();
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

/** Without a position the bytes go where the file takes them, as into a pipe. */
function sink(
  file: NodeFile,
  from: number | null,
): WritableStream<Uint8Array> {
  let position = from;
  return new WritableStream<Uint8Array>({
    write: async (piece) => {
      try {
        await writeAll(file, piece, position);
        if (position !== null) position += piece.length;
      } catch (error) {
        // A stream whose write fails closes and aborts nothing any more.
        await file.close();
        throw error;
      }
    },
    close: () => file.close(),
    abort: () => file.close(),
  });
}

async function writeAll(
  file: NodeFile,
  bytes: Uint8Array,
  position: number | null,
): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const rest = bytes.length - written;
    const { bytesWritten } = await file.write(
      bytes,
      written,
      rest,
      position === null ? null : position + written,
    );
    written += bytesWritten;
  }
}

/** What the flags of Node's permission model are called. */
const FLAGS = {
  read: "--allow-fs-read",
  write: "--allow-fs-write",
  run: "--allow-child-process",
} as const;

async function found<T>(
  path: string | URL,
  access: keyof typeof FLAGS,
  get: () => Promise<T>,
): Promise<Found<T>> {
  try {
    return { kind: "found", value: await get() };
  } catch (error) {
    const code = codeOf(error);
    if (code === "ERR_ACCESS_DENIED") {
      const flag = FLAGS[access];
      const isRun = access === "run";
      return { kind: "denied", flag: isRun ? flag : `${flag}=${pathOf(path)}` };
    }
    // A folder is no file, and a path through a file leads nowhere.
    if (["ENOENT", "EISDIR", "ENOTDIR"].includes(code)) {
      return { kind: "absent" };
    }
    throw error;
  }
}

function folder(): Error {
  return Object.assign(new Error("It is a folder"), { code: "EISDIR" });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
