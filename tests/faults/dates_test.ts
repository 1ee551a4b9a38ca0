/**
 * Times in all the forms that stores and servers write.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { answering } from "./answering.ts";

const Bucket = "photos";
const CAT = { Bucket, Key: "cat.txt" };
const TIME = "2024-02-29T12:34:56.000Z";

/** Read by botocore 1.43, too, as the same moment; without a zone in UTC. */
const FORMS: readonly (readonly [text: string, time: string])[] = [
  ["2024-02-29T12:34:56Z", TIME],
  ["2024-02-29T12:34:56.000Z", TIME],
  ["2024-02-29T12:34:56.123456789Z", "2024-02-29T12:34:56.123Z"],
  ["2024-02-29T12:34:56,5Z", "2024-02-29T12:34:56.500Z"],
  ["2024-02-29T12:34:56+0000", TIME],
  ["2024-02-29T12:34:56-0000", TIME],
  ["2024-02-29T13:34:56+01:00", TIME],
  ["2024-02-29T13:34:56+01", TIME],
  ["2024-02-29T07:04:56-0530", TIME],
  ["2024-02-29T12:34:56", TIME],
  ["2024-02-29T12:34:56 Z", TIME],
  ["2024-02-29T12:34:56 +00:00", TIME],
  ["2024-02-29 12:34:56", TIME],
  ["2024-02-29 12:34:56 UTC", TIME],
  ["2024-02-29t12:34:56z", TIME],
  ["2024-02-29T12:34Z", "2024-02-29T12:34:00.000Z"],
  ["2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["2024/02/29 12:34:56", TIME],
  ["20240229T123456Z", TIME],
  ["20240229T123456.789Z", "2024-02-29T12:34:56.789Z"],
  ["20240229T133456+0100", TIME],
  ["Thu, 29 Feb 2024 12:34:56 GMT", TIME],
  ["Thu, 29 Feb 2024 12:34:56 +0000", TIME],
  ["Thu, 29 Feb 2024 12:34:56", TIME],
  ["29 Feb 2024 13:34:56 +0100", TIME],
  ["Thu, 29-Feb-2024 12:34:56 GMT", TIME],
  ["Thursday, 29-Feb-24 12:34:56 GMT", TIME],
  ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37.000Z"],
  ["Thu Feb 29 12:34:56 2024", TIME],
  ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37.000Z"],
  ["1709210096", TIME],
  ["1709210096.0", TIME],
  ["0", "1970-01-01T00:00:00.000Z"],
];

const NO_TIMES = [
  "soon",
  "2023-02-29T00:00:00Z",
  "2024-13-01T00:00:00Z",
  "2024-02-29T25:00:00Z",
  "2024-02-29T12:60:00Z",
  "Thu, 29 Foo 2024 12:34:56 GMT",
  "Thu, 29 ebm 2024 12:34:56 GMT",
  "2024-02-29T12:34:56Q",
  "NaN",
  "Infinity",
];

function page(...times: readonly string[]): string {
  const contents = times.map((time, index) =>
    `<Contents><Key>k${index}</Key><LastModified>${time}</LastModified><Size>1</Size></Contents>`
  );
  return `<ListBucketResult>${contents.join("")}</ListBucketResult>`;
}

Deno.test("a listing has times of all forms", async () => {
  const { s3, warnings } = answering([page(...FORMS.map(([text]) => text))]);

  const { Contents = [] } = await s3.listObjectsV2({ Bucket });

  assertEquals(
    Contents.map(({ LastModified }, index) => [
      FORMS[index]?.[0],
      LastModified?.toISOString(),
    ]),
    FORMS.map(([text, time]) => [text, time]),
  );
  assertEquals(warnings, []);
});

Deno.test("Last-Modified has times of all forms", async () => {
  for (const [text, time] of FORMS) {
    const { s3 } = answering([{ headers: { "last-modified": text } }]);

    const head = await s3.headObject(CAT);

    assertEquals(head.LastModified?.toISOString(), time, text);
  }
});

Deno.test("blanks around a time do not count", async () => {
  const { s3 } = answering([page("\n  2024-02-29T12:34:56Z\n ")]);

  const { Contents = [] } = await s3.listObjectsV2({ Bucket });

  assertEquals(Contents[0]?.LastModified?.toISOString(), TIME);
});

Deno.test("a time that cannot be read is absent, with one warning, and the page is there", async () => {
  for (const text of NO_TIMES) {
    const { s3, warnings } = answering([page(text, text, FORMS[0]?.[0] ?? "")]);

    const { Contents = [] } = await s3.listObjectsV2({ Bucket });

    assertEquals(
      Contents.map(({ Key, Size, LastModified }) => [
        Key,
        Size,
        LastModified?.toISOString(),
      ]),
      [["k0", 1, undefined], ["k1", 1, undefined], ["k2", 1, TIME]],
      text,
    );
    assertEquals(warnings.length, 1, text);
    assert(
      JSON.stringify(warnings).includes("Contents.LastModified"),
      JSON.stringify(warnings),
    );
  }
});

Deno.test("a header field that is no time is absent, with a warning", async () => {
  for (const text of NO_TIMES) {
    const { s3, warnings } = answering([{
      headers: { "last-modified": text, "content-length": "5" },
    }]);

    const head = await s3.headObject(CAT);

    assertEquals([head.LastModified, head.ContentLength], [undefined, 5]);
    assertEquals(warnings.length, 1);
  }
});

Deno.test("buckets, parts, uploads and versions have times of all forms", async () => {
  for (
    const [text, time] of [
      ["Thursday, 29-Feb-24 12:34:56 GMT", TIME],
      ["20240229T123456Z", TIME],
      ["soon", undefined],
    ]
  ) {
    const { s3 } = answering([
      `<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name><CreationDate>${text}</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`,
      `<ListPartsResult><Part><PartNumber>1</PartNumber><LastModified>${text}</LastModified><ETag>e</ETag></Part></ListPartsResult>`,
      `<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId><Initiated>${text}</Initiated></Upload></ListMultipartUploadsResult>`,
      `<ListVersionsResult><Version><Key>k</Key><LastModified>${text}</LastModified></Version></ListVersionsResult>`,
      `<CopyObjectResult><ETag>e</ETag><LastModified>${text}</LastModified></CopyObjectResult>`,
    ]);

    const { Buckets } = await s3.listBuckets({});
    const { Parts } = await s3.listParts({ ...CAT, UploadId: "u" });
    const { Uploads } = await s3.listMultipartUploads({ Bucket });
    const { Versions } = await s3.listObjectVersions({ Bucket });
    const { CopyObjectResult } = await s3.copyObject({
      ...CAT,
      CopySource: "photos/dog",
    });

    assertEquals(
      [
        Buckets?.[0]?.CreationDate,
        Parts?.[0]?.LastModified,
        Uploads?.[0]?.Initiated,
        Versions?.[0]?.LastModified,
        CopyObjectResult?.LastModified,
      ].map((read) => read?.toISOString()),
      Array(5).fill(time),
    );
  }
});
