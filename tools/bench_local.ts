/**
 * `LocalAws` as a program beside moto's server: the figures of
 * docs/local-store.md. Both get the same requests from this library; what is
 * measured is the process of the server, so Linux is needed.
 *
 * Usage: `deno task bench:local [calls] [MiB]`; without numbers 2 000 calls and
 * 1 024 MiB. moto takes part where `python3` has `moto[server]`.
 *
 * @module
 */
import { Session } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { upload } from "../src/transfer/mod.ts";

/** A server that is measured. */
interface Contestant {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: (port: number) => readonly string[];
}

/** What was measured. */
type Figures = Readonly<Record<string, number>>;

const MIB = 1_024 * 1_024;
const KIB = new Uint8Array(1_024).fill(97);
const AT_ONCE = 4;
/** The kernel counts CPU in hundredths of a second. */
const TICK_MS = 10;

const SERVERS: readonly Contestant[] = [
  {
    name: "LocalAws",
    command: (port) => [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      new URL("../src/testing/local_program.ts", import.meta.url).pathname,
      `--port=${port}`,
    ],
  },
  {
    name: "moto",
    command: (port) => ["python3", "-m", "moto.server", "-p", `${port}`],
  },
];

const [calls = 2_000, mib = 1_024] = Deno.args.map(Number);
const all = new Map<string, Figures>();
for (const one of SERVERS) {
  const figures = await measure(one);
  if (figures === undefined) console.log(`${one.name}: not to be had here`);
  else all.set(one.name, figures);
}
const rows = Object.keys(all.get("LocalAws") ?? {});
for (const row of rows) {
  const texts = [...all].map(([name, figures]) =>
    `${name} ${figures[row]?.toFixed(figures[row] < 10 ? 2 : 0)}`
  );
  console.log(`${row.padEnd(44)}${texts.join("   ")}`);
}

async function measure(
  { command }: Contestant,
): Promise<Figures | undefined> {
  const port = freePort();
  const [program = "", ...args] = command(port);
  const started = performance.now();
  const server = new Deno.Command(program, {
    args,
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  void server.status.then(() => ended = true);
  try {
    while (!await answers(port)) {
      if (ended) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const start = performance.now() - started;
    return { "start to first answer, ms": start, ...await run(port, server) };
  } finally {
    if (!ended) server.kill();
    await server.status;
  }
}

async function run(
  port: number,
  { pid }: Deno.ChildProcess,
): Promise<Figures> {
  using session = new Session({
    endpointUrl: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    transport: "socket",
  });
  const s3 = session.client(S3);
  const Bucket = "bench";
  await s3.createBucket({ Bucket });

  const put = (index: number): Promise<unknown> =>
    s3.putObject({ Bucket, Key: `key-${index % 1_000}`, Body: KIB });
  const get = async (index: number): Promise<unknown> => {
    const Key = `key-${index % 1_000}`;
    return await (await s3.getObject({ Bucket, Key })).Body.bytes();
  };
  await many(1_000, put);
  await many(200, get);
  const puts = await many(calls, put);
  const gets = await many(calls, get);
  const lists = 20;
  const before = await cpuMs(pid);
  await many(lists, () => s3.listObjectsV2({ Bucket }));
  const list = (await cpuMs(pid) - before) / lists;

  const empty = await memory(pid);
  const piece = new Uint8Array(MIB).fill(98);
  const Body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      controller.enqueue(piece.slice());
      if (--left === 0) controller.close();
    },
  });
  let left = mib;
  await upload(s3, { Bucket, Key: "large", Body });
  const held = await memory(pid) - empty;
  await s3.deleteObject({ Bucket, Key: "large" });
  // The runtimes give memory back when they come to it.
  await many(200, put);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const kept = await memory(pid) - empty;
  return {
    "puts of 1 KiB a second, 4 at once": puts,
    "gets of 1 KiB a second, 4 at once": gets,
    "CPU of a list of 1 000 keys, ms": list,
    [`memory for ${mib} MiB in parts, of the bytes`]: held / mib / MIB,
    "memory after deleting them, of the bytes": kept / mib / MIB,
  };
}

/** Calls a second. */
async function many(
  count: number,
  call: (index: number) => Promise<unknown>,
): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return count / (performance.now() - started) * 1_000;
}

async function answers(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    await answer.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** CPU of a process so far; source: proc(5), fields 14 and 15 of stat. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await printed("cat", `/proc/${pid}/stat`);
  const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(")") + 2)
    .split(" ").slice(11, 13).map(Number);
  return (user + system) * TICK_MS;
}

/** Resident memory of a process, in bytes. */
async function memory(pid: number): Promise<number> {
  return Number(await printed("ps", "-o", "rss=", "-p", `${pid}`)) * 1_024;
}

/** Deno shows `/proc` to programs with every permission only. */
async function printed(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
