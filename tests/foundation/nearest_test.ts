import { assertEquals } from "@std/assert";
import { nearestName } from "../../src/foundation/nearest.ts";

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
