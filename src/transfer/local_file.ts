/**
 * Files of the machine, as bodies and destinations.
 *
 * @module
 */
import {
  ConfigError,
  type FileAct,
  fileFailed,
  fileFailure,
  isFolder,
} from "../foundation/errors.ts";
import { pathOf } from "../foundation/paths.ts";
import type { Found, OpenedFile, WritableFiles } from "../ports/system.ts";

/** A file, told apart from text that looks like a path. */
export interface LocalFile {
  /** Tells it apart from other bodies. */
  readonly kind: "file";
  /** Where it lies: a path, or a URL with the scheme `file:`. */
  readonly path: string | URL;
}

/**
 * Names a file.
 *
 * @param path Where it lies. A relative path counts from the working directory.
 * @throws {ConfigError} `"InvalidPath"` if it is no path.
 */
export function file(path: string | URL): LocalFile {
  if (typeof path !== "string" && !(path as unknown instanceof URL)) {
    throw new ConfigError(
      "InvalidPath",
      `Cannot name a file by a value of type ${
        path === null ? "null" : typeof path
      }: expected a path or a file: URL`,
    );
  }
  return { kind: "file", path };
}

/** Whether a value is a {@linkcode LocalFile}. */
export function isLocalFile(value: object): value is LocalFile {
  return "kind" in value && value.kind === "file" && "path" in value;
}

/**
 * The path of what a download is to be written to.
 *
 * @param to What the caller named.
 * @throws {ConfigError} If it is no file, as a bare path is not.
 */
export function targetPath(to: LocalFile | URL): string | URL {
  const path: unknown = to instanceof URL
    ? to
    : typeof to === "object" && to !== null && isLocalFile(to)
    ? to.path
    : undefined;
  if (typeof path === "string" && path !== "") return path;
  if (path instanceof URL && path.protocol === "file:") return path;
  const found = typeof to === "string"
    ? "a string"
    : path === ""
    ? "an empty path"
    : path instanceof URL
    ? `a URL with the scheme "${path.protocol}"`
    : "something else";
  throw new ConfigError(
    "InvalidTarget",
    `Cannot download to ${found}: expected file("path/to/file") of @inia/aws/transfer, or a file: URL`,
  );
}

/**
 * The machine's files, as a client knows them.
 *
 * @throws {ConfigError} If the client was made without.
 */
export function filesOf(
  { files }: { readonly files?: WritableFiles | undefined },
): WritableFiles {
  if (files !== undefined) return files;
  throw new ConfigError(
    "FilesUnavailable",
    "Cannot open files: the client was made without access to files; make it with session.client",
  );
}

/**
 * Opens a file.
 *
 * @param files Where it lies.
 * @param path Its path.
 * @param signal Ends the wait for the writer of a pipe early.
 * @throws {ConfigError} If it cannot be opened.
 */
export async function openToRead(
  files: WritableFiles,
  path: string | URL,
  signal?: AbortSignal,
): Promise<OpenedFile> {
  const found = await acted(
    "read",
    path,
    () => files.open(path, 0, undefined, signal),
    signal,
  );
  // A folder counts as no file, and should be told as what it is.
  if (found.kind === "absent") await checkKind("read", files, path);
  return granted(found, "read", path);
}

/**
 * Asks the system, and reports what it throws in terms of the user's file.
 *
 * @param act What it is asked for.
 * @param path The file that the user named.
 * @param ask Asks.
 * @param signal What it throws once it is aborted is passed on as it is.
 * @throws {ConfigError} If the system throws.
 */
export async function acted<T>(
  act: FileAct,
  path: string | URL,
  ask: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw fileFailed(act, path, cause);
  }
}

/**
 * Looks at what lies at a path.
 *
 * @param act What is to be done with it.
 * @param files Where it lies.
 * @param path The path.
 * @returns Whether it is a device, a pipe or a socket.
 * @throws {ConfigError} If it is a folder, or may not be looked at.
 */
export async function checkKind(
  act: FileAct,
  files: WritableFiles,
  path: string | URL,
): Promise<boolean> {
  const facts = await acted(act, path, async () => await files.stat?.(path));
  if (facts?.kind === "denied") {
    if (facts.flag === "--allow-all") return granted(facts, act, path);
    if (act === "write") throw folderDenied(path);
  }
  if (facts?.kind !== "found") return false;
  if (facts.value.kind === "folder") {
    throw isFolder(act, path);
  }
  return facts.value.kind === "special";
}

/**
 * Takes what the system found.
 *
 * @param found Its answer.
 * @param act What it was asked for.
 * @param path The file.
 * @throws {ConfigError} If it is not there, or may not be touched.
 */
export function granted<T>(
  found: Found<T>,
  act: FileAct,
  path: string | URL,
): T {
  if (found.kind === "found") return found.value;
  const name = fileFailure(act, path);
  if (found.kind === "denied") {
    throw new ConfigError(
      "FileDenied",
      `${name}: the program may not; run it with ${found.flag}`,
    );
  }
  throw new ConfigError(
    "FileNotFound",
    act === "read"
      ? `${name}: there is no such file`
      : `${name}: its folder does not exist`,
  );
}

/**
 * Tells that files may not be made and renamed beside a file.
 *
 * @param path The file.
 */
export function folderDenied(path: string | URL): ConfigError {
  const folder = path instanceof URL
    ? pathOf(new URL(".", path))
    : path.replace(/[^\\/]*$/, "") || ".";
  return new ConfigError(
    "FileDenied",
    `Cannot write "${path}": the program may not read and write in its folder; run it with --allow-read=${folder} --allow-write=${folder}`,
  );
}
