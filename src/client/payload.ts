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
  awsChunked,
  awsChunkedLength,
  awsChunkedStream,
} from "../foundation/aws_chunked.ts";
import { base64 } from "../foundation/bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumAlgorithm,
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
}

/** The checksums that a request may carry; the other fields of this prefix are none. */
const CHECKSUM_FIELD = /^x-amz-checksum-(?:crc|md5|sha|xxhash)\w*$/;

const UNSIGNED = "UNSIGNED-PAYLOAD";

const EMPTY = new Uint8Array(0);

/**
 * Adds to a request what protects its body.
 *
 * An object's content goes out in chunks with the checksum behind it over HTTPS,
 * and always where it is a stream: a stream can be read only once, and the
 * platform drops its length, without which S3 refuses it.
 *
 * @param request The request, before it is signed.
 * @param of The call it belongs to.
 * @param policy How bodies are protected.
 * @returns The request to sign.
 * @throws {ValidationError} If the caller asks for an algorithm that is not known.
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
    return chunked(chosen, body, choice.algorithm ?? "CRC32");
  }
  if (choice.algorithm && of.streamed && secure) {
    return chunked(chosen, body, choice.algorithm);
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
    const { md5 } = await import("../foundation/md5.ts");
    return { "content-md5": base64(await md5(body)) };
  }
  return algorithm === undefined
    ? {}
    : { [checksumHeader(algorithm)]: await checksum(algorithm, body) };
}

async function chunked(
  request: HttpRequest,
  body: Uint8Array<ArrayBuffer> | BodySource,
  algorithm: ChecksumAlgorithm,
): Promise<HttpRequest> {
  const { "content-encoding": encoding } = request.headers;
  const framed = withFields(request, {
    "content-encoding": encoding ? `${encoding},aws-chunked` : "aws-chunked",
    "x-amz-trailer": checksumHeader(algorithm),
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    ...body.length === undefined
      ? {}
      : { "x-amz-decoded-content-length": String(body.length) },
  });
  return {
    ...framed,
    body: body instanceof Uint8Array
      ? await awsChunked(body, { algorithm })
      : chunkedSource(body, algorithm),
  };
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
