import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../../src/foundation/bytes.ts";
import { LocalClient, USER } from "./local_client.ts";

Deno.test("LocalAws lets in who signs with a key it knows", async () => {
  const client = new LocalClient();

  const { status } = await client.send("GET", "/");

  assertEquals(status, 200);
});

Deno.test("LocalAws takes no request without a signature", async () => {
  const client = new LocalClient();

  const { status, code } = await client.sendRaw({
    method: "GET",
    origin: "http://localhost",
    path: "/",
    query: [],
    headers: {},
    body: undefined,
  });

  assertEquals([status, code], [403, "AccessDenied"]);
});

Deno.test("LocalAws refuses the wrong secret and shows what it signed", async () => {
  const client = new LocalClient();
  client.credentials = { ...USER, secretAccessKey: "wrong" };

  const { status, code, text } = await client.send("GET", "/");

  assertEquals([status, code], [403, "SignatureDoesNotMatch"]);
  assertStringIncludes(
    text,
    "<StringToSign>AWS4-HMAC-SHA256\n20261122T100000Z",
  );
});

Deno.test("LocalAws does not show a token in its refusal", async () => {
  const client = new LocalClient();
  const answer = await client.sts({ Action: "GetSessionToken" });
  const [, accessKeyId = ""] =
    /<AccessKeyId>(.*)<\/AccessKeyId>/.exec(answer.text) ?? [];
  const [, sessionToken = ""] =
    /<SessionToken>(.*)<\/SessionToken>/.exec(answer.text) ?? [];
  client.credentials = { accessKeyId, secretAccessKey: "wrong", sessionToken };

  const { code, text } = await client.send("GET", "/");

  assertEquals(code, "SignatureDoesNotMatch");
  assertEquals(text.includes(sessionToken), false);
  assertStringIncludes(text, "x-amz-security-token:(withheld)");
});

Deno.test("LocalAws refuses an unknown key", async () => {
  const client = new LocalClient();
  client.credentials = { ...USER, accessKeyId: "AKIAUNKNOWN" };

  const { status, code } = await client.send("GET", "/");

  assertEquals([status, code], [403, "InvalidAccessKeyId"]);
});

Deno.test("LocalAws refuses a signature for another region or service", async () => {
  const client = new LocalClient();
  client.region = "eu-west-1";
  const region = await client.send("GET", "/");
  client.region = "us-east-1";
  client.service = "sts";
  const service = await client.send("GET", "/", {
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
  });

  assertEquals([region.status, region.code], [
    400,
    "AuthorizationHeaderMalformed",
  ]);
  assertStringIncludes(region.text, "<Region>us-east-1</Region>");
  assertEquals(service.code, "AuthorizationHeaderMalformed");
});

Deno.test("LocalAws bears clocks that are 15 minutes apart, and no more", async () => {
  const client = new LocalClient();
  const signed = await client.sign("GET", "/");

  client.clock.advance(15 * 60_000);
  const near = await client.sendRaw(signed);
  client.clock.advance(1_000);
  const far = await client.sendRaw(signed);

  assertEquals(near.status, 200);
  assertEquals([far.status, far.code], [403, "RequestTimeTooSkewed"]);
});

Deno.test("LocalAws notices what was changed after signing", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const put = { headers: { "x-amz-meta-a": "1" }, body: "miaow" } as const;

  const path = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({ ...signed, path: "/photos/dog" }),
  });
  const query = await client.send("GET", "/photos", {
    spoil: (signed) => ({ ...signed, query: [["prefix", "a"]] }),
  });
  const header = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({
      ...signed,
      headers: { ...signed.headers, "x-amz-meta-a": "2" },
    }),
  });
  const more = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({
      ...signed,
      headers: { ...signed.headers, "x-amz-meta-b": "2" },
    }),
  });
  const body = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({ ...signed, body: utf8("hiss") }),
  });

  assertEquals(path.code, "SignatureDoesNotMatch");
  assertEquals(query.code, "SignatureDoesNotMatch");
  assertEquals(header.code, "SignatureDoesNotMatch");
  assertEquals(more.code, "AccessDenied");
  assertStringIncludes(
    more.text,
    "<HeadersNotSigned>x-amz-meta-b</HeadersNotSigned>",
  );
  assertEquals(body.code, "XAmzContentSHA256Mismatch");
});

Deno.test("LocalAws wants the parts of the header field whole", async () => {
  const client = new LocalClient();
  const send = (authorization: string) =>
    client.send("GET", "/", {
      spoil: (signed) => ({
        ...signed,
        headers: { ...signed.headers, authorization },
      }),
    });

  assertEquals(
    (await send("AWS4-HMAC-SHA256 x")).code,
    "AuthorizationHeaderMalformed",
  );
  assertEquals((await send("AWS key:signature")).code, "InvalidRequest");
});

Deno.test("LocalAws takes a presigned URL until it ends", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  await client.send("PUT", "/photos/a%20b", { body: "miaow" });
  const signed = await client.presign("/photos/a%20b", {
    query: [["response-content-type", "text/plain"]],
  });

  const first = await client.sendRaw(signed);
  const other = await client.sendRaw({ ...signed, path: "/photos/other" });
  const longer = await client.sendRaw({
    ...signed,
    query: signed.query.map(([name, value]) =>
      name === "X-Amz-Expires" ? [name, "600"] : [name, value ?? ""]
    ),
  });
  client.clock.advance(61_000);
  const late = await client.sendRaw(signed);

  assertEquals([first.status, first.text], [200, "miaow"]);
  assertEquals(first.headers["content-type"], "text/plain");
  assertEquals(other.code, "SignatureDoesNotMatch");
  assertEquals(longer.code, "SignatureDoesNotMatch");
  assertEquals(late.code, "AccessDenied");
  assertStringIncludes(late.text, "has expired");
});

Deno.test("LocalAws refuses a presigned URL that is not whole", async () => {
  const client = new LocalClient();
  const signed = await client.presign("/photos");
  const without = (dropped: string) =>
    client.sendRaw({
      ...signed,
      query: signed.query.filter(([name]) => name !== dropped),
    });

  for (const name of ["X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"]) {
    const { code } = await without(name);
    assertEquals(code, "AuthorizationQueryParametersError", name);
  }
});

Deno.test("LocalAws refuses two signatures at once", async () => {
  const client = new LocalClient();
  const presigned = await client.presign("/");

  const { code } = await client.send("GET", "/", {
    spoil: (signed) => ({ ...signed, query: presigned.query }),
  });

  assertEquals(code, "InvalidArgument");
});

// Source: "Signature Calculation: Transferring a Payload in Multiple Chunks",
// Amazon S3 API Reference: the example there, whole.
Deno.test("LocalAws takes signed chunks as in S3's example, and no others", async () => {
  const client = new LocalClient();
  client.clock.set("2013-05-24T00:00:00Z");
  await client.send("PUT", "/examplebucket");
  const put = (fill: string) =>
    client.sendRaw({
      method: "PUT",
      origin: "https://s3.amazonaws.com",
      path: "/examplebucket/chunkObject.txt",
      query: [],
      headers: {
        "authorization":
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        "content-encoding": "aws-chunked",
        "content-length": "66824",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-date": "20130524T000000Z",
        "x-amz-decoded-content-length": "66560",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
      },
      body: utf8(
        `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${
          "a".repeat(65_536)
        }\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${
          fill.repeat(1_024)
        }\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n`,
      ),
    });

  const good = await put("a");
  const bad = await put("b");

  assertEquals(good.status, 200);
  assertEquals(bad.code, "SignatureDoesNotMatch");
});

// Source: "Signature Calculation: Including Trailing Headers", Amazon S3 API
// Reference: the example there, whole.
Deno.test("LocalAws takes a signed trailer as in S3's example, and no other", async () => {
  const client = new LocalClient();
  client.clock.set("2013-05-24T00:00:00Z");
  await client.send("PUT", "/examplebucket");
  const put = (trailerSignature: string) =>
    client.sendRaw({
      method: "PUT",
      origin: "https://s3.amazonaws.com",
      path: "/examplebucket/chunkObject.txt",
      query: [],
      headers: {
        "authorization":
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "x-amz-date": "20130524T000000Z",
        "x-amz-decoded-content-length": "66560",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-trailer": "x-amz-checksum-crc32c",
      },
      body: utf8(
        `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${
          "a".repeat(65_536)
        }\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${
          "a".repeat(1_024)
        }\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\nx-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${trailerSignature}\r\n\r\n`,
      ),
    });

  const good = await put(
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
  );
  const bad = await put("0".repeat(64));

  assertEquals([good.status, good.code], [200, undefined]);
  assertEquals(bad.code, "SignatureDoesNotMatch");
});

// Query strings as botocore 1.43.11 makes them with its clock at 1440938160 and
// ExpiresIn 3600, for the key AKIDEXAMPLE of Amazon's examples.
const PRESIGNED_2: readonly (readonly [
  name: string,
  method: "GET" | "PUT",
  path: string,
  query: readonly (readonly [string, string?])[],
  signature: string,
  headers?: Readonly<Record<string, string>>,
])[] = [
  ["get_object", "GET", "/k", [], "3U9PSXkuOKk8633qpK9MAUNteSc="],
  [
    "get_object of a version, with overrides",
    "GET",
    "/a%20b%2Bc",
    [["response-content-type", "text/plain"], ["versionId", "v"]],
    "RquZeOubFLu676mDOi9EMeT8h64=",
  ],
  [
    "put_object with metadata and encryption",
    "PUT",
    "/a%20b%2Bc",
    [
      ["content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="],
      ["content-type", "text/plain"],
      ["x-amz-meta-b", "  x   y "],
      ["x-amz-meta-owner", "me"],
      ["x-amz-server-side-encryption", "AES256"],
    ],
    "laNN/jH5Y7tEQ9KVX83mfyRIYJc=",
    {
      "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
      "content-type": "text/plain",
    },
  ],
  [
    "list_objects_v2",
    "GET",
    "",
    [["list-type", "2"]],
    "iqTwUeiOF4HPtlbOzjxe/aUi1Sk=",
  ],
  [
    "list_object_versions",
    "GET",
    "",
    [["versions"]],
    "tOTa5+5NpAQWwo8Tckt3peCY2rw=",
  ],
];

for (const [name, method, path, query, signature, headers] of PRESIGNED_2) {
  Deno.test(`LocalAws verifies a URL that boto3 presigns by default, and says that it is of version 2: ${name}`, async () => {
    const client = new LocalClient({
      credentials: [{
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      }],
    });
    client.credentials = {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    };
    client.clock.set("2015-08-30T12:36:00Z");
    await client.send("PUT", "/examplebucket");
    const ask = (given: string) =>
      client.sendRaw({
        method,
        origin: "http://localhost",
        path: `/examplebucket${path}`,
        query: [
          ...query,
          ["AWSAccessKeyId", "AKIDEXAMPLE"],
          ["Signature", given],
          ["Expires", "1440941760"],
        ],
        headers: headers ?? {},
        body: undefined,
      });

    const right = await ask(signature);
    const wrong = await ask("AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    client.clock.advance(3_601_000);
    const late = await ask(signature);

    // The right one gets as far as to an object that is not there.
    assertEquals(
      [undefined, "NoSuchKey", "NoSuchVersion"].includes(right.code),
      true,
      right.text,
    );
    assertEquals([wrong.code, late.code], [
      "SignatureDoesNotMatch",
      "AccessDenied",
    ]);
    assertEquals(
      client.local.requests().map(({ signature }) => signature),
      [
        { version: 4, place: "header" },
        ...Array(3).fill({ version: 2, place: "query" }),
      ],
    );
  });
}

Deno.test("LocalAws verifies a URL of version 2 with the bucket in its host, whatever the key begins with", async () => {
  const credentials = {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  };
  const client = new LocalClient({ credentials: [credentials] });
  client.credentials = credentials;
  client.clock.set("2015-08-30T12:36:00Z");
  await client.send("PUT", "/examplebucket");

  const answer = await client.sendRaw({
    method: "GET",
    origin: "http://examplebucket.localhost",
    path: "/examplebucket.txt",
    query: [
      ["AWSAccessKeyId", "AKIDEXAMPLE"],
      ["Signature", "f5SQu+vSFAcAx4KXl3hXNFXRWUE="],
      ["Expires", "1440941760"],
    ],
    headers: {},
    body: undefined,
  });

  assertEquals(answer.code, "NoSuchKey", answer.text);
});
