/**
 * Bodies in the form `aws-chunked`: `LENGTH\r\nBYTES\r\n` and so on, `0\r\n`, the
 * lines of a trailer, `\r\n`. A length may be followed by a signature.
 *
 * Source: "Signature Calculation: Transferring a Payload in Multiple Chunks",
 * and the same with trailing checksums, Amazon S3 API Reference.
 *
 * @module
 */
import { hex, text, utf8 } from "../../foundation/bytes.ts";
import { sha256 } from "../../foundation/digest.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { S3Error } from "./s3_error.ts";

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
export function readChunks(body: Uint8Array<ArrayBuffer>): ChunkedBody {
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
    chunks.push({ bytes: body.slice(at, at + length), signature });
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
export async function checkChunkSignatures(
  { chunks, trailer }: ChunkedBody,
  seed: string,
  sign: ChunkSigner,
): Promise<HeaderMap> {
  const nothing = hex(await sha256(new Uint8Array()));
  let previous = seed;
  for (const { bytes, signature } of chunks) {
    const hash = hex(await sha256(bytes));
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
    const hash = hex(await sha256(utf8(lines.join(""))));
    const real = await sign("AWS4-HMAC-SHA256-TRAILER", [previous, hash]);
    if (signature !== real) throw new S3Error("SignatureDoesNotMatch");
  }
  return rest;
}
