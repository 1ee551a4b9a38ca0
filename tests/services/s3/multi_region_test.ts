import { assert, assertEquals, assertMatch } from "@std/assert";
import { Session } from "../../../mod.ts";
import type { HttpRequest, Transport } from "../../../src/ports/mod.ts";
import { GetObject, S3 } from "../../../src/services/s3/mod.ts";

const POINT = "arn:aws:s3::123456789012:accesspoint/alias.mrap";
const HOST = "https://alias.mrap.accesspoint.s3-global.amazonaws.com";

/** A client whose requests are kept and answered with this. */
function client(
  sent: HttpRequest[],
  xml = "",
): { readonly s3: S3 } & Disposable {
  const transport: Transport = {
    send: (request) => {
      sent.push(request);
      const bytes = new TextEncoder().encode(xml);
      return Promise.resolve({
        status: 200,
        headers: { "content-length": String(bytes.length), etag: '"e"' },
        body: {
          open: () => new Blob([bytes]).stream(),
          bytes: () => Promise.resolve(bytes),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
  const session = new Session({
    transport,
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  });
  return {
    s3: session.client(S3),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

function assertSignedForAll(request: HttpRequest | undefined): void {
  assert(request !== undefined);
  assertEquals(request.origin, HOST);
  assertEquals(request.headers["x-amz-region-set"], "*");
  assertMatch(
    request.headers["authorization"] ?? "",
    /^AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/s3\/aws4_request, SignedHeaders=[a-z0-9;-]*x-amz-region-set[a-z0-9;-]*, Signature=30[0-9a-f]{138,142}$/,
  );
}

Deno.test("a multi-region access point takes and gives objects", async () => {
  const sent: HttpRequest[] = [];
  using here = client(sent);

  await here.s3.putObject({ Bucket: POINT, Key: "a b", Body: "text" });
  const { Body } = await here.s3.getObject({ Bucket: POINT, Key: "a b" });
  await Body.bytes();

  assertEquals(sent.map(({ method, path }) => `${method} ${path}`), [
    "PUT /a%20b",
    "GET /a%20b",
  ]);
  sent.forEach(assertSignedForAll);
});

Deno.test("a multi-region access point is listed", async () => {
  const sent: HttpRequest[] = [];
  using here = client(
    sent,
    "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>",
  );

  await here.s3.listObjectsV2({ Bucket: POINT });

  assertSignedForAll(sent[0]);
});

Deno.test("a multi-region access point is the source and the target of copies", async () => {
  const sent: HttpRequest[] = [];
  using here = client(
    sent,
    '<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>',
  );

  await here.s3.copyObject({
    Bucket: POINT,
    Key: "copy",
    CopySource: { Bucket: POINT, Key: "a b" },
  });

  assertSignedForAll(sent[0]);
  assertEquals(
    sent[0]?.headers["x-amz-copy-source"],
    `${POINT.replaceAll(":", "%3A")}/object/a%20b`,
  );
});

Deno.test("a URL of a multi-region access point is signed for all regions", async () => {
  using here = client([]);

  const { url } = await here.s3.presign(GetObject, { Bucket: POINT, Key: "k" });

  const { origin, searchParams } = new URL(url);
  assertEquals(origin, HOST);
  assertEquals(searchParams.get("X-Amz-Algorithm"), "AWS4-ECDSA-P256-SHA256");
  assertEquals(searchParams.get("X-Amz-Region-Set"), "*");
});
