/**
 * A stand-in for `@std/crypto`: MD5 and the SHA digests of Web Crypto over
 * buffers and streams, and a comparison in constant time.
 *
 * @module
 */
export * from "./crypto.ts";
export * from "./timing_safe_equal.ts";
