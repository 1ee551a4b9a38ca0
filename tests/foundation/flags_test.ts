import { assertEquals } from "@std/assert";
import { joinFlags } from "../../src/foundation/flags.ts";

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
