import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import { ProtocolError } from "../../src/foundation/errors.ts";
import type { Member, StructureShape } from "../../src/ports/schema.ts";
import { readStructure } from "../../src/protocol/document_reader.ts";
import { PreparedShape } from "../../src/protocol/prepared_shape.ts";
import { ValueReader } from "../../src/protocol/response.ts";
import { structure, type Values } from "./tables.ts";

/** Everything that reading gives. */
interface Read {
  readonly output?: Values;
  readonly missing?: ReadonlySet<string>;
  readonly unreadable?: ReadonlySet<string>;
  readonly failure?: string;
}

function read(
  shape: StructureShape,
  document: string,
  bytes?: Uint8Array,
): Read {
  const reader = new ValueReader("Op");
  const output = PreparedShape.of(shape).blank();
  let failure: string | undefined;
  try {
    readStructure(document, shape, reader, output, "", bytes);
    reader.settle();
  } catch (error) {
    assert(error instanceof ProtocolError);
    failure = error.message;
  }
  const { missing, unreadable } = reader;
  return failure === undefined ? { output, missing, unreadable } : { failure };
}

/** Reads with what is known of structures that repeat, and without. */
function assertSame(shape: StructureShape, document: string): Read {
  const plain = read(shape, document);
  // The second time, layouts are known from the first one.
  assertEquals(read(shape, document, utf8(document)), plain, document);
  assertEquals(read(shape, document, utf8(document)), plain, document);
  return plain;
}

/** A listing whose items are made anew, so that no layout is known. */
function listing(): StructureShape {
  const owner = structure({
    ID: { of: "string", required: true },
    DisplayName: { of: "string" },
    Since: { of: "timestamp" },
  });
  const item = structure({
    Key: { of: "string", required: true },
    Time: { of: "timestamp", always: true },
    ETag: { of: "string", always: true },
    Size: { of: "long" },
    Big: { of: "double" },
    Latest: { of: "boolean", always: true },
    Data: { of: "blob" },
    Kinds: {
      of: () => ({ kind: "list", item: { of: "string" } }),
      flat: true,
      name: "Kind",
    },
    Numbers: {
      of: () => ({ kind: "list", item: { of: "integer" } }),
      flat: true,
      name: "Number",
    },
    Owner: { of: () => owner },
    Tags: { of: () => ({ kind: "list", item: { of: "string" } }) },
    Choice: {
      of: () => ({ ...structure({ One: { of: "string" } }), union: true }),
    },
  });
  const items: Member["of"] = () => ({
    kind: "list",
    item: { of: () => item },
  });
  return structure({
    Items: { of: items, flat: true, name: "Item" },
    Wrapped: { of: items },
    Name: { of: "string" },
  });
}

const PLAIN =
  `<Key>a/b.txt</Key><Time>2024-02-29T12:34:56.789Z</Time><ETag>&quot;abc&quot;</ETag><Size>12</Size><Latest>true</Latest>`;
const RICH =
  `<Key>k &amp; &lt;&#x41;&#66;&gt;</Key><Kind>x</Kind><Kind></Kind><Number>1</Number><Number>-2</Number><Size> 7 </Size><Big>1.5e3</Big><Data>AAEC</Data><Owner><ID>me</ID><DisplayName></DisplayName><Since>Thu, 29 Feb 2024 12:34:56 GMT</Since></Owner><Latest>False</Latest><New>n</New><Time>1709210096</Time><ETag>""</ETag>`;

/** Items in the document's root, or in an element of it. */
function documents(items: readonly string[]): string[] {
  const flat = items.map((item) => `<Item>${item}</Item>`).join("");
  const wrapped = items.map((item) => `<member>${item}</member>`).join("");
  return [
    `<r><Name>n</Name>${flat}</r>`,
    `<r><Wrapped>${wrapped}</Wrapped><Name>n</Name></r>`,
  ];
}

Deno.test("a structure read by the layout of another is what it is without", () => {
  const kinds = [
    PLAIN,
    RICH,
    PLAIN.replace("12", "13").replace("a/b", "c%2Fd+&apos;"),
    RICH.replace("me", "you"),
    ...["&quot;", "&quot;&quot;", "&quot;a", "b&quot;", "&quot;a&amp;b&quot;"]
      .map((tag) => PLAIN.replace("&quot;abc&quot;", tag)),
    // What lacks, and what cannot be read.
    `<Key>a</Key>`,
    `<Key></Key><Time></Time><ETag/><Size></Size>`,
    `<Time>2024-02-30T12:34:56Z</Time><Owner><DisplayName>d</DisplayName></Owner>`,
    `<Key>a</Key><Time>never</Time>`,
    `<Key>a</Key><Size>12345678901234567</Size><Latest>perhaps</Latest>`,
    // What stands otherwise than in most documents.
    PLAIN.replaceAll("><", ">\n  <"),
    PLAIN.replace("<Size>", "<Size >").replace("</Key>", "</Key\t>"),
    PLAIN.replace("<Key>", `<Key a="b">`),
    PLAIN.replace("a/b", "<![CDATA[a<b]]>").replace("12", "1<!--x-->2"),
    PLAIN.replaceAll("Key", "p:Key"),
    PLAIN + "<Key>again</Key>",
    PLAIN + "<Tags><member>t</member></Tags>",
    PLAIN + "<Choice><One>1</One></Choice>",
    PLAIN + "<Choice><Two>2</Two></Choice>",
    PLAIN + "<New><Key>inner</Key></New>",
    PLAIN + "<Key>a<Size>1</Size>b</Key>",
    PLAIN + "text",
    PLAIN.replace("a/b", "ä/b"),
    PLAIN.replace("a/b", "a\r\nb"),
    "",
  ];
  const shape = listing();
  for (const one of kinds) {
    for (const other of kinds) {
      const items = [one, one, one, other, other, one, PLAIN, PLAIN, other];
      for (const document of documents(items)) {
        const { failure } = assertSame(shape, document);
        // Only these are no numbers and no booleans.
        const isWrong = (one + other).includes("perhaps");
        assertEquals(failure !== undefined, isWrong, document);
      }
    }
  }
});

Deno.test("a text that two structures have is not taken for what a third has", () => {
  const texts: readonly (readonly [name: string, texts: readonly string[]])[] =
    [
      ["Key", ["a", "aa", "a&amp;a", "&quot;a&quot;", "", "k".repeat(40)]],
      ["Time", [
        "2024-02-29T12:34:56.789Z",
        "2024-02-29T12:34:57Z",
        "never",
        "&quot;no&quot;",
      ]],
      ["ETag", ["&quot;abc&quot;", "&quot;abd&quot;", "abc", "a&quot;c"]],
      ["Size", ["12", "13", "120", " 12", "1e3", "", "x"]],
      ["Big", ["1.5", "1.6", "NaN", "x"]],
      ["Latest", ["true", "false", "perhaps"]],
      ["Data", ["AAEC", "AAED", "*"]],
      ["Kind", ["x", "y"]],
      ["Number", ["1", "2", "a"]],
      ["New", ["1", "2", "&bad;"]],
    ];
  for (const [name, all] of texts) {
    const item = (text: string): string =>
      PLAIN.replace(new RegExp(`<${name}>.*?</${name}>`), "") +
      `<${name}>${text}</${name}><Owner><ID>me</ID></Owner>`;
    for (const one of all) {
      for (const other of all) {
        const shape = listing();
        const items = [one, one, one, other, one, other, other].map(item);
        for (const document of documents(items)) {
          assertSame(shape, document);
          assertSame(shape, document.replace("me", "you"));
        }
      }
    }
  }
});

Deno.test("structures with the same texts have times and bytes of their own", () => {
  const shape = listing();
  const [document = ""] = documents(
    Array(6).fill(
      PLAIN + "<Data>AAEC</Data><Owner><ID>me</ID></Owner>",
    ),
  );
  assertSame(shape, document);
  const { output } = read(shape, document, utf8(document));
  const items = output?.["Items"];
  assert(Array.isArray(items));
  const objects = items.flatMap((
    { Time, Data, Owner },
  ) => [Time, Data, Owner]);
  assertEquals(objects.length, 18);
  assertEquals(new Set(objects).size, 18);
});

Deno.test("a text that cannot be read is noted where it stands, also where it repeats", () => {
  const item =
    `${PLAIN}<Owner><ID>me</ID><Since>never</Since></Owner><Big>x</Big>`;
  for (const document of documents(Array(6).fill(item))) {
    const { failure = "" } = assertSame(listing(), document);
    assert(failure.includes("Big"), failure);
    const lacking = document.replaceAll("<Big>x</Big>", "");
    const { unreadable = new Set() } = assertSame(listing(), lacking);
    assertEquals([...unreadable].map((path) => path.replace(/^\w+/, "")), [
      ".Owner.Since",
    ]);
  }
});

Deno.test("layouts read bytes that stand anywhere in their memory", () => {
  const shape = listing();
  for (const document of documents(Array(9).fill(PLAIN))) {
    const plain = read(shape, document);
    for (let start = 0; start < 9; start++) {
      const room = utf8("<".repeat(start) + document + "<Item>");
      const bytes = room.subarray(start, start + document.length);
      assertEquals(read(shape, document, bytes), plain);
    }
  }
});

Deno.test("layouts have elements of one letter", () => {
  const item = structure({ A: { of: "string" }, B: { of: "integer" } });
  const shape = structure({
    I: { of: () => ({ kind: "list", item: { of: () => item } }), flat: true },
  });
  for (const name of ["I", "member"]) {
    const one = `<${name}><A>a</A><B>1</B></${name}>`;
    assertSame(shape, `<r>${one.repeat(9)}</r>`);
  }
  const list = structure({
    L: { of: () => ({ kind: "list", item: { of: () => item } }) },
  });
  const members = "<member><A>a</A><B>1</B></member>".repeat(9);
  const { output } = assertSame(list, `<r><L>${members}</L></r>`);
  assertEquals(output, { L: Array(9).fill({ A: "a", B: 1 }) });
});

Deno.test("layouts take nothing that is not well-formed", () => {
  const shape = listing();
  for (const item of [PLAIN, RICH]) {
    const all = documents([item, item, item]);
    for (const document of all) assertSame(shape, document);
    // What stands around the items differs; they do not.
    for (const document of all.slice(item === PLAIN ? 0 : 1)) {
      const from = document.lastIndexOf("<Key>");
      for (let at = from; at < document.length; at++) {
        const { failure } = assertSame(shape, document.slice(0, at));
        assert(failure !== undefined, document.slice(0, at));
        for (const other of ["<", ">", "&", "a", "é"]) {
          assertSame(shape, document.slice(0, at) + other + document.slice(at));
          assertSame(
            shape,
            document.slice(0, at) + other + document.slice(at + 1),
          );
        }
      }
    }
  }
});

Deno.test("layouts do not reach deeper than the reader of XML does", () => {
  // A structure in itself, learnt at the root and met at every depth.
  const inner: StructureShape = structure({
    Key: { of: "string" },
    Deep: {
      of: () => ({ kind: "structure", members: { Key: { of: "string" } } }),
    },
    Down: {
      of: () => ({ kind: "list", item: { of: () => inner } }),
      flat: true,
    },
  });
  const shape = structure({ Down: inner.members["Down"] ?? { of: "string" } });
  const item = "<Down><Key>k</Key><Deep><Key>k</Key></Deep></Down>";
  assertSame(shape, `<r>${item.repeat(4)}</r>`);
  const failures = [];
  for (let depth = 90; depth < 110; depth++) {
    const { failure } = assertSame(
      shape,
      `<r>${"<Down>".repeat(depth)}<Down/>${item.repeat(4)}${
        "</Down>".repeat(depth)
      }</r>`,
    );
    failures.push(failure !== undefined);
  }
  assertEquals(failures, failures.toSorted());
  assertEquals(new Set(failures).size, 2);
});

Deno.test("layouts are few, and none is learnt from what is long", () => {
  const shape = listing();
  const items = Array.from(
    { length: 40 },
    (_, index) => `${PLAIN}<New${index}>x</New${index}>`.repeat(2),
  );
  assertSame(
    shape,
    `<r>${items.map((item) => `<Item>${item.repeat(2)}</Item>`).join("")}</r>`,
  );
  assertSame(shape, documents([PLAIN.repeat(50), PLAIN.repeat(50)])[0] ?? "");

  const { shape: list } = PreparedShape.of(shape).document.get("Item") ?? {};
  assert(list?.kind === "list" && typeof list.item.of === "function");
  const item = list.item.of();
  assert(item.kind === "structure");
  const { layouts } = PreparedShape.of(item);
  assertEquals(layouts.length, 4);
});
