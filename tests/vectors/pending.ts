/**
 * Which recorded cases wait for a later part, by what a case contains.
 *
 * @module
 */
import { ENDPOINT_PENDING } from "./endpoint_entries.ts";
import type { Pending } from "./entries.ts";

/** All pending cases. */
export const PENDING: readonly Pending<unknown>[] = [
  ...ENDPOINT_PENDING,
];
