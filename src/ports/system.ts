/**
 * The port to the operating system.
 *
 * @module
 */

/** The answer of the operating system to a question. */
export type Found<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "absent" }
  | {
    /** The program was not given the permission to see it. */
    readonly kind: "denied";
    /** The flag that would permit it, for example `"--allow-env=HOME"`. */
    readonly flag: string;
  };

/** What is known of a file without reading it. */
export interface FileFacts {
  /** Length in bytes. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970; 0 if not known. */
  readonly changedMs: number;
}

/** The result of a finished process. */
export interface ProcessResult {
  /** Exit code. */
  readonly code: number;
  /** Standard output, as UTF-8. */
  readonly stdout: string;
  /** Standard error, as UTF-8. May hold secrets: never shown as it is. */
  readonly stderr: string;
}

/**
 * The machine the library runs on: all it may ask of the operating system.
 *
 * No method prompts for a permission. What is not permitted is told apart from
 * what is not there, with the flag that would permit it, so that a locked-down
 * script falls through to the next source and can still learn why.
 */
export interface System {
  /** Whether it is Windows: how command lines are split, what names the home. Default: no. */
  readonly windows?: boolean;
  /** An environment variable. An empty value is a value. */
  env(name: string): Found<string>;
  /**
   * A text file, decoded as UTF-8; a byte-order mark is kept.
   *
   * @throws {TypeError} If it is not UTF-8.
   */
  readText(path: string): Promise<Found<string>>;
  /** Facts of a file. */
  stat(path: string): Promise<Found<FileFacts>>;
  /**
   * Writes a text file that only its owner can read (mode 0600): whole, or not
   * at all.
   *
   * @returns `found` when it was written; `absent` where its folder is missing.
   */
  writePrivate(path: string, text: string): Promise<Found<true>>;
  /**
   * Runs a program and waits for it. `absent`: there is no such program.
   *
   * @param signal Ends the program early.
   */
  run(
    command: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Found<ProcessResult>>;
}

/** Opens the files that bodies are made of. */
export interface Files {
  /**
   * Opens a file for reading.
   *
   * @param from Position of the first byte that is handed out. Default: 0.
   * @returns Its length, and its bytes: they close the file at their end or when
   * cancelled.
   */
  open(path: string | URL, from?: number): Promise<Found<OpenedFile>>;
}

/** A file that is open for reading. */
export interface OpenedFile {
  /** Length in bytes when it was opened, all of it. */
  readonly length: number;
  /** The bytes. */
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * Files that can be changed as well. `absent`: the file, or the folder that it
 * is to lie in, is not there.
 */
export interface WritableFiles extends Files {
  /**
   * Opens a file for writing; an empty one is made where there is none.
   *
   * @param from Position of the first byte that is written. The others stay.
   * @returns What takes the bytes. Closing or aborting it closes the file.
   */
  write(
    path: string | URL,
    from: number,
  ): Promise<Found<WritableStream<Uint8Array>>>;
  /**
   * Makes a file shorter.
   *
   * @param length Its new length, in bytes.
   */
  cut(path: string | URL, length: number): Promise<Found<true>>;
  /** Renames a file. It takes the place of one that has the new name. */
  rename(from: string | URL, to: string | URL): Promise<Found<true>>;
  /** Removes a file. */
  remove(path: string | URL): Promise<Found<true>>;
}
