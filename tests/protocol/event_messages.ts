/**
 * Messages of event streams, to read them again.
 *
 * @module
 */
import { concat, utf8 } from "../../src/foundation/bytes.ts";
import { crc32 } from "../../src/foundation/checksums.ts";
import type { ResponseBody } from "../../src/ports/http.ts";

/** A message with these text headers. */
export function message(
  headers: Readonly<Record<string, string>>,
  payload: Uint8Array | string = "",
): Uint8Array<ArrayBuffer> {
  const fields = Object.entries(headers)
    .map(([name, value]) =>
      header(name, 7, concat([uint16(value), utf8(value)]))
    );
  return framed(concat(fields), payload);
}

/** An event with this payload. */
export function event(
  name: string,
  payload: Uint8Array | string = "",
): Uint8Array<ArrayBuffer> {
  return message({ ":message-type": "event", ":event-type": name }, payload);
}

/** A message with these bytes as its header. */
export function framed(
  headers: Uint8Array,
  payload: Uint8Array | string = "",
): Uint8Array<ArrayBuffer> {
  const content = typeof payload === "string" ? utf8(payload) : payload;
  const prelude = withCrc(
    concat([
      uint32(16 + headers.length + content.length),
      uint32(headers.length),
    ]),
  );
  return withCrc(concat([prelude, headers, content]));
}

/** One header. */
export function header(
  name: string,
  type: number,
  value: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const text = utf8(name);
  return concat([Uint8Array.of(text.length), text, Uint8Array.of(type), value]);
}

/** The bytes with their CRC-32 behind them. */
export function withCrc(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const crc = crc32();
  crc.update(bytes);
  return concat([bytes, crc.digest()]);
}

/** A number as four bytes. */
export function uint32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A body in pieces, which tells what was asked of it. */
export interface PiecedBody extends ResponseBody {
  /** Pieces that were handed out. */
  read: number;
  /** Whether it was cancelled, before or after it was opened. */
  cancelled: boolean;
}

/** A body in these pieces. With an error behind them it breaks off. */
export function bodyOf(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  failure?: Error,
): PiecedBody {
  const body: PiecedBody = {
    read: 0,
    cancelled: false,
    bytes: () => Promise.resolve(concat(pieces)),
    cancel: () => {
      body.cancelled = true;
      return Promise.resolve();
    },
    open: () =>
      new ReadableStream({
        pull: (controller): void => {
          const piece = pieces[body.read++];
          if (piece !== undefined) controller.enqueue(piece);
          else if (failure !== undefined) controller.error(failure);
          else controller.close();
        },
        cancel: () => {
          body.cancelled = true;
        },
      }, { highWaterMark: 0 }),
  };
  return body;
}

/** The bytes in pieces of one size. */
export function pieces(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): Uint8Array<ArrayBuffer>[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, i) => bytes.subarray(i * size, (i + 1) * size),
  );
}

function uint16(value: string): Uint8Array<ArrayBuffer> {
  return uint32(utf8(value).length).slice(2);
}
