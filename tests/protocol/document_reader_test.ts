import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import { ProtocolError } from "../../src/foundation/errors.ts";
import type { Member, StructureShape } from "../../src/ports/schema.ts";
import { readStructure } from "../../src/protocol/document_reader.ts";
import { PreparedShape } from "../../src/protocol/prepared_shape.ts";
import { ValueReader } from "../../src/protocol/response.ts";
import { structure, type Values } from "./tables.ts";

const Strings: Member["of"] = () => ({ kind: "list", item: { of: "string" } });
const Counts: Member["of"] = () => ({
  kind: "map",
  key: { of: "string", name: "Name" },
  value: { of: "integer" },
});

function read(shape: StructureShape, document: string): Values {
  const reader = new ValueReader("Op");
  const output = PreparedShape.of(shape).blank();
  readStructure(document, shape, reader, output);
  reader.settle();
  return output;
}

Deno.test("readStructure reads scalars and passes over what it does not know", () => {
  const shape = structure({
    Name: { of: "string" },
    Size: { of: "long", name: "Length" },
    Blank: { of: "integer" },
    Data: { of: "blob" },
    Type: { of: "string", name: "xsi:type", attribute: true },
    Header: { of: "string", at: "header" },
  });

  const values = read(
    shape,
    `<r xmlns:xsi="u" xsi:type="T"><Name> n </Name><Length>5</Length><Blank/><Data>dmFsdWU=</Data><Header>x</Header><New>x</New></r>`,
  );

  assertEquals(values, {
    Name: " n ",
    Size: 5,
    Data: utf8("value"),
    Type: "T",
  });
});

Deno.test("readStructure reads lists, wrapped and flat", () => {
  const shape = structure({
    Wrapped: { of: Strings },
    Empty: { of: Strings },
    Flat: { of: Strings, flat: true, name: "Item" },
    Absent: { of: Strings, flat: true },
  });

  const values = read(
    shape,
    "<r><Item>1</Item><Wrapped><member>a</member><any/></Wrapped><Item>2</Item><Empty/></r>",
  );

  assertEquals(values, { Wrapped: ["a", ""], Empty: [], Flat: ["1", "2"] });
});

Deno.test("readStructure reads maps, wrapped and flat, whatever the keys are", () => {
  const shape = structure({
    Wrapped: { of: Counts },
    Flat: { of: Counts, flat: true },
  });

  const values = read(
    shape,
    "<r><Wrapped><entry><Name>__proto__</Name><value>1</value></entry></Wrapped>" +
      "<Flat><Name>a</Name><value>2</value></Flat><Flat><Name>b</Name><value>3</value></Flat></r>",
  );

  assertEquals(Object.entries(values["Wrapped"] ?? {}), [["__proto__", 1]]);
  assertEquals(values["Flat"], { a: 2, b: 3 });
});

Deno.test("readStructure reads structures in each other", () => {
  const Node: StructureShape = structure({
    Name: { of: "string" },
    Next: { of: () => Node },
  });

  const values = read(Node, "<r><Name>1</Name><Next><Name>2</Name></Next></r>");

  assertEquals(values, { Name: "1", Next: { Name: "2" } });
});

Deno.test("readStructure names the member whose text is of another type", () => {
  const shape = structure({
    Rules: {
      of: () => ({
        kind: "list",
        item: { of: () => structure({ Days: { of: "integer" } }) },
      }),
    },
  });

  assertThrows(
    () => read(shape, "<r><Rules><m><Days>soon</Days></m></Rules></r>"),
    ProtocolError,
    "Cannot read Rules.Days of the response to Op: it is no integer",
  );
});

Deno.test("ValueReader leaves a lenient member out that it cannot read", () => {
  const reader = new ValueReader("Op");

  assertEquals(
    reader.scalar("next week", { of: "timestamp", lenient: true }, "Expires"),
    undefined,
  );
});

const Listed = structure({ Key: { of: "string", required: true } });
const Page = structure({
  Contents: {
    of: () => ({ kind: "list", item: { of: () => Listed } }),
    flat: true,
    required: true,
  },
  Name: { of: "string", required: true },
});

Deno.test("ValueReader fills in the texts and lists that an answer lacks", () => {
  const reader = new ValueReader("Op");
  const page: Record<string, unknown> = {};

  readStructure(
    "<r><Contents/><Contents><Key>k</Key></Contents></r>",
    Page,
    reader,
    page,
  );
  reader.complete(page, Page, "");
  const empty = reader.complete({}, Page, "");

  assertEquals(page, { Contents: [{ Key: "" }, { Key: "k" }], Name: "" });
  assertEquals(empty, { Contents: [], Name: "" });
  assertEquals([...reader.missing], ["Contents.Key", "Name", "Contents"]);
});

Deno.test("ValueReader fills in what is always sent without a word", () => {
  const list = { kind: "list", item: { of: "string" } } as const;
  const map = {
    kind: "map",
    key: { of: "string" },
    value: { of: "string" },
  } as const;
  const members: Record<string, Member> = {
    Tag: { of: "string", always: true },
    Items: { of: () => list, flat: true, always: true },
    Facts: { of: () => map, always: true },
    Done: { of: "boolean", always: true },
    At: { of: "timestamp", always: true },
    Size: { of: "long", always: true },
    Inner: { of: () => Listed, always: true },
  };
  const reader = new ValueReader("Op");

  assertEquals(reader.complete({}, structure(members), ""), {
    Tag: "",
    Items: [],
    Facts: {},
    Done: false,
  });
  assertEquals(reader.complete({ Done: true }, structure(members), ""), {
    Done: true,
    Tag: "",
    Items: [],
    Facts: {},
  });
  assertEquals(reader.missing.size, 0);
});

Deno.test("ValueReader leaves out what nothing can stand for", () => {
  const members: Record<string, Member> = {
    At: { of: "timestamp", required: true },
    Days: { of: "integer", required: true },
    Done: { of: "boolean", required: true },
    Listed: { of: () => Listed, required: true },
    Body: { of: "blob", required: true },
  };
  const reader = new ValueReader("Op");

  assertEquals(reader.complete({}, structure(members), "X."), {});
  assertEquals(
    [...reader.missing],
    Object.keys(members).map((name) => `X.${name}`),
  );
});

Deno.test("ValueReader leaves out a time that it cannot read, and notes it", () => {
  const reader = new ValueReader("Op");
  const shape = structure({ At: { of: "timestamp" }, Key: { of: "string" } });

  const values = {};
  readStructure(
    "<r><At>soon</At><Key>k</Key></r>",
    shape,
    reader,
    values,
    "Contents.",
  );

  assertEquals(values, { Key: "k" });
  assertEquals([...reader.unreadable], ["Contents.At"]);
});

Deno.test("readStructure names a member of a union that the table does not know", () => {
  const shape = structure({
    Choice: {
      of: () => ({
        kind: "structure",
        union: true,
        members: { A: { of: "string" } },
      }),
    },
  });

  assertEquals(read(shape, "<r><Choice><B>b</B></Choice></r>"), {
    Choice: { SDK_UNKNOWN_MEMBER: { name: "B" } },
  });
  assertEquals(read(shape, "<r><Choice><A>a</A></Choice></r>"), {
    Choice: { A: "a" },
  });
});
