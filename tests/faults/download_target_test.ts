import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../mod.ts";
import { Bucket } from "../../src/boto2/mod.ts";
import { download, file } from "../../src/transfer/mod.ts";
import {
  downloadStore,
  modeOf,
  namesIn,
  noise,
  OBJECT,
  PART,
  run,
  same,
  UNIX,
} from "./download_store.ts";

const CONTENT = noise(2 * PART + 12_345);

async function isFifo(path: string): Promise<boolean> {
  return (await Deno.lstat(path)).isFifo === true;
}

/** Opens a pipe that is written to; one that never is, is let go of in the end. */
async function readerOf(path: string): Promise<Deno.FsFile> {
  const name = `${path}.same`;
  await Deno.link(path, name);
  const release = setTimeout(async () => {
    (await Deno.open(name, { read: true, write: true })).close();
  }, 2_000);
  try {
    return await Deno.open(name);
  } finally {
    clearTimeout(release);
    await Deno.remove(name);
  }
}

/** Writes to a pipe that another process reads, and hands out what that read. */
async function throughPipe<T>(
  path: string,
  write: () => Promise<T>,
): Promise<readonly [T, Uint8Array]> {
  const reader = new Deno.Command("cat", { args: [path], stdout: "piped" })
    .spawn();
  let isInPlace = false;
  const output = reader.output();
  try {
    const result = await write();
    isInPlace = await isFifo(path);
    assert(isInPlace);
    return [result, (await output).stdout];
  } finally {
    // Nobody would write to a pipe that was replaced.
    if (!isInPlace) reader.kill();
    await output;
  }
}

for (const size of [0, 1, 65_537, CONTENT.length]) {
  Deno.test({
    name:
      `download writes ${size} bytes into a pipe in order, and leaves it in place`,
    ignore: !UNIX,
    fn: async () => {
      await using store = await downloadStore(CONTENT.slice(0, size));
      const path = `${store.folder}/pipe`;
      await run("mkfifo", path);
      const told: number[] = [];

      const [result, read] = await throughPipe(
        path,
        () =>
          download(store.s3, OBJECT, file(path), {
            partSize: PART,
            onProgress: ({ bytes }) => told.push(bytes),
          }),
      );

      assert(same(read, CONTENT.slice(0, size)));
      assertEquals([result.verifiedBy, result.resumed], ["CRC32", 0]);
      assertEquals(told.at(-1) ?? 0, size);
      assertEquals(await namesIn(store.folder), ["pipe"]);
    },
  });
}

Deno.test({
  name: "download follows a link to a pipe, and leaves both in place",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/pipe`;
    const link = `${store.folder}/link`;
    await run("mkfifo", path);
    await Deno.symlink(path, link);

    const [, read] = await throughPipe(path, async () => {
      await download(store.s3, OBJECT, file(link), { resume: true });
      assert((await Deno.lstat(link)).isSymlink);
    });

    assert(same(read, CONTENT));
  },
});

Deno.test({
  name: "download writes to a device, or a link to one, and leaves it in place",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    // Never the device itself: a program that replaces it would break the machine.
    const link = `${store.folder}/null`;
    await Deno.symlink("/dev/null", link);

    await download(store.s3, OBJECT, file(link));

    assert((await Deno.lstat(link)).isSymlink);
    assert((await Deno.stat("/dev/null")).isCharDevice);
    assertEquals(await namesIn(store.folder), ["null"]);
  },
});

Deno.test({
  name: "download tells that a device is full, and leaves it in place",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const link = `${store.folder}/full`;
    await Deno.symlink("/dev/full", link);

    const { stdout } = await inChild(link, "--allow-all");

    assertEquals(
      stdout,
      `FileNotWritten Cannot write "${link}": No space left on device (os error 28)\n`,
    );
    assert((await Deno.lstat(link)).isSymlink);
  },
});

Deno.test({
  name: "download names the flag without which a device cannot be opened",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const link = `${store.folder}/full`;
    await Deno.symlink("/dev/full", link);

    const { stdout } = await inChild(link, "--allow-read", "--allow-write");

    assertEquals(
      stdout,
      `FileDenied Cannot write "${link}": the program may not; run it with --allow-all\n`,
    );
  },
});

Deno.test({
  name:
    "download writes to the program's output, also where a shell made that a file",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const out = `${store.folder}/out`;
    await Deno.writeTextFile(out, "before\n");
    // Not by /dev/stdout: a program that replaces it would break the machine.
    const output = "/proc/self/fd/1";

    const { stdout } = await inChild(output, "--allow-all");
    await inChild(output, "--allow-all", out);

    assertEquals(stdout, "miaow\n");
    assertEquals(await Deno.readTextFile(out), "before\nmiaow\n");
  },
});

/** Downloads a line to a path in a process of its own; `cat` makes its output a pipe. */
async function inChild(
  path: string,
  ...args: string[]
): Promise<{ readonly stdout: string }> {
  const flags = args.filter((arg) => arg.startsWith("--"));
  const [out] = args.filter((arg) => !arg.startsWith("--"));
  const program = new URL("download_program.ts", import.meta.url).pathname;
  const command = `deno run --quiet ${flags.join(" ")} "${program}" "${path}"`;
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", out ? `${command} >> "${out}"` : `${command} | cat`],
    stdin: "null",
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return { stdout: new TextDecoder().decode(stdout) };
}

Deno.test({
  name: "download into a pipe that nobody reads ends with its signal",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/pipe`;
    await run("mkfifo", path);
    const controller = new AbortController();
    const reason = new Error("enough");
    const sent = Promise.withResolvers<void>();
    store.around = async (_request, send) => {
      const answer = await send();
      sent.resolve();
      return answer;
    };

    const downloading = download(store.s3, OBJECT, file(path), {
      signal: controller.signal,
    });
    await sent.promise;
    queueMicrotask(() => controller.abort(reason));

    assertEquals(await assertRejects(() => downloading), reason);
    assert(await isFifo(path));
  },
});

Deno.test({
  name: "download into a pipe whose reader has stopped ends with its signal",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/pipe`;
    await run("mkfifo", path);
    const controller = new AbortController();
    const reason = new Error("enough");

    const downloading = download(store.s3, OBJECT, file(path), {
      signal: controller.signal,
    });
    const reader = await readerOf(path);
    await reader.read(new Uint8Array(1));
    controller.abort(reason);

    assertEquals(await assertRejects(() => downloading), reason);
    // The write that was on its way ends with the pipe's reader.
    for await (const _piece of reader.readable);
    assert(await isFifo(path));
  },
});

Deno.test({
  name: "download into a pipe whose reader goes away says so",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/pipe`;
    await run("mkfifo", path);

    const downloading = download(store.s3, OBJECT, file(path));
    const reader = await readerOf(path);
    await reader.read(new Uint8Array(1));
    reader.close();

    await assertRejects(
      () => downloading,
      ConfigError,
      `Cannot write "${path}": Broken pipe`,
    );
    assert(await isFifo(path));
  },
});

Deno.test("download refuses a folder before it asks for a byte, and says that it is one", async () => {
  await using store = await downloadStore(CONTENT);

  for (const resume of [false, true]) {
    const error = await assertRejects(
      () => download(store.s3, OBJECT, file(store.folder), { resume }),
      ConfigError,
      `Cannot write "${store.folder}": it is a folder`,
    );
    assertEquals(error.code, "FileIsFolder");
  }
  assertEquals(store.requests, ["HEAD ", "HEAD "]);
  assertEquals(await namesIn(store.folder), []);
});

Deno.test("download refuses what is no file, and writes nothing", async () => {
  await using store = await downloadStore(CONTENT);
  const before = await namesIn(".");

  for (
    const target of [
      "path",
      { path: "path" },
      { kind: "file" },
      { kind: "file", path: undefined },
      { kind: "file", path: "" },
      { kind: "file", path: new URL("https://example.com/x") },
      new URL("https://example.com/x"),
      undefined,
      null,
    ]
  ) {
    const error = await assertRejects(
      // As a program in JavaScript may do it.
      () => download(store.s3, OBJECT, target as URL, { resume: true }),
      ConfigError,
      'expected file("path/to/file")',
    );
    assertEquals(error.code, "InvalidTarget");
  }
  assertEquals(await namesIn("."), before);
  assertEquals(store.requests, []);
});

Deno.test("download takes a file URL with a percent sign that encodes nothing", async () => {
  await using store = await downloadStore(CONTENT.slice(0, 100));
  const base = `file://${store.folder}`;

  for (const resume of [false, true]) {
    await download(store.s3, OBJECT, file(new URL(`${base}/100%.txt`)), {
      resume,
    });
    await download(store.s3, OBJECT, new URL(`${base}/a%20b%25.txt`), {
      resume,
    });
  }

  assertEquals(await namesIn(store.folder), ["100%.txt", "a b%.txt"]);
});

for (
  const [what, letter] of [["one byte", "n"], ["two bytes", "ñ"], [
    "four bytes",
    "🐈",
  ]] as const
) {
  Deno.test({
    name: `download takes names up to 255 bytes, in letters of ${what}`,
    ignore: !UNIX,
    fn: async () => {
      await using store = await downloadStore(CONTENT.slice(0, 100));
      const width = new TextEncoder().encode(letter).length;
      const names: string[] = [];
      for (const length of [212, 213, 214, 215, 249, 250, 251, 254, 255]) {
        const count = Math.floor(length / width);
        names.push("x".repeat(length - count * width) + letter.repeat(count));
      }

      for (const name of names) {
        const path = `${store.folder}/${name}`;
        await download(store.s3, OBJECT, file(path));
        await download(store.s3, OBJECT, file(path), { resume: true });
      }

      assertEquals(await namesIn(store.folder), [...new Set(names)].toSorted());
    },
  });
}

Deno.test({
  name:
    "download keeps apart what is left of two long names with the same beginning",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const paths = ["a", "b"].map((end) =>
      `${store.folder}/${"n".repeat(254)}${end}`
    );
    store.around = (request, send) =>
      request.headers["range"]?.startsWith("bytes=10485760-")
        ? Promise.reject(new Error("The power is out"))
        : send();
    const options = { partSize: PART, concurrency: 1, resume: true };
    for (const path of paths) {
      await assertRejects(() =>
        download(store.s3, OBJECT, file(path), options)
      );
    }
    assertEquals((await namesIn(store.folder)).length, 2);
    store.around = (_request, send) => send();

    for (const path of paths) {
      const { resumed } = await download(
        store.s3,
        OBJECT,
        file(path),
        options,
      );
      assertEquals(resumed, 2 * PART);
      assert(same(await Deno.readFile(path), CONTENT));
    }
  },
});

Deno.test({
  name:
    "download tells of a name that is too long, a link in a circle and a path through a file",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT.slice(0, 100));
    const { folder } = store;
    await Deno.symlink(`${folder}/circle`, `${folder}/circle`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const cases = [
      [`${folder}/${"n".repeat(256)}`, "its name is too long"],
      [`${folder}/circle/x`, "symbolic links"],
      [`${folder}/file/x`, "its folder does not exist"],
      [`${folder}/none/x`, "its folder does not exist"],
    ] as const;
    for (const [path, reason] of cases) {
      for (const resume of [false, true]) {
        const error = await assertRejects(
          () => download(store.s3, OBJECT, file(path), { resume }),
          ConfigError,
        );
        assert(error.message.startsWith(`Cannot write "${path}": `));
        assert(error.message.includes(reason), error.message);
        assert(!error.message.includes(".part"), error.message);
      }
    }
    assertEquals(await namesIn(folder), ["circle", "file"]);
  },
});

Deno.test({
  name: "download to a link to a plain file replaces the link, as boto3 does",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT.slice(0, 100));
    const target = `${store.folder}/target`;
    const link = `${store.folder}/link`;
    await Deno.writeTextFile(target, "untouched");
    await Deno.symlink(target, link);

    await download(store.s3, OBJECT, file(link));

    assertEquals(await Deno.readTextFile(target), "untouched");
    assert((await Deno.lstat(link)).isFile);
  },
});

Deno.test({
  name: "download keeps the mode of a file that it replaces",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT.slice(0, 100));
    const path = `${store.folder}/cat`;
    for (const resume of [false, true]) {
      for (const mode of [0o600, 0o640, 0o644, 0o755, 0o664, 0o666]) {
        await Deno.writeTextFile(path, "old");
        await Deno.chmod(path, mode);

        await download(store.s3, OBJECT, file(path), { resume });

        assertEquals((await modeOf(path)).toString(8), mode.toString(8));
        assert(same(await Deno.readFile(path), CONTENT.slice(0, 100)));
      }
    }
  },
});

Deno.test({
  name: "download gives a new file the mode of new files",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT.slice(0, 100));
    await Deno.writeTextFile(`${store.folder}/plain`, "");

    for (const resume of [false, true]) {
      const path = `${store.folder}/cat${resume}`;
      await download(store.s3, OBJECT, file(path), { resume });
      assertEquals(await modeOf(path), await modeOf(`${store.folder}/plain`));
    }
  },
});

Deno.test("download sets the file's time to the object's where it is told to", async () => {
  await using store = await downloadStore(CONTENT.slice(0, 100));
  const path = `${store.folder}/cat`;

  for (const resume of [false, true]) {
    const { LastModified } = await download(store.s3, OBJECT, file(path), {
      resume,
      setLastModified: true,
    });
    assertEquals((await Deno.stat(path)).mtime, LastModified);
  }
});

Deno.test("getContentsToFilename of boto 2 sets the file's time, unless it is told not to", async () => {
  await using store = await downloadStore(CONTENT.slice(0, 100));
  const key = new Bucket(store.s3, OBJECT.Bucket).newKey(OBJECT.Key);
  const path = `${store.folder}/cat`;

  const { LastModified } = await key.getContentsToFilename(path);

  assertEquals((await Deno.stat(path)).mtime, LastModified);
  await Deno.utime(path, new Date(0), new Date(0));
  await key.getContentsToFilename(path, { setLastModified: false });
  const { mtime } = await Deno.stat(path);
  assert(mtime !== null && LastModified !== undefined);
  assert(mtime.getTime() > 0 && mtime.getTime() !== LastModified.getTime());
});
