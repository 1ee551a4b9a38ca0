/**
 * Where the CPU of a call goes: self time by layer, after warm-up, by V8's
 * sampling profiler. The server runs in a process of its own. The profiler costs
 * as well, so take the figures for shares.
 *
 * Usage: `deno task bench:profile [get|put|list] [calls at once] [fetch|socket]`.
 *
 * @module
 */
import inspector from "node:inspector";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

const [act = "get", atOnce = "1", transport = "fetch"] = Deno.args;
const WARM_UP = 4_000;
const CALLS = act === "list" ? 1_000 : 12_000;

/** What a profile says of one function. */
interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
}

interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const folder = await Deno.makeTempDir();
try {
  await Deno.writeTextFile(`${folder}/list`, listing());
  const server = new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--allow-net=127.0.0.1",
      "--allow-read",
      new URL("server.ts", import.meta.url).pathname,
      folder,
    ],
    stdout: "piped",
  }).spawn();
  const reader = server.stdout.getReader();
  const port = new TextDecoder().decode((await reader.read()).value).trim();
  await profiled(actOf(`http://127.0.0.1:${port}`));
  server.kill();
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit();

async function profiled(once: () => Promise<unknown>): Promise<void> {
  const session = new inspector.Session();
  session.connect();
  const post = (method: string, params?: object): Promise<unknown> =>
    new Promise((resolve, reject) =>
      session.post(
        method,
        params,
        (error: unknown, result: unknown) =>
          error ? reject(error) : resolve(result),
      )
    );
  await run(once, WARM_UP);
  await post("Profiler.enable");
  await post("Profiler.setSamplingInterval", { interval: 100 });
  await post("Profiler.start");
  await run(once, CALLS);
  const { profile } = await post("Profiler.stop") as {
    readonly profile: Profile;
  };
  const times = new Map<string, number>();
  const layers = new Map(profile.nodes.map((node) => [node.id, layerOf(node)]));
  for (const [index, id] of profile.samples.entries()) {
    const layer = layers.get(id) ?? "";
    const us = profile.timeDeltas[index] ?? 0;
    times.set(layer, (times.get(layer) ?? 0) + us);
  }
  times.delete("idle");
  console.log(`${act}, ${atOnce} at once, ${transport}: µs of CPU a call`);
  for (const [layer, us] of [...times].sort((a, b) => b[1] - a[1])) {
    console.log(`${(us / CALLS).toFixed(1).padStart(7)} ${layer}`);
  }
}

function layerOf({ callFrame: { functionName, url } }: Node): string {
  if (functionName === "(idle)") return "idle";
  if (functionName === "(garbage collector)") return "collection of garbage";
  const [, layer] = /\/src\/(\w+)\//.exec(url) ?? [];
  if (layer !== undefined) return layer;
  if (url.startsWith("file:")) return "this program";
  return url === "" ? "native code and microtasks" : "platform's scripts";
}

async function run(
  once: () => Promise<unknown>,
  count: number,
): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, lane));
}

function actOf(endpointUrl: string): () => Promise<unknown> {
  if (transport !== "fetch" && transport !== "socket") {
    throw new Error(`no transport "${transport}": there are fetch and socket`);
  }
  const s3 = new Session({
    region: "us-east-1",
    endpointUrl,
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "k" },
    maxIdleConnections: 64,
    transport,
  }).client(S3);
  const object = { Bucket: "bkt", Key: "small" };
  const body = new Uint8Array(1_024);
  switch (act) {
    case "get":
      return async () => (await s3.getObject(object)).Body.bytes();
    case "put":
      return () => s3.putObject({ ...object, Body: body });
    case "list":
      return () => s3.listObjectsV2({ Bucket: "bkt" });
    default:
      throw new Error(`no act "${act}": there are get, put and list`);
  }
}

function listing(): string {
  const contents = Array.from(
    { length: 1_000 },
    (_, i) =>
      `<Contents><Key>image-${i}.jpeg</Key><LastModified>2024-02-29T12:34:56.000Z</LastModified>` +
      `<ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>${
        1_024 + i
      }</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return `<ListBucketResult><Name>bkt</Name><IsTruncated>false</IsTruncated>${
    contents.join("")
  }</ListBucketResult>`;
}
