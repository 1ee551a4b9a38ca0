import { nearestName } from "../../src/foundation/options.ts";
import { assertEquals } from "@std/assert";

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
