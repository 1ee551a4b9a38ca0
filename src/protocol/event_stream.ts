/**
 * Event streams: events from messages, led by a table, and messages from bytes.
 *
 * A message is its length and that of its header (4 bytes each), the CRC-32 of
 * these, the header, the payload, and the CRC-32 of all of it; numbers are
 * big-endian.
 *
 * Source: Smithy 2.0, "Event streams", "Amazon Event Stream Specification".
 *
 * @module
 */
import { concat, hex, strictText } from "../foundation/bytes.ts";
import { crc32 } from "../foundation/checksums.ts";
import { ProtocolError, type ServiceError } from "../foundation/errors.ts";
import { type EventSource, EventStream } from "../foundation/event_stream.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";
import type { Member, Operation, StructureShape } from "../ports/schema.ts";
import { readStructure, readValue } from "./document_reader.ts";
import { PreparedShape, shapeOf } from "./prepared_shape.ts";
import {
  bodyText,
  NO_BODY,
  type Output,
  type ValueReader,
} from "./response.ts";
import { eventError } from "./service_error.ts";

/** What leads the reading of a stream. */
export interface EventReading {
  /** The events by their names. */
  readonly shape: StructureShape;
  /** Reads their members. */
  readonly reader: ValueReader;
}

/** Types of headers that can hold a member of a type. */
const HEADER_TYPES: Readonly<Record<string, readonly EventHeader["type"][]>> = {
  blob: ["bytes"],
  boolean: ["boolean"],
  integer: ["byte", "short", "integer"],
  long: ["byte", "short", "integer", "long"],
  string: ["string"],
  timestamp: ["timestamp"],
};

/**
 * Makes the stream of a response's events. Nothing is read before it is asked
 * for its first event.
 *
 * Unlike in botocore, a stream that ends inside a message, or without the event
 * that its table says comes last, fails: a part of a result must not pass for
 * the whole.
 *
 * @param operation The operation's table.
 * @param response The response.
 * @param reading The events, and what reads them.
 */
export function eventStream<Input, Result>(
  operation: Operation<Input, Result>,
  response: HttpResponse,
  reading: EventReading,
): EventStream<Output> {
  return new EventStream(new Events(operation, response, reading));
}

class Events<Input, Result> implements EventSource<Output> {
  readonly #operation: Operation<Input, Result>;
  readonly #response: HttpResponse;
  readonly #shape: StructureShape;
  readonly #reader: ValueReader;
  readonly #bytes: ByteReader;
  #last: string | undefined;
  #cancelled = false;

  constructor(
    operation: Operation<Input, Result>,
    response: HttpResponse,
    { shape, reader }: EventReading,
  ) {
    this.#operation = operation;
    this.#response = response;
    this.#shape = shape;
    this.#reader = reader;
    this.#bytes = new ByteReader(response.body ?? NO_BODY);
  }

  async next(): Promise<Output | undefined> {
    try {
      return await this.#next();
    } catch (error) {
      // A read that a cancellation ended looks like the end of the body.
      if (this.#cancelled) return undefined;
      throw error;
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#cancelled = true;
    await this.#bytes.cancel(reason);
  }

  async #next(): Promise<Output | undefined> {
    while (true) {
      const message = await readMessage(this.#bytes);
      if (message === undefined) break;
      const event = this.#event(message);
      if (event !== undefined) return event;
    }
    const { lastEvent } = this.#shape;
    if (lastEvent === undefined || lastEvent === this.#last) return undefined;
    throw new ProtocolError(
      `Cannot read the events of ${this.#operation.name} to their end: the stream ends without the event "${lastEvent}", so others are missing too`,
    );
  }

  /** The event in a message; `undefined` where the table does not know it. */
  #event(message: EventMessage): Output | undefined {
    const kind = textOf(message.headers, ":message-type");
    if (kind === "error" || kind === "exception") throw this.#error(message);
    const name = textOf(message.headers, ":event-type") ?? "";
    const member = Object.hasOwn(this.#shape.members, name)
      ? this.#shape.members[name]
      : undefined;
    const shape = member && shapeOf(member);
    if (shape?.kind !== "structure") return undefined;
    this.#last = name;
    return { [name]: this.#members(message, shape, `${name}.`) };
  }

  #error({ headers, payload }: EventMessage): ServiceError {
    const code = textOf(headers, ":exception-type") ??
      textOf(headers, ":error-code");
    const reason = textOf(headers, ":error-message");
    return eventError(this.#operation, this.#response.headers, {
      payload,
      ...code === undefined ? {} : { code },
      ...reason === undefined ? {} : { reason },
    });
  }

  #members(
    { headers, payload }: EventMessage,
    shape: StructureShape,
    path: string,
  ): Output {
    const output: Output = {};
    for (const [key, member] of Object.entries(shape.members)) {
      const header = member.at === "header"
        ? headers.get(member.name ?? key)
        : undefined;
      if (header) output[key] = this.#headerValue(header, member, path + key);
    }
    const { payload: whole, document } = PreparedShape.of(shape);
    if (whole !== undefined) {
      const { key, member } = whole;
      output[key] = this.#payload(payload, member, path + key);
    } else if (document.size > 0) {
      const document = bodyText(payload);
      readStructure(document, shape, this.#reader, output, path);
    }
    this.#reader.settle();
    return this.#reader.complete(output, shape, path);
  }

  #headerValue(header: EventHeader, { of }: Member, path: string): unknown {
    const types = typeof of === "string" ? HEADER_TYPES[of] : undefined;
    if (!types?.includes(header.type)) {
      throw new ProtocolError(
        `Cannot read ${path} of the events of ${this.#operation.name}: its header is of type ${header.type}`,
      );
    }
    return header.type === "long" ? Number(header.value) : header.value;
  }

  #payload(
    payload: Uint8Array<ArrayBuffer>,
    member: Member,
    path: string,
  ): unknown {
    if (member.of === "blob") return payload;
    if (member.of === "string") return bodyText(payload);
    return readValue(bodyText(payload), member, this.#reader, path).value;
  }
}

function textOf(headers: EventHeaders, name: string): string | undefined {
  const header = headers.get(name);
  return header?.type === "string" ? header.value : undefined;
}

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

/**
 * The headers of a message: typed values by name. Each is the length of its name
 * (1 byte), the name, the number of its type (1 byte) and its value; bytes and
 * text begin with their length (2 bytes).
 */
export type EventHeaders = ReadonlyMap<string, EventHeader>;

/** A value and its type. */
export type EventHeader =
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "byte" | "integer" | "short"; readonly value: number }
  | { readonly type: "bytes" | "uuid"; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "timestamp"; readonly value: Date };

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

/** Reads a body piece by piece; keeps no more than what the next amount needs. */
export class ByteReader {
  readonly #body: ResponseBody;
  #pieces: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #left: Uint8Array<ArrayBuffer> = new Uint8Array();
  #ended = false;

  /**
   * Wraps a body, which is opened when it is first read.
   *
   * @param body The body. The reader becomes its only user.
   */
  constructor(body: ResponseBody) {
    this.#body = body;
  }

  /**
   * Waits for an amount of bytes.
   *
   * @param count How many.
   * @returns So many bytes; fewer only at the end of the body.
   */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#left.length === 0 && !await this.#fill()) break;
      const part = this.#left.subarray(0, missing);
      this.#left = this.#left.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const [first] = parts;
    return first?.length === count ? first : concat(parts);
  }

  /** Gives the connection back without reading the rest; not after the end. */
  async cancel(reason?: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await (this.#pieces ?? this.#body).cancel(reason);
  }

  async #fill(): Promise<boolean> {
    this.#pieces ??= this.#body.open().getReader();
    try {
      const { value } = await this.#pieces.read();
      if (value !== undefined) this.#left = value;
      else this.#ended = true;
      return value !== undefined;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }
}
