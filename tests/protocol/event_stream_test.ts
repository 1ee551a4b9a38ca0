import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { concat, text, utf8 } from "../../src/foundation/bytes.ts";
import {
  ProtocolError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { EventStream } from "../../src/foundation/event_stream.ts";
import type { ResponseBody } from "../../src/ports/http.ts";
import type { Member, StructureShape } from "../../src/ports/schema.ts";
import {
  ByteReader,
  type EventMessage,
  readHeaders,
  readMessage,
} from "../../src/protocol/event_stream.ts";
import { restXml } from "../../src/protocol/rest_xml.ts";
import {
  bodyOf,
  event,
  framed,
  header,
  message,
  pieces,
  uint32,
  withCrc,
} from "./event_messages.ts";
import { type AnyOperation, operation, structure } from "./tables.ts";

const STATS = structure({ Bytes: { of: "long" } });

const EVENTS: StructureShape = {
  kind: "structure",
  events: true,
  members: {
    Records: {
      of: () => structure({ Payload: { of: "blob", at: "payload" } }),
    },
    Note: { of: () => structure({ Text: { of: "string", at: "payload" } }) },
    Stats: {
      of: () => structure({ Details: { of: () => STATS, at: "payload" } }),
    },
    Plain: { of: () => STATS },
    End: { of: () => structure({}) },
  },
};

const SELECT: AnyOperation = selecting(EVENTS);

Deno.test("eventStream reads payloads by their members", async () => {
  const events = await read([
    event("Records", "1,2\n"),
    event("Note", "é"),
    event("Stats", "<Stats><Bytes>3</Bytes></Stats>"),
    event("Stats"),
    event("Plain", "<Plain><Bytes>4</Bytes></Plain>"),
    event("End"),
  ]);

  assertEquals(events, [
    { Records: { Payload: utf8("1,2\n") } },
    { Note: { Text: "é" } },
    { Stats: { Details: { Bytes: 3 } } },
    { Stats: { Details: {} } },
    { Plain: { Bytes: 4 } },
    { End: {} },
  ]);
});

Deno.test("eventStream reads members from headers of their type", async () => {
  const shape = structure({
    Flag: { of: "boolean", at: "header" },
    Count: { of: "long", at: "header" },
    Small: { of: "integer", at: "header" },
    Time: { of: "timestamp", at: "header" },
    Absent: { of: "string", at: "header" },
  });
  const eight = Uint8Array.of(0, 0, 0, 0, 0, 0, 3, 0xe8);
  const headers = concat([
    header(":event-type", 7, concat([Uint8Array.of(0, 4), utf8("Head")])),
    header("Flag", 0, new Uint8Array()),
    header("Count", 5, eight),
    header("Small", 2, Uint8Array.of(0xff)),
    header("Time", 8, eight),
  ]);

  const events = await read([framed(headers)], { Head: { of: () => shape } });

  assertEquals(events, [
    { Head: { Flag: true, Count: 1_000, Small: -1, Time: new Date(1_000) } },
  ]);
});

Deno.test("eventStream refuses a header of another type than the member's", async () => {
  const shape = structure({ Count: { of: "integer", at: "header" } });
  const text = message({ ":event-type": "Head", Count: "3" });

  await assertRejects(
    () => read([text], { Head: { of: () => shape } }),
    ProtocolError,
    "Cannot read Head.Count of the events of GetThing: its header is of type string",
  );
});

Deno.test("eventStream passes over events that it does not know", async () => {
  const events = await read([
    event("initial-response"),
    event("constructor"),
    message({ ":message-type": "event" }),
    message({}, "x"),
    event("End"),
  ]);

  assertEquals(events, [{ End: {} }]);
});

Deno.test("eventStream throws an error message, with the response's ids", async () => {
  const body = bodyOf([
    event("Records", "1"),
    message({
      ":message-type": "error",
      ":error-code": "InternalError",
      ":error-message": "boom",
    }),
    event("End"),
  ]);
  const events = (await streamOf(body))[Symbol.asyncIterator]();
  await events.next();

  const error = await assertRejects(() => events.next(), ServiceError);

  assertEquals(
    [error.code, error.reason, error.status, error.detail.requestId],
    ["InternalError", "boom", 500, "A1"],
  );
  assertEquals(body.cancelled, true);
  assertEquals(body.read, 2);
});

Deno.test("eventStream throws an exception with what its document says", async () => {
  const exception = message(
    { ":message-type": "exception", ":exception-type": "Busy" },
    "<Busy><Message>later, X-Amz-Security-Token=abc</Message><Line>3</Line></Busy>",
  );

  const error = await assertRejects(() => read([exception]), ServiceError);

  assertEquals([error.code, error.detail.fields], ["Busy", { Line: "3" }]);
  assertStringIncludes(error.reason, "later, X-Amz-Security-Token=");
  assertEquals(error.reason.includes("abc"), false);
});

Deno.test("eventStream throws an error without a code or a message", async () => {
  const error = await assertRejects(
    () => read([message({ ":message-type": "error" })]),
    ServiceError,
  );

  assertEquals([error.code, error.reason], ["500", "Internal Server Error"]);
});

Deno.test("eventStream refuses a stream without its last event", async () => {
  const select = selecting({ ...EVENTS, lastEvent: "End" });
  for (const events of [[], [event("End"), event("Records", "1")]]) {
    const stream = await streamOf(bodyOf(events), select);

    await assertRejects(
      () => Array.fromAsync(stream),
      ProtocolError,
      'the stream ends without the event "End"',
    );
  }
});

Deno.test("eventStream ends well after its last event", async () => {
  const select = selecting({ ...EVENTS, lastEvent: "End" });
  const stream = await streamOf(bodyOf([event("End")]), select);

  assertEquals(await Array.fromAsync(stream), [{ End: {} }]);
});

Deno.test("eventStream passes on that the body broke off", async () => {
  const cut = new TransportError("cut", "cut off", { maybeSent: true });
  const stream = await streamOf(bodyOf([event("Records", "1")], cut));

  const error = await assertRejects(
    () => Array.fromAsync(stream),
    TransportError,
  );

  assertEquals(error, cut);
});

Deno.test("eventStream gives the body back when it is broken, left or cancelled", async () => {
  const broken = bodyOf([event("Records", "1"), uint32(1), new Uint8Array(9)]);
  const left = bodyOf([event("Records", "1"), event("End")]);
  const cancelled = bodyOf([event("Records", "1")]);

  const events = await streamOf(broken);
  await assertRejects(() => Array.fromAsync(events), ProtocolError);
  for await (const _event of await streamOf(left)) break;
  await (await streamOf(cancelled)).cancel();

  assertEquals(
    [broken, left, cancelled].map((body) => body.cancelled),
    [true, true, true],
  );
  assertEquals([left.read, cancelled.read], [1, 0]);
});

Deno.test("eventStream ends a pending request quietly when it is cancelled", async () => {
  const body = bodyOf([]);
  body.open = () =>
    new ReadableStream({
      cancel: () => {
        body.cancelled = true;
      },
    });
  const stream = await streamOf(
    body,
    selecting({ ...EVENTS, lastEvent: "End" }),
  );
  const pending = stream[Symbol.asyncIterator]().next();
  await Promise.resolve();

  await stream.cancel();

  assertEquals((await pending).done, true);
  assertEquals(body.cancelled, true);
});

Deno.test("eventStream reads a response without a body as no events", async () => {
  assertEquals(await Array.fromAsync(await streamOf(null)), []);
});

async function read(
  messages: readonly Uint8Array<ArrayBuffer>[],
  more: Readonly<Record<string, Member>> = {},
): Promise<unknown[]> {
  const members = { ...EVENTS.members, ...more };
  return await Array.fromAsync(
    await streamOf(bodyOf(messages), selecting({ ...EVENTS, members })),
  );
}

async function streamOf(
  body: ResponseBody | null,
  select = SELECT,
): Promise<EventStream<unknown>> {
  const { output } = await restXml.deserialize(
    select,
    { status: 200, headers: { "x-amz-request-id": "A1" }, body },
  );
  return output["Payload"] as EventStream<unknown>;
}

function selecting(events: StructureShape): AnyOperation {
  const payload: Member = { of: () => events, at: "payload" };
  return operation({ output: () => structure({ Payload: payload }) });
}

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

Deno.test("readHeaders reads every type of value", () => {
  const eight = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 1);
  const uuid = Uint8Array.from({ length: 16 }, (_, i) => i);
  const bytes = concat([
    header("yes", 0, new Uint8Array()),
    header("no", 1, new Uint8Array()),
    header("byte", 2, Uint8Array.of(0xff)),
    header("short", 3, Uint8Array.of(0x80, 0)),
    header("integer", 4, Uint8Array.of(0, 0, 1, 2)),
    header("long", 5, eight),
    header("bytes", 6, Uint8Array.of(0, 2, 7, 8)),
    header("string", 7, concat([Uint8Array.of(0, 2), utf8("é")])),
    header("timestamp", 8, Uint8Array.of(0, 0, 0, 0, 0, 0, 3, 0xe8)),
    header("uuid", 9, uuid),
  ]);

  assertEquals([...readHeaders(bytes)], [
    ["yes", { type: "boolean", value: true }],
    ["no", { type: "boolean", value: false }],
    ["byte", { type: "byte", value: -1 }],
    ["short", { type: "short", value: -32_768 }],
    ["integer", { type: "integer", value: 258 }],
    ["long", { type: "long", value: -(2n ** 63n) + 1n }],
    ["bytes", { type: "bytes", value: Uint8Array.of(7, 8) }],
    ["string", { type: "string", value: "é" }],
    ["timestamp", { type: "timestamp", value: new Date(1_000) }],
    ["uuid", { type: "uuid", value: uuid }],
  ]);
});

Deno.test("readHeaders refuses what is no list of headers", () => {
  const text = Uint8Array.of(0, 1, 0x61);
  const cases: readonly (readonly [Uint8Array<ArrayBuffer>, string])[] = [
    [header("a", 10, text), '"a" has type 10'],
    [concat([header("a", 7, text), header("a", 0, text.slice(3))]), "twice"],
    [header("a", 7, Uint8Array.of(0, 2, 0x61)), "ends after 6 of 7 bytes"],
    [header("a", 7, Uint8Array.of(0, 1, 0xff)), "not UTF-8"],
    [header("a", 5, text), "ends after 6 of 11 bytes"],
    [Uint8Array.of(200, 0x61), "ends after 2 of 201 bytes"],
    [Uint8Array.of(1, 0x61), "ends after 2 of 3 bytes"],
  ];

  for (const [bytes, why] of cases) {
    assertThrows(() => readHeaders(bytes), ProtocolError, why);
  }
});
