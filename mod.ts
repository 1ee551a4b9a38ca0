/**
 * AWS for Deno scripts.
 *
 * @module
 */
export {};
