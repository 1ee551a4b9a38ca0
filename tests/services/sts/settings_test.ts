import { assertEquals } from "@std/assert";
import { stsSettings } from "../../../src/services/sts/settings.ts";

Deno.test("the mode of STS's endpoints has its names outside, and its default", () => {
  const [row] = stsSettings;

  assertEquals(row?.name, "endpointMode");
  assertEquals(row?.env, ["AWS_STS_REGIONAL_ENDPOINTS"]);
  assertEquals(row?.profile, ["sts_regional_endpoints"]);
  assertEquals(row?.fallback, "regional");
  assertEquals(row?.read?.("legacy"), "legacy");
  assertEquals(row?.read?.("global"), undefined);
});
