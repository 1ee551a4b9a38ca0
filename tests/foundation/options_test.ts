import { assertEquals } from "@std/assert";
import {
  isCount,
  isMilliseconds,
  joinFlags,
  nearestName,
  oneOf,
  readBoolean,
  readCount,
  readInteger,
} from "../../src/foundation/options.ts";

const KNOWN = ["Bucket", "Key", "VersionId", "SSECustomerKey"];

for (
  const [name, expected] of [
    ["bucket", "Bucket"],
    ["Buckets", "Bucket"],
    ["VersionID", "VersionId"],
    ["VersoinId", "VersionId"],
    ["SSECustomKey", "SSECustomerKey"],
    ["Kye", "Key"],
    ["Delimiter", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`nearestName takes "${name}" for ${expected}`, () => {
    assertEquals(nearestName(name, KNOWN), expected);
  });
}

Deno.test("readBoolean takes only the word true as true", () => {
  const texts = ["true", "True", "TRUE", "yes", "1", "", " true", "false"];

  assertEquals(texts.map(readBoolean), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("readInteger reads what Python reads", () => {
  const texts = ["7", " +7 ", "-7", "007", "1_000", "1__0", "_1", "1.0", "1e3"];

  assertEquals(texts.map(readInteger), [
    7,
    7,
    -7,
    7,
    1000,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(readInteger(""), undefined);
  assertEquals(readInteger("0x10"), undefined);
});

Deno.test("readCount refuses what is below 1", () => {
  assertEquals(["0", "1", "-1"].map(readCount), [undefined, 1, undefined]);
});

Deno.test("isCount refuses numbers in texts and numbers that are not whole", () => {
  assertEquals([1, 0, 1.5, "1", NaN, 2 ** 60].map(isCount), [
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("isMilliseconds refuses what a timer cannot hold", () => {
  const values = [0.5, 2 ** 31 - 1, 2 ** 31, 0, -1, NaN, Infinity, "1"];

  assertEquals(values.map(isMilliseconds), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("oneOf reads its words exactly", () => {
  const { read, accepts, allowed } = oneOf(["auto", "path"]);

  assertEquals([read("path"), read("Path"), read("")], [
    "path",
    undefined,
    undefined,
  ]);
  assertEquals([accepts("auto"), accepts(["auto"])], [true, false]);
  assertEquals(allowed, '"auto", "path"');
});

Deno.test("joinFlags writes each kind once, with each name once", () => {
  const flags = [
    "--allow-env=A",
    "--allow-read=/x=y",
    "--allow-env=B",
    "--allow-env=A",
    "--allow-run",
  ];

  assertEquals(
    joinFlags(flags),
    "--allow-env=A,B --allow-read=/x=y --allow-run",
  );
});

Deno.test("joinFlags of none is empty", () => {
  assertEquals(joinFlags([]), "");
});
