import { assert, assertEquals } from "@std/assert";
import { ProtocolError, ServiceError } from "../../src/foundation/errors.ts";
import { restXml } from "../../src/protocol/rest_xml.ts";
import { readXml, type XmlElement } from "../../src/protocol/xml_reader.ts";
import {
  GetBucketAcl,
  ListObjectsV2,
} from "../../src/services/s3/generated/operations.ts";
import { seeded } from "../retry/seeded.ts";
import { responseOf } from "./tables.ts";

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

Deno.test("restXml reads or refuses whatever a response is changed into", async () => {
  const random = seeded(7);
  let refused = 0;

  for (let round = 0; round < MUTATIONS; round++) {
    const acl = round % 2 === 0;
    const operation = acl ? GetBucketAcl : ListObjectsV2;
    const document = mutated(acl ? ACL : DOCUMENTS[0] ?? "", random);
    const status = random() < 0.1 ? 400 : 200;
    try {
      await restXml.deserialize(operation, responseOf(document, { status }));
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
