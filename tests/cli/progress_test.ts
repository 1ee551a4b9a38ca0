import { assertEquals } from "@std/assert";
import { ProgressLine, progressText } from "../../src/cli/progress.ts";
import type { CliIo } from "../../src/cli/mod.ts";

const MIB = 1_024 * 1_024;

function io(
  isTerminal: boolean,
): { readonly io: CliIo; readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    io: {
      write: () => Promise.resolve(),
      writeError: (text) => {
        told.push(text);
        return Promise.resolve();
      },
      stdin: new Blob([]).stream(),
      isTerminal,
      columns: () => 40,
      signal: new AbortController().signal,
    },
  };
}

Deno.test("progressText tells files, bytes, rate and the time that is left", () => {
  const facts = { files: 3, totalFiles: 12, failed: 0 };
  assertEquals(
    progressText({ ...facts, bytes: 45 * MIB, total: 120 * MIB }, 3_000),
    "3/12 files  45.0 MiB of 120.0 MiB  37%  15.0 MiB/s  0:05 left",
  );
  assertEquals(
    progressText({ ...facts, bytes: 0, total: 0, failed: 2 }, 0),
    "3/12 files  0 B of 0 B  0 B/s  2 failed",
  );
  assertEquals(
    progressText({ ...facts, bytes: MIB, total: 8_000 * MIB }, 1_000),
    "3/12 files  1.0 MiB of 7.8 GiB  0%  1.0 MiB/s  2:13:19 left",
  );
  assertEquals(
    progressText({ bytes: 512, files: 0, totalFiles: 1, failed: 0 }, 1_000),
    "0/1 file  512 B  512 B/s",
  );
});

Deno.test("a terminal has one line that changes, ten times a second at most", async () => {
  const { io: terminal, told } = io(true);
  let now = 0;
  const line = new ProgressLine(terminal, 2, () => now);
  for (now = 1; now <= 250; now++) line.update({ bytes: now, total: 1_000 });
  await line.end("Copied");
  assertEquals(told.map((text) => text.slice(0, 12)), [
    "\r0/2 files  ",
    "\r0/2 files  ",
    "\r0/2 files  ",
    "\r\x1b[K",
    "Copied 0 fil",
  ]);
  for (const text of told.slice(0, 3)) {
    assertEquals(text.length <= 40 + "\r\x1b[K".length, true);
  }
});

Deno.test("no line changes where the bytes go to standard output", async () => {
  const { io: terminal, told } = io(true);
  let now = 0;
  const line = new ProgressLine(terminal, 1, () => now, true);
  for (now = 1; now <= 250; now++) line.update({ bytes: now, total: 1_000 });
  await line.end("Copied");
  assertEquals(told.map((text) => text.slice(0, 12)), ["Copied 0 fil"]);
});

Deno.test("a pipe has one line at the end", async () => {
  const { io: pipe, told } = io(false);
  let now = 0;
  const line = new ProgressLine(pipe, 2, () => now);
  for (now = 0; now < 2_000; now += 100) line.update({ bytes: now });
  line.update({ bytes: 4_096, files: 2 });
  await line.end("Copied");
  assertEquals(told, ["Copied 2 files, 4.0 KiB in 2.0 s (2.0 KiB/s)\n"]);
});
