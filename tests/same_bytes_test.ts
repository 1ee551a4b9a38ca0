import { assert, assertThrows } from "@std/assert";
import { assertSameBytes } from "./same_bytes.ts";

Deno.test("assertSameBytes takes equal bytes, and no others", () => {
  const bytes = new Uint8Array(5_000_000).fill(7);

  assertSameBytes(bytes, bytes.slice());
  for (
    const other of [
      bytes.subarray(1),
      bytes.with(4_999_999, 8),
      null,
      undefined,
    ]
  ) {
    const error = assertThrows(() => assertSameBytes(other, bytes), Error);
    assert(error.message.length < 2_000, `${error.message.length} characters`);
  }
});

Deno.test("assertSameBytes tells where bytes differ first", () => {
  const bytes = new Uint8Array(1_000);

  assertThrows(
    () => assertSameBytes(bytes.with(345, 1), bytes),
    Error,
    "345",
  );
});
