/** What the workflows may do, and that nothing in them moves by itself. */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const WORKFLOWS = [".github/workflows/ci.yml", ".github/workflows/publish.yml"];

for (const path of WORKFLOWS) {
  Deno.test(`${path} pins actions by commit and keeps no credentials`, async () => {
    const text = await read(path);

    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, name]) => name);

    assert(uses.length > 0);
    for (const use of uses) {
      assert(
        /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(use ?? ""),
        use,
      );
    }
    const checkouts = text.match(/uses: actions\/checkout@/g)?.length;
    const forgotten = text.match(/persist-credentials: false/g)?.length;
    assertEquals(forgotten, checkouts);
  });

  Deno.test(`${path} may read the repository and no more, by default`, async () => {
    const [, head = ""] = /^([\s\S]*?)\njobs:\n/.exec(await read(path)) ?? [];

    assert(/\npermissions:\n {2}contents: read$/.test(head), head);
  });
}

Deno.test("only the job that publishes has the token, and it runs no tests", async () => {
  const text = await read(".github/workflows/publish.yml");
  const jobs = text.split(/\n(?= {2}\w+:\n)/).slice(1);

  const withToken = jobs.filter((job) => job.includes("id-token: write"));

  assertEquals(withToken.length, 1);
  const [job = ""] = withToken;
  assertEquals([...job.matchAll(/- run: (.*)/g)].map(([, run]) => run), [
    "deno publish",
  ]);
  assert(/\n {4}environment: \w+\n/.test(job), job);
  assert(/\n {4}needs: test\n/.test(job), job);
  assertEquals(
    text.includes("pull_request") || text.includes("pull_request_target"),
    false,
  );
});

Deno.test("what CI installs is pinned", async () => {
  const requirements = (await read(".ci/requirements.txt")).trim().split("\n")
    .filter((line) => !line.startsWith("#"));
  const lock = JSON.parse(await read(".ci/package-lock.json"));
  const workflows = await Promise.all(WORKFLOWS.map(read));
  const commands = [...workflows, await read(".ci/run")].join("\n");

  for (const line of requirements) {
    assert(/^[a-z\d-]+==[\w.]+$/.test(line), line);
  }
  for (
    const [path, entry] of Object.entries<{ integrity?: string }>(lock.packages)
  ) {
    if (path !== "") assert(entry.integrity?.startsWith("sha512-"), path);
  }
  for (const [command] of commands.matchAll(/pip install .*/g)) {
    assert(command.includes("-r .ci/requirements.txt"), command);
  }
  assertEquals(/\bnpx\b|deno-version: (?!\d+\.\d+\.\d+)/.exec(commands), null);
});

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}
