import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Session, TimeoutError } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import {
  download,
  type DownloadOptions,
  file,
} from "../../src/transfer/mod.ts";
import { isSocket, overBoth, transportName } from "../both_transports.ts";
import { namesIn, noise, OBJECT, PART, same } from "./download_store.ts";
import { type Peer, type Wire, wire } from "./wire.ts";

const CONTENT = noise(2 * PART + 2_000_000);

/** Sends the bytes of a range; `number` counts the ranges from 1. */
type Send = (peer: Peer, bytes: Uint8Array, number: number) => Promise<void>;

/** A store of an object without a checksum, so that nobody looks at its bytes. */
function storeOf(send: Send): Wire & { readonly ranges: string[] } {
  const ranges: string[] = [];
  const server = wire(async (peer) => {
    for (;;) {
      const head = await peer.head();
      const fields = [
        'etag: "a"',
        "last-modified: Thu, 29 Feb 2024 12:00:00 GMT",
      ];
      const [, start, last] = /^range: bytes=(\d+)-(\d*)/im.exec(head) ?? [];
      if (start === undefined) {
        const length = `content-length: ${CONTENT.length}`;
        await peer.send(
          ["HTTP/1.1 200 OK", length, ...fields, "", ""].join("\r\n"),
        );
        continue;
      }
      const end = last ? Number(last) + 1 : CONTENT.length;
      const number = ranges.push(`${start}-${end - 1}`);
      await peer.send(
        [
          "HTTP/1.1 206 Partial Content",
          `content-length: ${end - Number(start)}`,
          `content-range: bytes ${start}-${end - 1}/${CONTENT.length}`,
          ...fields,
          "",
          "",
        ].join("\r\n"),
      );
      await send(peer, CONTENT.subarray(Number(start), end), number);
    }
  });
  return { ...server, ranges };
}

/** Downloads the object to a folder that is gone in the end. */
async function downloaded(
  server: Wire,
  options: DownloadOptions = {},
  settings: { readonly readTimeoutMs?: number; readonly maxAttempts?: number } =
    {},
): Promise<
  {
    readonly bytes?: Uint8Array;
    readonly names: string[];
    readonly error?: unknown;
  }
> {
  const { readTimeoutMs = 10_000, maxAttempts = 3 } = settings;
  using session = new Session({
    transport: transportName(),
    endpointUrl: server.origin,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    readTimeoutMs,
    retry: { maxAttempts },
    random: () => 0,
  });
  const folder = await Deno.makeTempDir();
  const path = `${folder}/cat`;
  try {
    const error: unknown = await download(
      session.client(S3),
      OBJECT,
      file(path),
      { partSize: PART, concurrency: 2, ...options },
    ).then(() => undefined, (error: unknown) => error);
    const names = await namesIn(folder);
    return error === undefined
      ? { bytes: await Deno.readFile(path), names }
      : { error, names };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How often the platform was asked to write a stream. */
async function pipesIn(act: () => Promise<void>): Promise<number> {
  const { prototype } = ReadableStream;
  const { pipeTo } = prototype;
  let count = 0;
  prototype.pipeTo = function (...args): Promise<void> {
    count++;
    return pipeTo.apply(this, args);
  };
  try {
    await act();
  } finally {
    prototype.pipeTo = pipeTo;
  }
  return count;
}

overBoth("ranges that nobody looks at go on where they break off", async () => {
  await using server = storeOf(async (peer, bytes, number) => {
    if (number !== 2) return await peer.send(bytes);
    await peer.send(bytes.subarray(0, 1_500_000));
    throw new Error("hangs up");
  });

  const pipes = await pipesIn(async () => {
    const { bytes, names, error } = await downloaded(server, {
      concurrency: 1,
    });
    assertEquals([error, names], [undefined, ["cat"]]);
    assert(bytes && same(bytes, CONTENT));
  });

  assertEquals(server.ranges, [
    `0-${PART - 1}`,
    `${PART}-${2 * PART - 1}`,
    `${PART + 1_500_000}-${2 * PART - 1}`,
    `${2 * PART}-${CONTENT.length - 1}`,
  ]);
  assertEquals(pipes, isSocket() ? 0 : 3);
});

overBoth(
  "a download that is watched, or goes on later, gets the same bytes",
  async () => {
    await using server = storeOf((peer, bytes) => peer.send(bytes));
    let told = 0;

    for (
      const options of [{ onProgress: () => told++ }, { resume: true }]
    ) {
      const { bytes, names } = await downloaded(server, options);
      assertEquals(names, ["cat"]);
      assert(bytes && same(bytes, CONTENT));
    }

    assert(told >= 3);
    assertEquals(server.ranges.length, 6);
  },
);

overBoth("readTimeoutMs holds for a range that nobody looks at", async () => {
  const silence = Promise.withResolvers<void>();
  await using server = storeOf(async (peer, bytes, number) => {
    if (number === 1) await peer.send(bytes.subarray(0, 1_000_000));
    await silence.promise;
  });

  const { names, error } = await downloaded(server, { concurrency: 1 }, {
    readTimeoutMs: 100,
    maxAttempts: 1,
  });
  silence.resolve();

  assertInstanceOf(error, TimeoutError);
  assertEquals([error.limit, names], ["read", []]);
  assertEquals(server.ranges[1], `1000000-${PART - 1}`);
});

overBoth("a slow range that nobody looks at is no silent one", async () => {
  await using server = storeOf(async (peer, bytes) => {
    for (let at = 0; at < bytes.length; at += 1_000_000) {
      await peer.send(bytes.subarray(at, at + 1_000_000));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  });

  const { bytes, error } = await downloaded(server, { concurrency: 3 }, {
    readTimeoutMs: 200,
    maxAttempts: 1,
  });

  assertEquals(error, undefined);
  assert(bytes && same(bytes, CONTENT));
  assertEquals(server.ranges.length, 3);
});

overBoth("a range that nobody looks at ends with the signal", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const silence = Promise.withResolvers<void>();
  await using server = storeOf(async (peer, bytes) => {
    await peer.send(bytes.subarray(0, 1_000_000));
    controller.abort(reason);
    await silence.promise;
  });

  const { names, error } = await downloaded(server, {
    signal: controller.signal,
  });
  silence.resolve();

  assertEquals([error, names], [reason, []]);
});
