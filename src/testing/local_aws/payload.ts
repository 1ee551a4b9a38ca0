/**
 * The body of a request: what stands for it in the signature, and what it is
 * once the chunks of `aws-chunked` are put together.
 *
 * Source: "Transferring Payload with Trailing Checksums in Multiple Chunks",
 * Amazon S3 API Reference.
 *
 * @module
 */
import { concat, hex, text } from "../../foundation/bytes.ts";
import { sha256 } from "../../foundation/digest.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type { Claim } from "./claim.ts";
import { Refusal } from "./refusal.ts";
import { type Target, valueOf, type WireRequest } from "./target.ts";

/** A body, decoded. */
export interface Payload {
  /** The bytes that are meant. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Header fields that came after it. */
  readonly trailer: HeaderMap;
}

const UNSIGNED = "UNSIGNED-PAYLOAD";
const UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/**
 * What stands for the body in the signature of a request to S3.
 *
 * @throws {Refusal} If the request does not say.
 */
export function payloadHash(
  claim: Claim | undefined,
  request: WireRequest,
  target: Target,
): string {
  const said = request.headers["x-amz-content-sha256"] ??
    valueOf(target.query, "X-Amz-Content-Sha256");
  if (said === undefined && claim?.place === "header") {
    throw new Refusal("InvalidRequest", {}, "x-amz-content-sha256 is missing");
  }
  return said ?? UNSIGNED;
}

/**
 * Decodes and checks the body.
 *
 * @param hash What stands for it in the signature.
 * @throws {Refusal} If it is another body, or not as it should be.
 */
export async function readPayload(
  hash: string,
  { headers, body }: WireRequest,
): Promise<Payload> {
  if (hash === UNSIGNED_CHUNKS) return readChunks(headers, body);
  if (hash.startsWith("STREAMING-")) {
    throw new Refusal("NotImplemented", { Header: "x-amz-content-sha256" });
  }
  if (/\bchunked\b/.test(headers["transfer-encoding"] ?? "")) {
    throw new Refusal("NotImplemented", { Header: "Transfer-Encoding" });
  }
  if (hash !== UNSIGNED) {
    const real = hex(await sha256(body));
    if (hash !== real) {
      throw new Refusal("XAmzContentSHA256Mismatch", {
        ClientComputedContentSHA256: hash,
        S3ComputedContentSHA256: real,
      });
    }
  }
  return { bytes: body, trailer: {} };
}

/** `LENGTH\r\nBYTES\r\n` and so on, `0\r\n`, trailer lines, `\r\n`. */
function readChunks(
  headers: HeaderMap,
  body: Uint8Array<ArrayBuffer>,
): Payload {
  const parts: Uint8Array[] = [];
  let at = 0;
  const line = (): string => {
    const end = body.indexOf(0x0a, at);
    if (end < 1 || body[end - 1] !== 0x0d) throw new Refusal("IncompleteBody");
    const found = text(body.subarray(at, end - 1));
    at = end + 1;
    return found;
  };
  for (;;) {
    const size = line();
    if (!/^[0-9a-f]+$/i.test(size)) throw new Refusal("IncompleteBody");
    const length = parseInt(size, 16);
    if (length === 0) break;
    parts.push(body.subarray(at, at + length));
    at += length;
    if (line() !== "") throw new Refusal("IncompleteBody");
  }
  const trailer = readTrailer(headers["x-amz-trailer"] ?? "", line);
  const bytes = concat(parts);
  const announced = headers["x-amz-decoded-content-length"];
  if (at !== body.length || (announced && Number(announced) !== bytes.length)) {
    throw new Refusal("IncompleteBody");
  }
  return { bytes, trailer };
}

function readTrailer(announced: string, line: () => string): HeaderMap {
  const trailer: Record<string, string> = {};
  for (let next = line(); next !== ""; next = line()) {
    const [name = "", ...value] = next.split(":");
    trailer[name.trim().toLowerCase()] = value.join(":").trim();
  }
  const names = announced.toLowerCase().split(",").map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.sort().join() !== Object.keys(trailer).sort().join()) {
    throw new Refusal("MalformedTrailerError");
  }
  return trailer;
}
