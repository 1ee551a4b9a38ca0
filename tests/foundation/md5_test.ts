import { assertEquals } from "@std/assert";
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import { md5 } from "../../src/foundation/md5.ts";

// RFC 1321, appendix A.5.
const SUITE = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
] as const;

Deno.test("md5 has the values of its RFC", async () => {
  for (const [message, hash] of SUITE) {
    assertEquals(hex(await md5(utf8(message))), hash);
  }
});
