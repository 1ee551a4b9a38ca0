/**
 * How a body is protected on its way: checksum, framing, and what stands for it
 * in the signature.
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
import { base64, hex } from "../foundation/bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumAlgorithm,
  startChecksum,
} from "../foundation/checksums.ts";
import { ValidationError } from "../foundation/errors.ts";
import type { BodySource, HeaderMap, HttpRequest } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";

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
