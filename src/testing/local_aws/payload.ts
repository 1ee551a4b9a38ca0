/**
 * The body of a request: what stands for it in the signature, what it is once
 * it is decoded, and its checksums.
 *
 * Source: "Signature Calculation: Transferring a Payload in Multiple Chunks",
 * and the same with trailing checksums, Amazon S3 API Reference.
 *
 * @module
 */
import { base64, concat, text } from "../../foundation/bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumAlgorithm,
  md5,
} from "../../foundation/checksums.ts";
import { sha256Hex, sha256HexOf } from "../../foundation/digest.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { Key } from "./access.ts";
import { invalidRequest, notImplemented, S3Error } from "./s3_error.ts";
import { type ParsedSignature, signText } from "./signature.ts";
import type { StoredChecksum } from "./store.ts";
import { type Target, valueOf, type WireRequest } from "./request.ts";

/** A body, decoded. */
export interface Payload {
  /** The bytes that are meant. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Header fields that came after it. */
  readonly trailer: HeaderMap;
}

/** Values that stand for a body instead of its hash. */
const UNSIGNED = "UNSIGNED-PAYLOAD";
const UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const SIGNED_CHUNKS = [
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
];

/**
 * What stands for the body in the signature of a request to S3.
 *
 * @throws {S3Error} If the request does not say.
 */
export function payloadHash(
  parsed: ParsedSignature,
  request: WireRequest,
  target: Target,
): string {
  const said = request.headers["x-amz-content-sha256"] ??
    valueOf(target.query, "X-Amz-Content-Sha256");
  if (parsed.version === 2) return UNSIGNED;
  if (said === undefined && parsed.place === "header") {
    throw invalidRequest(
      "Missing required header for this request: x-amz-content-sha256",
    );
  }
  return said ?? UNSIGNED;
}

/**
 * Decodes and checks the body.
 *
 * @param hash What stands for it in the signature.
 * @param request The request.
 * @param proof The signature of the request, and the key it was made with.
 * @throws {S3Error} If it is another body, or not as it should be.
 */
export async function readPayload(
  hash: string,
  request: WireRequest,
  proof: { readonly parsed: ParsedSignature; readonly key: Key } | undefined,
): Promise<Payload> {
  const { headers, body } = request;
  if (hash === UNSIGNED_CHUNKS || SIGNED_CHUNKS.includes(hash)) {
    const chunked = readChunks(body);
    const trailer = hash === UNSIGNED_CHUNKS || proof === undefined
      ? chunked.trailer
      : await checkChunkSignatures(
        chunked,
        proof.parsed.signature,
        (algorithm, parts) =>
          signText(proof.key, proof.parsed, algorithm, parts),
      );
    const bytes = concat(chunked.chunks.map((chunk) => chunk.bytes));
    checkAnnounced(headers, bytes.length, trailer);
    return { bytes, trailer };
  }
  if (/\bchunked\b/.test(headers["transfer-encoding"] ?? "")) {
    throw notImplemented({ Header: "Transfer-Encoding" });
  }
  if (hash !== UNSIGNED) {
    if (!/^[0-9a-f]{64}$/.test(hash)) {
      throw new S3Error(
        "InvalidArgument",
        { ArgumentName: "x-amz-content-sha256", ArgumentValue: hash },
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
      );
    }
    const real = await sha256HexOf(body);
    if (hash !== real) {
      throw new S3Error("XAmzContentSHA256Mismatch", {
        ClientComputedContentSHA256: hash,
        S3ComputedContentSHA256: real,
      });
    }
  }
  return { bytes: body, trailer: {} };
}

/** Checks that length and trailer are those that the header fields announce. */
function checkAnnounced(
  headers: HeaderMap,
  length: number,
  trailer: HeaderMap,
): void {
  const announced = headers["x-amz-decoded-content-length"];
  if (announced !== undefined && Number(announced) !== length) {
    throw new S3Error("IncompleteBody");
  }
  const names = (headers["x-amz-trailer"] ?? "").toLowerCase().split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.sort().join() !== Object.keys(trailer).sort().join()) {
    throw new S3Error("MalformedTrailerError");
  }
}

/** A chunk. */
export interface Chunk {
  /** Its bytes; none in the last one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its signature, where it has one. */
  readonly signature: string | undefined;
}

/** A body, taken apart. */
export interface ChunkedBody {
  /** The chunks, the empty one at the end included. */
  readonly chunks: readonly Chunk[];
  /** Header fields behind the last chunk, in order. */
  readonly trailer: HeaderMap;
}

/** Makes the signature of a text that ends with the parts given. */
export type ChunkSigner = (
  algorithm: string,
  parts: readonly string[],
) => Promise<string>;

/** Field of the trailer that signs the others. */
const TRAILER_SIGNATURE = "x-amz-trailer-signature";

/**
 * Takes a body apart.
 *
 * @throws {S3Error} IncompleteBody, if it is not in this form.
 */
function readChunks(body: Uint8Array<ArrayBuffer>): ChunkedBody {
  const chunks: Chunk[] = [];
  let at = 0;
  const line = (): string => {
    const end = body.indexOf(0x0a, at);
    if (end < 1 || body[end - 1] !== 0x0d) throw new S3Error("IncompleteBody");
    const found = text(body.subarray(at, end - 1));
    at = end + 1;
    return found;
  };
  for (let length = -1; length !== 0;) {
    const [, size, signature] =
      /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line()) ??
        [];
    if (size === undefined) throw new S3Error("IncompleteBody");
    length = parseInt(size, 16);
    chunks.push({ bytes: body.subarray(at, at + length), signature });
    at += length;
    if (length > 0 && line() !== "") throw new S3Error("IncompleteBody");
  }
  const trailer: Record<string, string> = {};
  for (let next = line(); next !== ""; next = line()) {
    const [name = "", ...value] = next.split(":");
    trailer[name.trim().toLowerCase()] = value.join(":").trim();
  }
  if (at !== body.length) throw new S3Error("IncompleteBody");
  return { chunks, trailer };
}

/**
 * Checks the signatures of the chunks, each of which is over the one before.
 *
 * @param seed The signature of the request.
 * @param sign Makes a signature.
 * @returns The trailer without its signature.
 * @throws {S3Error} SignatureDoesNotMatch, if one is missing or wrong.
 */
async function checkChunkSignatures(
  { chunks, trailer }: ChunkedBody,
  seed: string,
  sign: ChunkSigner,
): Promise<HeaderMap> {
  const nothing = sha256Hex("");
  let previous = seed;
  for (const { bytes, signature } of chunks) {
    const hash = await sha256HexOf(bytes);
    previous = await sign("AWS4-HMAC-SHA256-PAYLOAD", [
      previous,
      nothing,
      hash,
    ]);
    if (signature !== previous) throw new S3Error("SignatureDoesNotMatch");
  }
  const { [TRAILER_SIGNATURE]: signature, ...rest } = trailer;
  const lines = Object.entries(rest).map(([name, value]) =>
    `${name}:${value}\n`
  );
  if (lines.length > 0) {
    const hash = sha256Hex(lines.join(""));
    const real = await sign("AWS4-HMAC-SHA256-TRAILER", [previous, hash]);
    if (signature !== real) throw new S3Error("SignatureDoesNotMatch");
  }
  return rest;
}

/** How header fields of checksums begin. */
const PREFIX = "x-amz-checksum-";

/** The header field that says which checksum a client has computed. */
const NAMED_ALGORITHM = "x-amz-sdk-checksum-algorithm";

/** Header fields that begin like a checksum and are none. */
const OTHERS = [
  "x-amz-checksum-algorithm",
  "x-amz-checksum-mode",
  "x-amz-checksum-type",
];

/** The checksums that a request states, by algorithm. */
export function statedChecksums(
  headers: HeaderMap,
): ReadonlyMap<ChecksumAlgorithm, string> {
  const found = new Map<ChecksumAlgorithm, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(PREFIX) || OTHERS.includes(name)) continue;
    const algorithm = name.slice(PREFIX.length).toUpperCase();
    if (!isChecksumAlgorithm(algorithm)) throw notImplemented({ Header: name });
    found.set(algorithm, value);
  }
  return found;
}

/**
 * Compares the checksums of a request with its body.
 *
 * @param headers The header fields, and those of the trailer.
 * @param bytes The body, decoded.
 * @returns The first checksum that S3 keeps: of all but Content-MD5.
 * @throws {S3Error} If one is not well formed, unknown, or that of another body.
 */
export async function checkChecksums(
  headers: HeaderMap,
  bytes: Uint8Array<ArrayBuffer>,
  digest?: Uint8Array,
): Promise<readonly [ChecksumAlgorithm, string] | undefined> {
  const given = headers["content-md5"];
  if (given !== undefined) {
    compare("Content-MD5", given, base64(digest ?? await md5(bytes)));
  }
  const stated = statedChecksums(headers);
  if (stated.size > 1) {
    throw invalidRequest(
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  checkAlgorithm(headers, stated);
  for (const [algorithm, value] of stated) {
    compare(
      checksumHeader(algorithm),
      value,
      await checksum(algorithm, bytes),
    );
    return [algorithm, value];
  }
  return undefined;
}

/** Checks that a request that names an algorithm has a checksum of it. */
function checkAlgorithm(
  headers: HeaderMap,
  stated: ReadonlyMap<ChecksumAlgorithm, string>,
): void {
  const named = headers[NAMED_ALGORITHM];
  if (named === undefined) return;
  const algorithm = named.toUpperCase();
  const [found] = stated.keys();
  const fits = found === algorithm ||
    (algorithm === "MD5" && headers["content-md5"] !== undefined);
  if (isChecksumAlgorithm(algorithm) && fits) return;
  throw invalidRequest(
    isChecksumAlgorithm(algorithm) && found === undefined
      ? `${NAMED_ALGORITHM} specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.`
      : `Value for ${NAMED_ALGORITHM} header is invalid.`,
  );
}

/** How S3 computes the checksum of what comes without one. */
export const DEFAULT_ALGORITHM = "CRC64NVME";

/**
 * The checksum that is kept with bytes: the one that was stated, else S3's own.
 *
 * @param algorithm How to compute it where none was stated.
 */
export async function checksumOf(
  stated: readonly [ChecksumAlgorithm, string] | undefined,
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: ChecksumAlgorithm = DEFAULT_ALGORITHM,
): Promise<StoredChecksum> {
  return stated === undefined
    ? {
      algorithm,
      value: await checksum(algorithm, bytes),
      type: "FULL_OBJECT",
    }
    : { algorithm: stated[0], value: stated[1], type: "FULL_OBJECT" };
}

/** Refuses a checksum that is not the real one. */
export function compare(name: string, given: string, real: string): void {
  if (given === real) return;
  const wellFormed = given.length === real.length && /^[\w+/]+=*$/.test(given);
  if (!wellFormed) {
    if (name !== "Content-MD5") {
      throw invalidRequest(`Value for ${name} header is invalid.`);
    }
    throw new S3Error(
      "InvalidDigest",
      { "Content-MD5": given },
      "The Content-MD5 you specified was invalid.",
    );
  }
  throw new S3Error(
    "BadDigest",
    { Header: name },
    name === "Content-MD5"
      ? "The Content-MD5 you specified did not match what we received."
      : `The ${
        name.slice(PREFIX.length).toUpperCase()
      } you specified did not match the calculated checksum.`,
  );
}
