/**
 * What importing `.` and `./s3` and making a client costs over a program that
 * does nothing: time from start to end of whole processes, in turn. The first
 * round only fills the caches of Deno.
 *
 * Usage: `deno task bench:import [rounds]`
 *
 * @module
 */
const [rounds = "15"] = Deno.args;
const PROGRAMS = ["bench/empty.ts", "bench/make_client.ts"] as const;

const results = new Map(PROGRAMS.map((program) => [program, [] as number[]]));
for (let round = 0; round <= Number(rounds); round++) {
  for (const [program, figures] of results) {
    const ms = await time(program);
    if (round > 0) figures.push(ms);
  }
}
const [empty = NaN, client = NaN] = [...results.values()].map(median);
console.log(
  `empty program ${empty.toFixed(1)} ms, with a client ${
    client.toFixed(1)
  } ms: ${(client - empty).toFixed(1)} ms for import and client`,
);

async function time(program: string): Promise<number> {
  const command = new Deno.Command("deno", {
    args: ["run", "--no-check", new URL(program, import.meta.url).pathname],
  });
  const start = performance.now();
  const { success, stderr } = await command.output();
  const ms = performance.now() - start;
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return ms;
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
