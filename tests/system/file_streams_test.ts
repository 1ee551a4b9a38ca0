import { assertEquals, assertRejects } from "@std/assert";
import {
  fileSink,
  fileSource,
  OpenToWrite,
} from "../../src/system/file_streams.ts";

/** The sanitizer tells of files that are still open. */
async function withFile(
  bytes: Uint8Array,
  run: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

function numbered(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

Deno.test("fileSource hands out all bytes from the file's position on", async () => {
  const bytes = numbered(3 << 20);
  await withFile(bytes, async (path) => {
    const file = await Deno.open(path);
    await file.seek(1_000, Deno.SeekMode.Start);

    const { stream } = fileSource(file, bytes.length - 1_000);

    assertEquals(await new Response(stream).bytes(), bytes.subarray(1_000));
  });
});

Deno.test("fileSource reads beyond the length that it was told", async () => {
  const bytes = numbered(100_000);
  await withFile(bytes, async (path) => {
    const { stream } = fileSource(await Deno.open(path), 0);

    assertEquals(await new Response(stream).bytes(), bytes);
  });
});

Deno.test("fileSource reads nothing before it is asked for", async () => {
  await withFile(numbered(10), async (path) => {
    const file = await Deno.open(path);

    const { stream } = fileSource(file, 10);

    assertEquals(await file.seek(0, Deno.SeekMode.Current), 0);
    await stream.cancel();
  });
});

Deno.test("fileSource closes the file when it is cancelled under a read", async () => {
  await withFile(numbered(10), async (path) => {
    const reader = fileSource(await Deno.open(path), 10).stream.getReader();
    const pending = reader.read();

    await reader.cancel();

    assertEquals((await pending).done, true);
  });
});

Deno.test("fileSource reads into rooms, and closes the file at the end", async () => {
  const bytes = numbered(1_000);
  await withFile(bytes, async (path) => {
    const { read } = fileSource(await Deno.open(path), bytes.length);
    const room = new Uint8Array(1_200);

    let filled = 0;
    for (let count; (count = await read(room.subarray(filled))) > 0;) {
      filled += count;
    }

    assertEquals(room.subarray(0, filled), bytes);
    assertEquals(await read(room), 0);
  });
});

Deno.test("fileSource reads into no room once its stream is cancelled", async () => {
  await withFile(numbered(10), async (path) => {
    const { read, stream } = fileSource(await Deno.open(path), 10);
    const pending = read(new Uint8Array(4));

    await stream.cancel();

    assertEquals(await pending, 0);
    assertEquals(await read(new Uint8Array(4)), 0);
  });
});

Deno.test("fileSource closes the file when a read fails", async () => {
  await withFile(numbered(10), async (path) => {
    // Opened for writing, it gives no bytes.
    const file = await Deno.open(path, { write: true });
    const reader = fileSource(file, 10).stream.getReader();

    const error = await assertRejects(() => reader.read());

    assertEquals(await assertRejects(() => reader.closed), error);
  });
});

Deno.test("fileSink has written what a write has taken", async () => {
  await withFile(new Uint8Array(), async (path) => {
    const writer = fileSink(await Deno.open(path, { write: true })).getWriter();
    const bytes = numbered(3 << 20);

    await writer.write(bytes);

    assertEquals(await Deno.readFile(path), bytes);
    await writer.close();
  });
});

Deno.test("fileSink keeps what was written, and closes the file, when it is aborted", async () => {
  await withFile(new Uint8Array(), async (path) => {
    const writer = fileSink(await Deno.open(path, { write: true })).getWriter();
    await writer.write(new Uint8Array([65]));

    await writer.abort(new Error("enough"));

    assertEquals(await Deno.readTextFile(path), "A");
  });
});

Deno.test("fileSink closes the file when a write fails", async () => {
  await withFile(new Uint8Array(), async (path) => {
    // Opened for reading, it takes no bytes.
    const writer = fileSink(await Deno.open(path, { read: true })).getWriter();

    const error = await assertRejects(() => writer.write(new Uint8Array([65])));

    assertEquals(await assertRejects(() => writer.closed), error);
  });
});

Deno.test("OpenToWrite puts bytes where they belong, also side by side", async () => {
  await withFile(new Uint8Array(), async (path) => {
    const bytes = numbered(5_000_000);
    const file = new OpenToWrite(await Deno.open(path, { write: true }));
    const cuts = [3_000_000, 0, 1_000, 4_000_000, 999_999, 3_000_001];

    await Promise.all(cuts.map((at) => {
      const next = cuts.filter((cut) => cut > at).sort((a, b) => a - b)[0];
      return file.write(bytes.subarray(at, next), at);
    }));
    await file.close();

    assertEquals(await Deno.readFile(path), bytes);
  });
});

Deno.test("OpenToWrite tells of the write that fails, and goes on with the next", async () => {
  await withFile(new Uint8Array(), async (path) => {
    const open = await Deno.open(path, { write: true });
    const given: number[] = [];
    let fails = true;
    const file = new OpenToWrite(
      Object.assign(Object.create(open), {
        close: () => open.close(),
        seekSync: (at: number, whence: Deno.SeekMode) =>
          open.seekSync(at, whence),
        write: async (bytes: Uint8Array) => {
          given.push(bytes.length);
          if (fails) {
            fails = false;
            await open.write(bytes.subarray(0, 1));
            throw new Error("full");
          }
          return await open.write(bytes);
        },
      }),
    );

    const results = await Promise.allSettled([
      file.write(new Uint8Array([65, 66]), 0),
      file.write(new Uint8Array([67]), 2),
      file.write(new Uint8Array([68]), 3),
    ]);
    await file.close();

    assertEquals(results.map(({ status }) => status), [
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    assertEquals(given, [2, 1, 1]);
    assertEquals(await Deno.readTextFile(path), "A\x00CD");
  });
});

Deno.test("OpenToWrite has a stream of the platform written, and tells how far", async () => {
  await withFile(new Uint8Array(), async (path) => {
    const bytes = numbered(1_000_000);
    const file = new OpenToWrite(await Deno.open(path, { write: true }));
    await file.write(new Uint8Array([65]), 0);
    const { signal } = new AbortController();
    const target = file.target(10, bytes.length);
    assertEquals([target.length, target.written], [bytes.length, 0]);

    await target.take(new Blob([bytes]).stream(), signal);
    assertEquals(target.written, bytes.length);
    const error = await assertRejects(
      () =>
        file.target(20, 9).take(
          new ReadableStream({
            start: (controller) => controller.error(new TypeError("cut")),
          }),
          signal,
        ),
      TypeError,
    );
    await file.write(new Uint8Array([66]), 5);
    await file.close();

    assertEquals(error.message, "cut");
    const expected = new Uint8Array(10 + bytes.length);
    expected.set([65, 0, 0, 0, 0, 66]);
    expected.set(bytes, 10);
    assertEquals(await Deno.readFile(path), expected);
  });
});
