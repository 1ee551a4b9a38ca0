import { assertEquals, assertThrows } from "@std/assert";
import { text, utf8 } from "../../../src/foundation/bytes.ts";
import { S3Error } from "../../../src/testing/local_aws/s3_error.ts";
import {
  element,
  fields,
  readXml,
  writeXml,
} from "../../../src/testing/local_aws/xml.ts";

Deno.test("writeXml escapes what is not text and drops what has no value", () => {
  const root = element(
    "Root",
    fields({ Key: '<&>"\x01\r\n', None: undefined, Count: 2, Done: false }),
    [element("Empty")],
  );

  assertEquals(
    text(writeXml(root, "urn:x")),
    '<?xml version="1.0" encoding="UTF-8"?>\n<Root xmlns="urn:x"><Key>&lt;&amp;&gt;"&#x1;&#xd;\n</Key><Count>2</Count><Done>false</Done><Empty></Empty></Root>',
  );
});

Deno.test("readXml reads elements and attributes", () => {
  const node = readXml(
    utf8(
      '\uFEFF<?xml version="1.0"?>\n<!-- a --><x:A xmlns:x="urn:x"><B c="d">1 &lt; &#x32; &#51;</B><B/></x:A>\n',
    ),
    "A",
  );

  assertEquals(node, {
    name: "A",
    text: "",
    children: [
      { name: "B", text: "1 < 2 3", children: [], attributes: { c: "d" } },
      { name: "B", text: "", children: [] },
    ],
  });
});

Deno.test("readXml refuses what is not well formed", () => {
  const documents = [
    "",
    "text",
    "<A>",
    "</A>",
    "<A></B>",
    "<A/><A/>",
    "<A/>text",
    "<B/>",
    "<A>&nbsp;</A>",
    "<A>a & b</A>",
    "<A>&#x110000;</A>",
    "<A><</A>",
    "<!DOCTYPE A><A/>",
  ];

  for (const document of documents) {
    assertThrows(
      () => readXml(utf8(document), "A"),
      S3Error,
      "not well-formed",
      document,
    );
  }
  assertThrows(() => readXml(new Uint8Array([60, 65, 255]), "A"), S3Error);
});
