/**
 * What a caller hands over as a body → what an attempt can send, and send again.
 *
 * @module
 */
import { concat, owned, utf8 } from "../foundation/bytes.ts";
import { deferredStream } from "../foundation/deferred_stream.ts";
import { ConfigError, ValidationError } from "../foundation/errors.ts";
import type { BodyInput } from "../ports/body.ts";
import type { BodySource, RequestBody } from "../ports/http.ts";
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
 * @returns Bytes where it is small; else what is opened anew for each attempt.
 * @throws {ValidationError} If its length is not the stated one, or cannot be known.
 * @throws {ConfigError} If it is a file that cannot be opened.
 */
export async function prepareBody(
  body: BodyInput | undefined,
  context: BodyContext,
): Promise<RequestBody> {
  if (body === undefined) return undefined;
  if (typeof body === "string") return checked(utf8(body), context);
  if (body instanceof Uint8Array) return checked(owned(body), context);
  if (body instanceof ReadableStream) return await fromStream(body, context);
  const source = body instanceof Blob
    ? fromBlob(body)
    : body instanceof URL
    ? await fromFile(body, context)
    : body;
  return await fromSource(source, context);
}

function checked(
  bytes: Uint8Array<ArrayBuffer>,
  context: BodyContext,
): Uint8Array<ArrayBuffer> {
  checkLength(bytes.length, context);
  return bytes;
}

function checkLength(length: number, context: BodyContext): void {
  const { statedLength } = context;
  if (statedLength !== undefined && statedLength !== length) {
    throw new ValidationError(context.operation, [{
      path: "ContentLength",
      problem:
        `must be the length of Body, ${length} bytes: current value is ${statedLength}`,
    }]);
  }
}

function fromBlob(blob: Blob): BodySource {
  return { length: blob.size, replayable: true, open: () => blob.stream() };
}

async function fromFile(url: URL, context: BodyContext): Promise<BodySource> {
  if (url.protocol !== "file:") {
    throw new ValidationError(context.operation, [{
      path: "Body",
      problem:
        `must be a file URL where it is a URL: current scheme is "${url.protocol}"`,
    }]);
  }
  const open = async (): Promise<ReadableStream<Uint8Array>> =>
    opened(url, await context.files.open(url)).stream;

  const first = opened(url, await context.files.open(url));
  await first.stream.cancel();
  return {
    length: first.length,
    replayable: true,
    open: () => deferredStream(open),
  };
}

function opened<T>(url: URL, file: Found<T>): T {
  if (file.kind === "found") return file.value;
  throw new ConfigError(
    file.kind === "denied" ? "FileDenied" : "FileNotFound",
    file.kind === "denied"
      ? `Cannot send "${url.pathname}": the program may not read it; run it with ${file.flag}`
      : `Cannot send "${url.pathname}": there is no such file`,
  );
}

async function fromSource(
  source: BodySource,
  context: BodyContext,
): Promise<RequestBody> {
  if (source.length !== undefined) checkLength(source.length, context);
  if (source.length === undefined || source.length > HELD_BYTES) {
    return source;
  }
  const reader = source.open().getReader();
  const { pieces, done } = await readSome(reader, context.signal);
  if (!done) await reader.cancel();
  return checked(concat(pieces), { ...context, statedLength: source.length });
}

/** A short stream is read whole; a long one is sent once, if its length is known. */
async function fromStream(
  stream: ReadableStream<Uint8Array>,
  context: BodyContext,
): Promise<RequestBody> {
  const reader = stream.getReader();
  const { pieces, held, done } = await readSome(reader, context.signal);
  if (done) return checked(concat(pieces), context);
  const { statedLength } = context;
  if (statedLength === undefined || statedLength < held) {
    const reason = new ValidationError(context.operation, [{
      path: "Body",
      problem: statedLength === undefined
        ? `is a stream of more than ${HELD_BYTES} bytes whose length is not known: state it as ContentLength, or send it in parts`
        : `is longer than ContentLength, ${statedLength} bytes`,
    }]);
    await reader.cancel(reason);
    throw reason;
  }
  return {
    length: statedLength,
    replayable: false,
    open: () => rest(pieces, reader, statedLength, context),
  };
}

/** The start of a stream: all of it, or somewhat more than is held. */
interface Start {
  readonly pieces: Uint8Array[];
  /** Length of all pieces. */
  readonly held: number;
  /** Whether that was all. */
  readonly done: boolean;
}

/** Reads a stream until it is too long to be held. */
async function readSome(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Start> {
  signal?.throwIfAborted();
  const stop = (): void => {
    // A read that is pending ends with it; how the source takes it is its own affair.
    reader.cancel(signal?.reason).catch(() => {});
  };
  signal?.addEventListener("abort", stop);
  try {
    const pieces: Uint8Array[] = [];
    let held = 0;
    while (held <= HELD_BYTES) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return { pieces, held, done };
      pieces.push(value);
      held += value.length;
    }
    return { pieces, held, done: false };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** What was read already, then what follows; refuses another length than stated. */
function rest(
  pieces: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
  length: number,
  context: BodyContext,
): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const piece = pieces.shift() ?? (await reader.read()).value;
      sent += piece?.length ?? 0;
      if (sent > length || (piece === undefined && sent < length)) {
        checkLength(sent, { ...context, statedLength: length });
      }
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
