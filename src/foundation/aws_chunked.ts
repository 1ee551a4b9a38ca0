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
  type Checksum,
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
 * result is, and cancelled with it, also while a piece of it is waited for.
 */
export function awsChunkedStream(
  stream: ReadableStream<Uint8Array>,
  options: AwsChunkedOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const encoder = new ChunkEncoder(reader, options);
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const { bytes, last } = await encoder.next();
      controller.enqueue(bytes);
      if (last) controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
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

/** A part of an encoded body. */
interface Encoded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether that was the end. */
  readonly last: boolean;
}

/** Makes chunks of a stream. */
class ChunkEncoder {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #algorithm: ChecksumAlgorithm | undefined;
  readonly #chunkSize: number;
  #sum: Checksum | undefined;
  /** What was read and is in no chunk yet. */
  #rest: Uint8Array = new Uint8Array();

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    { algorithm, chunkSize = DEFAULT_CHUNK_SIZE }: AwsChunkedOptions,
  ) {
    this.#reader = reader;
    this.#algorithm = algorithm;
    this.#chunkSize = chunkSize;
  }

  async next(): Promise<Encoded> {
    if (this.#algorithm !== undefined) {
      this.#sum ??= await startChecksum(this.#algorithm);
    }
    const size = this.#chunkSize;
    const head = chunkHead(size);
    // A chunk is written where it is sent from.
    const room = new Uint8Array(framedLength(size));
    const content = room.subarray(head.length, head.length + size);
    const filled = await this.#fill(content);
    if (filled === size) {
      room.set(head);
      room.set(CRLF, head.length + size);
      return { bytes: room, last: false };
    }
    const parts = filled === 0 ? [] : framed(content.subarray(0, filled));
    return { bytes: concat([...parts, this.#ending()]), last: true };
  }

  async #fill(room: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < room.length) {
      if (this.#rest.length === 0) {
        const { value } = await this.#reader.read();
        if (value === undefined) break;
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, room.length - filled);
      this.#sum?.update(part);
      room.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return filled;
  }

  #ending(): Uint8Array<ArrayBuffer> {
    return ending(
      this.#algorithm !== undefined && this.#sum !== undefined
        ? field(this.#algorithm, base64(this.#sum.digest()))
        : "",
    );
  }
}

function framed(chunk: Uint8Array): readonly Uint8Array[] {
  return [chunkHead(chunk.length), chunk, CRLF];
}

function chunkHead(length: number): Uint8Array<ArrayBuffer> {
  return utf8(`${length.toString(16)}\r\n`);
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
