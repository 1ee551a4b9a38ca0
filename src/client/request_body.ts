/**
 * From what a caller gives as a body to what an attempt can send, and send again; and
 * how it is protected on its way: checksum, framing, and what stands for it in the
 * signature. Loaded with the first body.
 *
 * Source: "Checking object integrity" and "Authenticating requests", Amazon S3
 * User Guide and API Reference.
 *
 * @module
 */
import {
  awsChunkedLength,
  awsChunkedStream,
} from "../foundation/aws_chunked.ts";
import {
  BodyContent,
  heldBytes,
  PieceReader,
  streamedBody,
  type Unreadable,
} from "../foundation/body_content.ts";
import { base64, concat, hex } from "../foundation/bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumAlgorithm,
  startChecksum,
} from "../foundation/checksums.ts";
import {
  ConfigError,
  fileFailed,
  fileFailure,
  isFolder,
  ValidationError,
} from "../foundation/errors.ts";
import type {
  BodyInput,
  BodySource,
  HeaderMap,
  HttpRequest,
  RequestBody,
} from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
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

/** How the bodies of a client's requests are protected. */
export interface PayloadPolicy {
  /** Whether a checksum is made where the service takes one, or only where it demands one. */
  readonly requestChecksum: "when_required" | "when_supported";
  /** Whether the checksums of answers are asked for where the service has them, or only where the caller asks. */
  readonly responseChecksum: "when_required" | "when_supported";
  /** What a demanded checksum is; stores that resemble S3 know `Content-MD5` only. */
  readonly requiredChecksum: "CRC32" | "Content-MD5";
  /** Whether the signature covers the body: always, never, or where nothing else protects it. */
  readonly signing?: boolean;
  /**
   * Whether a stream of known length goes out as it is. Stores that resemble S3
   * take that, and few of them know chunks with a checksum behind. Default: no.
   */
  readonly sizedStreams?: boolean;
}

/** The call that a payload belongs to. */
export interface PayloadOf<Input, Output> {
  /** Its operation. */
  readonly operation: Operation<Input, Output>;
  /** Its parameters. */
  readonly input: Input;
  /** Whether its body is an object's content. */
  readonly streamed: boolean;
  /** Whether nobody signs it. */
  readonly anonymous?: boolean;
  /** Ends the reading of a body that has to be hashed before it is sent. */
  readonly signal?: AbortSignal | undefined;
}

/** The checksums that a request may carry; the other fields of this prefix are none. */
const CHECKSUM_FIELD = /^x-amz-checksum-(?:crc|md5|sha|xxhash)\w*$/;

const UNSIGNED = "UNSIGNED-PAYLOAD";

const EMPTY = new Uint8Array(0);

/**
 * Adds to a request what protects its body.
 *
 * Bytes go out as they are, with their checksum in a header; over HTTPS nobody
 * hashes them a second time for the signature. A stream goes out in chunks with the
 * checksum behind it, since that is read only once. A store that takes
 * streams as they are gets them so; what has to be known of one before it is sent
 * is then found out in a first reading.
 *
 * @param request The request, before it is signed.
 * @param of The call it belongs to.
 * @param policy How bodies are protected.
 * @returns The request to sign.
 * @throws {ValidationError} If the caller asks for an algorithm that is not known,
 * or a body would have to be read twice that can be read only once.
 */
export async function framePayload<Input, Output>(
  request: HttpRequest,
  of: PayloadOf<Input, Output>,
  policy: PayloadPolicy,
): Promise<HttpRequest> {
  if (of.operation.auth === "unsigned-body") {
    return withFields(request, { "x-amz-content-sha256": UNSIGNED });
  }
  const { body = EMPTY } = request;
  const secure = request.origin.startsWith("https:");
  const choice = choose(request.headers, of, policy);
  const chosen = choice === NOTHING
    ? request
    : withFields(request, choice.fields);

  if (!(body instanceof Uint8Array)) {
    return policy.sizedStreams && body.length !== undefined
      ? await sized(chosen, body, { of, choice, policy, secure })
      : chunked(chosen, body, choice.algorithm ?? "CRC32");
  }
  const sealed = choice === NOTHING
    ? chosen
    : withFields(chosen, await seal(body, choice));
  const covered = choice.algorithm || "content-md5" in sealed.headers;
  const unsigned = policy.signing === false && !of.anonymous ||
    (policy.signing !== true && secure && of.streamed && covered);
  return unsigned
    ? withFields(sealed, { "x-amz-content-sha256": UNSIGNED })
    : sealed;
}

/** What protects a body, and the fields that say so. */
interface Choice {
  readonly algorithm?: ChecksumAlgorithm;
  readonly md5?: true;
  readonly fields: HeaderMap;
}

/** Nothing protects the body but the signature, or what the caller has done. */
const NOTHING: Choice = { fields: {} };

function choose<Input, Output>(
  headers: HeaderMap,
  { operation, input }: PayloadOf<Input, Output>,
  policy: PayloadPolicy,
): Choice {
  const { algorithmMember, required } = operation.checksum ?? {};
  if (algorithmMember === undefined && !required) return NOTHING;
  const given = Object.keys(headers).some((name) => CHECKSUM_FIELD.test(name));
  if (given) return NOTHING;
  const asked = algorithmMember === undefined
    ? undefined
    : (input as Readonly<Record<string, unknown>>)[algorithmMember];
  if (algorithmMember !== undefined && asked !== undefined) {
    const name = String(asked);
    if (isChecksumAlgorithm(name)) return { algorithm: name, fields: {} };
    throw new ValidationError(operation.name, [{
      path: algorithmMember,
      problem:
        "names an algorithm that cannot be computed here: use another, or give the checksum itself",
    }]);
  }
  if (required && policy.requiredChecksum === "Content-MD5") {
    return "content-md5" in headers ? NOTHING : { md5: true, fields: {} };
  }
  const supported = algorithmMember !== undefined &&
    policy.requestChecksum === "when_supported";
  if (!required && !supported) return NOTHING;
  const field = algorithmMember &&
    operation.input().members[algorithmMember]?.name;
  return {
    algorithm: "CRC32",
    fields: field === undefined ? {} : { [field]: "CRC32" },
  };
}

async function seal(
  body: Uint8Array<ArrayBuffer>,
  choice: Choice,
): Promise<HeaderMap> {
  const { algorithm } = choice;
  if (choice.md5) {
    // Few need it, and it is not small.
    const { md5 } = await import("../foundation/checksums.ts");
    return { "content-md5": base64(await md5(body)) };
  }
  return algorithm === undefined
    ? {}
    : { [checksumHeader(algorithm)]: await checksum(algorithm, body) };
}

/** What decides how a stream goes out. */
interface StreamRules<Input, Output> {
  readonly of: PayloadOf<Input, Output>;
  readonly choice: Choice;
  readonly policy: PayloadPolicy;
  readonly secure: boolean;
}

/** A stream as it is, with its length; read twice where it has to be hashed. */
async function sized<Input, Output>(
  request: HttpRequest,
  body: BodySource,
  { of, choice: { algorithm }, policy, secure }: StreamRules<Input, Output>,
): Promise<HttpRequest> {
  const { operation, anonymous = false } = of;
  const covered = !anonymous && (policy.signing ?? !secure);
  const unsigned = anonymous || covered
    ? {}
    : { "x-amz-content-sha256": UNSIGNED };
  if (!covered && algorithm === undefined) return withFields(request, unsigned);
  if (!body.replayable) {
    // What was asked for can only follow such a body.
    if (algorithm !== undefined) return chunked(request, body, algorithm);
    throw new ValidationError(operation.name, [{
      path: "Body",
      problem:
        'can be read only once, and its signature would have to cover it: give bytes, a Blob or a file, use upload() or an "https:" endpoint, or set payloadSigning: false',
    }]);
  }
  const sums = await sumsOf(body, [
    ...algorithm === undefined ? [] : [algorithm],
    ...covered ? ["SHA256" as const] : [],
  ], of.signal);
  const sum = algorithm && sums.get(algorithm);
  const sha256 = covered ? sums.get("SHA256") : undefined;
  return withFields(request, {
    ...unsigned,
    ...algorithm && sum ? { [checksumHeader(algorithm)]: base64(sum) } : {},
    ...sha256 ? { "x-amz-content-sha256": hex(sha256) } : {},
  });
}

type Sums = ReadonlyMap<ChecksumAlgorithm, Uint8Array>;

/** What was found out of bodies, for the attempts that send them again. */
const KNOWN = new WeakMap<BodySource, Sums>();

/** Reads a body for nothing but its checksums. */
async function sumsOf(
  body: BodySource,
  algorithms: readonly ChecksumAlgorithm[],
  signal: AbortSignal | undefined,
): Promise<Sums> {
  const known = KNOWN.get(body);
  if (known && algorithms.every((name) => known.has(name))) return known;
  signal?.throwIfAborted();
  const sums = await Promise.all(
    algorithms.map(async (name) => [name, await startChecksum(name)] as const),
  );
  const reader = body.open().getReader();
  // How the source takes it is its own affair.
  const stop = (reason?: unknown): void =>
    void reader.cancel(reason).catch(() => {});
  const onAbort = (): void => stop(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    for (;;) {
      const { value } = await reader.read();
      signal?.throwIfAborted();
      if (value === undefined) break;
      for (const [, sum] of sums) sum.update(value);
    }
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  const found = new Map(sums.map(([name, sum]) => [name, sum.digest()]));
  KNOWN.set(body, found);
  return found;
}

function chunked(
  request: HttpRequest,
  body: BodySource,
  algorithm: ChecksumAlgorithm,
): HttpRequest {
  const { "content-encoding": encoding } = request.headers;
  const framed = withFields(request, {
    "content-encoding": encoding ? `${encoding},aws-chunked` : "aws-chunked",
    "x-amz-trailer": checksumHeader(algorithm),
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    ...body.length === undefined
      ? {}
      : { "x-amz-decoded-content-length": String(body.length) },
  });
  return { ...framed, body: chunkedSource(body, algorithm) };
}

function chunkedSource(
  body: BodySource,
  algorithm: ChecksumAlgorithm,
): BodySource {
  const { length, replayable } = body;
  return {
    length: length && awsChunkedLength(length, { algorithm }),
    replayable,
    open: () => awsChunkedStream(body.open(), { algorithm }),
  };
}

function withFields(request: HttpRequest, fields: HeaderMap): HttpRequest {
  return { ...request, headers: { ...request.headers, ...fields } };
}
