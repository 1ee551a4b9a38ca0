import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import type { HttpRequest, Transport } from "../../src/ports/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const CUSTOMER_KEY = "a-customer-key-of-32-characters!";
const KEY = "a b/é+c.txt";

/** A change on the way, of which S3 learns nothing. */
type Change = (request: HttpRequest) => Partial<HttpRequest>;

/** What a put through something that changes requests is refused with. */
async function refused(
  change: Change,
  secret = SECRET,
): Promise<ServiceError> {
  const local = new LocalAws();
  const inner = local.transport();
  const { accessKeyId } = local.clientConfig.credentials;
  using session = new Session({
    ...local.clientConfig,
    credentials: { accessKeyId, secretAccessKey: secret },
    transport: {
      send: (request, options) =>
        inner.send({ ...request, ...change(request) }, options),
      [Symbol.dispose]: () => {},
    },
    system: new FakeSystem(),
  });
  return await assertRejects(
    () =>
      session.client(S3).putObject({
        Bucket: "photos",
        Key: KEY,
        Body: "miaow",
        ContentType: "text/plain",
        Metadata: { owner: "ann of the house" },
        SSECustomerAlgorithm: "AES256",
        SSECustomerKey: CUSTOMER_KEY,
        RequestPayer: "requester",
        ChecksumAlgorithm: "SHA256",
      }, { query: { "x-a": "1", "x-b": "2" } }),
    ServiceError,
  );
}

const header = (name: string, value?: string): Change => ({ headers }) => {
  const { [name]: _gone, ...rest } = headers;
  return { headers: value === undefined ? rest : { ...rest, [name]: value } };
};

const CASES: readonly (readonly [string, Change, string])[] = [
  [
    "puts a prefix before the path",
    ({ path }) => ({ path: `/files${path}` }),
    "the path arrived otherwise than it was signed (line 2 of the canonical request): a proxy puts a prefix before it",
  ],
  [
    "cuts off the start of the path",
    ({ path }) => ({ path: path.replace("/photos", "") }),
    "a proxy cuts off its start",
  ],
  [
    "encodes the path once more",
    ({ path }) => ({ path: path.replaceAll("%", "%25") }),
    "something on the way percent-encodes it once more",
  ],
  [
    "doubles slashes",
    ({ path }) => ({ path: path.replace("/a", "//a") }),
    "a proxy merges slashes, or adds some",
  ],
  [
    "adds a slash at the end",
    ({ path }) => ({ path: `${path}/` }),
    "a proxy adds the slash at its end",
  ],
  [
    "changes the case of the path",
    ({ path }) => ({ path: path.replace("/photos", "/PHOTOS") }),
    "changes the case of its letters",
  ],
  [
    "rewrites the path",
    () => ({ path: "/other/place" }),
    "a proxy rewrites it",
  ],
  [
    "adds a parameter",
    ({ query }) => ({ query: [...query, ["utm_source", "T0KEN"]] }),
    'the query arrived otherwise than it was signed (line 3 of the canonical request): something on the way adds "utm_source"',
  ],
  [
    "takes a parameter away",
    ({ query }) => ({ query: query.filter(([name]) => name !== "x-a") }),
    'something on the way takes "x-a" away',
  ],
  [
    "changes a parameter",
    ({ query }) => ({
      query: query.map((pair) => pair[0] === "x-b" ? ["x-b", "3"] : pair),
    }),
    'something on the way changes the value of "x-b"',
  ],
  [
    "changes a header field",
    header("x-amz-meta-owner", "T0KEN"),
    'the header "x-amz-meta-owner" arrived otherwise than it was signed',
  ],
  [
    "takes a header field away",
    header("content-type"),
    'the header "content-type" arrived otherwise than it was signed (line 4 of the canonical request): a proxy takes it away',
  ],
  [
    "sends a Host of its own",
    header("host", "inner.example:8080"),
    "a proxy sends a name of its own as Host",
  ],
  [
    "sends another method",
    () => ({ method: "POST" }),
    "the method arrived otherwise than it was signed (line 1",
  ],
  [
    "changes a secret header field",
    header(
      "x-amz-server-side-encryption-customer-key",
      btoa("another-key-of-just-32-character"),
    ),
    'in its hash (line 4): the value of "x-amz-server-side-encryption-customer-key" is changed on the way',
  ],
];

for (const [what, change, says] of CASES) {
  Deno.test(`a signature that does not match names a proxy that ${what}`, async () => {
    const error = await refused(change);

    assertEquals(error.code, "SignatureDoesNotMatch");
    assert(error.message.includes(says), error.message);
    assertEquals(error.advice?.includes(says), true);
    const shown = Deno.inspect(error) + JSON.stringify(error.detail.hint);
    for (const secret of [SECRET, CUSTOMER_KEY, btoa(CUSTOMER_KEY)]) {
      assert(!shown.includes(secret), shown);
    }
    // Names only: what stands there is no part of the hint.
    for (const value of ["ann of the house", "T0KEN", "inner.example"]) {
      assert(!error.message.includes(value), error.message);
    }
  });
}

Deno.test("a signature of which all arrived unchanged blames the secret key", async () => {
  const error = await refused(() => ({}), "wrong");

  assert(
    error.message.endsWith(
      "; all that was signed arrived unchanged, so the secret key is not that of the access key, or the store does not know the access key",
    ),
    error.message,
  );
});

Deno.test("where path or host differ at an endpoint of one's own, the page on proxies is named", async () => {
  const path = await refused(() => ({ path: "/other" }));
  const query = await refused(({ query }) => ({ query: [...query, ["a"]] }));

  assertEquals(
    [path, query].map(({ message }) => message.includes("behind-a-proxy.md")),
    [true, false],
  );
});

/** What STS answers, in the words of its documentation. */
const STS_ANSWER = (canonical: string, toSign: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.

The Canonical String for this request should have been
'${canonical}'

The String-to-Sign should have been
'${toSign}'
</Message></Error></ErrorResponse>`;

Deno.test("STS quotes both texts in its message, and they are compared as well", async () => {
  const at = (headers: HttpRequest["headers"]): string =>
    headers["x-amz-date"] ?? "";
  const error = await refusedByTransport((request) =>
    STS_ANSWER(
      `POST\n/\n\ncontent-type:${
        request.headers["content-type"]
      }\nhost:inner.example\nx-amz-date:${
        at(request.headers)
      }\n\ncontent-type;host;x-amz-date\nhash`,
      `AWS4-HMAC-SHA256\n${at(request.headers)}\nscope\nhash`,
    )
  );

  assert(
    error.message.includes(
      'the header "host" arrived otherwise than it was signed (line 5 of',
    ),
    error.message,
  );
});

Deno.test("a string to sign alone tells which part of the scope differs", async () => {
  const answers: readonly (readonly [(line: string) => string, string])[] = [
    [(text) => text.replace("/us-east-1/", "/eu-west-9/"), "its region is not"],
    [(text) => text.replace("/sts/", "/s3/"), "its service is not"],
    [(text) => text.replace(/\n\d{8}\//, "\n20010101/"), "its date is not"],
    [(text) => text.replace(/T\d{6}Z/, "T000000Z"), "in its time (line 2)"],
    [(text) => text.replace("AWS4-HMAC", "AWS5-HMAC"), "in its algorithm"],
    [(text) => text.replace(/[^\n]*$/, "hash"), "changes the request"],
  ];
  for (const [change, says] of answers) {
    const error = await refusedByTransport(({ headers }) => {
      const [, scope = ""] = /Credential=[^/]*\/([^,]*)/.exec(
        headers["authorization"] ?? "",
      ) ?? [];
      const text = `AWS4-HMAC-SHA256\n${
        headers["x-amz-date"]
      }\n${scope}\nwhatever`;
      return `<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The String-to-Sign should have been '${
        change(text)
      }'</Message></Error></ErrorResponse>`;
    });
    assert(error.message.includes(says), error.message);
  }
});

/** What a call of STS is refused with by something that answers a text. */
async function refusedByTransport(
  answer: (request: HttpRequest) => string,
): Promise<ServiceError> {
  const transport: Transport = {
    send: (request) => {
      const body = answer(request);
      return Promise.resolve({
        status: 403,
        headers: {},
        body: {
          open: () => new Blob([body]).stream(),
          bytes: () => new Response(body).bytes(),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
  using session = new Session({
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET },
    system: new FakeSystem(),
    transport,
  });
  return await assertRejects(
    () => session.client(STS).getCallerIdentity(),
    ServiceError,
  );
}
