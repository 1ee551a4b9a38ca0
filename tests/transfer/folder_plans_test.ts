import { assertEquals, assertNotEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import recorded from "../fixtures/folder_plans.json" with { type: "json" };
import {
  makeObjects,
  makeTree,
  planOf,
  SCENARIOS,
  shownPlan,
} from "./folder_scenarios.ts";

/** Where `aws s3 sync` has another plan, and what is different about ours. */
const DIFFERENT: ReadonlyMap<string, string> = new Map([
  ["keeps the file of a key with an empty name", "keys are compared as files"],
  ["follows a loop of folders once", "no file is sent twice"],
  [
    "names the key that is both a file and a folder",
    "what must fail is not planned",
  ],
  ["stops where two keys are one file", "the second key has no step"],
]);

for (const scenario of SCENARIOS) {
  Deno.test({
    name: `planFolder ${scenario.name}`,
    ignore: scenario.pipes !== undefined && Deno.build.os === "windows",
    fn: async () => {
      await using local = new LocalAws();
      using session = new Session({
        ...local.clientConfig,
        transport: local.transport(),
      });
      const s3 = session.client(S3);
      await s3.createBucket({ Bucket: "bucket" });
      const base = await Deno.makeTempDir();
      try {
        const root = `${base}/tree`;
        await Deno.mkdir(root);
        await makeObjects(
          scenario,
          (Key, size) =>
            s3.putObject({ Bucket: "bucket", Key, Body: new Uint8Array(size) }),
        );
        await makeTree(scenario, root, Date.now());

        const plan = await planOf(scenario, s3, "bucket", root);

        const record = recorded.find(({ name }) => name === scenario.name);
        assertEquals(shownPlan(scenario, plan), record?.ours);
      } finally {
        await Deno.remove(base, { recursive: true });
      }
    },
  });
}

Deno.test("planFolder plans as aws s3 sync does, where that loses nothing", () => {
  for (const { name, cli, ours } of recorded) {
    if (DIFFERENT.has(name)) assertNotEquals(ours.steps, cli.steps, name);
    else assertEquals(ours.steps, cli.steps, name);
  }
});

Deno.test("planFolder refuses nothing but what would lose data", () => {
  const refused = recorded
    .filter(({ ours }) => ours.refusals.length > 0)
    .map(({ name }) => name);
  assertEquals(
    refused,
    SCENARIOS.map(({ name }) => name).filter((name) =>
      name.startsWith("stops where")
    ),
  );
});
