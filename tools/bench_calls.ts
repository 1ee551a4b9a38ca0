/**
 * CPU time of one small GET: bare `fetch`, the least signed call, and this
 * library, in turn against one server in a process of its own. Prints medians
 * and the ratios between them.
 *
 * Usage: `deno task bench:calls [rounds] [calls]`
 *
 * @module
 */
const [rounds = "5", calls = "4000"] = Deno.args;
const PROGRAMS = ["bare", "floor", "inia"] as const;

const server = new Deno.Command("deno", {
  args: ["run", "--no-check", "--allow-net=127.0.0.1", path("bench/server.ts")],
  stdout: "piped",
}).spawn();
const origin = `http://127.0.0.1:${await firstLine(server.stdout)}`;

for (const atOnce of ["1", "16"]) {
  const results = new Map(PROGRAMS.map((program) => [program, [] as number[]]));
  for (let round = 0; round < Number(rounds); round++) {
    for (const [program, figures] of results) {
      figures.push(await measure(program, atOnce));
    }
  }
  const [bare = 0, floor = 0, inia = 0] = [...results.values()].map(median);
  console.log(
    `${atOnce} at once: bare fetch ${bare.toFixed(0)} µs, floor ${
      floor.toFixed(0)
    } µs, inia ${inia.toFixed(0)} µs of CPU per GET; inia/floor ${
      (inia / floor).toFixed(2)
    }, inia/bare ${(inia / bare).toFixed(2)}, floor/bare ${
      (floor / bare).toFixed(2)
    }`,
  );
}
server.kill();
await server.status;

async function measure(program: string, atOnce: string): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--allow-net=127.0.0.1",
      path("bench/client.ts"),
      program,
      origin,
      calls,
      atOnce,
    ],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return Number(decoder.decode(stdout));
}

async function firstLine(
  stream: ReadableStream<Uint8Array>,
): Promise<string> {
  const reader = stream.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value).trim();
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function path(relative: string): string {
  return new URL(relative, import.meta.url).pathname;
}
