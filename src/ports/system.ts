/**
 * The ports to the operating system and to time.
 *
 * @module
 */
import type { BodyTarget } from "./http.ts";

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
  /** What it is, where it is no plain file: a folder, or a device, pipe or socket. */
  readonly kind?: "folder" | "special";
  /** Of a folder: which one it is. Absent: the platform does not tell. */
  readonly id?: FileId;
}

/** What lies at a path itself: a link is not followed. */
export type EntryKind = "file" | "folder" | "link" | "special";

/** An entry of a folder. */
export interface FolderEntry {
  /** Its name within the folder. */
  readonly name: string;
  /** What it is. */
  readonly kind: EntryKind;
}

/** Tells one file from all others, whatever its name. */
export interface FileId {
  /** The device that it is on; `null` where the platform does not tell. */
  readonly device: number | null;
  /** Its number on the device; `null` where the platform does not tell. */
  readonly inode: number | null;
}

/** A file that nobody else can write to. */
export interface ClaimedFile {
  /** Which file it is. */
  readonly id: FileId;
  /** Length in bytes; 0 for a new file. */
  readonly length: number;
}

/** A file that is open for writing, anywhere in it. */
export interface WritableFile {
  /**
   * Writes bytes; several writes may be under way at once.
   *
   * @param bytes What is written. They must stay as they are meanwhile.
   * @param at Position of the first one.
   */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /**
   * A place in it that the platform writes a stream of its own to. Until that is
   * done nothing else is written. Absent: the platform cannot.
   *
   * @param at Position of the first byte.
   * @param length How many bytes there are.
   */
  target?(at: number, length: number): BodyTarget;
  /** Closes it. No write may be under way. */
  close(): Promise<void>;
}

/** The result of a finished process. */
export interface ProcessResult {
  /** Exit code. */
  readonly code: number;
  /** Standard output, as UTF-8. */
  readonly stdout: string;
  /**
   * Standard error, as UTF-8, its first 64 KiB. May hold secrets: never shown as
   * it is.
   */
  readonly stderr: string;
  /**
   * The program wrote more than 1 MiB to its standard output and was ended;
   * `stdout` is the start of it.
   */
  readonly tooLong?: true;
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
  /**
   * Whether the runtime shows neither environment nor files, so that nothing is
   * known of what is told as absent. Default: no.
   */
  readonly blind?: boolean;
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
   * @param folder Makes its folder where that is missing. Default: does not.
   * @returns `found` when it was written; `absent` where its folder is missing.
   */
  writePrivate(
    path: string,
    text: string,
    folder?: "make",
  ): Promise<Found<true>>;
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
   * @param only The file that must be found there. Default: any.
   * @param signal Ends the wait for the writer of a pipe early.
   * @returns Its length, and its bytes: they close the file at their end or when
   * cancelled.
   */
  open(
    path: string | URL,
    from?: number,
    only?: FileId,
    signal?: AbortSignal,
  ): Promise<Found<OpenedFile>>;
  /**
   * Facts of a file, or of what a link leads to. Absent: folders and devices are
   * not told apart from plain files.
   */
  stat?(path: string | URL): Promise<Found<FileFacts>>;
}

/** A file that is open for reading. */
export interface OpenedFile {
  /**
   * Length in bytes when it was opened, all of it. `undefined` where only the end
   * tells: of a pipe, a device, or a file of the kernel. That can be read once.
   */
  readonly length: number | undefined;
  /** The bytes. */
  readonly stream: ReadableStream<Uint8Array>;
  /**
   * Reads the next bytes into a room, in the place of the stream; to cancel the
   * stream closes the file. Absent: only the stream reads.
   *
   * @param room Where they are put.
   * @returns How many there are; 0 at the end, and once the file was closed.
   */
  readonly read?: (room: Uint8Array) => Promise<number>;
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
   * @param only The file that must be found there; no file is made then.
   * @returns What takes the bytes. Closing or aborting it closes the file.
   */
  write(
    path: string | URL,
    from: number,
    only?: FileId,
  ): Promise<Found<WritableStream<Uint8Array>>>;
  /**
   * Opens a file for writing, anywhere in it. Absent: each piece of it is written
   * through a stream of its own.
   *
   * @param only The file that must be found there.
   */
  openToWrite?(
    path: string | URL,
    only: FileId,
  ): Promise<Found<WritableFile>>;
  /**
   * Opens a device or a pipe for writing, as it is; a file is written at its end.
   *
   * @param signal Ends the wait for a pipe's reader.
   */
  append?(
    path: string | URL,
    signal?: AbortSignal,
  ): Promise<Found<WritableStream<Uint8Array>>>;
  /**
   * Makes a file that only its owner can read (mode 0600). No link is followed.
   *
   * @param options `keep`: whether to hand out a file of that name if it is one
   * that an earlier call made; anything else is replaced. Without it nothing may
   * have that name.
   */
  claim?(
    path: string | URL,
    options: { readonly keep: boolean },
  ): Promise<Found<ClaimedFile>>;
  /**
   * Prepares a claimed file for the name that it is renamed to: the mode of the
   * file that it replaces, else that of new files.
   *
   * @param options `as`: that name; `changedMs`: its time of last change.
   */
  prepare?(
    path: string | URL,
    only: FileId,
    options: { readonly as: string | URL; readonly changedMs?: number },
  ): Promise<Found<true>>;
  /**
   * Makes a file shorter.
   *
   * @param length Its new length, in bytes.
   * @param only The file that must be found there. Default: any.
   */
  cut(
    path: string | URL,
    length: number,
    only?: FileId,
  ): Promise<Found<true>>;
  /** Renames a file. It takes the place of one that has the new name. */
  rename(from: string | URL, to: string | URL): Promise<Found<true>>;
  /** Removes a file. */
  remove(path: string | URL): Promise<Found<true>>;
  /**
   * Lists a folder, in no order, without what is below its folders. `absent`: it
   * is not there, or is a file. Absent: folders cannot be listed.
   */
  list?(path: string | URL): Promise<Found<readonly FolderEntry[]>>;
  /** What lies at a path. A link at its end is not followed. */
  entryKind?(path: string | URL): Promise<Found<EntryKind>>;
  /** Makes a folder, and those above it; one that is there stays as it is. */
  makeFolder?(path: string | URL): Promise<Found<true>>;
  /** Sets the time of a file's last change, in milliseconds since 1970. */
  setChanged?(path: string | URL, changedMs: number): Promise<Found<true>>;
}

/** Time, as something a test can hold still. */
export interface Clock {
  /** The current time. */
  now(): Date;
  /**
   * Waits.
   *
   * @param ms How long, in milliseconds. 0 or less: not at all.
   * @param signal Ends the wait early by throwing its reason.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls a function later.
   *
   * @param ms How much later, in milliseconds.
   * @param fn What to call, once.
   * @returns What stops the timer. Stopping one that has run does nothing.
   */
  timer(ms: number, fn: () => void): Disposable;
}
