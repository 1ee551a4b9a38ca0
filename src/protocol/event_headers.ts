/**
 * The headers of a message in an event stream: typed values by name.
 *
 * Each is the length of its name (1 byte), the name, the number of its type (1
 * byte) and its value; bytes and text begin with their length (2 bytes).
 *
 * Source: Smithy 2.0, "Amazon Event Stream Specification", "Headers".
 *
 * @module
 */
import { strictText } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";

/** A value and its type. */
export type EventHeader =
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "byte" | "integer" | "short"; readonly value: number }
  | { readonly type: "bytes" | "uuid"; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "timestamp"; readonly value: Date };

/** Headers by their names. */
export type EventHeaders = ReadonlyMap<string, EventHeader>;

/** Reads a value of one type; the index is the number of the type. */
const READERS: readonly ((cursor: Cursor) => EventHeader)[] = [
  () => ({ type: "boolean", value: true }),
  () => ({ type: "boolean", value: false }),
  (cursor) => ({ type: "byte", value: cursor.take(1).getInt8(0) }),
  (cursor) => ({ type: "short", value: cursor.take(2).getInt16(0) }),
  (cursor) => ({ type: "integer", value: cursor.take(4).getInt32(0) }),
  (cursor) => ({ type: "long", value: cursor.take(8).getBigInt64(0) }),
  (cursor) => ({ type: "bytes", value: cursor.bytes(cursor.length()) }),
  (cursor) => ({ type: "string", value: cursor.text(cursor.length()) }),
  (cursor) => ({ type: "timestamp", value: cursor.time() }),
  (cursor) => ({ type: "uuid", value: cursor.bytes(16) }),
];

/**
 * Reads the headers of a message.
 *
 * @param bytes All of them.
 * @throws {ProtocolError} If they are cut short, are of no known type, are no
 * UTF-8, or one is there twice.
 */
export function readHeaders(bytes: Uint8Array<ArrayBuffer>): EventHeaders {
  const headers = new Map<string, EventHeader>();
  const cursor = new Cursor(bytes);
  while (!cursor.atEnd) {
    const name = cursor.text(cursor.take(1).getUint8(0));
    const type = cursor.take(1).getUint8(0);
    const read = READERS[type];
    if (read === undefined) throw unreadable(`"${name}" has type ${type}`);
    if (headers.has(name)) throw unreadable(`"${name}" is there twice`);
    headers.set(name, read(cursor));
  }
  return headers;
}

/** A place in the headers. */
class Cursor {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    const end = this.#at + count;
    if (end > this.#bytes.length) {
      throw unreadable(`one ends after ${this.#bytes.length} of ${end} bytes`);
    }
    const taken = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return taken;
  }

  take(count: number): DataView {
    return new DataView(this.bytes(count).buffer);
  }

  length(): number {
    return this.take(2).getUint16(0);
  }

  text(count: number): string {
    const bytes = this.bytes(count);
    try {
      return strictText(bytes);
    } catch {
      throw unreadable("a name or a text is not UTF-8");
    }
  }

  time(): Date {
    return new Date(Number(this.take(8).getBigInt64(0)));
  }
}

function unreadable(why: string): ProtocolError {
  return new ProtocolError(
    `Cannot read the headers of a message in the event stream: ${why}`,
  );
}
