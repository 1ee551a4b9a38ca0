/**
 * The content encoding `aws-chunked`: a body in chunks, and its checksum behind
 * it, so that the body is read only once.
 *
 * Source: "Transferring Payload in Multiple Chunks" and "Including trailing
 * headers", S3 API Reference, in the form without signatures.
 *
 * @module
 */
import { base64, concat, utf8 } from "./bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
  checksumLength,
  startChecksum,
} from "./checksums.ts";

/** How a body is encoded. */
export interface AwsChunkedOptions {
  /** Checksum to put behind the body. Default: none. */
  readonly algorithm?: ChecksumAlgorithm;
  /** Bytes in each chunk but the last. Default: 1 048 576, one MiB. */
  readonly chunkSize?: number;
}

const DEFAULT_CHUNK_SIZE = 1_048_576;

const CRLF = utf8("\r\n");

/** Encodes bytes. */
export async function awsChunked(
  bytes: Uint8Array<ArrayBuffer>,
  options: AwsChunkedOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { algorithm, chunkSize = DEFAULT_CHUNK_SIZE } = options;
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += chunkSize) {
    parts.push(...framed(bytes.subarray(start, start + chunkSize)));
  }
  const trailer = algorithm === undefined
    ? ""
    : field(algorithm, await checksum(algorithm, bytes));
  return concat([...parts, ending(trailer)]);
}

/**
 * Encodes a stream, whatever pieces it comes in. It is read only as fast as the
 * result is, and cancelled with it.
 */
export function awsChunkedStream(
  stream: ReadableStream<Uint8Array>,
  options: AwsChunkedOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(encoded(stream, options));
}

/**
 * The length of an encoded body.
 *
 * @param length Length of the body itself.
 * @param options How it is encoded.
 */
export function awsChunkedLength(
  length: number,
  options: AwsChunkedOptions = {},
): number {
  const { algorithm, chunkSize = DEFAULT_CHUNK_SIZE } = options;
  const full = Math.floor(length / chunkSize);
  const rest = length % chunkSize;
  const trailer = algorithm === undefined
    ? 0
    : field(algorithm, "").length + checksumLength(algorithm);
  return full * framedLength(chunkSize) +
    (rest === 0 ? 0 : framedLength(rest)) +
    ending("").length + trailer;
}

async function* encoded(
  stream: ReadableStream<Uint8Array>,
  { algorithm, chunkSize = DEFAULT_CHUNK_SIZE }: AwsChunkedOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const sum = algorithm && await startChecksum(algorithm);
  for await (const chunk of chunks(stream, chunkSize)) {
    sum?.update(chunk);
    yield concat(framed(chunk));
  }
  yield ending(
    algorithm && sum ? field(algorithm, base64(sum.digest())) : "",
  );
}

/** Regroups a stream. All chunks share their memory: copy one, then go on. */
async function* chunks(
  stream: ReadableStream<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(size);
  let filled = 0;
  for await (const piece of stream) {
    let taken = 0;
    while (taken < piece.length) {
      const part = piece.subarray(taken, taken + size - filled);
      chunk.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled === size) {
        yield chunk;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

function framed(chunk: Uint8Array): readonly Uint8Array[] {
  return [utf8(`${chunk.length.toString(16)}\r\n`), chunk, CRLF];
}

function framedLength(length: number): number {
  return length.toString(16).length + length + 2 * CRLF.length;
}

/** The empty chunk, the fields of the trailer, an empty line. */
function ending(trailer: string): Uint8Array<ArrayBuffer> {
  return utf8(`0\r\n${trailer}\r\n`);
}

function field(algorithm: ChecksumAlgorithm, value: string): string {
  return `${checksumHeader(algorithm)}:${value}\r\n`;
}
