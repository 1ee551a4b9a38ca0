/**
 * Where we differ from the recorded cases on purpose, by what a case contains.
 *
 * @module
 */
import type { Deviation } from "./entries.ts";

/** All deviations. */
export const DEVIATIONS: readonly Deviation<unknown>[] = [];
