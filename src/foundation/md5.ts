/**
 * MD5, which Web Crypto does not have. The package is loaded when it is first
 * asked for: it brings a WebAssembly module of 180 kB.
 *
 * @module
 */

/** MD5 of bytes. For the protocols that ask for it, never for security. */
export async function md5(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { crypto } = await import("@std/crypto");
  return new Uint8Array(await crypto.subtle.digest("MD5", bytes));
}
