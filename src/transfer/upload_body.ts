/**
 * What is uploaded → a body whose length is known, or known to be unknown.
 *
 * @module
 */
import {
  BodyContent,
  type ContentParts,
  heldBytes,
  streamedBody,
} from "../foundation/body_content.ts";
import { ValidationError } from "../foundation/errors.ts";
import type { BodyInput } from "../ports/body.ts";
import type { ClientCore } from "../ports/caller.ts";
import type { BodySource } from "../ports/http.ts";
import type { OpenedFile } from "../ports/system.ts";
import {
  filesOf,
  isLocalFile,
  type LocalFile,
  openToRead,
} from "./local_file.ts";

/** A body to upload: what an operation takes, or a file by its path. */
export type UploadBody = BodyInput | LocalFile;

/** What is known of a body beside itself. */
export interface UploadContext {
  /** Its length, where the caller states it, in bytes. */
  readonly statedLength: number | undefined;
  /** What the client is built on. */
  readonly core: ClientCore;
  /** Ends the wait for a file that opens late. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Prepares a body.
 *
 * @param body The body as it was given.
 * @param context What is known of it.
 * @throws {ValidationError} If it cannot be read.
 * @throws {ConfigError} If it is a file that cannot be opened.
 */
export async function uploadSource(
  body: UploadBody,
  context: UploadContext,
): Promise<BodyContent> {
  const { statedLength } = context;
  const bytes = heldBytes(body, unreadable);
  if (bytes !== undefined) {
    return content({
      length: bytes.length,
      replayable: true,
      // A blob would copy the bytes.
      stream: () => ReadableStream.from([bytes]),
    });
  }
  if (body instanceof Blob) {
    return content({
      length: body.size,
      replayable: true,
      stream: () => body.stream(),
    });
  }
  if (body instanceof URL) return await fileContent(fileUrl(body), context);
  if (typeof body === "object" && isLocalFile(body)) {
    return await fileContent(body.path, context);
  }
  if (isSource(body)) {
    return content({
      length: body.length ?? statedLength,
      replayable: body.replayable,
      stream: () => body.open(),
    });
  }
  const streamed = streamedBody(body, unreadable);
  if (streamed === undefined) throw unreadable("is of no known kind");
  return onceOnly(streamed.stream, statedLength ?? streamed.length);
}

async function fileContent(
  path: string | URL,
  { core, signal, statedLength }: UploadContext,
): Promise<BodyContent> {
  const files = filesOf(core);
  const open = async (): Promise<OpenedFile> =>
    await openToRead(files, path, signal);
  const { length, stream } = await open();
  if (length === undefined) return onceOnly(stream, statedLength);
  await stream.cancel();
  return content({
    length,
    replayable: true,
    snapshot: true,
    stream: async () => (await open()).stream,
  });
}

function onceOnly(
  stream: ReadableStream<unknown>,
  length: number | undefined,
): BodyContent {
  return content({
    length,
    replayable: false,
    stream: () => stream,
    // How the source takes it is its own affair.
    drop: (reason) => void stream.cancel(reason).catch(() => {}),
  });
}

function content(
  parts: Omit<ContentParts, "otherLength" | "unreadable">,
): BodyContent {
  return new BodyContent({
    ...parts,
    otherLength: (read) => otherLength(read, parts.length ?? 0),
    unreadable,
  });
}

function fileUrl(url: URL): URL {
  if (url.protocol === "file:") return url;
  throw unreadable(
    `must be a file URL where it is a URL: current scheme is "${url.protocol}"`,
  );
}

function isSource(body: UploadBody): body is BodySource {
  return typeof body === "object" && "open" in body && "replayable" in body;
}

function unreadable(problem: string): ValidationError {
  return new ValidationError("upload", [{ path: "Body", problem }]);
}

/**
 * The error of a body that is not as long as it was said to be.
 *
 * @param read Bytes that were read of it.
 * @param stated Its length as it was said to be, in bytes.
 */
export function otherLength(read: number, stated: number): ValidationError {
  const than = read > stated ? "longer" : "shorter";
  return unreadable(
    `is ${than} than the ${stated} bytes that it was said to have`,
  );
}
