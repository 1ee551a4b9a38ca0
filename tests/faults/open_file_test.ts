import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError, Session } from "../../mod.ts";
import {
  type FileTarget,
  type Key,
  S3Connection,
} from "../../src/boto2/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

const LENGTHS = [
  0,
  1,
  5_000,
  65_535,
  65_536,
  65_537,
  131_072,
  1_000_000,
  9_437_185,
];

for (const length of LENGTHS) {
  Deno.test(`getContentsToFile writes all ${length} bytes to an open Deno.FsFile and leaves it open`, async () => {
    const contents = pattern(length);
    const key = await keyWith(contents);
    const path = await Deno.makeTempFile();
    try {
      {
        using file = await Deno.open(path, { write: true, read: true });
        await key.getContentsToFile(file);

        assertEquals((await file.stat()).size, length);
        assert(same(await Deno.readFile(path), contents));
        assertEquals(await file.write(new Uint8Array([33])), 1);
      }
      assertEquals((await Deno.stat(path)).size, length + 1);
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("getContentsToFile writes from the current position, and the next call behind it", async () => {
  const key = await keyWith(new TextEncoder().encode("miaow"));
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "0123456789abcdef");
    {
      using file = await Deno.open(path, { write: true });
      await file.seek(2, Deno.SeekMode.Start);
      await key.getContentsToFile(file);
      await key.getContentsToFile(file);
    }
    assertEquals(await Deno.readTextFile(path), "01miaowmiaowcdef");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("getContentsToFile appends to a file that is open for that", async () => {
  const key = await keyWith(new TextEncoder().encode("miaow"));
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "says ");
    {
      using file = await Deno.open(path, { append: true });
      await key.getContentsToFile(file);
    }
    assertEquals(await Deno.readTextFile(path), "says miaow");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("getContentsToFile goes on where a file takes only some of the bytes", async () => {
  const contents = pattern(10_000);
  const key = await keyWith(contents);
  const taken: number[] = [];

  await key.getContentsToFile({
    write: (bytes: Uint8Array) => {
      const some = bytes.subarray(0, 7);
      taken.push(...some);
      return Promise.resolve(some.length);
    },
  } as FileTarget);

  assert(same(Uint8Array.from(taken), contents));
});

Deno.test("getContentsToFile writes to a FileHandle of Node", async () => {
  const contents = pattern(200_000);
  const key = await keyWith(contents);
  const taken: number[] = [];

  await key.getContentsToFile({
    write: (bytes: Uint8Array) => {
      for (const byte of bytes) taken.push(byte);
      return Promise.resolve({ bytesWritten: bytes.length });
    },
  } as FileTarget);

  assert(same(Uint8Array.from(taken), contents));
});

for (const wrong of [0, undefined, true, -1, 0.5]) {
  Deno.test(`getContentsToFile fails where a write tells ${wrong}, and does not try forever`, async () => {
    const key = await keyWith(pattern(10));

    const error = await assertRejects(
      () =>
        key.getContentsToFile(
          { write: () => Promise.resolve(wrong) } as unknown as FileTarget,
        ),
      ConfigError,
    );
    assertEquals(error.code, "FileNotWritten");
  });
}

Deno.test("getContentsToFile tells in an error of its own that the system refuses the write", async () => {
  const key = await keyWith(pattern(100_000));
  const path = await Deno.makeTempFile();
  try {
    using file = await Deno.open(path, { read: true });
    const error = await assertRejects(
      () => key.getContentsToFile(file),
      ConfigError,
      "Cannot write to the open file: ",
    );
    assertEquals(error.code, "FileNotWritten");
    assert(error.cause instanceof Error);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("getContentsToFile tells that the open file was closed", async () => {
  const key = await keyWith(pattern(3));
  const path = await Deno.makeTempFile();
  try {
    const file = await Deno.open(path, { write: true });
    file.close();
    await assertRejects(
      () => key.getContentsToFile(file),
      ConfigError,
      "Cannot write to the open file: ",
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("getContentsToFile ends by its signal where the file takes no more bytes", async () => {
  const key = await keyWith(pattern(10));
  const controller = new AbortController();

  await assertRejects(
    () =>
      key.getContentsToFile({
        write: () => {
          controller.abort(new Error("enough"));
          return new Promise<number>(() => {});
        },
      } as FileTarget, { signal: controller.signal }),
    Error,
    "enough",
  );
});

for (
  const [what, target, advice] of [
    ["a path", "out.txt", "getContentsToFilename(path)"],
    ["a URL", new URL("file:///tmp/out.txt"), "getContentsToFilename(path)"],
    ["undefined", undefined, "expected an open file or a WritableStream"],
    ["null", null, "got null"],
    ["an empty object", {}, "neither a method write nor a WritableStream"],
    ["a stream of Node", { writable: true, write: () => true }, "toWeb"],
    ["a locked stream", lockedStream(), "its stream is locked"],
  ] as const
) {
  Deno.test(`getContentsToFile of ${what} is refused before anything is sent`, async () => {
    const key = await keyWith(pattern(1), "never asked for");

    const error = await assertRejects(
      () => key.getContentsToFile(target as unknown as FileTarget),
      ConfigError,
      advice,
    );
    assertEquals(error.code, "InvalidFileTarget");
  });
}

for (const length of [1, 65_535, 1_000_000]) {
  Deno.test(`getContentsToFile writes all ${length} bytes to Deno.stdout and leaves it open`, async () => {
    const { stdout, stderr } = await runProgram([String(length)]);

    assertEquals(stderr, "done\n");
    assertEquals(stdout.length, length + "still open".length);
    assertEquals(stdout.replaceAll("x", ""), "still open");
  });

  Deno.test({
    name: `getContentsToFile of ${length} bytes tells that the disk is full`,
    // A machine without /dev/full has no disk that is known to be full.
    ignore: !hasDevFull(),
    fn: async () => {
      const { stderr } = await runProgram([String(length)], " > /dev/full");

      assertStringIncludes(
        stderr,
        "ConfigError: Cannot write to the open file: No space left on device",
      );
    },
  });
}

async function keyWith(
  contents: Uint8Array<ArrayBuffer>,
  name = "cat.bin",
): Promise<Key> {
  const local = new LocalAws();
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
    system: new FakeSystem({}),
  });
  const bucket = await new S3Connection({}, session).createBucket("photos");
  await bucket.newKey("cat.bin").setContentsFromStream(
    new Blob([contents]).stream(),
  );
  return bucket.newKey(name);
}

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index * 7 + (index >> 8));
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, index) => byte === other[index]);
}

function lockedStream(): WritableStream<Uint8Array> {
  const stream = new WritableStream<Uint8Array>();
  stream.getWriter();
  return stream;
}

async function runProgram(
  args: readonly string[],
  redirection = "",
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const program = new URL("stdout_program.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      `"$0" run --quiet --no-check "$@"${redirection}`,
      Deno.execPath(),
      program,
      ...args,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function hasDevFull(): boolean {
  return new Deno.Command("sh", { args: ["-c", "test -c /dev/full"] })
    .outputSync().success;
}
