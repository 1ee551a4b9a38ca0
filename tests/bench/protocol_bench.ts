/**
 * The cost of writing a request and of reading its answer.
 *
 * @module
 */
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpResponse } from "../../src/ports/http.ts";
import type { Operation, StructureShape } from "../../src/ports/schema.ts";
import { restXml } from "../../src/protocol/rest_xml.ts";

type Values = Readonly<Record<string, unknown>>;

const ListedObject: StructureShape = {
  kind: "structure",
  members: {
    Key: { of: "string", required: true },
    LastModified: { of: "timestamp" },
    ETag: { of: "string" },
    ChecksumAlgorithm: { of: () => Algorithms, flat: true },
    ChecksumType: { of: "string" },
    Size: { of: "long" },
    StorageClass: { of: "string" },
    Owner: { of: () => Owner },
  },
};

const Owner: StructureShape = {
  kind: "structure",
  members: { DisplayName: { of: "string" }, ID: { of: "string" } },
};

const Algorithms = { kind: "list", item: { of: "string" } } as const;

const Page: StructureShape = {
  kind: "structure",
  members: {
    IsTruncated: { of: "boolean" },
    Contents: {
      of: () => ({ kind: "list", item: { of: () => ListedObject } }),
      flat: true,
    },
    Name: { of: "string" },
    Prefix: { of: "string" },
    MaxKeys: { of: "integer" },
    KeyCount: { of: "integer" },
    NextContinuationToken: { of: "string" },
  },
};

const List: Operation<Values, Values> = {
  name: "ListObjectsV2",
  method: "GET",
  path: "?list-type=2",
  input: () => ({ kind: "structure", members: {} }),
  output: () => Page,
  errorInSuccess: true,
};

const Get: Operation<Values, Values> = {
  name: "GetObject",
  method: "GET",
  path: "/{Key+}",
  input: () => GetInput,
  output: () => GetOutput,
};

const GetInput: StructureShape = {
  kind: "structure",
  members: {
    Bucket: { of: "string", at: "path", required: true, context: "Bucket" },
    IfMatch: { of: "string", at: "header", name: "If-Match" },
    Key: { of: "string", at: "path", required: true, min: 1 },
    Range: { of: "string", at: "header" },
    VersionId: { of: "string", at: "query", name: "versionId" },
  },
};

const GetOutput: StructureShape = {
  kind: "structure",
  members: {
    Body: { of: "blob", at: "payload", stream: true },
    ContentLength: { of: "long", at: "header", name: "Content-Length" },
    ContentType: { of: "string", at: "header", name: "Content-Type" },
    ETag: { of: "string", at: "header" },
    LastModified: { of: "timestamp", at: "header", name: "Last-Modified" },
    Metadata: {
      of: () => ({
        kind: "map",
        key: { of: "string" },
        value: { of: "string" },
      }),
      at: "headers",
      name: "x-amz-meta-",
    },
  },
};

const PAGE = utf8(pageOf(1_000));

const GOT: HttpResponse = {
  status: 200,
  headers: {
    "content-length": "11",
    "content-type": "text/plain",
    "etag": '"5eb63bbbe01eeed093cb22bb8f5acdc3"',
    "last-modified": "Wed, 01 May 2024 12:34:56 GMT",
    "x-amz-meta-colour": "blue",
    "x-amz-request-id": "A1",
  },
  body: null,
};

Deno.bench("serialize GetObject", () => {
  restXml.serialize(
    Get,
    { Bucket: "photos", Key: "2024/cat 1.jpg", Range: "bytes=0-9" },
    () => "",
  );
});

Deno.bench("deserialize GetObject", async () => {
  await restXml.deserialize(Get, GOT);
});

Deno.bench("deserialize a page of 1 000 keys (331 kB)", async () => {
  await restXml.deserialize(List, listed());
});

function listed(): HttpResponse {
  return {
    status: 200,
    headers: {},
    body: {
      open: () => new Blob([PAGE]).stream(),
      bytes: () => Promise.resolve(PAGE),
      cancel: () => Promise.resolve(),
    },
  };
}

function pageOf(count: number): string {
  const contents = Array.from(
    { length: count },
    (_, index) =>
      `<Contents><Key>photos/2024/album &amp; more/image-${
        `${index}`.padStart(6, "0")
      }.jpg</Key><LastModified>2024-05-01T12:34:56.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>${
        index * 1_234
      }</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>my-bucket</Name><Prefix></Prefix><KeyCount>${count}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>${
    contents.join("")
  }</ListBucketResult>`;
}
