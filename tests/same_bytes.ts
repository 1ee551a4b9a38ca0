/**
 * Compares bytes so that a failure can be read: megabytes, printed number by
 * number, take minutes and tell nothing.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";

/** What tells bytes apart, in a few words. */
interface Summary {
  readonly length: number | undefined;
  readonly sha256: string | undefined;
  readonly differsAt: number | undefined;
}

/**
 * Asserts that bytes are the expected ones, by their length and SHA-256.
 *
 * @param actual The bytes.
 * @param expected What they should be.
 */
export function assertSameBytes(
  actual: Uint8Array | null | undefined,
  expected: Uint8Array,
): void {
  const wanted = summary(expected);
  const found = actual ? summary(actual) : { ...NOTHING };
  if (wanted.length === found.length && wanted.sha256 === found.sha256) return;
  const differsAt = actual && firstDifference(actual, expected);
  assertEquals({ ...found, differsAt }, wanted);
}

const NOTHING: Summary = {
  length: undefined,
  sha256: undefined,
  differsAt: undefined,
};

function summary(bytes: Uint8Array): Summary {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { length: bytes.length, sha256, differsAt: undefined };
}

function firstDifference(one: Uint8Array, other: Uint8Array): number {
  const end = Math.min(one.length, other.length);
  for (let at = 0; at < end; at++) if (one[at] !== other[at]) return at;
  return end;
}
