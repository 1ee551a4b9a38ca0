/**
 * Reads responses from bytes in pieces, as a connection does.
 *
 * @module
 */
import {
  MalformedResponse,
  ResponseReader,
} from "../../../src/transport/socket/http1.ts";

/** One response as it was read. */
export interface Read {
  /** Status of the final head. */
  readonly status: number;
  /** Statuses of the interim ones before it. */
  readonly interim: readonly number[];
  /** Header fields. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, one character per byte. */
  body: string;
  /** Whether another request may follow. */
  readonly keepAlive: boolean;
  /** Whether it was complete. */
  complete: boolean;
}

/** All that came of some bytes. */
export interface Outcome {
  /** The responses, the last one perhaps not complete. */
  readonly read: readonly Read[];
  /** Why the rest was refused. */
  readonly refused: string | undefined;
  /** Bytes behind the last response that belong to none. */
  readonly left: number;
}

/** Text of Latin-1 to bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/**
 * Reads responses until the bytes end.
 *
 * @param pieces What comes by one read each.
 * @param method Method of every request.
 * @param most How many requests there are.
 */
export function readAll(
  pieces: Iterable<Uint8Array>,
  method = "GET",
  most = Infinity,
): Outcome {
  const reader = new ResponseReader();
  const read: Read[] = [];
  let interim: number[] = [];
  let current: Read | undefined;
  let refused: string | undefined;
  const begin = (): void => {
    const isLast = current?.keepAlive === false;
    current = undefined;
    interim = [];
    if (isLast) most = read.length;
    if (read.length < most) reader.begin(method);
  };
  const step = (): boolean => {
    if (current === undefined) {
      if (read.length >= most) return false;
      const head = reader.head();
      if (head === undefined) return false;
      if (head.status < 200) {
        interim.push(head.status);
        return true;
      }
      const { status, headers, keepAlive } = head;
      current = {
        status,
        headers,
        interim,
        keepAlive,
        body: "",
        complete: false,
      };
      read.push(current);
    }
    const piece = reader.piece();
    if (piece !== undefined) {
      for (const byte of piece) current.body += String.fromCharCode(byte);
    }
    if (reader.done) {
      current.complete = true;
      begin();
      return true;
    }
    return piece !== undefined;
  };
  begin();
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const room = reader.room();
        const part = piece.subarray(at, at + room.length);
        room.set(part);
        reader.filled(part.length);
        at += part.length;
        while (step());
      }
    }
    if (current !== undefined && reader.ended()) {
      const last: Read = current;
      last.complete = true;
    }
  } catch (error) {
    if (!(error instanceof MalformedResponse)) throw error;
    refused = error.message;
  }
  return { read, refused, left: reader.buffered };
}

/** A text cut in two at every place, then byte by byte. */
export function* splits(text: string): Generator<Uint8Array[]> {
  const bytes = bytesOf(text);
  yield [bytes];
  for (let at = 1; at < bytes.length; at++) {
    yield [bytes.subarray(0, at), bytes.subarray(at)];
  }
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}
