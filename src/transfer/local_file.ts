/**
 * Files of the machine, as bodies and destinations.
 *
 * @module
 */
import { deferredStream } from "../foundation/deferred_stream.ts";
import { ConfigError } from "../foundation/errors.ts";
import type { ClientCore } from "../ports/caller.ts";
import type { BodySource } from "../ports/http.ts";
import type { Found, WritableFiles } from "../ports/system.ts";

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
 */
export function file(path: string | URL): LocalFile {
  return { kind: "file", path };
}

/** Whether a value is a {@linkcode LocalFile}. */
export function isLocalFile(value: object): value is LocalFile {
  return "kind" in value && value.kind === "file" && "path" in value;
}

/**
 * The machine's files, as a client knows them.
 *
 * @throws {ConfigError} If the client was made without.
 */
export function filesOf({ files }: ClientCore): WritableFiles {
  if (files !== undefined) return files;
  throw new ConfigError(
    "FilesUnavailable",
    "Cannot open files: the client was made without access to files; make it with session.client",
  );
}

/**
 * Makes a body of a file.
 *
 * @param files Where it lies.
 * @param path Its path.
 * @throws {ConfigError} If it cannot be opened.
 */
export async function fileSource(
  files: WritableFiles,
  path: string | URL,
): Promise<BodySource> {
  const opened = async () => granted(await files.open(path), "read", path);
  const { length, stream } = await opened();
  await stream.cancel();
  return {
    length,
    replayable: true,
    open: () => deferredStream(async () => (await opened()).stream),
  };
}

/** What is done with a file. */
type FileAct = "read" | "write";

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
  const name = `Cannot ${act} "${path}"`;
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
      : `${name}: its folder is missing, or it is a folder itself`,
  );
}

/**
 * Tells that files may not be made and renamed beside a file.
 *
 * @param path The file.
 */
export function folderDenied(path: string | URL): ConfigError {
  const folder = path instanceof URL
    ? decodeURIComponent(new URL(".", path).pathname)
    : path.replace(/[^\\/]*$/, "") || ".";
  return new ConfigError(
    "FileDenied",
    `Cannot write "${path}": the program may not read and write in its folder; run it with --allow-read=${folder} --allow-write=${folder}`,
  );
}

/**
 * Tells what could not be written.
 *
 * @param path The file.
 * @param cause What the system reported, for example that the disk is full.
 */
export function writeFailed(path: string | URL, cause: unknown): ConfigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError(
    "FileNotWritten",
    `Cannot write "${path}": ${reason}`,
    { cause },
  );
}
