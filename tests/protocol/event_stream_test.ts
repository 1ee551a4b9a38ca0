import { assertEquals, assertRejects } from "@std/assert";
import { concat, text } from "../../src/foundation/bytes.ts";
import { ProtocolError } from "../../src/foundation/errors.ts";
import { ByteReader } from "../../src/protocol/byte_reader.ts";
import {
  type EventMessage,
  readMessage,
} from "../../src/protocol/event_stream.ts";
import {
  bodyOf,
  event,
  framed,
  message,
  pieces,
  uint32,
  withCrc,
} from "./event_messages.ts";

const TWO = concat([
  message({ ":event-type": "Records" }, "1,2\n"),
  message({ ":event-type": "End" }),
]);

Deno.test("readMessage finds the messages however the body is cut into pieces", async () => {
  for (let size = 1; size <= TWO.length; size++) {
    const messages = await all(pieces(TWO, size));

    assertEquals(
      messages.map(({ headers, payload }) => [
        headers.get(":event-type")?.value,
        text(payload),
      ]),
      [["Records", "1,2\n"], ["End", ""]],
      `pieces of ${size}`,
    );
  }
});

Deno.test("readMessage refuses a stream that ends inside a message", async () => {
  const first = event("Records", "1,2\n").length;
  const stream = concat([event("Records", "1,2\n"), event("End")]);

  for (let end = 1; end < stream.length; end++) {
    if (end === first) continue;
    await assertRejects(
      () => all([stream.subarray(0, end)]),
      ProtocolError,
      "it ends after",
      `${end} bytes`,
    );
  }
});

Deno.test("readMessage refuses a message with any one bit changed", async () => {
  const whole = event("Records", "1,2\n");

  for (let bit = 0; bit < whole.length * 8; bit++) {
    const damaged = whole.slice();
    damaged.set([(whole[bit >> 3] ?? 0) ^ 1 << (bit & 7)], bit >> 3);
    await assertRejects(() => all([damaged]), ProtocolError, "CRC-32");
  }
});

Deno.test("readMessage refuses lengths that do not fit each other", async () => {
  const prelude = withCrc(concat([uint32(17), uint32(2)]));

  await assertRejects(
    () => all([concat([prelude, new Uint8Array(5)])]),
    ProtocolError,
    "a message of 17 bytes has no room for a header of 2",
  );
});

Deno.test("readMessage takes the longest header and refuses a longer one unread", async () => {
  const limit = 128 * 1_024;
  const longer = bodyOf([
    withCrc(concat([uint32(limit + 17), uint32(limit + 1)])),
  ]);

  await assertRejects(
    () => all([framed(new Uint8Array(limit))]),
    ProtocolError,
    '"" is there twice',
  );
  await assertRejects(
    () => readMessage(new ByteReader(longer)),
    ProtocolError,
    "a header has 131073 bytes, and 131072 are allowed",
  );
  assertEquals(longer.read, 1);
});

Deno.test("readMessage gives each payload memory of its own", async () => {
  const [first] = await all([TWO]);

  assertEquals(first?.payload.buffer.byteLength, 4);
});

Deno.test("readMessage asks for no piece before it needs one", async () => {
  const body = bodyOf(pieces(TWO, 60));
  const bytes = new ByteReader(body);

  await readMessage(bytes);

  assertEquals(body.read, 1);
});

async function all(
  parts: readonly Uint8Array<ArrayBuffer>[],
): Promise<EventMessage[]> {
  const bytes = new ByteReader(bodyOf(parts));
  const messages: EventMessage[] = [];
  while (true) {
    const next = await readMessage(bytes);
    if (next === undefined) return messages;
    messages.push(next);
  }
}
