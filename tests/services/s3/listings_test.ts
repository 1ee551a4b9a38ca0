import { assertEquals } from "@std/assert";
import type { Operation } from "../../../src/ports/schema.ts";
import { amendOutput } from "../../../src/services/s3/listings.ts";

type Values = Readonly<Record<string, unknown>>;

function operation(name: string): Operation<Values, Values> {
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
  const output = amendOutput(operation("ListObjectsV2"), {}, ENCODED);

  assertEquals<Values>(output, {
    EncodingType: "url",
    Prefix: "a b/",
    Contents: [{ Key: "k& %", Size: 1 }, { Size: 2 }],
    CommonPrefixes: [{ Prefix: "x y/" }],
    ContinuationToken: "t%2B",
  });
});

Deno.test("amendOutput decodes markers and versions", () => {
  const output = amendOutput(operation("ListObjectVersions"), {}, {
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
  const output = amendOutput(operation("ListObjects"), {}, {
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
  const list = operation("ListObjectsV2");

  assertEquals(amendOutput(list, { EncodingType: "url" }, ENCODED), ENCODED);
});

Deno.test("amendOutput leaves listings alone that are not encoded", () => {
  const plain = { Prefix: "a+b" };

  assertEquals(amendOutput(operation("ListObjectsV2"), {}, plain), plain);
  assertEquals(amendOutput(operation("ListParts"), {}, ENCODED), ENCODED);
});
