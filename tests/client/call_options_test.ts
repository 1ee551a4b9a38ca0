import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { CallOptions } from "../../src/ports/caller.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { GetObject, PutObject, S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";
import { secondSignature } from "../second_signer.ts";

const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const TIMESTAMP = "20240229T123456Z";

// Printed by custom_fields_botocore.py.
const BOTOCORE_SIGNATURE =
  "0b7126516d635ede045faaabdd12399fa6edefdeb16842d13509ed574d1a7be6";

const LISTING =
  `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name><Prefix/><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>`;

Deno.test("headers and query of a call are signed as botocore signs them", async () => {
  const { s3, sent } = fixture([listing()]);

  await s3.listObjectsV2({
    Bucket: "photos",
    Prefix: "a b/",
    EncodingType: "url",
  }, {
    headers: { "X-Tenant": "  blue   team " },
    query: { "allow-unordered": "true", "q~*'()/ é": "a+b=c&d" },
  });

  const [{ headers, query }] = sent as [HttpRequest];
  assertEquals(headers["x-tenant"], "  blue   team ");
  assertEquals(query.slice(-2), [
    ["allow-unordered", "true"],
    ["q~*'()/ é", "a+b=c&d"],
  ]);
  assertEquals(
    headers["authorization"],
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240229/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-tenant, Signature=${BOTOCORE_SIGNATURE}`,
  );
});

Deno.test("headers and query of a call are in each of its attempts", async () => {
  const { s3, sent } = fixture([{ status: 503 }, listing()]);

  await s3.listObjectsV2({ Bucket: "photos" }, {
    headers: { "x-tenant": "blue" },
    query: { flavour: "mint" },
  });

  assertEquals(sent.length, 2);
  for (const { headers, query } of sent) {
    assertEquals(headers["x-tenant"], "blue");
    assert(
      query.some(([name, value]) => name === "flavour" && value === "mint"),
    );
    assert(headers["authorization"]?.includes("x-tenant"));
  }
});

Deno.test("headers and query of a call go with a body and its checksum", async () => {
  const { s3, sent } = fixture([{ status: 200 }]);

  await s3.putObject({ Bucket: "photos", Key: "k", Body: "hello" }, {
    headers: { "x-amz-tenant": "blue" },
    query: { "x-amz-flavour": "mint" },
  });

  const [{ headers, query }] = sent as [HttpRequest];
  assertEquals(headers["x-amz-checksum-crc32"], "NhCmhg==");
  assert(headers["authorization"]?.includes(";x-amz-tenant"));
  assertEquals(query.at(-1), ["x-amz-flavour", "mint"]);
});

Deno.test("a call of the query protocol takes headers and query too", async () => {
  const { sts, sent } = fixture([{ status: 400 }]);

  await assertRejects(() =>
    sts.getCallerIdentity({}, {
      headers: { "x-tenant": "blue" },
      query: { flavour: "mint" },
    })
  );

  const [{ headers, query }] = sent as [HttpRequest];
  assert(headers["authorization"]?.includes("x-tenant"));
  assertEquals(query, [["flavour", "mint"]]);
});

Deno.test("an option of undefined and a field of undefined add nothing", async () => {
  const { s3, sent } = fixture([listing(), listing()]);
  const options = {
    headers: { "x-tenant": undefined },
    query: { flavour: undefined },
  };

  await s3.listObjectsV2({ Bucket: "photos" });
  await s3.listObjectsV2({ Bucket: "photos" }, untyped(options));

  assertEquals(
    sent[1]?.headers["authorization"],
    sent[0]?.headers["authorization"],
  );
});

Deno.test("presign signs the call's headers and query", async () => {
  const { s3 } = fixture([]);

  const { url, headers } = await s3.presign(GetObject, {
    Bucket: "photos",
    Key: "k",
  }, {
    headers: { "X-Tenant": "blue" },
    query: { "allow-unordered": "true" },
  });

  assertEquals(headers, { "x-tenant": "blue" });
  const [unsigned = "", signature] = url.split("&X-Amz-Signature=");
  assert(unsigned.includes("?allow-unordered=true&"), unsigned);
  assertEquals(
    signature,
    secondSignature({
      method: "GET",
      url: unsigned,
      headers: [
        ["host", "photos.s3.eu-west-1.amazonaws.com"],
        ["x-tenant", "blue"],
      ],
      payloadHash: "UNSIGNED-PAYLOAD",
      secretAccessKey: KEYS.secretAccessKey,
      region: "eu-west-1",
      service: "s3",
      timestamp: TIMESTAMP,
    }).signature,
  );
});

const INVALID: readonly (readonly [options: unknown, message: string])[] = [
  [{ headers: { "x\r\nhost": "v" } }, "the name of a header is a word"],
  [{ headers: { "": "v" } }, "the name of a header is a word"],
  [{ headers: { "x y": "v" } }, "the name of a header is a word"],
  [{ headers: { "x-é": "v" } }, "the name of a header is a word"],
  [{ headers: { "x-a": "v\r\nhost: evil" } }, "must be ASCII text in one line"],
  [{ headers: { "x-a": "v\n" } }, "must be ASCII text in one line"],
  [{ headers: { "x-a": "\0" } }, "must be ASCII text in one line"],
  [{ headers: { "x-a": "é" } }, "must be ASCII text in one line"],
  [{ headers: { "x-a": "1", "X-A": "2" } }, "there twice"],
  [{ headers: { "x-a": 1 } }, '"x-a" of the option "headers" must be text'],
  [{ headers: { "x-a": null } }, "must be text, got null"],
  [{ headers: new Headers({ host: "h" }) }, "Object.fromEntries"],
  [{ headers: [["x-a", "v"]] }, 'option "headers" must be an object'],
  [{ headers: "x-a: v" }, 'option "headers" must be an object'],
  [{ query: { "": "v" } }, "the name of a parameter is text"],
  [{ query: { "a\r\nb": "v" } }, "the name of a parameter is text"],
  [{ query: { "\ud800": "v" } }, "the name of a parameter is text"],
  [{ query: { a: "\ud800" } }, "half of a surrogate pair"],
  [{ query: { a: ["1", "2"] } }, '"a" of the option "query" must be text'],
  [{ query: new URLSearchParams("a=b") }, "Object.fromEntries"],
  [{ header: {} }, 'did you mean "headers"'],
];

Deno.test("headers and query that HTTP cannot carry are refused", async () => {
  for (const [options, message] of INVALID) {
    const { s3, sent } = fixture([]);
    const error = await assertRejects(
      () => s3.listObjectsV2({ Bucket: "photos" }, untyped(options)),
      ConfigError,
      message,
    );
    assert(/InvalidOption|UnknownOption/.test(error.code), error.code);
    assertEquals(sent, []);
  }
});

const TAKEN_HEADERS = [
  "Accept-Encoding",
  "Amz-Sdk-Request",
  "Authorization",
  "Connection",
  "Content-Length",
  "Content-MD5",
  "Date",
  "Expect",
  "Host",
  "Proxy-Authorization",
  "TE",
  "Transfer-Encoding",
  "User-Agent",
  "X-Amz-Checksum-CRC32",
  "X-Amz-Content-Sha256",
  "X-Amz-Date",
  "X-Amz-Decoded-Content-Length",
  "X-Amz-Region-Set",
  "X-Amz-S3session-Token",
  "X-Amz-Security-Token",
  "X-Amz-Trailer",
  "X-Amzn-Trace-Id",
];
const TAKEN_PARAMS = [
  "X-Amz-Algorithm",
  "x-amz-content-sha256",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-Region-Set",
  "X-Amz-Security-Token",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
  "AWSAccessKeyId",
  "Signature",
  "Expires",
];

Deno.test("what a signature holds cannot be set by headers and query", async () => {
  const options = [
    ...TAKEN_HEADERS.map((name) => ({ headers: { [name]: "v" } })),
    ...TAKEN_PARAMS.map((name) => ({ query: { [name]: "v" } })),
  ];
  const { s3, sent } = fixture([]);
  for (const option of options) {
    for (
      const act of [
        () => s3.listObjectsV2({ Bucket: "photos" }, option),
        () => s3.presign(GetObject, { Bucket: "photos", Key: "k" }, option),
      ]
    ) {
      const error = await assertRejects(act, ConfigError, "leave it out");
      assertEquals(error.code, "ContradictoryOptions");
      assert(!/"v"/.test(error.message));
    }
  }
  assertEquals(sent, []);
});

Deno.test("what the input can say cannot be set by headers and query", async () => {
  const { s3, sts, sent } = fixture([]);
  const photo = { Bucket: "photos", Key: "k" };
  const acts: readonly (readonly [act: () => Promise<unknown>, why: string])[] =
    [
      [
        () => s3.getObject(photo, { headers: { range: "bytes=0-1" } }),
        'Cannot add the header "range" to GetObject: it is the parameter Range',
      ],
      [
        () => s3.putObject(photo, { headers: { "X-Amz-Meta-Cat": "yes" } }),
        "it is the parameter Metadata of the operation; give it in the input",
      ],
      [
        () => s3.putObject(photo, { headers: { "x-amz-acl": "public-read" } }),
        "it is the parameter ACL",
      ],
      [
        () =>
          s3.presign(PutObject, photo, { headers: { "content-type": "a/b" } }),
        "it is the parameter ContentType",
      ],
      [
        () => s3.listObjectsV2({ Bucket: "b-1" }, { query: { prefix: "x" } }),
        "it is the parameter Prefix",
      ],
      [
        () =>
          s3.listObjectsV2({ Bucket: "b-1" }, { query: { "list-type": "1" } }),
        'Cannot add the parameter "list-type" to ListObjectsV2: the operation sets it',
      ],
      [
        () =>
          sts.getCallerIdentity({}, { query: { Action: "GetSessionToken" } }),
        "the operation sets it",
      ],
      [
        () =>
          sts.getCallerIdentity({}, {
            headers: { "content-type": "text/plain" },
          }),
        "the operation sets it",
      ],
      [
        () =>
          sts.assumeRole({
            RoleArn: "arn:aws:iam::123456789012:role/r",
            RoleSessionName: "me",
          }, {
            query: { "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/A" },
          }),
        "it is the parameter PolicyArns",
      ],
    ];

  for (const [act, why] of acts) {
    const error = await assertRejects(act, ConfigError, why);
    assertEquals(error.code, "ContradictoryOptions");
  }
  assertEquals(sent, []);
});

function listing(): ScriptedAnswer {
  return { status: 200, body: new TextEncoder().encode(LISTING) };
}

/** Options as a program gives them that nobody type-checks. */
function untyped(options: unknown): CallOptions {
  return options as CallOptions;
}

function fixture(answers: readonly ScriptedAnswer[]): {
  readonly s3: S3;
  readonly sts: STS;
  readonly sent: HttpRequest[];
} {
  const sent: HttpRequest[] = [];
  const session = new Session({
    system: new FakeSystem(),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    region: "eu-west-1",
    credentials: KEYS,
    transport: scripted(answers, sent),
  });
  return { s3: session.client(S3), sts: session.client(STS), sent };
}
