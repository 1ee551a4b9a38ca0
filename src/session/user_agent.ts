/**
 * Who we are, for the services' statistics.
 *
 * @module
 */
import { VERSION } from "./version.ts";

/** `inia/0.1.0 Deno/2.9.6`: this package, and what it runs on, without any permission. */
export function userAgent(): string {
  const runtime = globalThis.navigator?.userAgent ?? "";
  return `inia/${VERSION} ${runtime}`.trimEnd();
}
