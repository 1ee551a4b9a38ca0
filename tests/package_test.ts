import { assertEquals } from "@std/assert";
import { VERSION } from "../src/session/version.ts";

Deno.test("deno.jsr.json is deno.json without the stand-ins", async () => {
  const here = await readJson("deno.json");
  const { imports, compilerOptions, test } = here;

  assertEquals(await readJson("deno.jsr.json"), {
    imports,
    compilerOptions,
    test,
  });
});

Deno.test("the services are told the version of the package", async () => {
  assertEquals((await readJson("deno.json"))["version"], VERSION);
});

async function readJson(name: string): Promise<Record<string, unknown>> {
  const url = new URL(`../${name}`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(url));
}
