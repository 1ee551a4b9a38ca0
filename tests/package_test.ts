import { assert, assertEquals } from "@std/assert";
import { VERSION } from "../src/session/core.ts";

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

Deno.test("the README links every page of the docs, and both are published", async () => {
  const readme = await Deno.readTextFile(
    new URL("../README.md", import.meta.url),
  );
  const { publish } = await readJson("deno.json") as {
    readonly publish: { readonly include: readonly string[] };
  };
  const pages = await filesOf("../docs/");

  assertEquals(
    pages.filter((page) => !readme.includes(`](docs/${page})`)),
    [],
  );
  assert(publish.include.includes("docs/*.md"));
  assert(publish.include.includes("README.md"));
});

Deno.test("each decision has a number of its own", async () => {
  const numbers = (await filesOf("../docs/decisions/"))
    .map((name) => name.slice(0, 4));

  assertEquals([...new Set(numbers)], numbers);
});

async function filesOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (
    const { name, isFile } of Deno.readDir(new URL(folder, import.meta.url))
  ) {
    if (isFile) names.push(name);
  }
  return names;
}

async function readJson(name: string): Promise<Record<string, unknown>> {
  const url = new URL(`../${name}`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(url));
}
