/**
 * The body of a request: what stands for it in the signature, and what it is
 * once it is decoded.
 *
 * @module
 */
import { concat, hex } from "../../foundation/bytes.ts";
import { sha256 } from "../../foundation/digest.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { checkChunkSignatures, readChunks } from "./chunks.ts";
import type { ParsedSignature } from "./parsed_signature.ts";
import type { Key } from "./keys.ts";
import { S3Error } from "./s3_error.ts";
import { signText } from "./signature.ts";
import { type Target, valueOf, type WireRequest } from "./target.ts";

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
  claim: ParsedSignature,
  request: WireRequest,
  target: Target,
): string {
  const said = request.headers["x-amz-content-sha256"] ??
    valueOf(target.query, "X-Amz-Content-Sha256");
  if (said === undefined && claim.place === "header") {
    throw new S3Error("InvalidRequest", {}, "x-amz-content-sha256 is missing");
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
  proof: { readonly claim: ParsedSignature; readonly key: Key },
): Promise<Payload> {
  const { headers, body } = request;
  if (hash === UNSIGNED_CHUNKS || SIGNED_CHUNKS.includes(hash)) {
    const chunked = readChunks(body);
    const trailer = hash === UNSIGNED_CHUNKS
      ? chunked.trailer
      : await checkChunkSignatures(
        chunked,
        proof.claim.signature,
        (algorithm, parts) =>
          signText(proof.key, proof.claim, algorithm, parts),
      );
    const bytes = concat(chunked.chunks.map((chunk) => chunk.bytes));
    checkAnnounced(headers, bytes.length, trailer);
    return { bytes, trailer };
  }
  if (/\bchunked\b/.test(headers["transfer-encoding"] ?? "")) {
    throw new S3Error("NotImplemented", { Header: "Transfer-Encoding" });
  }
  if (hash !== UNSIGNED) {
    const real = hex(await sha256(body));
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
