import { assertEquals } from "@std/assert";
import { choose } from "../../../tools/runtimes/portable.ts";

const SRC = `import { hex } from "../src/foundation/bytes.ts";\n`;

Deno.test("choose takes test files that need the library alone", () => {
  const modules = new Map([
    ["tests/a_test.ts", `${SRC}Deno.test("a", () => hex());\n`],
    ["tests/b_test.ts", `import { c } from "./c.ts";\nDeno.test("b", c);\n`],
    ["tests/c.ts", SRC],
  ]);

  assertEquals(choose(modules), {
    portable: ["tests/a_test.ts", "tests/b_test.ts"],
    leftOut: [],
  });
});

Deno.test("choose leaves out what needs Deno, with the module that does", () => {
  const modules = new Map([
    ["tests/a_test.ts", `${SRC}import "./server.ts";\nDeno.test("a", f);\n`],
    ["tests/server.ts", `export const server = Deno.listen({ port: 0 });\n`],
    ["tests/b_test.ts", `${SRC}const url = import.meta.url;\n`],
    ["tests/c_test.ts", `import "../tools/gen/main.ts";\n`],
    ["tests/d_test.ts", `Deno.test("d", () => {});\n`],
  ]);

  assertEquals(choose(modules), {
    portable: [],
    leftOut: [
      {
        path: "tests/a_test.ts",
        reason: "Deno.listen",
        where: "tests/server.ts",
      },
      {
        path: "tests/b_test.ts",
        reason: "import.meta",
        where: "tests/b_test.ts",
      },
      {
        path: "tests/c_test.ts",
        reason: "tests a tool",
        where: "tools/gen/main.ts",
      },
      {
        path: "tests/d_test.ts",
        reason: "tests nothing of src",
        where: "tests/d_test.ts",
      },
    ],
  });
});

Deno.test("choose takes a file in which only single tests need Deno", () => {
  const single = `${SRC}Deno.test("a", () => {
  Deno.inspect(1);
});
Deno.test("b", () => Deno.inspect(2));
Deno.test("c", () => {
});
`;
  const looped = `${SRC}for (const name of NAMES) {
  Deno.test(name, () => {
    Deno.inspect(1);
  });
}
`;
  const modules = new Map([
    ["tests/looped_test.ts", looped],
    ["tests/single_test.ts", single],
  ]);

  const { portable, leftOut } = choose(modules);

  assertEquals(portable, ["tests/single_test.ts"]);
  assertEquals(leftOut.map(({ reason }) => reason), ["Deno.inspect"]);
});

Deno.test("choose leaves out the modules of Node for browsers only", () => {
  const modules = new Map([
    ["tests/a_test.ts", `${SRC}import { x } from "node:crypto";\n`],
  ]);

  assertEquals(choose(modules).portable, ["tests/a_test.ts"]);
  assertEquals(choose(modules, true).leftOut.map(({ reason }) => reason), [
    '"node:crypto"',
  ]);
});
