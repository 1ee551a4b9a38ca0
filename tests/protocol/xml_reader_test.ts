import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../src/foundation/errors.ts";
import {
  childOf,
  readXml,
  type XmlElement,
} from "../../src/protocol/xml_reader.ts";

function leaf(name: string, text: string): XmlElement {
  return { name, attributes: undefined, children: [], text };
}

Deno.test("readXml reads elements, their text and their order", () => {
  const root = readXml("<a><b>1</b><c/><b> 2 </b></a>");

  assertEquals(root, {
    name: "a",
    attributes: undefined,
    children: [leaf("b", "1"), leaf("c", ""), leaf("b", " 2 ")],
    text: "",
  });
});

for (
  const [what, document, text] of [
    ["white space", "<a> \n\t x </a>", " \n\t x "],
    ["line ends as one line feed", "<a>1\r\n2\r3</a>", "1\n2\n3"],
    ["references to line ends", "<a>&#xD;&#10;</a>", "\r\n"],
    ["named references", "<a>&lt;&gt;&amp;&quot;&apos;</a>", "<>&\"'"],
    ["a reference once only", "<a>&amp;lt;</a>", "&lt;"],
    ["control characters", "<a>&#x1;&#31;</a>", "\u0001\u001F"],
    ["characters beyond 16 bits", "<a>&#x1F389;</a>", "🎉"],
    ["CDATA as it stands", "<a>x<![CDATA[<&amp;]]]]>y</a>", "x<&amp;]]y"],
    ["text around a comment", "<a>x<!-- <b> & -->y</a>", "xy"],
    ["text around an instruction", "<a>x<?p <q?>y</a>", "xy"],
    ["a greater sign", "<a>1 > 0</a>", "1 > 0"],
    ["a byte-order mark before it", "\uFEFF<a>x</a>", "x"],
    [
      "what surrounds the root",
      "<?xml version='1.0'?>\n<!--c--><a>x</a>\n",
      "x",
    ],
    ["blanks within tags", "<a\n >x</a\t>", "x"],
    ["namespaces", '<n:a xmlns:n="u">x</n:a>', "x"],
  ] as const
) {
  Deno.test(`readXml reads ${what}`, () => {
    assertEquals(readXml(document), leaf("a", text));
  });
}

Deno.test("readXml reads attributes, without namespaces and prefixes", () => {
  const root = readXml(
    `<g xmlns:x="u" x:type='Group' b="1 > 0 &amp; &quot;q&quot;"/>`,
  );

  assertEquals([...root.attributes ?? []], [
    ["type", "Group"],
    ["b", '1 > 0 & "q"'],
  ]);
});

Deno.test("childOf finds the first child of a name", () => {
  const root = readXml("<a><b>1</b><b>2</b></a>");

  assertEquals(childOf(root, "b"), leaf("b", "1"));
  assertEquals(childOf(root, "c"), undefined);
});

for (
  const document of [
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a></ab>",
    "<ab></a>",
    "<a><b></a></b>",
    "<a/><b/>",
    "<a/>x",
    "x<a/>",
    "</a>",
    "<a",
    "<a b>",
    "<a b=c/>",
    "<a b='1'c='2'/>",
    "<a b='1' b='2'/>",
    "<a b='1/>",
    "<1a/>",
    "< a/>",
    "<a>&nbsp;</a>",
    "<a>&amp</a>",
    "<a>& </a>",
    "<a>&#0;</a>",
    "<a>&#xD800;</a>",
    "<a>&#x110000;</a>",
    "<a>&#99999999999;</a>",
    "<a><!-- </a>",
    "<a><![CDATA[ </a>",
    "<?xml version='1.0'",
    "<!DOCTYPE a><a/>",
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "<a><!ELEMENT b></a>",
    "<html><body><p>Sorry<br></body></html>",
  ]
) {
  Deno.test(`readXml refuses ${JSON.stringify(document)}`, () => {
    assertThrows(() => readXml(document), ProtocolError, "Cannot read the XML");
  });
}

Deno.test("readXml says what is wrong and where", () => {
  assertThrows(
    () => readXml("<a><b></a>"),
    ProtocolError,
    "Cannot read the XML document: another tag ends <b> (character 6 of 10)",
  );
});

Deno.test("readXml refuses elements that are nested without end", () => {
  assertThrows(
    () => readXml("<a>".repeat(200_000)),
    ProtocolError,
    "nested too deeply",
  );
  assertEquals(readXml("<a>".repeat(100) + "</a>".repeat(100)).name, "a");
});

Deno.test("readXml takes names from Object.prototype for names", () => {
  const root = readXml("<__proto__><constructor>x</constructor></__proto__>");

  assertEquals(root.name, "__proto__");
  assertEquals(root.children, [leaf("constructor", "x")]);
});
