/**
 * Upload and download of one large file by this library and by its peers, in
 * turn against one server in a process of its own: speed of the transfer, CPU
 * time and peak memory of the whole process. Prints medians, with the least and
 * the greatest value, and the ratios to boto3.
 *
 * Usage: `deno task bench:transfer [MiB] [rounds] [folder]`; the folder is one
 * in which `npm install @aws-sdk/client-s3 @aws-sdk/lib-storage` was run. It
 * needs GNU time. A peer that is not there is left out.
 *
 * @module
 */
import { checkPattern, pattern } from "./bench/pattern.ts";

/** One run of a program, or the median of several. */
interface Figures {
  /** 10⁶ bytes per second of the transfer itself. */
  readonly speed: number;
  /** Seconds of CPU of the process. */
  readonly cpu: number;
  /** Peak memory of the process, in MiB. */
  readonly memory: number;
}

/** How a program is started; its arguments follow. */
interface Program {
  readonly command: readonly string[];
  readonly cwd?: string;
}

/** What is measured: an act, and the key that makes the server behave. */
const ACTS = [["upload", "plain"], ["download", "plain"], [
  "download",
  "sealed",
]] as const;

const MIB = 1_024 * 1_024;
const [mebibytes = "1024", rounds = "3", folder] = Deno.args;
const size = Number(mebibytes) * MIB;
const temporary = await Deno.makeTempDir();
const server = new Deno.Command("deno", {
  args: [
    "run",
    "--no-check",
    "--allow-net=127.0.0.1",
    path("object_server.ts"),
    String(size),
    String(8 * MIB),
  ],
  stdout: "piped",
}).spawn();
try {
  const origin = `http://127.0.0.1:${await firstLine(server.stdout)}`;
  const source = `${temporary}/source`;
  await Deno.writeFile(source, ReadableStream.from(pattern(0, size)));
  const programs = await present(origin, source);
  for (const [act, key] of ACTS) {
    const results = new Map<string, Figures[]>();
    for (let round = 0; round < Number(rounds); round++) {
      for (const [name, program] of programs) {
        // The peers don't verify a file by the checksum of the whole object.
        if (key === "sealed" && name !== "inia") continue;
        const figures = await measure(program, act, origin, key);
        results.set(name, [...results.get(name) ?? [], figures]);
      }
    }
    report(key === "sealed" ? `${act}, verified` : act, results);
  }
} finally {
  server.kill();
  await server.status;
  await Deno.remove(temporary, { recursive: true });
}

/** The programs that work here: each uploads once, and the server compares. */
async function present(
  origin: string,
  source: string,
): Promise<ReadonlyMap<string, Program>> {
  const programs: Readonly<Record<string, Program>> = {
    inia: {
      command: [
        "deno",
        "run",
        "--no-check",
        "--allow-net=127.0.0.1",
        "--allow-read",
        "--allow-write",
        path("transfer_inia.ts"),
      ],
    },
    boto3: { command: ["python3", path("transfer_boto3.py")] },
    ...folder !== undefined && {
      "aws-sdk": {
        command: ["node", path("transfer_sdk.mjs")],
        cwd: folder,
      },
    },
  };
  const working = new Map<string, Program>();
  for (const [name, program] of Object.entries(programs)) {
    try {
      await run(program, ["upload", origin, "checked", source]);
      working.set(name, program);
    } catch (error) {
      if (name === "inia") throw error;
      console.log(`${name} is left out: ${String(error).slice(-300)}`);
    }
  }
  return working;
}

async function measure(
  program: Program,
  act: "download" | "upload",
  origin: string,
  key: string,
): Promise<Figures> {
  const target = `${temporary}/target`;
  const file = act === "upload" ? `${temporary}/source` : target;
  const figures = await run(program, [act, origin, key, file]);
  if (act === "download") {
    using opened = await Deno.open(target);
    if (await checkPattern(opened.readable, 0) !== size) {
      throw new Error("the file is not as long as the object");
    }
    await Deno.remove(target);
  }
  return figures;
}

async function run(
  { command, cwd = temporary }: Program,
  args: readonly string[],
): Promise<Figures> {
  const usage = `${temporary}/usage`;
  const { success, stdout, stderr } = await new Deno.Command("time", {
    args: ["-f", "%U %S %M", "-o", usage, ...command, ...args],
    cwd,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  const [user = NaN, system = NaN, kibibytes = NaN] =
    (await Deno.readTextFile(usage)).trim().split(" ").map(Number);
  return {
    speed: size / 1e6 / Number(decoder.decode(stdout)),
    cpu: user + system,
    memory: kibibytes / 1_024,
  };
}

function report(
  title: string,
  results: ReadonlyMap<string, readonly Figures[]>,
): void {
  console.log(`${title} of ${mebibytes} MiB, ${rounds} rounds`);
  const base = results.get("boto3");
  for (const [name, runs] of results) {
    const cells = (["speed", "cpu", "memory"] as const).map((figure) => {
      const of = (all: readonly Figures[]) =>
        all.map((run) => run[figure]).sort((a, b) => a - b);
      const sorted = of(runs);
      const [least, middle, most] = [sorted[0], median(sorted), sorted.at(-1)];
      const digits = figure === "cpu" ? 2 : 0;
      const ratio = base && base !== runs
        ? ` ×${(middle / median(of(base))).toFixed(2)}`
        : "";
      return `${middle.toFixed(digits)} (${least?.toFixed(digits)}–${
        most?.toFixed(digits)
      })${ratio}`;
    });
    const [speed, cpu, memory] = cells;
    console.log(`  ${name}: ${speed} MB/s, ${cpu} s CPU, ${memory} MiB`);
  }
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value).trim();
}

function path(file: string): string {
  return new URL(`bench/${file}`, import.meta.url).pathname;
}
