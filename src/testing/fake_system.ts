/**
 * An operating system made of plain values.
 *
 * @module
 */
import { utf8 } from "../foundation/bytes.ts";
import type {
  FileFacts,
  Files,
  Found,
  OpenedFile,
  ProcessResult,
  System,
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
  /** Files by path, with their text. Default: none. */
  readonly files?: Readonly<Record<string, string>>;
  /** The programs. Default: there are none. */
  readonly run?: FakeProgram;
  /** Variables, paths and programs that the script may not use. Default: none. */
  readonly denied?: readonly string[];
}

interface FakeFile {
  readonly text: string;
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
export class FakeSystem implements System, Files {
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
    const { env = {}, files = {}, run = () => undefined, denied = [] } =
      options;
    this.#env = new Map(Object.entries(env));
    this.#files = new Map(
      Object.entries(files).map(([path, text]) => [path, {
        text,
        changedMs: 0,
      }]),
    );
    this.#run = run;
    this.#denied = new Set(denied);
  }

  /** The files as they are now, by path. */
  get files(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.#files].map(([path, { text }]) => [path, text]),
    );
  }

  env(name: string): Found<string> {
    return this.#found(name, "env", this.#env.get(name));
  }

  readText(path: string): Promise<Found<string>> {
    return Promise.resolve(
      this.#found(path, "read", this.#files.get(path)?.text),
    );
  }

  stat(path: string): Promise<Found<FileFacts>> {
    const file = this.#files.get(path);
    const facts = file &&
      { size: utf8(file.text).length, changedMs: file.changedMs };
    return Promise.resolve(this.#found(path, "read", facts));
  }

  /** Writes a file. Each write counts as a millisecond later than the last. */
  writePrivate(path: string, text: string): Promise<Found<true>> {
    const answer = this.#found<true>(path, "write", true);
    if (answer.kind === "found") {
      this.#files.set(path, { text, changedMs: ++this.#writes });
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

  async open(path: string): Promise<Found<OpenedFile>> {
    const read = await this.readText(path);
    if (read.kind !== "found") return read;
    const blob = new Blob([read.value]);
    return {
      kind: "found",
      value: { length: blob.size, stream: blob.stream() },
    };
  }

  #found<T>(name: string, permission: string, value: T | undefined): Found<T> {
    if (this.#denied.has(name)) {
      return { kind: "denied", flag: `--allow-${permission}=${name}` };
    }
    return value === undefined ? { kind: "absent" } : { kind: "found", value };
  }
}
