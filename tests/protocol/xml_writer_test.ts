import { assertEquals } from "@std/assert";
import { readXml } from "../../src/protocol/xml_reader.ts";
import {
  xmlAttribute,
  xmlElement,
  xmlNamespace,
  xmlText,
} from "../../src/protocol/xml_writer.ts";

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
