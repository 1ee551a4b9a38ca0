/**
 * What `./local` does in a second beside moto, the CPU of a listing, its memory
 * with and after many bytes, and how soon it answers: ratios of one run.
 *
 * Each server is a process of its own. The client writes signed requests to
 * plain connections, so that it takes little itself. moto takes part where
 * `python3` has it; CPU and memory are read where there is `/proc`.
 *
 * Usage: `deno task bench:local [calls] [MiB]`; 2 000 calls of each kind and
 * 1 024 MiB in parts by default. The figures stand in docs/local-store.md.
 *
 * @module
 */
import { signRequest } from "../src/signing/mod.ts";

const [CALLS = 2_000, MIB = 1_024] = Deno.args.map(Number);

/** How many requests are on their way at once. */
const AT_ONCE = 4;
/** Keys that are written and read in turn. */
const KEYS = 64;
/** Bytes of a small object. */
const SMALL = 1_024;
/** MiB of a part. */
const PART = 8;
/** Listings whose CPU is taken together. */
const LISTINGS = 20;
const BUCKET = "bench";

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

/** A server in a process of its own. */
interface Server {
  readonly name: string;
  readonly child: Deno.ChildProcess;
  readonly port: number;
  /** From its start to its first answer, in seconds. */
  readonly start: number;
}

/** What was measured. */
interface Figures {
  readonly start: number;
  readonly puts: number;
  readonly gets: number;
  /** CPU of a list of 1 000 keys, in ms. */
  readonly list: number | undefined;
  /** Memory with all parts, and after they were deleted, of the bytes held. */
  readonly held: number | undefined;
  readonly after: number | undefined;
}

/** A connection of its own; it is opened again where the server closes it. */
class Caller {
  readonly #port: number;
  readonly #buffer = new Uint8Array(64 * 1_024);
  #connection: Deno.TcpConn | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Signs and sends a request: head and body of the answer as text. */
  async call(
    method: string,
    target: string,
    content?: Uint8Array<ArrayBuffer>,
  ): Promise<string> {
    const request = await written(this.#port, method, target, content ?? null);
    const answer = await this.exchange(request);
    if (!/^HTTP\/1\.1 [23]/.test(answer) && target !== "/") {
      throw new Error(`${method} ${target} was answered: ${answer}`);
    }
    return answer;
  }

  /** Sends a request and reads its answer. */
  async exchange(request: Uint8Array): Promise<string> {
    const connection = this.#connection ??= await Deno.connect({
      hostname: "127.0.0.1",
      port: this.#port,
    });
    for (let sent = 0; sent < request.length;) {
      sent += await connection.write(request.subarray(sent));
    }
    const decoder = new TextDecoder("latin1");
    let answer = "";
    for (;;) {
      const end = answer.indexOf("\r\n\r\n");
      const head = answer.slice(0, Math.max(end, 0));
      const length = /^content-length: *(\d+)/im.exec(head)?.[1];
      const bodiless = head.startsWith("HTTP/1.1 204");
      if (end >= 0 && (length !== undefined || bodiless)) {
        if (answer.length >= end + 4 + Number(bodiless ? 0 : length)) {
          if (/^connection: *close/im.test(head)) this.close();
          return answer;
        }
      }
      const count = await connection.read(this.#buffer);
      if (count === null) {
        this.close();
        if (end >= 0) return answer;
        throw new Error("The server has closed the connection");
      }
      answer += decoder.decode(this.#buffer.subarray(0, count));
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

const local = await measure("local", (port) => [
  Deno.execPath(),
  "run",
  "--no-check",
  "--allow-net=127.0.0.1",
  new URL("../src/testing/local_program.ts", import.meta.url).pathname,
  `--port=${port}`,
]);
const moto = await hasMoto()
  ? await measure("moto", (port) => [
    "python3",
    "-m",
    "moto.server",
    "-H",
    "127.0.0.1",
    "-p",
    String(port),
  ])
  : undefined;
if (moto === undefined) console.log("python3 has no moto: no ratios");

const ROWS: readonly (readonly [
  what: string,
  of: (figures: Figures) => number | undefined,
  /** Whether more is better. */
  more: boolean,
  digits: number,
])[] = [
  ["start to first answer, s", ({ start }) => start, false, 2],
  ["puts of 1 KiB, 4 at once, /s", ({ puts }) => puts, true, 0],
  ["gets of 1 KiB, 4 at once, /s", ({ gets }) => gets, true, 0],
  ["CPU of a list of 1 000 keys, ms", ({ list }) => list, false, 1],
  [`memory with ${MIB} MiB in parts, of these`, ({ held }) => held, false, 2],
  ["memory after deleting them, of these", ({ after }) => after, false, 2],
];
const shown = (value: number | undefined, digits: number): string =>
  (value === undefined ? "-" : value.toFixed(digits)).padStart(8);
console.log(`\n${"".padEnd(42)}   local     moto    ratio`);
for (const [what, of, more, digits] of ROWS) {
  const ours = of(local);
  const theirs = moto === undefined ? undefined : of(moto);
  const ratio = ours === undefined || theirs === undefined
    ? undefined
    : more
    ? ours / theirs
    : theirs / ours;
  console.log(
    what.padEnd(42),
    shown(ours, digits),
    shown(theirs, digits),
    shown(ratio, 1),
  );
}

async function hasMoto(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("python3", {
      args: ["-c", "import moto.server"],
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

async function measure(
  name: string,
  command: (port: number) => readonly string[],
): Promise<Figures> {
  const server = await start(name, command);
  try {
    const { port, child } = server;
    const caller = new Caller(port);
    await caller.call("PUT", `/${BUCKET}`);
    const puts = await rate(port, "PUT");
    const gets = await rate(port, "GET");
    for (let number = KEYS; number < 1_000; number++) {
      await caller.call("PUT", `/${BUCKET}/${name}${number}`, body(1));
    }
    const before = await cpu(child.pid);
    for (let number = 0; number < LISTINGS; number++) {
      await caller.call("GET", `/${BUCKET}?list-type=2`);
    }
    const used = await cpu(child.pid);
    const list = before === undefined || used === undefined
      ? undefined
      : (used - before) / LISTINGS;
    const idle = await memory(child.pid);
    await upload(caller);
    const full = await memory(child.pid);
    await caller.call("DELETE", `/${BUCKET}/big`);
    // As much as it takes to give memory back, and no more.
    for (let number = 0; number < 50; number++) {
      await caller.call("GET", `/${BUCKET}/0`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const empty = await memory(child.pid);
    caller.close();
    const of = (bytes: number | undefined): number | undefined =>
      bytes === undefined || idle === undefined
        ? undefined
        : (bytes - idle) / (MIB * 1_024 * 1_024);
    const figures = {
      start: server.start,
      puts,
      gets,
      list,
      held: of(full),
      after: of(empty),
    };
    console.log(name, figures);
    return figures;
  } finally {
    server.child.kill();
    await server.child.status;
  }
}

async function start(
  name: string,
  command: (port: number) => readonly string[],
): Promise<Server> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const [program = "", ...args] = command(port);
  const begun = performance.now();
  const child = new Deno.Command(program, {
    args,
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (;;) {
    try {
      const caller = new Caller(port);
      await caller.call("GET", "/");
      caller.close();
      const start = (performance.now() - begun) / 1_000;
      return { name, child, port, start };
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Requests a second. */
async function rate(port: number, method: "GET" | "PUT"): Promise<number> {
  const requests: Uint8Array[] = [];
  for (let number = 0; number < KEYS; number++) {
    const path = `/${BUCKET}/${number}`;
    requests.push(
      await written(port, method, path, method === "PUT" ? body(SMALL) : null),
    );
  }
  const callers = Array.from({ length: AT_ONCE }, () => new Caller(port));
  let number = 0;
  const run = async (until: number): Promise<void> => {
    await Promise.all(callers.map(async (caller) => {
      while (number < until) {
        const request = requests[number++ % KEYS];
        if (request !== undefined) await caller.exchange(request);
      }
    }));
  };
  await run(Math.ceil(CALLS / 4));
  const begun = performance.now();
  const warm = number;
  await run(warm + CALLS);
  const seconds = (performance.now() - begun) / 1_000;
  for (const caller of callers) caller.close();
  return CALLS / seconds;
}

async function upload(caller: Caller): Promise<void> {
  const path = `/${BUCKET}/big`;
  const begun = await caller.call("POST", `${path}?uploads`);
  const id = /<UploadId>(.*?)</.exec(begun)?.[1] ?? "";
  const bytes = body(PART * 1_024 * 1_024);
  const parts: string[] = [];
  for (let number = 1; number <= MIB / PART; number++) {
    // Parts of their own, so that none can be kept for another.
    bytes.fill(number & 0xff, 0, 1_024);
    const head = await caller.call(
      "PUT",
      `${path}?partNumber=${number}&uploadId=${id}`,
      bytes,
    );
    const etag = /^etag: *(.*)$/im.exec(head)?.[1] ?? "";
    parts.push(
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
  }
  await caller.call(
    "POST",
    `${path}?uploadId=${id}`,
    new TextEncoder().encode(
      `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
        parts.join("")
      }</CompleteMultipartUpload>`,
    ),
  );
}

/** Bytes of a length. */
function body(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index % 251);
}

/** A signed request, as it is sent. */
async function written(
  port: number,
  method: string,
  target: string,
  content: Uint8Array<ArrayBuffer> | null = null,
): Promise<Uint8Array> {
  const request = await signRequest(
    new Request(`http://127.0.0.1:${port}${target}`, { method, body: content }),
    { credentials: CREDENTIALS, region: "us-east-1", service: "s3" },
  );
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `content-length: ${content?.length ?? 0}`,
    ...[...request.headers].filter(([name]) => name !== "host")
      .map(([name, value]) => `${name}: ${value}`),
  ];
  await request.body?.cancel();
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const all = new Uint8Array(head.length + (content?.length ?? 0));
  all.set(head);
  if (content !== null) all.set(content, head.length);
  return all;
}

/** CPU of a process in ms. Clock ticks are 10 ms on Linux. */
async function cpu(pid: number): Promise<number | undefined> {
  const stat = await proc(`/proc/${pid}/stat`);
  const fields = stat?.replace(/^.*\) /, "").split(" ");
  return fields === undefined
    ? undefined
    : (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident bytes of a process. */
async function memory(pid: number): Promise<number | undefined> {
  const status = await proc(`/proc/${pid}/status`);
  const [, kib] = /^VmRSS:\s*(\d+) kB/m.exec(status ?? "") ?? [];
  return kib === undefined ? undefined : Number(kib) * 1_024;
}

/** A file that Deno opens with all permissions only. */
async function proc(path: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("cat", {
      args: [path],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}
