/**
 * Compares the plans of folders with those of `aws s3 sync --dryrun` on a real
 * server, and records both in `tests/fixtures/folder_plans.json`:
 *
 *     deno run -A tests/interop/folder_plans.ts http://127.0.0.1:5000
 *
 * It needs the program `aws` and an S3 that takes any key, such as moto.
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { deleteBucketWithObjects } from "../../src/transfer/mod.ts";
import {
  type FolderScenario,
  makeObjects,
  makeTree,
  planOf,
  SCENARIOS,
  type ShownPlan,
  shownPlan,
} from "../transfer/folder_scenarios.ts";

/** What is recorded of a scenario. */
export interface RecordedPlans {
  readonly name: string;
  readonly cli: {
    readonly code: number;
    readonly steps: readonly string[];
    readonly warnings: readonly string[];
  };
  readonly ours: ShownPlan;
}

if (import.meta.main) {
  const [endpointUrl = "http://127.0.0.1:5000"] = Deno.args;
  const recorded = await recordAll(endpointUrl);
  const fixture = new URL("../fixtures/folder_plans.json", import.meta.url);
  await Deno.writeTextFile(fixture, `${JSON.stringify(recorded, null, 2)}\n`);
  for (const { name, cli, ours } of recorded) {
    const isSame = JSON.stringify(cli.steps) === JSON.stringify(ours.steps) &&
      ours.refusals.length === 0;
    console.log(isSame ? "same     " : "different", name);
    if (!isSame) console.log(cli, ours);
  }
}

async function recordAll(endpointUrl: string): Promise<RecordedPlans[]> {
  const keys = {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  using session = new Session({
    endpointUrl,
    region: "us-east-1",
    credentials: keys,
  });
  const s3 = session.client(S3);
  const recorded: RecordedPlans[] = [];
  for (const scenario of SCENARIOS) {
    const bucket = `folders-${crypto.randomUUID().slice(0, 13)}`;
    const base = await Deno.makeTempDir();
    const root = `${base}/tree`;
    await Deno.mkdir(root);
    await s3.createBucket({ Bucket: bucket });
    try {
      await makeObjects(scenario, async (Key, size) => {
        const Body = new Uint8Array(size);
        // `fetch` cannot send a path with such names.
        if (/(?:^|\/)\.\.?(?:\/|$)/.test(Key)) {
          await putByCli(bucket, Key, Body, endpointUrl, keys);
        } else await s3.putObject({ Bucket: bucket, Key, Body });
      });
      await makeTree(scenario, root, Date.now());
      recorded.push({
        name: scenario.name,
        cli: await cliPlan(scenario, bucket, root, endpointUrl, keys),
        ours: shownPlan(scenario, await planOf(scenario, s3, bucket, root)),
      });
    } finally {
      await deleteBucketWithObjects(s3, bucket);
      await Deno.remove(base, { recursive: true });
    }
  }
  return recorded;
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function cli(
  args: readonly string[],
  endpointUrl: string,
  keys: Keys,
  cwd: string,
): Promise<Deno.CommandOutput> {
  return await new Deno.Command("aws", {
    args: [...args, "--endpoint-url", endpointUrl],
    cwd,
    env: {
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_DEFAULT_REGION: "us-east-1",
      LC_ALL: "C.UTF-8",
    },
  }).output();
}

async function putByCli(
  bucket: string,
  key: string,
  body: Uint8Array<ArrayBuffer>,
  endpointUrl: string,
  keys: Keys,
): Promise<void> {
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, body);
  const args = ["--bucket", bucket, "--key", key, "--body", file];
  const { success, stderr } = await cli(
    ["s3api", "put-object", ...args],
    endpointUrl,
    keys,
    "/",
  );
  await Deno.remove(file);
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function cliPlan(
  { direction, prefix = "", args = [] }: FolderScenario,
  bucket: string,
  root: string,
  endpointUrl: string,
  keys: Keys,
): Promise<RecordedPlans["cli"]> {
  const address = `s3://${bucket}/${prefix}`;
  const sides = direction === "up" ? [".", address] : [address, "."];
  const { code, stdout, stderr } = await cli(
    ["s3", "sync", ...sides, "--dryrun", ...args],
    endpointUrl,
    keys,
    root,
  );
  // Progress comes before a line, and blanks wipe it out.
  const lines = (bytes: Uint8Array): string[] =>
    new TextDecoder().decode(bytes).split("\n")
      .map((line) => line.replace(/^[^]*\r/, "").trim())
      .filter((line) => line !== "");
  const steps = lines(stdout)
    .map((line) => shownStep(line, `s3://${bucket}/${prefix && `${prefix}/`}`));
  const short = steps.filter((step) => step.length < 80);
  const more = steps.length - short.length;
  return {
    code,
    steps: [...short, ...more > 0 ? [`${more} longer paths`] : []],
    warnings: lines(stderr).map((line) =>
      line.replaceAll(root, ".").replaceAll(bucket, "BUCKET").slice(0, 120)
    ),
  };
}

/** `(dryrun) upload: ./a to s3://b/a` → `upload a`. */
function shownStep(line: string, address: string): string {
  const [, kind = "", rest = ""] = /^(?:\(dryrun\) )?(\w+): (.*)$/.exec(line) ??
    ["", "", line];
  const [first = ""] = rest.split(" to ");
  return `${kind} ${first.replace(address, "").replace(/^\.\//, "")}`;
}
