/**
 * What is uploaded → a body whose length is known, or known to be unknown.
 *
 * @module
 */
import { utf8 } from "../foundation/bytes.ts";
import type { BodyInput } from "../ports/body.ts";
import type { ClientCore } from "../ports/caller.ts";
import type { BodySource } from "../ports/http.ts";
import {
  filesOf,
  fileSource,
  isLocalFile,
  type LocalFile,
} from "./local_file.ts";

/** A body to upload: what an operation takes, or a file by its path. */
export type UploadBody = BodyInput | LocalFile;

/**
 * Prepares a body.
 *
 * @param body The body as it was given.
 * @param statedLength Its length, where the caller states it, in bytes.
 * @param core What the client is built on.
 * @throws {ConfigError} If it is a file that cannot be opened.
 */
export async function uploadSource(
  body: UploadBody,
  statedLength: number | undefined,
  core: ClientCore,
): Promise<BodySource> {
  if (typeof body === "string") return fromBytes(utf8(body));
  if (body instanceof Uint8Array) return fromBytes(body);
  if (body instanceof Blob) return fromBlob(body);
  if (body instanceof URL) return await fileSource(filesOf(core), body);
  if (body instanceof ReadableStream) {
    return { length: statedLength, replayable: false, open: () => body };
  }
  if (isLocalFile(body)) return await fileSource(filesOf(core), body.path);
  return body;
}

/** A blob would copy the bytes. */
function fromBytes(bytes: Uint8Array): BodySource {
  return {
    length: bytes.length,
    replayable: true,
    open: () => ReadableStream.from([bytes]),
  };
}

function fromBlob(blob: Blob): BodySource {
  return { length: blob.size, replayable: true, open: () => blob.stream() };
}
