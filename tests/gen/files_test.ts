import { assertEquals, assertRejects } from "@std/assert";
import { differences, formatted } from "../../tools/gen/files.ts";

Deno.test("differences tells what differs, where, and what to run", async () => {
  const folder = await Deno.makeTempDir();
  const root = new URL(`file://${folder}/`);
  try {
    await Deno.writeTextFile(new URL("same.ts", root), "a\n");
    await Deno.writeTextFile(new URL("changed.ts", root), "a\nb\n");

    const found = await differences(
      new Map([
        ["same.ts", "a\n"],
        ["changed.ts", "a\nc\n"],
        ["missing.ts", "a\n"],
      ]),
      root,
    );

    assertEquals(found, [
      'changed.ts is out of date: line 2 is "b", the model gives "c"; run deno task gen',
      "missing.ts is missing: run deno task gen",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("formatted says what it cannot format", async () => {
  await assertRejects(
    () => formatted(new Map([["broken.ts", "const = 1"]])),
    Error,
    "Cannot format a generated file",
  );
});
