import { assert, assertEquals } from "@std/assert";
import { ServiceError } from "../../src/foundation/errors.ts";
import { serviceError } from "../../src/protocol/service_error.ts";
import { operation, structure } from "./tables.ts";

const FORBIDDEN = { status: 403, headers: {} };

const get = operation({
  errors: [
    {
      code: "InvalidObjectState",
      shape: () =>
        structure({
          Days: { of: "integer" },
          Tier: { of: "string", name: "AccessTier" },
          Header: { of: "string", at: "header", name: "x-header" },
          message: { of: "string" },
        }),
    },
    { code: "SlowDown", retryable: "throttling" },
  ],
});

Deno.test("serviceError reads S3's form", () => {
  const error = serviceError(
    get,
    {
      status: 404,
      headers: {
        "x-amz-request-id": "A1",
        "x-amz-id-2": "H1",
        "x-amz-bucket-region": "eu-west-1",
      },
    },
    `<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code><Message>No.</Message><Key>k</Key><RequestId>R</RequestId><HostId>H</HostId></Error>`,
  );

  assert(error instanceof ServiceError);
  assertEquals(error.message, "NoSuchKey (GetThing, 404, request A1): No.");
  assertEquals(error.detail, {
    code: "NoSuchKey",
    operation: "GetThing",
    status: 404,
    requestId: "A1",
    hostId: "H1",
    region: "eu-west-1",
    headers: {
      "x-amz-request-id": "A1",
      "x-amz-id-2": "H1",
      "x-amz-bucket-region": "eu-west-1",
    },
    fields: { Key: "k" },
  });
});

Deno.test("serviceError takes ids and region from the document where no header has them", () => {
  const { detail } = serviceError(
    get,
    FORBIDDEN,
    "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region><RequestId>R</RequestId><HostId>H</HostId></Error>",
  );

  assertEquals(
    [detail.requestId, detail.hostId, detail.region],
    ["R", "H", "eu-west-1"],
  );
});

for (
  const [what, document] of [
    [
      "the query protocol",
      "<ErrorResponse><Error><Code>X</Code><Message>m</Message></Error></ErrorResponse>",
    ],
    [
      "a namespace",
      '<Error xmlns="u"><Code>X</Code><Message>m</Message></Error>',
    ],
    [
      "a prefix",
      '<e:Error xmlns:e="u"><e:Code>X</e:Code><e:Message>m</e:Message></e:Error>',
    ],
    ["blanks", "<Error>\n <Code> X </Code>\n <Message>m\n</Message>\n</Error>"],
    ["a small message", "<Error><Code>X</Code><message>m</message></Error>"],
  ]
) {
  Deno.test(`serviceError reads the form with ${what}`, () => {
    const error = serviceError(get, FORBIDDEN, document ?? "");

    assertEquals([error.code, error.reason], ["X", "m"]);
  });
}

for (
  const document of [
    "",
    "<html><body>Forbidden</body></html>",
    "<html><body>Forbidden",
    "<Error><Code>X</Co",
    "<ErrorResponse/>",
    "<Error/>",
    "no XML \uFFFD",
  ]
) {
  Deno.test(`serviceError lets the status speak for ${JSON.stringify(document)}`, () => {
    const error = serviceError(get, FORBIDDEN, document);

    assertEquals([error.code, error.reason], ["403", "Forbidden"]);
    assertEquals(error.detail.fields, {});
  });
}

Deno.test("serviceError shows a status that has no phrase", () => {
  const error = serviceError(get, { status: 599, headers: {} }, "");

  assertEquals(error.reason, "HTTP status 599");
});

Deno.test("serviceError types the members that the model knows", () => {
  const { detail } = serviceError(
    get,
    { status: 403, headers: { "x-header": "h" } },
    "<Error><Code>InvalidObjectState</Code><Message>m</Message><Days>2</Days><AccessTier>DEEP</AccessTier></Error>",
  );

  assertEquals(detail.fields, {
    Days: 2,
    AccessTier: "DEEP",
    Tier: "DEEP",
    Header: "h",
  });
});

Deno.test("serviceError keeps what it cannot type as text", () => {
  const { detail } = serviceError(
    get,
    FORBIDDEN,
    "<Error><Code>InvalidObjectState</Code><Days>soon</Days></Error>",
  );

  assertEquals(detail.fields, { Days: "soon" });
});

Deno.test("serviceError keeps nested and repeated elements", () => {
  const { detail } = serviceError(
    get,
    FORBIDDEN,
    "<Error><Code>X</Code><A><B>1</B></A><C>1</C><C>2</C><__proto__>p</__proto__></Error>",
  );

  assertEquals(Object.entries(detail.fields), [
    ["A", { B: "1" }],
    ["C", ["1", "2"]],
    ["__proto__", "p"],
  ]);
});

Deno.test("serviceError takes from the table whether to try again", () => {
  const document = "<Error><Code>SlowDown</Code></Error>";

  assertEquals(
    serviceError(get, FORBIDDEN, document).detail.retryable,
    "throttling",
  );
});

Deno.test("serviceError shows no secret that the service gives back", () => {
  const canonical = [
    "GET",
    "/k",
    "X-Amz-Security-Token=hush1&amp;X-Amz-Signature=hush2&amp;prefix=p",
    "host:example.com",
    "x-amz-security-token:hush3",
    "x-amz-server-side-encryption-customer-key:hush4",
    "",
    "host;x-amz-security-token",
  ].join("\n");
  const { message, reason, detail } = serviceError(
    get,
    FORBIDDEN,
    `<Error><Code>SignatureDoesNotMatch</Code><Message>'${canonical}' Signature=hush5</Message><CanonicalRequest>${canonical}</CanonicalRequest><CanonicalRequestBytes>68 75 73 68</CanonicalRequestBytes><StringToSign>AWS4-HMAC-SHA256\nhash</StringToSign><SignatureProvided>hush6</SignatureProvided><Token-0>hush7</Token-0><A><Token-1>hush8</Token-1></A></Error>`,
  );

  const shown = JSON.stringify([message, reason, detail]);
  assert(!shown.includes("hush") && !shown.includes("68 75"), shown);
  assert(shown.includes("host:example.com") && shown.includes("prefix=p"));
  assertEquals(detail.fields["StringToSign"], "AWS4-HMAC-SHA256\nhash");
});

Deno.test("serviceError masks a long text in a time that grows with its length", () => {
  const long = "x".repeat(500_000);
  const start = performance.now();

  serviceError(
    get,
    FORBIDDEN,
    `<Error><Code>AccessDenied</Code><Message>${long}</Message></Error>`,
  );

  assert(performance.now() - start < 5_000);
});
