import { assert, assertEquals } from "@std/assert";
import { pictures } from "../../tools/pictures.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("docs/pictures are what deno task pictures makes", async () => {
  const made = await pictures();
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL("docs/pictures/", ROOT))) {
    names.push(name);
  }

  assertEquals(names.toSorted(), Object.keys(made).toSorted());
  for (const [name, picture] of Object.entries(made)) {
    const there = await Deno.readTextFile(
      new URL(`docs/pictures/${name}`, ROOT),
    );
    assert(there === picture, `${name} is old: run deno task pictures`);
  }
});

Deno.test("every picture stands on a page", async () => {
  const pages = ["ARCHITECTURE.md"];
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  const shown = new Set<string>();
  for (const page of pages) {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    for (const [, name = ""] of text.matchAll(/pictures\/([\w-]+\.svg)\)/g)) {
      shown.add(name);
    }
  }

  assertEquals([...shown].toSorted(), Object.keys(await pictures()).toSorted());
});

Deno.test("the pictures have a name, colours for the dark, and nothing from elsewhere", async () => {
  for (const [name, picture] of Object.entries(await pictures())) {
    assert(picture.includes("<title>"), name);
    assert(picture.includes("prefers-color-scheme: dark"), name);
    const links = [...picture.matchAll(/https?:\/\/[^"\s]+/g)].map(([url]) =>
      url
    );
    assertEquals(links, ["http://www.w3.org/2000/svg"], name);
  }
});
