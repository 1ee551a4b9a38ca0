import { assertEquals } from "@std/assert";
import { plainWords } from "../../src/credentials/chain.ts";

Deno.test("plainWords keeps words and short numbers", () => {
  assertEquals(plainWords("oops\n"), "oops");
  assertEquals(
    plainWords(
      "ERROR: The session's role (dev) was refused, 403 AccessDeniedException.\n",
    ),
    "ERROR: The session's role (dev) was refused, 403 AccessDeniedException.",
  );
  assertEquals(plainWords(" \n"), "");
});

Deno.test("plainWords withholds whatever may be a secret", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["key AKIAIOSFODNN7EXAMPLE refused", "key <withheld> refused"],
    ["got wJalrXUtnFEMI/K7MDENG+x eyJhbGciOi.J9 end", "got <withheld> end"],
    ["password: hunter", "password: <withheld>"],
    ["client_secret=hunter", "<withheld>"],
    ["aws_session_token = hunter", "<withheld>"],
    ['{"SecretAccessKey":"abc"}', "<withheld>"],
    ["code 123456789", "code <withheld>"],
    ["abcdefghijklmnopqrstuvwxyz", "<withheld>"],
    ["https://user:pw@host/x", "<withheld>"],
  ];

  for (const [text, expected] of cases) {
    assertEquals(plainWords(text), expected);
  }
});

Deno.test("plainWords shows no more than the start of a long text", () => {
  assertEquals(plainWords("word ".repeat(1_000)).length < 2_010, true);
});
