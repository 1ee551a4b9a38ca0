/**
 * Messages of an event stream to events, led by a table.
 *
 * Source: Smithy 2.0, "Event streams", "Amazon Event Stream Specification".
 *
 * @module
 */
import { ProtocolError, type ServiceError } from "../foundation/errors.ts";
import { type EventSource, EventStream } from "../foundation/event_stream.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Member, Operation, StructureShape } from "../ports/schema.ts";
import { ByteReader } from "./byte_reader.ts";
import type { EventHeader, EventHeaders } from "./event_headers.ts";
import { type EventMessage, readMessage } from "./event_stream.ts";
import { shapeOf } from "./members.ts";
import { PreparedShape } from "./prepared_shape.ts";
import { bodyText, NO_BODY, NO_DOCUMENT } from "./response_body.ts";
import { eventError } from "./service_error.ts";
import type { Output as Read, ShapeReader } from "./shape_reader.ts";
import { readXml, type XmlElement } from "./xml_reader.ts";

/** What leads the reading of a stream. */
export interface EventReading {
  /** The events by their names. */
  readonly shape: StructureShape;
  /** Reads their members. */
  readonly reader: ShapeReader;
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
export function eventStream<Input, Output>(
  operation: Operation<Input, Output>,
  response: HttpResponse,
  reading: EventReading,
): EventStream<Read> {
  return new EventStream(new Events(operation, response, reading));
}

class Events<Input, Output> implements EventSource<Read> {
  readonly #operation: Operation<Input, Output>;
  readonly #response: HttpResponse;
  readonly #shape: StructureShape;
  readonly #reader: ShapeReader;
  readonly #bytes: ByteReader;
  #last: string | undefined;
  #cancelled = false;

  constructor(
    operation: Operation<Input, Output>,
    response: HttpResponse,
    { shape, reader }: EventReading,
  ) {
    this.#operation = operation;
    this.#response = response;
    this.#shape = shape;
    this.#reader = reader;
    this.#bytes = new ByteReader(response.body ?? NO_BODY);
  }

  async next(): Promise<Read | undefined> {
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

  async #next(): Promise<Read | undefined> {
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
  #event(message: EventMessage): Read | undefined {
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
  ): Read {
    const output: Read = {};
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
      const root = documentOf(payload);
      Object.assign(output, this.#reader.members(root, shape, path));
    }
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
    return this.#reader.value(documentOf(payload), member, path);
  }
}

function textOf(headers: EventHeaders, name: string): string | undefined {
  const header = headers.get(name);
  return header?.type === "string" ? header.value : undefined;
}

function documentOf(payload: Uint8Array): XmlElement {
  return payload.length === 0 ? NO_DOCUMENT : readXml(bodyText(payload));
}
