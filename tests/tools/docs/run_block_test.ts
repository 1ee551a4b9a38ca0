import { assertEquals, assertStringIncludes } from "@std/assert";
import { runBlock } from "../../../tools/docs/run_block.ts";

const NET = "--allow-net=127.0.0.1";

Deno.test("runBlock is content with a program that calls the server of its environment", async () => {
  const code = `
    import { client } from "@inia/aws";
    import { S3 } from "@inia/aws/s3";
    const { Body } = await client(S3).getObject({ Bucket: "photos", Key: "cat.txt" });
    if (await Body.text() !== "miaow") throw new Error("another cat");
  `;

  assertEquals(await run(code, [NET, "--allow-env=AWS_*,HOME"]), undefined);
});

Deno.test("runBlock tells what a program lacks the permission for", async () => {
  const problem = await run('await fetch("http://127.0.0.1/");');

  assertStringIncludes(problem ?? "", "failed with no permission\nerror: ");
  assertStringIncludes(problem ?? "", 'Requires net access to "127.0.0.1:80"');
});

Deno.test("runBlock ends a program that hangs", async () => {
  const problem = await run("setInterval(() => {}, 1_000);", [], 100);

  assertEquals(problem, "did not end within 100 ms");
});

async function run(
  code: string,
  flags: readonly string[] = [],
  limitMs?: number,
): Promise<string | undefined> {
  const cache = await Deno.makeTempDir();
  try {
    return await runBlock({ place: "page.md:1", code, flags }, cache, limitMs);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
