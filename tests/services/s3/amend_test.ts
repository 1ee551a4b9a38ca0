import { assertEquals, assertRejects } from "@std/assert";
import { base64, utf8 } from "../../../src/foundation/bytes.ts";
import { ValidationError } from "../../../src/foundation/errors.ts";
import type { Member, Operation } from "../../../src/ports/schema.ts";
import { amendInput, amendOutput } from "../../../src/services/s3/amend.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const KEY_MD5 = "hRasmdxgYDKV3nvbahU1MA==";

type Input = Readonly<Record<string, unknown>>;

function operation(
  name: string,
  ...members: string[]
): Operation<Input, Input> {
  const string: Member = { of: "string" };
  const entries = members.map((member) => [member, string]);
  return {
    name,
    method: "PUT",
    path: "/",
    input: () => ({ kind: "structure", members: Object.fromEntries(entries) }),
    output: () => ({ kind: "structure", members: {} }),
  };
}

const COPY = operation(
  "CopyObject",
  "CopySource",
  "CopySourceSSECustomerKey",
  "CopySourceSSECustomerKeyMD5",
  "SSECustomerKey",
  "SSECustomerKeyMD5",
);

for (
  const [source, expected] of [
    ["b/a b+c", "b/a%20b%2Bc"],
    ["/b/a%20b", "/b/a%2520b"],
    ["b/k?versionId=v/1+", "b/k?versionId=v/1+"],
    ["b/k?versionId=", "b/k%3FversionId%3D"],
    ["b/a?b?versionId=v", "b/a%3Fb?versionId=v"],
    [{ Bucket: "b", Key: "a?b/ü" }, "b/a%3Fb/%C3%BC"],
    [{ Bucket: "b", Key: "k", VersionId: "v+1" }, "b/k?versionId=v+1"],
    [
      { Bucket: "arn:aws:s3:us-west-2:1:accesspoint/p", Key: "k" },
      "arn%3Aaws%3As3%3Aus-west-2%3A1%3Aaccesspoint/p/object/k",
    ],
  ] as const
) {
  Deno.test(`amendInput encodes the copy source ${JSON.stringify(source)}`, async () => {
    const input = { CopySource: source };

    const amended = await amendInput(COPY, input);

    assertEquals<Input>(amended, { CopySource: expected });
    assertEquals(input, { CopySource: source });
  });
}

Deno.test("amendInput names every part that a copy source lacks", async () => {
  const error = await assertRejects(
    async () => await amendInput(COPY, { CopySource: { Key: "" } }),
    ValidationError,
  );

  assertEquals(error.problems, [
    { path: "CopySource.Bucket", problem: "is required" },
    {
      path: "CopySource.Key",
      problem: "must be a string that is not empty",
    },
  ]);
});

Deno.test("amendInput encodes customer keys and adds their digests", async () => {
  const amended = await amendInput(COPY, {
    SSECustomerKey: KEY,
    CopySourceSSECustomerKey: utf8(KEY),
  });

  assertEquals<Input>(amended, {
    SSECustomerKey: base64(utf8(KEY)),
    SSECustomerKeyMD5: KEY_MD5,
    CopySourceSSECustomerKey: base64(utf8(KEY)),
    CopySourceSSECustomerKeyMD5: KEY_MD5,
  });
});

Deno.test("amendInput leaves a key alone that comes with its digest", async () => {
  const input = { SSECustomerKey: "encoded", SSECustomerKeyMD5: "digest" };

  assertEquals(await amendInput(COPY, input), input);
});

Deno.test("amendInput asks for url-encoding where the caller does not choose", async () => {
  const list = operation("ListObjectsV2", "Prefix", "EncodingType");

  assertEquals<Input>(await amendInput(list, { Prefix: "p" }), {
    Prefix: "p",
    EncodingType: "url",
  });
  assertEquals<Input>(await amendInput(list, { EncodingType: "none" }), {
    EncodingType: "none",
  });
  assertEquals<Input>(await amendInput(COPY, {}), {});
});

Deno.test("amendInput leaves what is of a wrong type for the check", async () => {
  const wrong = { CopySource: 1, SSECustomerKey: {} };

  assertEquals<Input>(await amendInput(COPY, wrong), wrong);
});

type Values = Readonly<Record<string, unknown>>;

function listing(name: string): Operation<Values, Values> {
  return {
    name,
    method: "GET",
    path: "/",
    input: () => ({ kind: "structure", members: {} }),
    output: () => ({ kind: "structure", members: {} }),
  };
}

const ENCODED = {
  EncodingType: "url",
  Prefix: "a+b%2F",
  Contents: [{ Key: "k%26+%25", Size: 1 }, { Size: 2 }],
  CommonPrefixes: [{ Prefix: "x%20y/" }],
  ContinuationToken: "t%2B",
};

Deno.test("amendOutput decodes a listing that was encoded on our own account", () => {
  const output = amendOutput(listing("ListObjectsV2"), {}, ENCODED);

  assertEquals<Values>(output, {
    EncodingType: "url",
    Prefix: "a b/",
    Contents: [{ Key: "k& %", Size: 1 }, { Size: 2 }],
    CommonPrefixes: [{ Prefix: "x y/" }],
    ContinuationToken: "t%2B",
  });
});

Deno.test("amendOutput decodes markers and versions", () => {
  const output = amendOutput(listing("ListObjectVersions"), {}, {
    EncodingType: "url",
    KeyMarker: "a%20",
    Versions: [{ Key: "k%20" }],
    DeleteMarkers: [{ Key: "d%20" }],
  });

  assertEquals<Values>(output, {
    EncodingType: "url",
    KeyMarker: "a ",
    Versions: [{ Key: "k " }],
    DeleteMarkers: [{ Key: "d " }],
  });
});

Deno.test("amendOutput keeps what is no encoding", () => {
  const output = amendOutput(listing("ListObjects"), {}, {
    EncodingType: "url",
    Prefix: "100%",
    Marker: "%ff",
  });

  assertEquals<Values>(output, {
    EncodingType: "url",
    Prefix: "100%",
    Marker: "\uFFFD",
  });
});

Deno.test("amendOutput leaves an encoding alone that the caller asked for", () => {
  const list = listing("ListObjectsV2");

  assertEquals(amendOutput(list, { EncodingType: "url" }, ENCODED), ENCODED);
});

Deno.test("amendOutput leaves listings alone that are not encoded", () => {
  const plain = { Prefix: "a+b" };

  assertEquals(amendOutput(listing("ListObjectsV2"), {}, plain), plain);
  assertEquals(amendOutput(listing("ListParts"), {}, ENCODED), ENCODED);
});
