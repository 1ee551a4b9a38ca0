/**
 * Recorded messages of event streams, good and bad.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { base64, concat, fromBase64 } from "../../src/foundation/bytes.ts";
import { ProtocolError } from "../../src/foundation/errors.ts";
import {
  ByteReader,
  type EventHeader,
  readMessage,
} from "../../src/protocol/event_stream.ts";
import { vectorTest } from "./suite.ts";

/** A piece of a message that is too long to be written down. */
type Part =
  | { readonly base64: string }
  | { readonly byte: number; readonly times: number };

interface MessageCase {
  readonly name: string;
  readonly base64?: string;
  readonly parts?: readonly Part[];
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly headerTypes?: Readonly<Record<string, number>>;
  readonly payloadBase64?: string;
  readonly error?: string;
}

/** What our message says of botocore's errors. */
const ERRORS: Readonly<Record<string, string>> = {
  ChecksumMismatch: "the CRC-32 of",
  DuplicateHeader: "is there twice",
  InvalidHeadersLength: "a header has",
  InvalidPayloadLength: "a payload has",
};

/** The numbers of the types; that of true is one less than that of false. */
const TYPES: Readonly<Record<EventHeader["type"], number>> = {
  boolean: 1,
  byte: 2,
  short: 3,
  integer: 4,
  long: 5,
  bytes: 6,
  string: 7,
  timestamp: 8,
  uuid: 9,
};

vectorTest<MessageCase>({
  file: "eventstream.json",
  cases: (data) => data as readonly MessageCase[],
  name: ({ name }) => name,
  run: async (vector) => {
    const bytes = new ByteReader(bodyOf(vector));

    if (vector.error !== undefined) {
      await assertRejects(
        () => readMessage(bytes),
        ProtocolError,
        ERRORS[vector.error],
      );
      return;
    }
    const message = await readMessage(bytes);
    const headers = [...message?.headers ?? []];

    assertEquals(
      Object.fromEntries(headers.map(([name, one]) => [name, plain(one)])),
      vector.headers,
    );
    assertEquals(
      Object.fromEntries(
        headers.map(([name, { type, value }]) => [
          name,
          TYPES[type] - (value === true ? 1 : 0),
        ]),
      ),
      vector.headerTypes,
    );
    assertEquals(
      base64(message?.payload ?? Uint8Array.of(0)),
      vector.payloadBase64,
    );
    assertEquals(await readMessage(bytes), undefined);
  },
});

function bodyOf(
  { base64: text = "", parts = [{ base64: text }] }: MessageCase,
): ConstructorParameters<typeof ByteReader>[0] {
  const bytes = concat(
    parts.map((part) =>
      "byte" in part
        ? new Uint8Array(part.times).fill(part.byte)
        : fromBase64(part.base64)
    ),
  );
  return {
    open: () => new Blob([bytes]).stream(),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  };
}

/** A value as the cases write it. */
function plain({ type, value }: EventHeader): unknown {
  if (type === "bytes" || type === "uuid") return { $bytes: base64(value) };
  if (type === "long") return Number(value);
  return type === "timestamp" ? value.getTime() : value;
}
