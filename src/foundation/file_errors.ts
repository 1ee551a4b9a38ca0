/**
 * What the system says about files, in terms of the file that the user named.
 *
 * @module
 */
import { ConfigError } from "./errors.ts";

/** What is done with a file. */
export type FileAct = "read" | "send" | "write";

/** What the codes of the system mean where its own words would not help. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "the system does not permit it",
  EFBIG: "it is larger than the file system allows",
  EINVAL: "the file system does not allow it",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links follow one another",
  ENAMETOOLONG: "its name is too long for the file system",
  ENOTDIR: "a part of its path is not a folder",
  ENXIO: "nothing reads from it, or it is a socket",
};

/**
 * Reports what the system threw. Its own message may name the unfinished file
 * instead of the one that the user knows.
 *
 * @param act What was to be done.
 * @param path The file that the user named.
 * @param cause What the system threw, for example that the disk is full.
 */
export function fileFailed(
  act: FileAct,
  path: string | URL,
  cause: unknown,
): ConfigError {
  const code = cause instanceof Error && "code" in cause
    ? String(cause.code)
    : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  const words = message.replace(/: \w+ '[^]*$/, "");
  const reason = REASONS[code];
  return new ConfigError(
    act === "write" ? "FileNotWritten" : "FileNotRead",
    `${fileFailure(act, path)}: ${reason ? `${reason} (${words})` : words}`,
    { cause },
  );
}

/**
 * Reports a folder where a file should be.
 *
 * @param act What was to be done.
 * @param path The path that the user named.
 */
export function isFolder(act: FileAct, path: string | URL): ConfigError {
  return new ConfigError(
    "FileIsFolder",
    `${fileFailure(act, path)}: it is a folder`,
  );
}

/** The begin of a message. */
export function fileFailure(act: FileAct, path: string | URL): string {
  return `Cannot ${act} "${path}"`;
}
