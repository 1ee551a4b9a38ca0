import { assertEquals } from "@std/assert";
import type { Member } from "../../src/ports/schema.ts";
import { readXml } from "../../src/protocol/xml_reader.ts";
import {
  memberXml,
  structureXml,
  xmlAttribute,
  xmlElement,
  xmlNamespace,
  xmlText,
} from "../../src/protocol/rest_xml.ts";
import { structure } from "./tables.ts";

const Strings: Member["of"] = () => ({ kind: "list", item: { of: "string" } });
const Map: Member["of"] = () => ({
  kind: "map",
  key: { of: "string", name: "K" },
  value: { of: "integer" },
});

Deno.test("structureXml writes members in the caller's order", () => {
  const shape = structure({
    A: { of: "string", name: "a" },
    B: { of: "boolean" },
    H: { of: "string", at: "header" },
    T: { of: "timestamp" },
  });

  const xml = structureXml({ name: "R", namespace: { uri: "u" } }, shape, {
    T: new Date(0),
    B: false,
    A: "<",
    H: "elsewhere",
    Unset: undefined,
  });

  assertEquals(
    xml,
    '<R xmlns="u"><T>1970-01-01T00:00:00Z</T><B>false</B><a>&lt;</a></R>',
  );
});

Deno.test("memberXml writes attributes and the namespaces they need", () => {
  const Grantee = structure({
    ID: { of: "string" },
    Type: { of: "string", name: "xsi:type", attribute: true },
  });

  const xml = memberXml(
    "Grantee",
    { of: () => Grantee, namespace: { prefix: "xsi", uri: "u" } },
    { ID: "i", Type: 'Canonical"User"' },
  );

  assertEquals(
    xml,
    '<Grantee xmlns:xsi="u" xsi:type="Canonical&quot;User&quot;"><ID>i</ID></Grantee>',
  );
});

for (
  const [what, member, value, xml] of [
    [
      "a list",
      { of: Strings },
      ["a", "b"],
      "<M><member>a</member><member>b</member></M>",
    ],
    ["an empty list", { of: Strings }, [], "<M />"],
    [
      "a flat list",
      { of: Strings, flat: true },
      ["a", "b"],
      "<M>a</M><M>b</M>",
    ],
    ["an empty flat list", { of: Strings, flat: true }, [], ""],
    [
      "a flat list with a namespace",
      { of: Strings, flat: true, namespace: { uri: "u" } },
      ["a"],
      '<M xmlns="u">a</M>',
    ],
    [
      "a map",
      { of: Map },
      { a: 1, b: 2 },
      "<M><entry><K>a</K><value>1</value></entry><entry><K>b</K><value>2</value></entry></M>",
    ],
    [
      "a flat map",
      { of: Map, flat: true },
      { a: 1, b: 2 },
      "<M><K>a</K><value>1</value></M><M><K>b</K><value>2</value></M>",
    ],
    ["an empty text", { of: "string" }, "", "<M />"],
  ] satisfies [string, Member, unknown, string][]
) {
  Deno.test(`memberXml writes ${what}`, () => {
    assertEquals(memberXml("M", member, value), xml);
  });
}

Deno.test("xmlElement writes content, and the short form without any", () => {
  assertEquals(xmlElement("a", ' b="1"', "<c />"), '<a b="1"><c /></a>');
  assertEquals(xmlElement("a", "", ""), "<a />");
});

Deno.test("xmlNamespace declares a namespace with and without a prefix", () => {
  assertEquals(xmlNamespace({ uri: "u" }), ' xmlns="u"');
  assertEquals(xmlNamespace({ uri: "u", prefix: "p" }), ' xmlns:p="u"');
  assertEquals(xmlNamespace(undefined), "");
});

Deno.test("xmlText escapes what means something or would be changed", () => {
  assertEquals(
    xmlText(`<&> "'\t\r\n\u0001\u0085\u2028ü\uD800`),
    `&lt;&amp;&gt; "'\t&#xD;&#xA;&#x1;&#x85;&#x2028;ü\uFFFD`,
  );
});

Deno.test("what is written is read as it was", () => {
  const text = ` a&b <c> "d" 'e' \r\n\t\u0001\u007F\u2028🎉 `;

  const root = readXml(
    xmlElement("a", xmlAttribute("b", text), xmlText(text)),
  );

  assertEquals(root.text, text);
  assertEquals(root.attributes?.get("b"), text);
});
