import { assertEquals, assertRejects } from "@std/assert";
import { fileSink } from "../../src/system/file_sink.ts";

/** The sanitizer tells of files that are still open. */
async function withFile(
  run: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("fileSink has written what a write has taken", async () => {
  await withFile(async (path) => {
    const writer = fileSink(await Deno.open(path, { write: true })).getWriter();
    const bytes = Uint8Array.from({ length: 3 << 20 }, (_, i) => i % 251);

    await writer.write(bytes);

    assertEquals(await Deno.readFile(path), bytes);
    await writer.close();
  });
});

Deno.test("fileSink keeps what was written, and closes the file, when it is aborted", async () => {
  await withFile(async (path) => {
    const writer = fileSink(await Deno.open(path, { write: true })).getWriter();
    await writer.write(new Uint8Array([65]));

    await writer.abort(new Error("enough"));

    assertEquals(await Deno.readTextFile(path), "A");
  });
});

Deno.test("fileSink closes the file when a write fails", async () => {
  await withFile(async (path) => {
    // Opened for reading, it takes no bytes.
    const writer = fileSink(await Deno.open(path, { read: true })).getWriter();

    const error = await assertRejects(() => writer.write(new Uint8Array([65])));

    assertEquals(await assertRejects(() => writer.closed), error);
  });
});
