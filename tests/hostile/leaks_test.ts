/**
 * Calls of all kinds leave no timer, body, socket or listener behind: what a test
 * leaves is an error of the test itself.
 *
 * @module
 */
import { overBoth, transportName } from "../both_transports.ts";
import { assert, assertEquals } from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import { AwsError, TransportError } from "../../src/foundation/errors.ts";
import type { Clock } from "../../src/ports/system.ts";
import type { HttpRequest, HttpResponse } from "../../src/ports/http.ts";
import type { S3 } from "../../src/services/s3/mod.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { countingSignal } from "../transport/counting_signal.ts";
import { HostileServer, type Peer } from "../transport/hostile_server.ts";
import { answer, refusal, s3At } from "./store.ts";

/** What becomes of an object, by its key. */
const KINDS = [
  "whole",
  "pieces",
  "cancelled",
  "left",
  "missing",
  "busy",
  "cut",
  "closed",
  "upload",
  "listing",
] as const;

type Kind = typeof KINDS[number];

const LISTING = "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>";

overBoth("ten thousand calls of all kinds leave nothing behind", async () => {
  const { signal, listeners } = countingSignal();
  const clock = countingClock();
  let open = 0;
  const tries = new Map<string, number>();
  using client = s3At("http://store.example", {
    clock,
    transport: {
      send: (request) => {
        const key = kindOf(request);
        const attempt = (tries.get(request.path) ?? 0) + 1;
        tries.set(request.path, attempt);
        return answered(key, attempt, (change) => {
          open += change;
        });
      },
      [Symbol.dispose]: () => {},
    },
  });

  const results = await counter(10_000, client.s3, signal);

  assertEquals(results, {
    "whole done": 1_000,
    "pieces done": 1_000,
    "cancelled done": 1_000,
    "left done": 1_000,
    "missing NoSuchKey": 1_000,
    "busy done": 1_000,
    "cut cut": 1_000,
    "closed closed": 1_000,
    "upload done": 1_000,
    "listing done": 1_000,
  });
  assertEquals([listeners(), clock.timers, open], [0, 0, 0]);
});

overBoth(
  "a thousand calls over the loopback interface leave nothing behind",
  async () => {
    const tries = new Map<string, number>();
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        const [, path = ""] = /^\w+ (\S+)/.exec(await peer.request()) ?? [];
        const attempt = (tries.get(path) ?? 0) + 1;
        tries.set(path, attempt);
        if (!await serve(peer, /photos\/?([a-z]*)/.exec(path)?.[1], attempt)) {
          return peer.close();
        }
      }
    });
    const { signal, listeners } = countingSignal();
    {
      using client = s3At(server.origin, { maxConnections: 16 });

      const results = await counter(1_000, client.s3, signal);

      assertEquals(results, {
        "whole done": 100,
        "pieces done": 100,
        "cancelled done": 100,
        "left done": 100,
        "missing NoSuchKey": 100,
        "busy done": 100,
        "cut cut": 100,
        "closed closed": 100,
        "upload done": 100,
        "listing done": 100,
      });
    }
    assertEquals(listeners(), 0);
  },
);

overBoth("a program ends when its work is done", async () => {
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      const head = await peer.request();
      if (head.startsWith("GET")) {
        await peer.send(answer("200 OK", "x".repeat(300_000), 'etag: "e"'));
      } else if (head.includes("refused")) {
        await peer.send(refusal("503 Slow Down", "SlowDown"));
      } else await peer.send(answer("200 OK"));
    }
  });
  const program = new URL("ending_program.ts", import.meta.url).href;
  const child = new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      program,
      server.origin,
      transportName(),
    ],
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(30_000),
  }).spawn();
  const printed = child.stdout[Symbol.asyncIterator]();

  const { value } = await printed.next();
  const done = performance.now();
  const { code } = await child.status;
  const ms = performance.now() - done;

  assertEquals(text(value ?? new Uint8Array()).trim(), "done");
  assertEquals(code, 0);
  assertEquals((await printed.next()).done, true);
  assert(ms < 1_000, `it ended ${ms} ms after its work`);
});

/** Makes many calls, some at once, and counts how they ended. */
async function counter(
  calls: number,
  s3: S3,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const results: Record<string, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const number = next++;
      const kind = KINDS[number % KINDS.length] ?? "whole";
      const end = `${kind} ${await outcome(s3, kind, number, signal)}`;
      results[end] = (results[end] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 40 }, worker));
  return results;
}

async function outcome(
  s3: S3,
  kind: Kind,
  number: number,
  signal: AbortSignal,
): Promise<string> {
  const object = { Bucket: "photos", Key: `${kind}/${number}` };
  const options = { signal, totalTimeoutMs: 60_000 };
  try {
    if (kind === "upload") {
      await s3.putObject({ ...object, Body: "x" }, options);
    } else if (kind === "closed") {
      await s3.createMultipartUpload(object, options);
    } else if (kind === "listing") {
      await s3.listObjectsV2({ Bucket: "photos", Prefix: object.Key }, options);
    } else {
      const { Body } = await s3.getObject(object, options);
      if (kind === "cancelled") await Body.cancel();
      else if (kind === "left") {
        const reader = Body.stream.getReader();
        await reader.read();
        await reader.cancel();
      } else if (kind === "pieces") await Array.fromAsync(Body);
      else await Body.bytes();
    }
    return "done";
  } catch (error) {
    if (error instanceof TransportError) return error.kind;
    return error instanceof AwsError && "code" in error
      ? String(error.code)
      : String(error);
  }
}

function kindOf({ path }: HttpRequest): string | undefined {
  return /photos\/?([a-z]*)/.exec(path)?.[1];
}

/** Serves one request; says whether the connection stays. */
async function serve(
  peer: Peer,
  kind: string | undefined,
  attempt: number,
): Promise<boolean> {
  const size = kind === "whole" || kind === "cut" ? 1_000 : 200_000;
  const whole = answer("200 OK", "x".repeat(size));
  switch (kind) {
    case "closed":
      return false;
    case "cut":
      await peer.send(whole.slice(0, -9));
      return false;
    case "busy":
      await peer.send(
        attempt > 1 ? whole : refusal("503 Slow Down", "SlowDown"),
      );
      return true;
    case "missing":
      await peer.send(refusal("404 Not Found", "NoSuchKey"));
      return true;
    case "upload":
      await peer.send(answer("200 OK"));
      return true;
    case "":
      await peer.send(answer("200 OK", LISTING));
      return true;
    default:
      await peer.send(whole);
      return true;
  }
}

/** The same without a socket; tells of bodies that are opened and ended. */
function answered(
  kind: string | undefined,
  attempt: number,
  count: (change: number) => void,
): Promise<HttpResponse> {
  const bytes = new Uint8Array(kind === "whole" ? 1_000 : 70_000);
  const ok = (body: Uint8Array<ArrayBuffer>, length = body.length) =>
    Promise.resolve({
      status: 200,
      headers: { "content-length": `${length}` },
      body: bodyOf(body, count),
    });
  const refused = (status: number, code: string): Promise<HttpResponse> =>
    Promise.resolve({
      status,
      headers: {},
      body: bodyOf(utf8(`<Error><Code>${code}</Code></Error>`), count),
    });
  switch (kind) {
    case "closed":
      return Promise.reject(
        new TransportError("closed", "closed", { maybeSent: true }),
      );
    case "cut":
      return ok(bytes, bytes.length + 9);
    case "busy":
      return attempt > 1 ? ok(bytes) : refused(503, "SlowDown");
    case "missing":
      return refused(404, "NoSuchKey");
    case "upload":
      return Promise.resolve({ status: 200, headers: {}, body: null });
    case "":
      return ok(utf8(LISTING));
    default:
      return ok(bytes);
  }
}

function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  count: (change: number) => void,
): NonNullable<HttpResponse["body"]> {
  const open = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
    count(1);
    let rest = bytes;
    return new ReadableStream({
      pull: (controller): void => {
        if (rest.length === 0) {
          count(-1);
          return controller.close();
        }
        controller.enqueue(rest.slice(0, 30_000));
        rest = rest.slice(30_000);
      },
      cancel: () => count(-1),
    }, { highWaterMark: 0 });
  };
  return {
    open,
    bytes: () => new Response(open()).bytes(),
    cancel: () => Promise.resolve(),
  };
}

/** A clock that knows how many timers run. */
function countingClock(): Clock & { readonly timers: number } {
  const clock = new FixedClock("2024-02-29T12:34:56Z");
  let timers = 0;
  return {
    get timers(): number {
      return timers;
    },
    now: () => clock.now(),
    sleep: () => Promise.resolve(),
    timer: (ms, fn) => {
      timers++;
      let isOn = true;
      const timer = clock.timer(ms, fn);
      return {
        [Symbol.dispose]: () => {
          timer[Symbol.dispose]();
          if (isOn) timers--;
          isOn = false;
        },
      };
    },
  };
}
