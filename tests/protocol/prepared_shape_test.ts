import { assertEquals, assertStrictEquals } from "@std/assert";
import { PreparedShape, type Slot } from "../../src/protocol/prepared_shape.ts";
import { structure } from "./tables.ts";

const keys = (slots: Iterable<Slot>): string[] =>
  Array.from(slots, ({ key }) => key);

Deno.test("PreparedShape sorts members by where they travel", () => {
  const shape = structure({
    Body: { of: "blob", at: "payload", stream: true },
    Status: { of: "integer", at: "status" },
    Id: { of: "string", at: "path", required: true },
    Type: { of: "string", at: "header", name: "Content-Type" },
    Metadata: { of: "string", at: "headers", name: "X-Meta-" },
    Size: { of: "long", name: "Length", required: true },
    Kind: { of: "string", name: "xsi:type", attribute: true },
    Text: { of: "string", at: "text" },
    Token: { of: "string", at: "query", token: true },
  });

  const prepared = PreparedShape.of(shape);

  assertEquals(prepared.payload?.key, "Body");
  assertEquals(prepared.head.map(({ key, name }) => [key, name]), [
    ["Status", "status"],
    ["Type", "content-type"],
    ["Metadata", "x-meta-"],
  ]);
  // An answer has neither path nor query.
  assertEquals([...prepared.document.keys()], [
    "Id",
    "Length",
    "type",
    "Token",
  ]);
  assertEquals(keys(prepared.document.values()), [
    "Id",
    "Size",
    "Kind",
    "Token",
  ]);
  assertEquals(keys(prepared.text), ["Text"]);
  assertEquals(keys(prepared.required), ["Id", "Size"]);
  assertEquals(keys(prepared.tokens), ["Token"]);
});

Deno.test("PreparedShape prepares a structure once", () => {
  const shape = structure({ Name: { of: "string" } });

  assertStrictEquals(PreparedShape.of(shape), PreparedShape.of(shape));
});
