/**
 * Counts what a reader goes through to follow one call: files of `src` in which
 * a function runs, and those functions, for the first and the second
 * `getObject` of a fresh process, and the modules of its graph. Fails where a
 * count is over its limit.
 *
 * V8 counts the functions (`Profiler.takePreciseCoverage`); the first call
 * includes the making of session and client. A module is run where its code was
 * evaluated, and fetched where any import names it, also one that is never
 * reached.
 *
 * Usage: `deno task hops [list]`; `list` names the files of the first call, the
 * one with most functions first.
 *
 * @module
 */
import inspector from "node:inspector";

/** What each count may be. */
const LIMITS: Readonly<Record<string, number>> = {
  "first call, files": 45,
  "first call, functions": 293,
  "second call, files": 35,
  "second call, functions": 125,
  "modules run": 60,
  "modules fetched": 138,
};

/** What the inspector says of one file. */
interface Script {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly isBlockCoverage: boolean;
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly count: number;
    }[];
  }[];
}

/** A module of `deno info --json`. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier?: string };
  }[];
}

const ROOT = new URL("..", import.meta.url).href;
const PROGRAM = new URL("bench/one_call.ts", import.meta.url).href;

if (Deno.args[0] === "child") await measure();
else await report();

/** Runs the program under the inspector. */
async function measure(): Promise<void> {
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
  await post("Profiler.enable");
  await post("Profiler.startPreciseCoverage", { callCount: true });
  Deno.args.shift();
  const { read } = await import("./bench/one_call.ts");
  await read();
  const first = await post("Profiler.takePreciseCoverage");
  await read();
  const second = await post("Profiler.takePreciseCoverage");
  console.log(JSON.stringify([first, second]));
}

async function report(): Promise<void> {
  const calls = await covered();
  const [first = new Map(), second = new Map()] = calls.map(functionsRun);
  const counts: Readonly<Record<string, number>> = {
    "first call, files": first.size,
    "first call, functions": sum(first),
    "second call, files": second.size,
    "second call, functions": sum(second),
    "modules run": (calls[0] ?? []).filter(isOurs).length,
    "modules fetched": await fetched(),
  };
  if (Deno.args[0] === "list") {
    for (const [url, count] of [...first].sort((a, b) => b[1] - a[1])) {
      console.log(`${String(count).padStart(4)} ${url.slice(ROOT.length)}`);
    }
  }
  let over = 0;
  for (const [name, limit] of Object.entries(LIMITS)) {
    const count = counts[name] ?? Infinity;
    if (count > limit) over++;
    console.log(`hops: ${name}: ${count} of ${limit}`);
  }
  if (over > 0) Deno.exit(1);
}

/** Files and functions of both calls, from a process of their own. */
async function covered(): Promise<(readonly Script[])[]> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(new Uint8Array(1_024)),
  );
  const output = await run([
    "run",
    "--no-check",
    "--allow-net=127.0.0.1",
    "--allow-sys",
    import.meta.url,
    "child",
    `http://127.0.0.1:${server.addr.port}`,
  ]);
  const results: readonly { readonly result: readonly Script[] }[] = JSON
    .parse(output);
  return results.map(({ result }) => result);
}

/** How many functions ran in each file of `src`, the code of modules aside. */
function functionsRun(scripts: readonly Script[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { url, functions } of scripts) {
    if (!url.startsWith(`${ROOT}src/`)) continue;
    const ran = functions.filter(({ functionName, ranges: [whole] }) =>
      whole !== undefined && whole.count > 0 &&
      (functionName !== "" || whole.startOffset > 0)
    ).length;
    if (ran > 0) {
      counts.set(url, ran);
    }
  }
  return counts;
}

function isOurs({ url }: Script): boolean {
  return url === `${ROOT}mod.ts` || url.startsWith(`${ROOT}src/`);
}

/** Modules with code that the program's imports name, the dynamic ones too. */
async function fetched(): Promise<number> {
  const { modules }: { readonly modules: readonly Module[] } = JSON.parse(
    await run(["info", "--json", PROGRAM]),
  );
  const byName = new Map(modules.map((one) => [one.specifier, one]));
  const found = new Set([PROGRAM]);
  for (const name of found) {
    for (const { code } of byName.get(name)?.dependencies ?? []) {
      if (code?.specifier?.startsWith(ROOT)) found.add(code.specifier);
    }
  }
  found.delete(PROGRAM);
  return found.size;
}

async function run(args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return counts.values().reduce((total, count) => total + count, 0);
}
