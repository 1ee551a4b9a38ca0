/**
 * The messages of an event stream.
 *
 * A message is its length and that of its header (4 bytes each), the CRC-32 of
 * these, the header, the payload, and the CRC-32 of all of it; numbers are
 * big-endian.
 *
 * Source: Smithy 2.0, "Amazon Event Stream Specification".
 *
 * @module
 */
import { hex } from "../foundation/bytes.ts";
import { crc32 } from "../foundation/checksums.ts";
import { ProtocolError } from "../foundation/errors.ts";
import type { ByteReader } from "./byte_reader.ts";
import { type EventHeaders, readHeaders } from "./event_headers.ts";

/** One message. */
export interface EventMessage {
  /** What is said about the payload. */
  readonly headers: EventHeaders;
  /** The payload, in memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Length of the two lengths and their check value. */
const PRELUDE = 12;

/** Length of a check value. */
const CRC = 4;

/** Longest header, 128 KiB. */
const MAX_HEADERS = 128 * 1_024;

/** Longest payload, 24 MiB. */
const MAX_PAYLOAD = 24 * 1_024 * 1_024;

/**
 * Reads the next message.
 *
 * @param bytes Where it comes from.
 * @returns The message, or `undefined` where the stream ends before it.
 * @throws {ProtocolError} If the message is damaged, too long or cut short.
 */
export async function readMessage(
  bytes: ByteReader,
): Promise<EventMessage | undefined> {
  const prelude = await bytes.take(PRELUDE);
  if (prelude.length === 0) return undefined;
  const { total, headers } = readPrelude(whole(prelude, PRELUDE));
  const length = total - PRELUDE;
  const rest = whole(await bytes.take(length), length);
  const payloadEnd = length - CRC;

  const crc = crc32();
  crc.update(prelude);
  crc.update(rest.subarray(0, payloadEnd));
  check("message", crc.digest(), rest.subarray(payloadEnd));
  return {
    headers: readHeaders(rest.subarray(0, headers)),
    payload: rest.slice(headers, payloadEnd),
  };
}

function readPrelude(
  prelude: Uint8Array,
): { readonly total: number; readonly headers: number } {
  const crc = crc32();
  crc.update(prelude.subarray(0, PRELUDE - CRC));
  check("prelude", crc.digest(), prelude.subarray(PRELUDE - CRC));

  const view = new DataView(prelude.buffer, prelude.byteOffset);
  const total = view.getUint32(0);
  const headers = view.getUint32(4);
  if (headers > MAX_HEADERS) throw tooLong("header", headers, MAX_HEADERS);
  const payload = total - PRELUDE - headers - CRC;
  if (payload > MAX_PAYLOAD) throw tooLong("payload", payload, MAX_PAYLOAD);
  if (payload < 0) {
    throw new ProtocolError(
      `Cannot read the event stream: a message of ${total} bytes has no room for a header of ${headers}`,
    );
  }
  return { total, headers };
}

function check(part: string, actual: Uint8Array, stated: Uint8Array): void {
  if (hex(actual) === hex(stated)) return;
  throw new ProtocolError(
    `Cannot read the event stream: the CRC-32 of a ${part} is ${
      hex(actual)
    }, not ${hex(stated)} as it says`,
  );
}

function whole<Bytes extends Uint8Array>(bytes: Bytes, length: number): Bytes {
  if (bytes.length === length) return bytes;
  throw new ProtocolError(
    `Cannot read the event stream: it ends after ${bytes.length} of ${length} bytes of a message's part`,
  );
}

function tooLong(part: string, length: number, limit: number): ProtocolError {
  return new ProtocolError(
    `Cannot read the event stream: a ${part} has ${length} bytes, and ${limit} are allowed`,
  );
}
