import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import {
  fittingPartSize,
  Meter,
  partSettings,
  type TransferProgress,
} from "../../src/transfer/options.ts";

const MIB = 1_024 * 1_024;

Deno.test("partSettings fills in what boto3 has", () => {
  assertEquals(partSettings({}), { partSize: 8 * MIB, concurrency: 10 });
});

Deno.test("partSettings refuses what S3 would refuse in the end", () => {
  assertThrows(
    () => partSettings({ partSize: 5 * MIB - 1 }),
    ConfigError,
    "partSize must be a whole number, 5242880 to 5368709120: current value is 5242879",
  );
  assertThrows(
    () => partSettings({ concurrency: 0 }),
    ConfigError,
    "concurrency must be a whole number, >= 1: current value is 0",
  );
});

Deno.test("fittingPartSize grows where there would be more than 10 000 parts", () => {
  const sizes = [0, 1, 80_000 * MIB, 80_000 * MIB + 1, 5 * 1_024 * 1_024 * MIB]
    .map((length) => fittingPartSize(length, 8 * MIB) / MIB);

  assertEquals(sizes, [8, 8, 8, 9, 525]);
});

Deno.test("Meter counts up and down and tells the total", () => {
  const told: TransferProgress[] = [];
  const meter = new Meter({ onProgress: (progress) => told.push(progress) }, 9);

  for (const bytes of [5, 0, -5, 9]) meter.add(bytes);

  assertEquals(told, [
    { bytes: 5, total: 9 },
    { bytes: 0, total: 9 },
    { bytes: 9, total: 9 },
  ]);
});
