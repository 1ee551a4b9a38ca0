/**
 * What takes too long for the suite: a gibibyte both ways over TLS, many
 * requests and many failures without a leak, and lines that lose packets, end,
 * or lead nowhere, over both transports.
 * `deno task test:socket` runs it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { TransportError } from "../../../src/foundation/errors.ts";
import { SocketTransport } from "../../../src/transport/socket/socket_transport.ts";
import { overBoth, transportName } from "../../both_transports.ts";
import { answering, HostileServer, ok } from "../hostile_server.ts";
import { bytesOf, requestTo } from "../requests.ts";
import { AUTHORITY } from "../tls_server.ts";

const GIBIBYTE = 1_024 ** 3;
const PIECE = 256 * 1_024;
const TLS = new URL("../../fixtures/tls/", import.meta.url);

function gibibyte(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = GIBIBYTE;
  return new ReadableStream({
    pull(controller): void {
      if (left === 0) return controller.close();
      left -= PIECE;
      controller.enqueue(new Uint8Array(PIECE));
    },
  }, { highWaterMark: 0 });
}

async function lengthOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const piece of stream) length += piece.length;
  return length;
}

Deno.test("a gibibyte goes both ways over TLS", async () => {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(new URL("localhost.pem", TLS)),
    key: await Deno.readTextFile(new URL("localhost.key.pem", TLS)),
    onListen: () => {},
  }, async (request) => {
    if (request.body === null) return new Response(gibibyte());
    return new Response(String(await lengthOf(request.body)));
  });
  {
    using transport = new SocketTransport({ caCerts: [AUTHORITY] });
    const origin = `https://localhost:${server.addr.port}`;
    const put = await transport.send(requestTo(origin, {
      method: "PUT",
      body: { length: GIBIBYTE, replayable: true, open: gibibyte },
    }));
    assertEquals(
      new TextDecoder().decode(await bytesOf(put)),
      String(GIBIBYTE),
    );
    const get = await transport.send(requestTo(origin));
    assert(get.body !== null);
    assertEquals(await lengthOf(get.body.open()), GIBIBYTE);
  }
  await server.shutdown();
});

/** Open files of this process, where the system tells them. */
async function openFiles(): Promise<number> {
  try {
    const files = await Array.fromAsync(Deno.readDir("/proc/self/fd"));
    return files.length;
  } catch {
    return 0;
  }
}

async function many(
  calls: number,
  atOnce: number,
  call: (turn: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

Deno.test("100 000 requests use few connections and leave nothing behind", async () => {
  await using server = new HostileServer(answering(ok("x".repeat(100))));
  using transport = new SocketTransport({ maxConnections: 8 });
  const call = async (): Promise<void> => {
    server.heads.length = 0;
    await bytesOf(await transport.send(requestTo(server.origin)));
  };
  await many(10_000, 8, call);
  const filesBefore = await openFiles();
  const before = Deno.memoryUsage().rss;
  await many(90_000, 8, call);
  assertEquals(server.connections, 8);
  assertEquals(await openFiles(), filesBefore);
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < 64 * 1_024 * 1_024, `grown by ${grown} bytes`);
});

Deno.test("10 000 failures of all kinds leave nothing behind", async () => {
  await using server = new HostileServer(async (peer, connection) => {
    const head = await peer.head();
    server.heads.length = 0;
    const kind = Number(/^GET \/(\d)/.exec(head)?.[1] ?? 0);
    const answers = [
      "",
      "HTTP/1.1 2",
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      "SSH-2.0\r\n",
    ];
    await peer.send(answers[kind] ?? "");
    if (connection % 2 === 0) await peer.pause(1);
    peer.close();
  });
  using transport = new SocketTransport({ maxConnections: 8 });
  let failures = 0;
  const call = async (turn: number): Promise<void> => {
    try {
      const path = `/${turn % 5}`;
      await bytesOf(await transport.send(requestTo(server.origin, { path })));
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      failures++;
    }
  };
  await many(2_000, 8, call);
  const filesBefore = await openFiles();
  const before = Deno.memoryUsage().rss;
  await many(8_000, 8, call);
  assertEquals(failures, 10_000);
  assert(await openFiles() <= filesBefore + 8);
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < 64 * 1_024 * 1_024, `grown by ${grown} bytes`);
});

/** Whether a command succeeds in a network namespace of its own. */
async function succeeds(command: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("unshare", {
      args: ["-n", "-m", "sh", "-c", command],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

const UP = "ip link set lo up";

/** One packet in twenty is lost: by netem, or where the kernel lacks it by nft. */
const LOSSY = `${UP} && { tc qdisc add dev lo root netem loss 5% ||
  nft 'add table inet lossy;
    add chain inet lossy in { type filter hook input priority 0; };
    add rule inet lossy in numgen random mod 100 < 5 drop'; } 2>/dev/null`;

/** A queue this short drops what does not fit: the line is slow and loses packets. */
const SHAPED =
  `${UP} && tc qdisc add dev lo root tbf rate 20mbit burst 70k limit 140k`;

/** A line that ends: what is sent stays in the queue for ever. */
const DEAD =
  `${UP} && tc qdisc add dev lo root tbf rate 8bit burst 70k limit 1k`;

/** What is sent to 10.9.9.1 leaves by a cable at whose other end nobody listens. */
const BLACK_HOLE = `${UP} && ip link add v0 type veth peer name v1 &&
  ip link set v0 up && ip link set v1 up && ip addr add 10.9.9.2/24 dev v0 &&
  ip neigh add 10.9.9.1 lladdr 02:00:00:00:00:01 dev v0`;

/** A name with two addresses, of which the first is the black hole. */
const TWO_ADDRESSES = `${BLACK_HOLE} &&
  printf '10.9.9.1 two.example\\n127.0.0.1 two.example\\n' > /tmp/inia-hosts-$$ &&
  mount --bind /tmp/inia-hosts-$$ /etc/hosts && rm /tmp/inia-hosts-$$`;

async function inNamespace(shape: string, act: string): Promise<string> {
  const program = new URL("line_program.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      "-n",
      "-m",
      "sh",
      "-c",
      `${shape} && exec deno run --no-check --allow-net --allow-read --allow-run=ip "$0" "$1" "$2"`,
      program,
      transportName(),
      act,
    ],
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

const ALL = "8000000 8000000";
const LINES: readonly {
  readonly name: string;
  readonly shape: string;
  readonly act: string;
  readonly fetch: string;
  readonly socket: string;
}[] = [{
  name: "what is sent over a line that loses 5 % of the packets arrives whole",
  shape: LOSSY,
  act: "both ways",
  fetch: ALL,
  socket: ALL,
}, {
  name: "what is sent over a line whose queue overflows arrives whole",
  shape: SHAPED,
  act: "both ways",
  fetch: ALL,
  socket: ALL,
}, {
  name: "a line that is dead is a read timeout, in the phase it was in",
  shape: DEAD,
  act: "both ways",
  fetch: "TimeoutError read none",
  socket: "TimeoutError read write",
}, {
  name: "a host that does not answer at all is a connect timeout",
  shape: BLACK_HOLE,
  act: "nobody there",
  fetch: "TimeoutError connect none",
  socket: "TimeoutError connect connect",
}, {
  name: "the second address of a host is used where the first is a black hole",
  shape: TWO_ADDRESSES,
  act: "two addresses",
  fetch: ALL,
  socket: ALL,
}, {
  name: "a server that vanishes from a kept connection is a read timeout",
  shape: UP,
  act: "vanished",
  fetch: "TimeoutError read none",
  socket: "TimeoutError read head",
}];

for (const { name, shape, act, ...expected } of LINES) {
  const can = await succeeds(shape);
  if (!can) {
    console.log(
      `${name}: ignored, as this system makes no such line (it takes root, ip and tc, or nft)`,
    );
  }
  overBoth(name, async () => {
    const found = await inNamespace(shape, act);
    assertEquals(found, `${expected[transportName()]}\n`);
  }, { ignore: !can });
}
