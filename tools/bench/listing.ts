/**
 * What a long listing holds in memory: 100 000 keys, page after page.
 *
 * The client is a process of its own; so is the server, which is not measured.
 * After page 10 and after the last one the client collects its garbage: what the
 * heap holds then may not grow with the pages. Of the process, the growth of its
 * peak since the first page is printed, and since page 10.
 *
 * Usage: `deno task bench:listing [fetch|socket] [pages]`; fails where the heap
 * grows.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

/** What a listing held, in bytes. */
export interface ListingMemory {
  /** Keys that were listed. */
  readonly keys: number;
  /** The heap after a collection at page 10. */
  readonly early: number;
  /** The heap after a collection at the last page. */
  readonly late: number;
  /** Growth of the process's peak over the whole listing. */
  readonly peak: number;
  /** Growth of the process's peak after page 10. */
  readonly growth: number;
}

/** Growth of the heap that is taken for none, in bytes. */
export const HEAP_LIMIT = 256 * 1_024;

const KEYS_OF_A_PAGE = 1_000;
const SELF = new URL(import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/**
 * Counts, in a process of its own, the pages that are still in memory when the
 * one after them is asked for. The caller keeps none.
 *
 * @param by How the listing is walked through.
 */
export async function pagesKept(by: "items" | "pages"): Promise<number> {
  return await client(["kept", by]);
}

/**
 * Lists in a process of its own, at a server in another one.
 *
 * @param transport The transport.
 * @param pages How many pages there are, 11 or more.
 */
export async function measureListing(
  transport: "fetch" | "socket",
  pages: number,
): Promise<ListingMemory> {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", ...FLAGS, "--allow-net=127.0.0.1", SELF, "serve", `${pages}`],
    stdout: "piped",
  }).spawn();
  try {
    const reader = server.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    const port = Number(new TextDecoder().decode(value));
    return await client(["list", transport, `${port}`]);
  } finally {
    server.kill();
    await server.stdout.cancel();
    await server.status;
  }
}

const FLAGS = ["--no-check", "--no-prompt", `--config=${CONFIG}`];

/** What this program prints as a client that can collect its garbage. */
async function client<Value>(args: readonly string[]): Promise<Value> {
  const { success, stdout, stderr } = await new Deno.Command(
    Deno.execPath(),
    {
      args: [
        "run",
        ...FLAGS,
        "--v8-flags=--expose-gc",
        "--allow-net=127.0.0.1",
        SELF,
        ...args,
      ],
    },
  ).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Answers with pages of a bucket that has as many. */
function serve(pages: number): void {
  Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: ({ port }) => console.log(port),
  }, ({ url }) => {
    const token = new URL(url).searchParams.get("continuation-token");
    return new Response(pageOf(Number(token ?? 0), pages), {
      headers: { "content-type": "application/xml" },
    });
  });
}

function pageOf(page: number, pages: number): string {
  const more = page + 1 < pages;
  const contents = Array.from(
    { length: KEYS_OF_A_PAGE },
    (_, index) =>
      `<Contents><Key>photos/2026/${page}/cat%20${index}.jpg</Key><LastModified>2026-11-29T12:34:56.000Z</LastModified><ETag>&quot;${
        `${page}x${index}x`.padEnd(32, "0")
      }&quot;</ETag><Size>${index}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name><Prefix></Prefix><KeyCount>${KEYS_OF_A_PAGE}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${
    more ? `<NextContinuationToken>${page + 1}</NextContinuationToken>` : ""
  }${contents.join("")}</ListBucketResult>`;
}

/** Lists all, and notes what is held. */
async function list(
  transport: "fetch" | "socket",
  port: number,
): Promise<ListingMemory> {
  using session = new Session({
    region: "us-east-1",
    endpointUrl: `http://127.0.0.1:${port}`,
    credentials: {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    transport,
  });
  const s3 = session.client(S3);
  // The first call loads what all need.
  await s3.listObjectsV2({ Bucket: "photos" });
  const start = Deno.memoryUsage().rss;
  let peak = start;
  let atTen = start;
  let early = 0;
  let keys = 0;
  let page = 0;
  for await (
    const { Contents } of s3.listObjectsV2Pages({ Bucket: "photos" })
  ) {
    keys += Contents.length;
    page++;
    peak = Math.max(peak, Deno.memoryUsage().rss);
    if (page === 10) {
      atTen = peak;
      early = await collected();
    }
  }
  return {
    keys,
    early,
    late: await collected(),
    peak: peak - start,
    growth: peak - atTen,
  };
}

/** Counts the pages that are kept; each asks for a collection. */
async function kept(by: string): Promise<number> {
  const pages = 6;
  let sent = 0;
  let count = 0;
  let items = 0;
  let before: WeakRef<object> | undefined;
  using session = new Session({
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    transport: {
      send: async () => {
        await collected();
        if (before?.deref() !== undefined) count++;
        const bytes = new TextEncoder().encode(pageOf(sent++, pages));
        return {
          status: 200,
          headers: {},
          body: {
            open: () => new Blob([bytes]).stream(),
            bytes: () => Promise.resolve(bytes),
            cancel: () => Promise.resolve(),
          },
        };
      },
      [Symbol.dispose]: () => {},
    },
  });
  const s3 = session.client(S3);
  const bucket = { Bucket: "photos" };
  const walk: AsyncGenerator<object> = by === "items"
    ? s3.listObjectsV2Items(bucket)
    : s3.listObjectsV2Pages(bucket)[Symbol.asyncIterator]();
  // A function of its own, so that no variable of a loop keeps what came.
  const step = async (): Promise<boolean> => {
    const { done, value } = await walk.next();
    // The first item stands for all of its page; the last one is just in hand.
    const isFirst = by === "pages" || items++ % KEYS_OF_A_PAGE === 0;
    if (!done && isFirst) before = new WeakRef(value);
    return !done;
  };
  while (await step());
  if (sent !== pages) throw new Error(`${sent} pages were asked for`);
  return count;
}

/** The heap without garbage. */
async function collected(): Promise<number> {
  // What waits for a turn of the loop is let go first.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
    (globalThis as { readonly gc?: () => void }).gc?.();
  }
  return Deno.memoryUsage().heapUsed;
}

function kib(bytes: number): string {
  return `${Math.round(bytes / 1_024)} KiB`;
}

if (import.meta.main) {
  const [act = "fetch", value = "100"] = Deno.args;
  if (act === "serve") serve(Number(value));
  else if (act === "kept") console.log(await kept(value));
  else if (act === "list") {
    const [, transport, port] = Deno.args;
    const memory = await list(
      transport === "socket" ? "socket" : "fetch",
      Number(port),
    );
    console.log(JSON.stringify(memory));
  } else {
    const memory = await measureListing(
      act === "socket" ? "socket" : "fetch",
      Number(value),
    );
    const { keys, early, late, peak, growth } = memory;
    console.log(
      `listing: ${keys} keys, heap ${kib(early)} at page 10 and ${
        kib(late)
      } at the end, peak ${kib(peak)} above the start, ${
        kib(growth)
      } of it after page 10`,
    );
    if (late - early > HEAP_LIMIT) Deno.exit(1);
  }
}
