import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { crypto, DIGEST_ALGORITHM_NAMES, timingSafeEqual } from "@std/crypto";
import { crypto as cryptoAlone } from "@std/crypto/crypto";
import { timingSafeEqual as equalAlone } from "@std/crypto/timing-safe-equal";

const { subtle } = crypto;

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function hex(buffer: ArrayBuffer): string {
  return new Uint8Array(buffer).toHex();
}

function md5(text: string): string {
  return hex(subtle.digestSync("MD5", bytes(text)));
}

async function* stream(
  ...chunks: BufferSource[]
): AsyncGenerator<BufferSource> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

Deno.test("crypto MD5 gives the sums of RFC 1321", () => {
  const sums: [string, string][] = [
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
  ];
  for (const [text, sum] of sums) assertStrictEquals(md5(text), sum);
});

Deno.test("crypto MD5 does not depend on how the data is cut", () => {
  const data = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
  const whole = hex(subtle.digestSync("MD5", data));
  for (const size of [1, 55, 56, 63, 64, 65, 128, 299]) {
    const cut = [data.subarray(0, size), data.subarray(size)];
    assertStrictEquals(hex(subtle.digestSync("MD5", cut)), whole);
  }
});

Deno.test("crypto digests buffers, sequences and streams", async () => {
  for (const name of DIGEST_ALGORITHM_NAMES) {
    const whole = hex(await subtle.digest(name, bytes("hello world")));
    const parts = [bytes("hello"), bytes(" wo").buffer, bytes("rld")];
    const view = new DataView(bytes("(hello world)").buffer, 1, 11);
    assertStrictEquals(hex(await subtle.digest(name, parts)), whole);
    assertStrictEquals(hex(await subtle.digest(name, stream(...parts))), whole);
    assertStrictEquals(hex(await subtle.digest(name, view)), whole);
    assertStrictEquals(hex(subtle.digestSync(name, parts)), whole);
    assertStrictEquals(hex(subtle.digestSync(name, view)), whole);
  }
  const web = globalThis.crypto.subtle;
  assertEquals(
    await subtle.digest("SHA-256", stream(bytes("x"))),
    await web.digest("SHA-256", bytes("x")),
  );
});

Deno.test("crypto takes names in any case and objects with a length", () => {
  const sum = md5("x");
  const names: unknown[] = ["md5", { name: "Md5" }, {
    name: "MD5",
    length: 16,
  }];
  for (const name of names) {
    const result = Reflect.apply(subtle.digestSync, subtle, [name, bytes("x")]);
    assertStrictEquals(hex(result), sum);
  }
  assertThrows(
    () => subtle.digestSync({ name: "MD5", length: 15 }, bytes("x")),
    TypeError,
    "non-default length specified for non-extendable algorithm",
  );
  assertThrows(
    () => subtle.digestSync({ name: "MD5", length: -1 }, bytes("x")),
    RangeError,
    "length must be an integer between 0 and 2147483647, inclusive",
  );
});

Deno.test("crypto refuses other data and names", async () => {
  const run = (name: unknown, data: unknown): Promise<unknown> =>
    Reflect.apply(subtle.digest, subtle, [name, data]);
  const chunk = "A chunk is not ArrayBuffer nor ArrayBufferView";
  await assertRejects(() => run("MD5", "text"), TypeError, chunk);
  await assertRejects(() => run("MD5", [1]), TypeError, chunk);
  await assertRejects(
    () => run("MD5", 7),
    TypeError,
    "data must be a BufferSource or [Async]Iterable<BufferSource>",
  );
  await assertRejects(() => run("ROT13", bytes("")), DOMException);
  assertThrows(
    () => Reflect.apply(subtle.digestSync, subtle, ["ROT13", bytes("")]),
    TypeError,
    "unsupported algorithm",
  );
});

Deno.test("crypto names what the stand-in leaves out", async () => {
  const message = "BLAKE3 is left out of this stand-in";
  const call = ["blake3", bytes("")];
  await assertRejects(
    () => Reflect.apply(subtle.digest, subtle, call),
    TypeError,
    message,
  );
  assertThrows(
    () => Reflect.apply(subtle.digestSync, subtle, call),
    TypeError,
    message,
  );
});

Deno.test("crypto passes the rest through", async () => {
  const { randomUUID, getRandomValues } = crypto;
  assertStrictEquals(randomUUID().length, 36);
  assert(getRandomValues(new Uint8Array(32)).some((byte) => byte !== 0));
  const { importKey, sign } = subtle;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await importKey("raw", bytes("k"), hmac, false, ["sign"]);
  assertStrictEquals((await sign("HMAC", key, bytes("x"))).byteLength, 32);
  assertStrictEquals(cryptoAlone, crypto);
});

Deno.test("timingSafeEqual compares bytes", () => {
  assert(timingSafeEqual(bytes("abc"), bytes("abc").buffer));
  assertFalse(timingSafeEqual(bytes("abc"), bytes("abd")));
  assert(timingSafeEqual(
    new DataView(bytes("xabc").buffer, 1),
    new Uint8Array(bytes("abc")),
  ));
  assert(timingSafeEqual(new Uint8Array(), new ArrayBuffer()));
  assertThrows(
    () => timingSafeEqual(bytes("abc"), bytes("ab")),
    TypeError,
    "Cannot compare buffers of different byte lengths (3 vs 2)",
  );
  assertStrictEquals(equalAlone, timingSafeEqual);
});
