import { assertEquals } from "@std/assert";
import { oneOf, onOff } from "../../src/services/setting_rows.ts";

Deno.test("on and off are true and false, in any case of letters", () => {
  const row = onOff("useIt", { env: ["USE_IT"], fallback: false });

  assertEquals(row.env, ["USE_IT"]);
  assertEquals(row.fallback, false);
  assertEquals(row.read?.("TRUE"), true);
  assertEquals(row.read?.("false"), false);
  for (const text of ["", "1", "yes", "constructor"]) {
    assertEquals(row.read?.(text), undefined, text);
  }
  assertEquals([true, "true", undefined].map(row.accepts), [
    true,
    false,
    false,
  ]);
});

Deno.test("words are read in their meaning and accepted in code by it", () => {
  const row = oneOf("mode", { legacy: "global", regional: "regional" }, {});

  assertEquals(row.read?.("Legacy"), "global");
  assertEquals(row.read?.("regional"), "regional");
  assertEquals(row.read?.("toString"), undefined);
  assertEquals(row.allowed, "legacy, regional");
  assertEquals(["global", "legacy", 1].map(row.accepts), [true, false, false]);
});
