import { assertEquals } from "@std/assert";
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import { ShaStream } from "../../src/foundation/sha_stream.ts";

const HASHES = [
  ["SHA-1", ShaStream.sha1],
  ["SHA-256", ShaStream.sha256],
] as const;

Deno.test("ShaStream has the values of FIPS 180", () => {
  const sha1 = ShaStream.sha1();
  const sha256 = ShaStream.sha256();

  sha1.update(utf8("abc"));
  sha256.update(utf8("abc"));

  assertEquals(hex(sha1.digest()), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assertEquals(
    hex(sha256.digest()),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("ShaStream agrees with Web Crypto around the ends of blocks", async () => {
  const bytes = Uint8Array.from({ length: 260 }, (_, i) => i * 31 + 7);

  for (const [name, start] of HASHES) {
    for (let length = 0; length < 200; length++) {
      const message = bytes.slice(3, 3 + length);
      const hash = start();

      for (const piece of [[0, 1], [1, 70], [70, 71], [71, length]] as const) {
        hash.update(message.subarray(...piece));
      }

      assertEquals(
        hash.digest(),
        new Uint8Array(await crypto.subtle.digest(name, message)),
        `${name} of ${length} bytes`,
      );
    }
  }
});
