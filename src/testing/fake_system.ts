/**
 * An operating system made of plain values, and a clock that stands still until
 * it is told to move.
 *
 * @module
 */
import {
  concat,
  owned,
  strictText,
  text as textOf,
  utf8,
} from "../foundation/bytes.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import { pathOf } from "../foundation/paths.ts";
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
  WritableFiles,
} from "../ports/system.ts";

/**
 * Stands for the programs of the machine.
 *
 * @param command Name or path of the program.
 * @param args Its arguments.
 * @returns Its result, or `undefined` where there is no such program.
 */
export type FakeProgram = (
  command: string,
  args: readonly string[],
) => ProcessResult | undefined | Promise<ProcessResult | undefined>;

/** What a {@linkcode FakeSystem} consists of. */
export interface FakeSystemOptions {
  /** Environment variables. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files by path, with their text or bytes. Default: none. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The programs. Default: there are none. */
  readonly run?: FakeProgram;
  /** Variables, paths and programs that the script may not use. Default: none. */
  readonly denied?: readonly string[];
}

const OPTIONS: OptionKinds<FakeSystemOptions> = {
  env: "object",
  files: "object",
  run: "function",
  denied: "list",
};

interface FakeFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly changedMs: number;
}

/**
 * A machine in memory: environment and files from plain objects, programs from
 * a function.
 *
 * @example Usage
 * ```ts
 * import { FakeSystem } from "@inia/aws/testing";
 *
 * const system = new FakeSystem({
 *   env: { HOME: "/home/ann", AWS_PROFILE: "dev" },
 *   files: { "/home/ann/.aws/config": "[profile dev]\nregion = eu-west-1\n" },
 * });
 * ```
 */
export class FakeSystem implements System, WritableFiles {
  readonly #env: ReadonlyMap<string, string>;
  readonly #files: Map<string, FakeFile>;
  readonly #run: FakeProgram;
  readonly #denied: ReadonlySet<string>;
  #writes = 0;

  /**
   * Makes a machine.
   *
   * @param options What it consists of.
   */
  constructor(options: FakeSystemOptions = {}) {
    checkOptions("make a FakeSystem", options, OPTIONS);
    const { env = {}, files = {}, run = () => undefined, denied = [] } =
      options;
    this.#env = new Map(Object.entries(env));
    this.#files = new Map(
      Object.entries(files).map(([path, content]) => [path, {
        bytes: typeof content === "string" ? utf8(content) : owned(content),
        changedMs: 0,
      }]),
    );
    this.#run = run;
    this.#denied = new Set(denied);
  }

  /** The files as they are now, by path, as text. */
  get files(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.#files].map(([path, { bytes }]) => [path, textOf(bytes)]),
    );
  }

  /** The bytes of a file as they are now; `undefined` where there is none. */
  bytesOf(path: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#files.get(path)?.bytes;
  }

  env(name: string): Found<string> {
    return this.#found(name, "env", this.#env.get(name));
  }

  readText(path: string): Promise<Found<string>> {
    const bytes = this.#files.get(path)?.bytes;
    return Promise.resolve(
      this.#found(path, "read", bytes && strictText(bytes)),
    );
  }

  stat(path: string | URL): Promise<Found<FileFacts>> {
    const file = this.#files.get(pathOf(path));
    const facts: FileFacts | undefined = file
      ? { size: file.bytes.length, changedMs: file.changedMs }
      : this.#isFolder(pathOf(path))
      ? { size: 0, changedMs: 0, kind: "folder" }
      : undefined;
    return Promise.resolve(this.#found(pathOf(path), "read", facts));
  }

  /** Writes a file. Each write counts as a millisecond later than the last. */
  writePrivate(path: string, text: string): Promise<Found<true>> {
    const answer = this.#found<true>(path, "write", true);
    if (answer.kind === "found") {
      this.#set(path, utf8(text));
    }
    return Promise.resolve(answer);
  }

  async run(
    command: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Found<ProcessResult>> {
    signal?.throwIfAborted();
    const denied = this.#found(command, "run", true);
    if (denied.kind === "denied") return denied;
    return this.#found(command, "run", await this.#run(command, args));
  }

  open(path: string | URL, from = 0): Promise<Found<OpenedFile>> {
    const bytes = this.#files.get(pathOf(path))?.bytes;
    const opened = bytes && {
      length: bytes.length,
      stream: new Blob([bytes.subarray(from)]).stream(),
    };
    return Promise.resolve(this.#found(pathOf(path), "read", opened));
  }

  write(
    path: string | URL,
    from: number,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    const name = pathOf(path);
    const answer = this.#found<true>(name, "write", true);
    if (answer.kind !== "found") return Promise.resolve(answer);
    this.#overwrite(name, from, new Uint8Array());
    let position = from;
    const value = new WritableStream<Uint8Array>({
      write: (piece) => {
        this.#overwrite(name, position, piece);
        position += piece.length;
      },
    });
    return Promise.resolve({ kind: "found", value });
  }

  claim(
    path: string | URL,
    { keep }: { readonly keep: boolean },
  ): Promise<Found<ClaimedFile>> {
    const name = pathOf(path);
    const answer = this.#found<true>(name, "write", true);
    if (answer.kind !== "found") return Promise.resolve(answer);
    if (!keep || !this.#files.has(name)) this.#set(name, new Uint8Array());
    const length = this.#files.get(name)?.bytes.length ?? 0;
    const id = { device: null, inode: null };
    return Promise.resolve({ kind: "found", value: { id, length } });
  }

  prepare(
    path: string | URL,
    _only: FileId,
    { changedMs }: { readonly changedMs?: number },
  ): Promise<Found<true>> {
    return this.#change(pathOf(path), (bytes, name) => {
      if (changedMs !== undefined) this.#files.set(name, { bytes, changedMs });
    });
  }

  cut(path: string | URL, length: number): Promise<Found<true>> {
    return this.#change(pathOf(path), (bytes, name) => {
      this.#set(name, bytes.slice(0, length));
    });
  }

  rename(from: string | URL, to: string | URL): Promise<Found<true>> {
    return this.#change(pathOf(from), (bytes, name) => {
      const changedMs = this.#files.get(name)?.changedMs ?? 0;
      this.#files.delete(name);
      this.#files.set(pathOf(to), { bytes, changedMs });
    });
  }

  remove(path: string | URL): Promise<Found<true>> {
    return this.#change(pathOf(path), (_bytes, name) => {
      this.#files.delete(name);
    });
  }

  /** Lists a folder. One is there as long as a file lies in it. */
  list(path: string | URL): Promise<Found<readonly FolderEntry[]>> {
    const folder = `${pathOf(path).replace(/\/+$/, "")}/`;
    const entries = new Map<string, FolderEntry>();
    for (const file of this.#files.keys()) {
      if (!file.startsWith(folder)) continue;
      const [name = "", ...below] = file.slice(folder.length).split("/");
      const kind = below.length > 0 ? "folder" : "file";
      entries.set(name, { name, kind });
    }
    const value = entries.size > 0 ? [...entries.values()] : undefined;
    return Promise.resolve(this.#found(pathOf(path), "read", value));
  }

  /** What lies at a path. There are no links. */
  entryKind(path: string | URL): Promise<Found<EntryKind>> {
    const name = pathOf(path);
    const kind = this.#files.has(name)
      ? "file"
      : this.#isFolder(name)
      ? "folder"
      : undefined;
    return Promise.resolve(this.#found<EntryKind>(name, "read", kind));
  }

  /** Does nothing: a folder is there once a file lies in it. */
  makeFolder(path: string | URL): Promise<Found<true>> {
    return Promise.resolve(this.#found<true>(pathOf(path), "write", true));
  }

  setChanged(
    path: string | URL,
    changedMs: number,
  ): Promise<Found<true>> {
    return this.#change(pathOf(path), (bytes, name) => {
      this.#files.set(name, { bytes, changedMs });
    });
  }

  #isFolder(path: string): boolean {
    const start = `${path.replace(/\/+$/, "")}/`;
    return [...this.#files.keys()].some((file) => file.startsWith(start));
  }

  #change(
    path: string,
    change: (bytes: Uint8Array<ArrayBuffer>, path: string) => void,
  ): Promise<Found<true>> {
    const bytes = this.#files.get(path)?.bytes;
    const answer = this.#found<true>(path, "write", bytes && true);
    if (bytes && answer.kind === "found") change(bytes, path);
    return Promise.resolve(answer);
  }

  #overwrite(path: string, from: number, piece: Uint8Array): void {
    const before = this.#files.get(path)?.bytes ?? new Uint8Array();
    const gap = new Uint8Array(Math.max(0, from - before.length));
    this.#set(
      path,
      concat([
        before.subarray(0, from),
        gap,
        piece,
        before.subarray(from + piece.length),
      ]),
    );
  }

  #set(path: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#files.set(path, { bytes, changedMs: ++this.#writes });
  }

  #found<T>(name: string, permission: string, value: T | undefined): Found<T> {
    if (this.#denied.has(name)) {
      return { kind: "denied", flag: `--allow-${permission}=${name}` };
    }
    return value === undefined ? { kind: "absent" } : { kind: "found", value };
  }
}

/** What waits for a time. */
interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/**
 * A clock that moves when told. A sleep moves it and is over at once, so a test
 * of waits takes no time; {@linkcode slept} tells what the waits were.
 *
 * @example Usage
 * ```ts
 * import { FixedClock } from "@inia/aws/testing";
 *
 * const clock = new FixedClock("2026-11-22T10:00:00Z");
 * await clock.sleep(1_500);
 *
 * console.log(clock.now().toISOString()); // 2026-11-22T10:00:01.500Z
 * console.log(clock.slept); // [1500]
 * ```
 */
export class FixedClock implements Clock {
  #now: number;
  #slept: number[] = [];
  #alarms: Alarm[] = [];

  /**
   * Makes a clock.
   *
   * @param start The time it shows at first, as a `Date` or in ISO 8601.
   */
  constructor(start: Date | string) {
    this.#now = milliseconds(start);
  }

  /** The waits so far, in milliseconds, in order. */
  get slept(): readonly number[] {
    return this.#slept;
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (ms > 0) {
      this.#slept.push(ms);
      this.advance(ms);
    }
    return Promise.resolve();
  }

  timer(ms: number, fn: () => void): Disposable {
    const alarm = { at: this.#now + ms, ring: fn };
    this.#alarms.push(alarm);
    return {
      [Symbol.dispose]: () => {
        this.#alarms = this.#alarms.filter((other) => other !== alarm);
      },
    };
  }

  /**
   * Moves the clock on, and runs the timers that are due on the way, earliest
   * first.
   *
   * @param ms How far, in milliseconds.
   */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#due(end); next; next = this.#due(end)) {
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
    }
    this.#now = end;
  }

  /**
   * Shows another time, earlier or later, and runs no timers.
   *
   * @param time The time, as a `Date` or in ISO 8601.
   */
  set(time: Date | string): void {
    this.#now = milliseconds(time);
  }

  #due(end: number): Alarm | undefined {
    return this.#alarms.filter(({ at }) => at <= end)
      .reduce<Alarm | undefined>(
        (first, alarm) => first && first.at <= alarm.at ? first : alarm,
        undefined,
      );
  }
}

function milliseconds(time: Date | string): number {
  const ms = new Date(time).getTime();
  if (Number.isNaN(ms)) {
    throw new RangeError(
      `Cannot set the clock: "${time}" is not a time in ISO 8601`,
    );
  }
  return ms;
}
