import {
  scrub,
  withholding,
  withoutSecretHeaders,
} from "../../src/foundation/redact.ts";
import {
  redactHeader,
  redactHeaders,
  redactPresigned,
  redactQuery,
  redactUrl,
} from "../../src/foundation/wire_secrets.ts";
import { assert, assertEquals } from "@std/assert";

const SIGNED =
  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123abcd";

Deno.test("redactHeader withholds fields whose name says that they are secret", () => {
  for (const name of ["X-Api-Key", "CF-Access-Client-Secret", "x-auth-token"]) {
    assertEquals(redactHeader(name, "value"), "<withheld>");
  }
  assertEquals(redactHeader("x-amz-meta-token", "value"), "value");
  assertEquals(redactHeader("x-tenant", "value"), "value");
});

Deno.test("redactHeader keeps the scope of a signature", () => {
  assertEquals(
    redactHeader("Authorization", SIGNED),
    "AWS4-HMAC-SHA256 Credential=<withheld>/20150830/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=<withheld>",
  );
});

Deno.test("redactHeaders withholds the values of secret fields only", () => {
  const headers = {
    "authorization": "Bearer t",
    "X-Amz-Security-Token": "t",
    "x-amz-server-side-encryption-customer-key": "k",
    "set-cookie": "c",
    "x-amz-date": "20150830T123600Z",
    "location": "https://b.example/k?X-Amz-Signature=s&a=1",
  };

  assertEquals(redactHeaders(headers), {
    "authorization": "<withheld>",
    "X-Amz-Security-Token": "<withheld>",
    "x-amz-server-side-encryption-customer-key": "<withheld>",
    "set-cookie": "<withheld>",
    "x-amz-date": "20150830T123600Z",
    "location": "https://b.example/k?X-Amz-Signature=<withheld>&a=1",
  });
});

for (
  const [url, expected] of [
    ["https://h/a?b=c#d", "https://h/a?b=c#d"],
    ["http://me:p@ss@h:1/a@b", "http://<withheld>@h:1/a@b"],
    ["me:pass@h:1", "<withheld>@h:1"],
    ["/bucket/a@b?uploads", "/bucket/a@b?uploads"],
    [
      "/k?api_key=1&x-api-key=2&auth_token=3&Password=4&key=5",
      "/k?api_key=<withheld>&x-api-key=<withheld>&auth_token=<withheld>&Password=<withheld>&key=5",
    ],
    [
      "/b?list-type=2&continuation-token=1a",
      "/b?list-type=2&continuation-token=1a",
    ],
    [
      "/k?X-Amz-Credential=A%2F1&x-amz-signature=s&X-Amz-Date=d",
      "/k?X-Amz-Credential=<withheld>&x-amz-signature=<withheld>&X-Amz-Date=d",
    ],
    [
      "/k?AWSAccessKeyId=A&Signature=s&Expires=1",
      "/k?AWSAccessKeyId=<withheld>&Signature=<withheld>&Expires=1",
    ],
    ["/k?X%2DAmz%2DSignature=s", "/k?X%2DAmz%2DSignature=<withheld>"],
    [
      "/k?%zz=1&X-Amz-Security-Token=t",
      "/k?%zz=1&X-Amz-Security-Token=<withheld>",
    ],
    ["", ""],
  ] as const
) {
  Deno.test(`redactUrl shows ${url} as ${expected}`, () => {
    assertEquals(redactUrl(url), expected);
  });
}

Deno.test("redactQuery withholds the secrets of a form body", () => {
  assertEquals(
    redactQuery("Action=AssumeRole&TokenCode=123456&WebIdentityToken=j.w.t"),
    "Action=AssumeRole&TokenCode=<withheld>&WebIdentityToken=<withheld>",
  );
});

Deno.test("scrub finds a secret in each form it takes in a text", () => {
  const secret = 'a/b+"c';
  const text = `raw ${secret} url ${encodeURIComponent(secret)} json ${
    JSON.stringify(secret)
  }`;

  assertEquals(
    scrub(text, [secret, ""]),
    'raw <withheld> url <withheld> json "<withheld>"',
  );
});

Deno.test("scrub leaves no remains of a secret that holds another", () => {
  assertEquals(
    scrub("x-token-long x-token", ["token", "token-long"]),
    "x-<withheld> x-<withheld>",
  );
});

Deno.test("withoutSecretHeaders withholds by name, and copies only then", () => {
  const plain = { etag: '"e"' };
  const key = "x-amz-server-side-encryption-context";

  assertEquals(withoutSecretHeaders(plain) === plain, true);
  assertEquals(withoutSecretHeaders({ ...plain, [key]: "arn" }), {
    ...plain,
    [key]: "<withheld>",
  });
});

Deno.test("redactPresigned withholds proofs, encoded or not", () => {
  const query = "a=b&X-Amz-Signature=0123&X-Amz-Security-Token=to%2Fken&c=d";
  const cases = [
    [
      `x ${query}; y`,
      "x a=b&X-Amz-Signature=<withheld>&X-Amz-Security-Token=<withheld>&c=d; y",
    ],
    [
      encodeURIComponent(query),
      "a%3Db%26X-Amz-Signature%3D<withheld>%26X-Amz-Security-Token%3D<withheld>%26c%3Dd",
    ],
    ["plain X-Amz-Date=1", "plain X-Amz-Date=1"],
  ] as const;

  for (const [text, shown] of cases) {
    assertEquals(redactPresigned(text), shown);
  }
});

const KEYS = { AccessKeyId: "AKID", SecretAccessKey: "planted" };

Deno.test("withholding prints an object without the members it names", () => {
  const value = Object.assign(
    Object.create(withholding(["SecretAccessKey", "SessionToken"])),
    KEYS,
  );

  const printed = Deno.inspect({ value });

  assert(printed.includes("AKID"), printed);
  assert(!printed.includes("planted"), printed);
  assert(!printed.includes("SessionToken"), printed);
});

Deno.test("withholding leaves the members to whoever reads or copies them", () => {
  const value = Object.assign(
    Object.create(withholding(["SecretAccessKey"])),
    KEYS,
  );

  assertEquals(value.SecretAccessKey, "planted");
  assertEquals({ ...value }, KEYS);
  assertEquals(JSON.parse(JSON.stringify(value)), KEYS);
});
