import { assertEquals, assertThrows } from "@std/assert";
import { concat, utf8 } from "../../src/foundation/bytes.ts";
import { ProtocolError } from "../../src/foundation/errors.ts";
import { readHeaders } from "../../src/protocol/event_headers.ts";
import { header } from "./event_messages.ts";

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
