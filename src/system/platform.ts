/**
 * The machine of the platform that the script runs on, its time and its terminal.
 *
 * @module
 */
import { strictText } from "../foundation/bytes.ts";
import { startLimit } from "../foundation/deadline_timer.ts";
import { ConfigError, fileFailure } from "../foundation/errors.ts";
import type {
  ClaimedFile,
  Clock,
  EntryKind,
  FileFacts,
  FileId,
  FolderEntry,
  Found,
  OpenedFile,
  ProcessResult,
  System,
  WritableFile,
  WritableFiles,
} from "../ports/system.ts";
import { denied, granted, reading } from "./deno_access.ts";
import type { MachineFiles } from "./file_streams.ts";
import type { NodeFiles } from "./node_files.ts";

/** The machine, where the platform shows it; else one that has nothing. */
export function platformSystem(): System & WritableFiles {
  if ("Deno" in globalThis) return new DenoSystem();
  const process = nodeProcess();
  return process === undefined ? new NoSystem() : new NodeSystem(process);
}

/**
 * A machine whose files and programs are loaded when one is first asked for: few
 * programs that read objects ask for one.
 */
export abstract class Machine implements System, WritableFiles {
  abstract env(name: string): Found<string>;

  abstract readText(path: string): Promise<Found<string>>;

  /** Loads what knows the files and programs. */
  protected abstract files(): Promise<MachineFiles>;

  async stat(path: string | URL): Promise<Found<FileFacts>> {
    return await (await this.files()).stat(path);
  }

  async writePrivate(
    path: string,
    text: string,
    missing?: "make",
  ): Promise<Found<true>> {
    return await (await this.files()).writePrivate(path, text, missing);
  }

  async run(
    command: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Found<ProcessResult>> {
    return await (await this.files()).run(command, args, signal);
  }

  async open(
    path: string | URL,
    from?: number,
    only?: FileId,
    signal?: AbortSignal,
  ): Promise<Found<OpenedFile>> {
    return await (await this.files()).open(path, from, only, signal);
  }

  async write(
    path: string | URL,
    from: number,
    only?: FileId,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return await (await this.files()).write(path, from, only);
  }

  async openToWrite(
    path: string | URL,
    only: FileId,
  ): Promise<Found<WritableFile>> {
    return await (await this.files()).openToWrite(path, only);
  }

  async append(
    path: string | URL,
    signal?: AbortSignal,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return await (await this.files()).append(path, signal);
  }

  async claim(
    path: string | URL,
    options: { readonly keep: boolean },
  ): Promise<Found<ClaimedFile>> {
    return await (await this.files()).claim(path, options);
  }

  async prepare(
    path: string | URL,
    only: FileId,
    options: { readonly as: string | URL; readonly changedMs?: number },
  ): Promise<Found<true>> {
    return await (await this.files()).prepare(path, only, options);
  }

  async cut(
    path: string | URL,
    length: number,
    only?: FileId,
  ): Promise<Found<true>> {
    return await (await this.files()).cut(path, length, only);
  }

  async rename(from: string | URL, to: string | URL): Promise<Found<true>> {
    return await (await this.files()).rename(from, to);
  }

  async remove(path: string | URL): Promise<Found<true>> {
    return await (await this.files()).remove(path);
  }

  async list(path: string | URL): Promise<Found<readonly FolderEntry[]>> {
    return await (await this.files()).list(path);
  }

  async entryKind(path: string | URL): Promise<Found<EntryKind>> {
    return await (await this.files()).entryKind(path);
  }

  async makeFolder(path: string | URL): Promise<Found<true>> {
    return await (await this.files()).makeFolder(path);
  }

  async setChanged(
    path: string | URL,
    changedMs: number,
  ): Promise<Found<true>> {
    return await (await this.files()).setChanged(path, changedMs);
  }
}

/**
 * The machine that the script runs on, as Deno shows it. A permission is looked
 * up before it is used, so nothing prompts; what is not permitted names the flag
 * that would.
 */
export class DenoSystem extends Machine implements System, WritableFiles {
  readonly windows = Deno.build.os === "windows";

  override env(name: string): Found<string> {
    if (!granted({ name: "env", variable: name })) {
      return denied(`--allow-env=${name}`);
    }
    const value = Deno.env.get(name);
    return value === undefined ? ABSENT : { kind: "found", value };
  }

  override async readText(path: string): Promise<Found<string>> {
    return await reading(
      path,
      async () => strictText(await Deno.readFile(path)),
    );
  }

  /** Loads what knows the files and programs. */
  protected override async files(): Promise<MachineFiles> {
    return new (await import("./deno_files.ts")).DenoFiles();
  }
}

/** The part of the global `process` of Node and Bun that is used. */
interface NodeProcess {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The runtime's `process`, where it has one that shows files: Node and Bun. */
export function nodeProcess(): NodeProcess | undefined {
  const { process } = globalThis as {
    readonly process?: Partial<NodeProcess> & {
      readonly getBuiltinModule?: unknown;
    };
  };
  return typeof process?.getBuiltinModule === "function" && process.env
    ? process as NodeProcess
    : undefined;
}

/** The machine that a script runs on, as Node and Bun show it. */
export class NodeSystem extends Machine {
  readonly windows: boolean;
  readonly #process: NodeProcess;

  /**
   * Reads nothing yet.
   *
   * @param process The runtime's `process`.
   */
  constructor(process: NodeProcess) {
    super();
    this.#process = process;
    this.windows = process.platform === "win32";
  }

  override env(name: string): Found<string> {
    const value = this.#process.env[name];
    return value === undefined ? ABSENT : { kind: "found", value };
  }

  override async readText(path: string): Promise<Found<string>> {
    return await (await this.files()).readText(path);
  }

  protected override async files(): Promise<NodeFiles> {
    return new (await import("./node_files.ts")).NodeFiles(this.#process);
  }
}

const ABSENT = { kind: "absent" } as const;

/** A machine that has nothing: all settings come from code. */
export class NoSystem implements System, WritableFiles {
  readonly blind = true;

  env(_name: string): Found<string> {
    return ABSENT;
  }

  readText(_path: string): Promise<Found<string>> {
    return Promise.resolve(ABSENT);
  }

  stat(_path: string): Promise<Found<FileFacts>> {
    return Promise.resolve(ABSENT);
  }

  writePrivate(_path: string, _text: string): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }

  run(
    _command: string,
    _args: readonly string[],
  ): Promise<Found<ProcessResult>> {
    return Promise.resolve(ABSENT);
  }

  open(path: string | URL): Promise<Found<OpenedFile>> {
    return Promise.reject(noFiles("read", path));
  }

  write(
    path: string | URL,
    _from: number,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return Promise.reject(noFiles("write", path));
  }

  cut(path: string | URL, _length: number): Promise<Found<true>> {
    return Promise.reject(noFiles("write", path));
  }

  rename(_from: string | URL, to: string | URL): Promise<Found<true>> {
    return Promise.reject(noFiles("write", to));
  }

  remove(_path: string | URL): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }
}

function noFiles(act: "read" | "write", path: string | URL): ConfigError {
  return new ConfigError(
    "NotOnThisRuntime",
    `${fileFailure(act, path)}: files are not on this runtime; ${
      act === "read"
        ? "give bytes, text, a Blob or a stream"
        : "use downloadBytes or downloadStream"
    }`,
  );
}

/** Time by `Date` and the timers of the platform. */
export class SystemClock implements Clock {
  now(): Date {
    return new Date();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wake = setTimeout(resolve, ms);
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(wake);
      signal?.removeEventListener("abort", abort);
    }
  }

  timer(ms: number, fn: () => void): Disposable {
    return startLimit(ms, fn);
  }
}

/**
 * Makes the function that asks for a code of an MFA device on the terminal.
 *
 * @returns The function, or `undefined` where the program has no terminal.
 */
export function terminalMfaCode():
  | ((serialNumber: string) => Promise<string>)
  | undefined {
  if (!("Deno" in globalThis) || !Deno.stdin.isTerminal()) return undefined;
  return (serialNumber) => {
    const answer = prompt(`Enter MFA code for ${serialNumber}:`);
    return Promise.resolve((answer ?? "").trim());
  };
}
