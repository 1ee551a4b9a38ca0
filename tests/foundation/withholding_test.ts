import { assert, assertEquals } from "@std/assert";
import { withholding } from "../../src/foundation/withholding.ts";

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
