import { assertEquals, assertThrows } from "@std/assert";
import { blocksOf } from "../../../tools/docs/page.ts";

Deno.test("blocksOf gives each block the permissions stated last above it", () => {
  const page = [
    "# Page",
    fence("ts", "first();"),
    "<!-- run: --allow-net=127.0.0.1 --allow-env=HOME -->",
    fence("ts", "second();"),
    fence("ts", "third();"),
    "<!-- run: -->",
    fence("ts", "fourth();"),
  ].join("\n");

  const blocks = blocksOf("page.md", page);

  const flags = ["--allow-net=127.0.0.1", "--allow-env=HOME"];
  assertEquals(blocks, [
    { place: "page.md:3", code: "first();\n", flags: [] },
    { place: "page.md:7", code: "second();\n", flags },
    { place: "page.md:10", code: "third();\n", flags },
    { place: "page.md:14", code: "fourth();\n", flags: [] },
  ]);
});

Deno.test("blocksOf passes over what is no TypeScript", () => {
  const page = [fence("sh", "ls"), fence("text", "x"), fence("py", "pass")];

  assertEquals(blocksOf("page.md", page.join("\n")), []);
});

Deno.test("blocksOf wants the reason of a block that is ignored", () => {
  const reason = "// Not run: asks at the terminal.\nask();";

  assertEquals(blocksOf("page.md", fence("ts ignore", reason)), []);
  assertThrows(
    () => blocksOf("page.md", fence("ts ignore", "ask();")),
    SyntaxError,
    "page.md:2: an ignored block",
  );
});

for (
  const flag of [
    "-A",
    "--allow-all",
    "--allow-net",
    "--allow-net=127.0.0.1,example.com",
    "--allow-run",
    "--allow-import",
    "--allow-env; rm",
  ]
) {
  Deno.test(`blocksOf refuses the permission ${flag}`, () => {
    const page = `<!-- run: ${flag} -->\n${fence("ts", "x();")}`;

    assertThrows(
      () => blocksOf("page.md", page),
      SyntaxError,
      "might lead out of the machine",
    );
  });
}

function fence(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\``;
}
