import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError, ServiceError } from "../../src/foundation/errors.ts";
import { readStructure } from "../../src/protocol/document_reader.ts";
import { ValueReader } from "../../src/protocol/response.ts";
import { restXml } from "../../src/protocol/rest_xml.ts";
import {
  childOf,
  readXml,
  type XmlElement,
} from "../../src/protocol/xml_reader.ts";
import {
  GetBucketAcl,
  ListObjectsV2,
} from "../../src/services/s3/generated/operations.ts";
import { seeded } from "../retry/seeded.ts";
import { responseOf } from "./tables.ts";

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

/** Enough to meet every branch of the reader, and quick. */
const MUTATIONS = 2_000;

const DOCUMENTS = [
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Contents><Key>a &amp; b&#x1;</Key><Size>5</Size></Contents><IsTruncated>false</IsTruncated></ListBucketResult>`,
  `<ErrorResponse><!-- c --><Error><Code>X</Code><Message><![CDATA[<m>]]></Message></Error></ErrorResponse>`,
  `<Grantee xmlns:xsi="u" xsi:type='Group'><URI/><?p i?></Grantee>`,
];

const ACL =
  `<AccessControlPolicy xmlns="u"><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="v" xsi:type="Group"><URI>g</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`;

const PIECES = [
  ...["<", ">", "/", "&", ";", '"', "'", "=", "!", "?", "-", "]", " ", "\r"],
  ...["</", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "&#", "&#x"],
  ...["<!DOCTYPE a>", "<a>", "</a>", "\0", "\uFEFF", "\uD800", "ü"],
];

Deno.test("readXml reads or refuses whatever a document is changed into", () => {
  const random = seeded(42);
  let refused = 0;

  for (let round = 0; round < MUTATIONS; round++) {
    const document = mutated(DOCUMENTS[round % DOCUMENTS.length] ?? "", random);
    try {
      assertWhole(readXml(document), document.length);
    } catch (error) {
      assert(error instanceof ProtocolError, `${error}: ${document}`);
      refused++;
    }
  }

  assert(refused > MUTATIONS / 2 && refused < MUTATIONS, `${refused} refused`);
});

Deno.test("readStructure refuses the documents that readXml refuses, and no others", () => {
  const random = seeded(11);
  const shape = ListObjectsV2.output();

  for (let round = 0; round < MUTATIONS; round++) {
    const document = mutated(DOCUMENTS[round % DOCUMENTS.length] ?? "", random);
    // An empty one is an empty structure.
    if (document === "") continue;
    const tree = outcome(() => readXml(document).name);
    const values = outcome(() =>
      readStructure(document, shape, new ValueReader("Op"), {}).root
    );

    assertEquals(values, tree, document);
  }
});

Deno.test("restXml reads or refuses whatever a response is changed into", async () => {
  const random = seeded(7);
  let refused = 0;

  for (let round = 0; round < MUTATIONS; round++) {
    const acl = round % 2 === 0;
    const document = mutated(acl ? ACL : DOCUMENTS[0] ?? "", random);
    const status = random() < 0.1 ? 400 : 200;
    try {
      const response = responseOf(document, { status });
      await (acl
        ? restXml.deserialize(GetBucketAcl, response)
        : restXml.deserialize(ListObjectsV2, response));
    } catch (error) {
      const ours = error instanceof ProtocolError ||
        error instanceof ServiceError;
      assert(ours, `${error}: ${document}`);
      refused++;
    }
  }

  assert(refused > MUTATIONS / 2 && refused < MUTATIONS, `${refused} refused`);
});

/** No element can hold more than the document. */
function assertWhole(element: XmlElement, length: number): void {
  assertEquals(typeof element.name, "string");
  assert(element.text.length <= length);
  for (const child of element.children) assertWhole(child, length);
}

/** One to three cuts, insertions or swaps of a stretch. */
function mutated(document: string, random: () => number): string {
  let text = document;
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) {
    const start = Math.floor(random() * text.length);
    const length = Math.floor(random() * 8);
    const piece = PIECES[Math.floor(random() * PIECES.length)] ?? "";
    text = text.slice(0, start) + (random() < 0.3 ? "" : piece) +
      text.slice(start + (random() < 0.5 ? 0 : length));
  }
  return text;
}

/** What is returned, or the message of the error. */
function outcome(read: () => string): string {
  try {
    return read();
  } catch (error) {
    assert(error instanceof ProtocolError, `${error}`);
    return error.message;
  }
}
