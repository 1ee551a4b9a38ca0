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

Deno.test("the comments of every entry are looked at", async () => {
  const { exports, tasks } = await readJson("deno.json") as {
    readonly exports: Readonly<Record<string, string>>;
    readonly tasks: Readonly<Record<string, string>>;
  };
  const paths = Object.values(exports).map((path) => path.replace("./", ""));

  assertEquals(tasks["lint:docs"], `deno doc --lint ${paths.sort().join(" ")}`);
});

Deno.test("the README names every entry", async () => {
  const { exports } = await readJson("deno.json") as {
    readonly exports: Readonly<Record<string, string>>;
  };
  const readme = await Deno.readTextFile(
    new URL("../README.md", import.meta.url),
  );
  const rows = readme.split("## Entries")[1]?.split("\n## ")[0] ?? "";

  const missing = Object.keys(exports).filter((entry) =>
    !new RegExp(`^\\| .*${entry === "." ? "@inia/aws" : entry.slice(1)}\``, "m")
      .test(rows)
  );
  assertEquals(missing, []);
});

async function readJson(name: string): Promise<Record<string, unknown>> {
  const url = new URL(`../${name}`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(url));
}
