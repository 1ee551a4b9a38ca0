import { assertEquals } from "@std/assert";
import {
  lengthOf,
  placeOf,
  RangeTakers,
  restFields,
  takesRanges,
} from "../../src/client/byte_range.ts";
import type { HeaderMap } from "../../src/ports/http.ts";
import {
  GetObject,
  GetObjectTorrent,
  HeadObject,
  PutObject,
} from "../../src/services/s3/mod.ts";

const TAG = { etag: '"v1"' };

Deno.test("takesRanges is true of streams that can be asked for in part", () => {
  const taken = [GetObject, GetObjectTorrent, HeadObject, PutObject]
    .map((operation) => takesRanges<never, unknown>(operation));

  assertEquals(taken, [true, false, false, false]);
});

Deno.test("RangeTakers answers alike however often it is asked", () => {
  const takers = new RangeTakers();
  const asked = [GetObject, PutObject, GetObject, PutObject]
    .map((operation) => takers.has<never, unknown>(operation));

  assertEquals(asked, [true, false, true, false]);
});

Deno.test("placeOf finds the bytes of an answer", () => {
  const range = { ...TAG, "content-range": "bytes 5-9/100" };
  const cases: readonly (readonly [
    number,
    HeaderMap,
    string | undefined,
    ReturnType<typeof placeOf>,
  ])[] = [
    [200, { ...TAG, "content-length": "7" }, undefined, {
      ...TAG,
      start: 0,
      end: 6,
      total: 7,
    }],
    [200, TAG, undefined, { ...TAG, start: 0 }],
    [200, { ...TAG, "content-length": "7, 7" }, undefined, {
      ...TAG,
      start: 0,
    }],
    // A server that knows no ranges sends it all.
    [200, { ...TAG, "content-length": "7" }, "bytes=2-3", {
      ...TAG,
      start: 0,
      end: 6,
      total: 7,
    }],
    [206, range, "bytes=5-9", { ...TAG, start: 5, end: 9, total: 100 }],
    [206, { ...TAG, "content-range": "bytes 5-9/*" }, "bytes=5-9", {
      ...TAG,
      start: 5,
      end: 9,
    }],
    [206, range, undefined, undefined],
    [206, TAG, "bytes=5-9", undefined],
    [206, { ...TAG, "content-range": "rows 5-9/100" }, "rows=5-9", undefined],
    [200, { "content-length": "7" }, undefined, undefined],
    [200, { etag: "" }, undefined, undefined],
    [200, { etag: 'W/"v1"' }, undefined, undefined],
    [304, TAG, undefined, undefined],
  ];
  for (const [status, headers, asked, place] of cases) {
    const response = { status, headers, body: null };

    assertEquals(placeOf(asked, response), place);
  }
});

Deno.test("restFields asks for the same state from a byte on", () => {
  const open = { etag: '"v1"', start: 0 };

  assertEquals(restFields({ ...open, end: 9 }, 4), {
    "if-match": '"v1"',
    range: "bytes=4-9",
  });
  assertEquals(restFields(open, 4).range, "bytes=4-");
  assertEquals([lengthOf({ ...open, end: 9 }), lengthOf(open)], [
    10,
    undefined,
  ]);
});
