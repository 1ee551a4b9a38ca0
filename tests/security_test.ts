import { assert } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

Deno.test("every promise of SECURITY.md names tests that are there", async () => {
  const page = await Deno.readTextFile(new URL("SECURITY.md", ROOT));
  const promised = page.split("## What is promised")[1]
    ?.split("## What is not promised")[0] ?? "";
  const promises = promised.split(/\n- /).slice(1);

  assert(promises.length > 15, `${promises.length} promises`);
  for (const promise of promises) {
    const paths = [...promise.matchAll(/`(tests\/[\w/]+\.ts)`/g)]
      .map(([, path = ""]) => path);
    assert(paths.length > 0, promise);
    for (const path of paths) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      assert(/\b(?:Deno\.test|overBoth)\(/.test(text), path);
    }
  }
});
