import * as zlib from "node:zlib";
import { assertEquals } from "@std/assert";
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import {
  type Crc,
  crc32,
  crc32c,
  crc64Nvme,
} from "../../src/foundation/crc.ts";

/** The value of "123456789", by which catalogues tell CRCs apart. */
const CHECKS: readonly (readonly [start: () => Crc, check: string])[] = [
  [crc32, "cbf43926"],
  [crc32c, "e3069283"],
  [crc64Nvme, "ae8b14860a799888"],
];

Deno.test("CRCs have the check values of the catalogue", () => {
  for (const [start, check] of CHECKS) {
    const crc = start();

    crc.update(utf8("123456789"));

    assertEquals(hex(crc.digest()), check);
  }
});

Deno.test("CRCs do not depend on the pieces or where they lie in memory", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 37);

  for (const [start] of CHECKS) {
    const whole = start();
    whole.update(bytes);
    for (let cut = 0; cut <= 20; cut++) {
      const crc = start();

      crc.update(bytes.subarray(0, cut));
      crc.update(new Uint8Array());
      crc.update(bytes.subarray(cut));

      assertEquals(crc.digest(), whole.digest(), `cut at ${cut}`);
    }
  }
});

Deno.test("crc32 of a long body goes on by the platform's function where it began", () => {
  const bytes = Uint8Array.from(
    { length: 600_000 },
    (_, i) => i * 37 + (i >> 9),
  );

  for (const piece of [1_000, 65_536, 262_144, 600_000]) {
    const crc = crc32();
    for (let start = 0; start < bytes.length; start += piece) {
      crc.update(bytes.subarray(start, start + piece));
    }

    assertEquals(
      hex(crc.digest()),
      zlib.crc32(bytes).toString(16).padStart(8, "0"),
    );
  }
});

Deno.test("CRCs agree with the definition, bit by bit", () => {
  const bytes = Uint8Array.from({ length: 67 }, (_, i) => i * i + 11);
  const polynomials = [
    [crc32, 0xedb88320n, 32n],
    [crc32c, 0x82f63b78n, 32n],
    [crc64Nvme, 0x9a6c9329ac4bc9b5n, 64n],
  ] as const;

  for (const [start, polynomial, width] of polynomials) {
    const crc = start();

    crc.update(bytes);

    assertEquals(
      hex(crc.digest()),
      bitByBit(bytes, polynomial, width).toString(16)
        .padStart(Number(width) / 4, "0"),
    );
  }
});

function bitByBit(
  bytes: Uint8Array,
  polynomial: bigint,
  width: bigint,
): bigint {
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1n ? crc >> 1n ^ polynomial : crc >> 1n;
    }
  }
  return crc ^ ones;
}
