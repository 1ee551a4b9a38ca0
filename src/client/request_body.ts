/**
 * From what a caller gives as a body to what an attempt can send, and send again.
 *
 * @module
 */
import {
  BodyContent,
  heldBytes,
  PieceReader,
  streamedBody,
  type Unreadable,
} from "../foundation/body_content.ts";
import { concat } from "../foundation/bytes.ts";
import {
  ConfigError,
  fileFailed,
  fileFailure,
  isFolder,
  ValidationError,
} from "../foundation/errors.ts";
import type { BodyInput, BodySource, RequestBody } from "../ports/http.ts";
import type { Files, Found } from "../ports/system.ts";

/** A body up to this length is held in memory, so that it can be hashed and sent again. */
const HELD_BYTES = 8 * 1_024 * 1_024;

/** What is known of a body beside itself. */
export interface BodyContext {
  /** Name of the operation, for errors. */
  readonly operation: string;
  /** Length that the caller states, in bytes. */
  readonly statedLength?: number;
  /** Opens files. */
  readonly files: Files;
  /** Ends the reading of a short body early. */
  readonly signal?: AbortSignal;
}

/**
 * Prepares a body for a call's attempts.
 *
 * @param body The body as it was given.
 * @param context What is known of it.
 * @returns Bytes where it is small, at once where they are there; else what is
 * opened anew for each attempt.
 * @throws {ValidationError} If its length is not the stated one, or cannot be
 * known, or it cannot be read.
 * @throws {ConfigError} If it is a file that cannot be opened.
 */
export function prepareBody(
  body: BodyInput | undefined,
  context: BodyContext,
): RequestBody | Promise<RequestBody> {
  try {
    if (body === undefined) {
      checkLength(0, context);
      return undefined;
    }
    const bytes = heldBytes(body, unreadable(context));
    if (bytes === undefined) return openedBody(body, context);
    checkLength(bytes.length, context);
    return bytes;
  } catch (error) {
    return Promise.reject(error);
  }
}

async function openedBody(
  body: BodyInput,
  context: BodyContext,
): Promise<RequestBody> {
  const content = await contentOf(body, context);
  const { length } = content;
  if (length !== undefined) checkLength(length, context);
  if (length === undefined && isSource(body)) return content;
  if (length !== undefined && length > HELD_BYTES) return content;
  return await held(content, context);
}

async function contentOf(
  body: BodyInput,
  context: BodyContext,
): Promise<BodyContent> {
  if (body instanceof Blob) {
    return content(context, {
      length: body.size,
      replayable: true,
      stream: () => body.stream(),
    });
  }
  if (body instanceof URL) return await fileContent(body, context);
  if (isSource(body)) {
    return content(context, {
      length: body.length ?? context.statedLength,
      replayable: body.replayable,
      stream: () => body.open(),
    });
  }
  const streamed = streamedBody(body, unreadable(context));
  if (streamed === undefined) throw refused(context, "is of no known kind");
  const { stream, length = context.statedLength } = streamed;
  return onceOnly(context, stream, length);
}

function onceOnly(
  context: BodyContext,
  stream: ReadableStream<unknown>,
  length: number | undefined,
): BodyContent {
  return content(context, {
    length,
    replayable: false,
    stream: () => stream,
    // How the source takes it is its own affair.
    drop: (reason) => void stream.cancel(reason).catch(() => {}),
  });
}

function content(
  context: BodyContext,
  parts: Pick<
    ConstructorParameters<typeof BodyContent>[0],
    "drop" | "length" | "replayable" | "stream"
  >,
): BodyContent {
  const { operation } = context;
  const { length = 0 } = parts;
  return new BodyContent({
    ...parts,
    otherLength: (read) =>
      new ValidationError(operation, [
        otherLength({ stated: length, actual: read }),
      ]),
    unreadable: unreadable(context),
  });
}

async function fileContent(
  url: URL,
  context: BodyContext,
): Promise<BodyContent> {
  if (url.protocol !== "file:") {
    throw refused(
      context,
      `must be a file URL where it is a URL: current scheme is "${url.protocol}"`,
    );
  }
  const open = async (): Promise<Opened> => await openFile(url, context);
  const { length, stream } = await open();
  if (length === undefined) {
    return onceOnly(context, stream, context.statedLength);
  }
  await stream.cancel();
  return new BodyContent({
    length,
    replayable: true,
    snapshot: true,
    stream: async () => (await open()).stream,
    otherLength: (read) =>
      refused(
        context,
        `is a file of ${length} bytes that ended after ${read}: it must not become shorter while it is sent`,
      ),
    unreadable: unreadable(context),
  });
}

type Opened = Extract<
  Awaited<ReturnType<Files["open"]>>,
  { readonly kind: "found" }
>["value"];

async function openFile(
  url: URL,
  { files, signal }: BodyContext,
): Promise<Opened> {
  const { pathname } = url;
  let found: Found<Opened>;
  let isAFolder = false;
  try {
    found = await files.open(url, 0, undefined, signal);
    if (found.kind === "absent") {
      // A folder counts as no file, and should be told as what it is.
      const facts = await files.stat?.(url);
      isAFolder = facts?.kind === "found" && facts.value.kind === "folder";
    }
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw fileFailed("send", pathname, cause);
  }
  if (found.kind === "found") return found.value;
  if (isAFolder) throw isFolder("send", pathname);
  const name = fileFailure("send", pathname);
  throw new ConfigError(
    found.kind === "denied" ? "FileDenied" : "FileNotFound",
    found.kind === "denied"
      ? `${name}: the program may not read it; run it with ${found.flag}`
      : `${name}: there is no such file`,
  );
}

/** Reads a short body whole. */
async function held(
  content: BodyContent,
  context: BodyContext,
): Promise<RequestBody> {
  const { signal } = context;
  signal?.throwIfAborted();
  const reader = new PieceReader(content.open(), unreadable(context));
  // A read that is pending ends with it.
  const stop = (): void => reader.cancel(signal?.reason);
  signal?.addEventListener("abort", stop);
  try {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const piece = await reader.read();
      signal?.throwIfAborted();
      if (piece === undefined) break;
      pieces.push(piece);
      length += piece.length;
      if (length > HELD_BYTES) throw unknownLength(context);
    }
    checkLength(length, context);
    return concat(pieces);
  } catch (error) {
    reader.cancel(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function checkLength(
  actual: number,
  { statedLength: stated, operation }: BodyContext,
): void {
  if (stated === undefined || stated === actual) return;
  throw new ValidationError(operation, [otherLength({ stated, actual })]);
}

function otherLength(
  { stated, actual }: { readonly stated: number; readonly actual: number },
): ConstructorParameters<typeof ValidationError>[1][number] {
  return {
    path: "ContentLength",
    problem:
      `must be the length of Body, ${actual} bytes: current value is ${stated}`,
  };
}

function unknownLength(context: BodyContext): ValidationError {
  return refused(
    context,
    `is a stream of more than ${HELD_BYTES} bytes whose length is not known: state it as ContentLength, or send it in parts with upload()`,
  );
}

function refused(
  { operation }: BodyContext,
  problem: string,
): ValidationError {
  return new ValidationError(operation, [{ path: "Body", problem }]);
}

function unreadable(context: BodyContext): Unreadable {
  return (problem) => refused(context, problem);
}

function isSource(body: BodyInput): body is BodySource {
  return typeof body === "object" && "open" in body && "replayable" in body;
}
