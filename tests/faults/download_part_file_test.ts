import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../mod.ts";
import { download, file } from "../../src/transfer/mod.ts";
import {
  type DownloadStore,
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
const OPTIONS = { partSize: PART, concurrency: 1, resume: true } as const;

/** Tests that only the superuser can run: files of somebody else. */
const ROOT = UNIX && await isRoot();

async function isRoot(): Promise<boolean> {
  const path = await Deno.makeTempFile();
  const { uid } = await Deno.stat(path);
  await Deno.remove(path);
  return uid === 0;
}

/** Leaves an unfinished download of two ranges of three. */
async function breakOff(store: DownloadStore, path: string): Promise<void> {
  const { around } = store;
  store.around = (request, send) =>
    request.headers["range"]?.startsWith("bytes=10485760-")
      ? Promise.reject(new Error("The power is out"))
      : send();
  await assertRejects(
    () => download(store.s3, OBJECT, file(path), OPTIONS),
    Error,
    "The power is out",
  );
  store.around = around;
}

Deno.test({
  name:
    "an unfinished download is readable by its owner only, whatever the umask",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/cat`;

    await breakOff(store, path);

    assertEquals(await modeOf(`${path}.part`), 0o600);
    const modes: number[] = [];
    store.around = async (_request, send) => {
      for (const name of await namesIn(store.folder)) {
        modes.push(await modeOf(`${store.folder}/${name}`));
      }
      return await send();
    };
    await download(store.s3, OBJECT, file(`${store.folder}/other`), {
      partSize: PART,
    });
    assertEquals(new Set(modes), new Set([0o600]));
  },
});

Deno.test("a download goes on with an unfinished one of its own", async () => {
  await using store = await downloadStore(CONTENT);
  const path = `${store.folder}/cat`;
  await breakOff(store, path);
  store.requests.length = 0;

  const { resumed } = await download(store.s3, OBJECT, file(path), OPTIONS);

  assertEquals(resumed, 2 * PART);
  assertEquals(store.requests, ["HEAD ", "GET bytes=10485760-10498104"]);
  assert(same(await Deno.readFile(path), CONTENT));
  assertEquals(await namesIn(store.folder), ["cat"]);
});

for (const there of [true, false]) {
  Deno.test({
    name: `resume does not follow a link that was planted${
      there ? "" : " and leads nowhere"
    }`,
    ignore: !UNIX,
    fn: async () => {
      await using store = await downloadStore(CONTENT);
      const path = `${store.folder}/cat`;
      const victim = `${store.folder}/victim`;
      if (there) await Deno.writeTextFile(victim, "dear");
      await Deno.symlink(victim, `${path}.part`);

      const { resumed } = await download(store.s3, OBJECT, file(path), OPTIONS);

      assertEquals(resumed, 0);
      assert(same(await Deno.readFile(path), CONTENT));
      assert((await Deno.lstat(path)).isFile);
      assertEquals(
        await namesIn(store.folder),
        there ? ["cat", "victim"] : ["cat"],
      );
      if (there) assertEquals(await Deno.readTextFile(victim), "dear");
    },
  });
}

Deno.test({
  name: "resume does not write to a file that has another name",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/cat`;
    const victim = `${store.folder}/victim`;
    await Deno.writeTextFile(victim, "dear", { mode: 0o600 });
    await Deno.link(victim, `${path}.part`);

    await download(store.s3, OBJECT, file(path), OPTIONS);

    assertEquals(await Deno.readTextFile(victim), "dear");
    assert(same(await Deno.readFile(path), CONTENT));
  },
});

Deno.test({
  name:
    "resume does not wait for a pipe that was planted, nor write to a device",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(CONTENT);
    const path = `${store.folder}/cat`;

    const pipe = `${store.folder}/pipe`;
    await run("mkfifo", pipe);
    await Deno.link(pipe, `${path}.part`);
    // Lets go of whoever waits for the pipe, where somebody does.
    const release = setTimeout(async () => {
      (await Deno.open(pipe, { read: true, write: true })).close();
    }, 2_000);
    try {
      await download(store.s3, OBJECT, file(path), OPTIONS);
    } finally {
      clearTimeout(release);
      await Deno.remove(pipe);
    }
    assert(same(await Deno.readFile(path), CONTENT));
    await Deno.symlink("/dev/null", `${path}.part`);
    await download(store.s3, OBJECT, file(path), OPTIONS);
    assert(same(await Deno.readFile(path), CONTENT));

    assertEquals(await namesIn(store.folder), ["cat"]);
  },
});

Deno.test("resume tells of a folder where its unfinished file should be", async () => {
  await using store = await downloadStore(CONTENT);
  const path = `${store.folder}/cat`;
  await Deno.mkdir(`${path}.part`);

  await assertRejects(
    () => download(store.s3, OBJECT, file(path), OPTIONS),
    ConfigError,
    `Cannot write "${path}": its unfinished file, "${path}.part", is a folder`,
  );
  assertEquals(await namesIn(store.folder), ["cat.part"]);
});

for (
  const [who, forge, ignore] of [
    [
      "somebody else's",
      async (path: string) => await Deno.chown(path, 65_534, 65_534),
      !ROOT,
    ],
    [
      "one that others may write to",
      async (path: string) => await Deno.chmod(path, 0o666),
      !UNIX,
    ],
    [
      "one with a second name",
      async (path: string) => await Deno.link(path, `${path}.second`),
      !UNIX,
    ],
  ] as const
) {
  Deno.test({
    name: `resume takes no range from an unfinished file that is ${who}`,
    ignore,
    fn: async () => {
      await using store = await downloadStore(CONTENT);
      const path = `${store.folder}/cat`;
      await breakOff(store, path);
      await forge(`${path}.part`);

      const { resumed } = await download(store.s3, OBJECT, file(path), OPTIONS);

      assertEquals(resumed, 0);
      assert(same(await Deno.readFile(path), CONTENT));
      const { uid, nlink } = await Deno.stat(path);
      assertEquals([uid, nlink], [(await Deno.stat(store.folder)).uid, 1]);
    },
  });
}

Deno.test({
  name:
    "a link that takes the unfinished file's place while it is written is not followed",
  ignore: !UNIX,
  fn: async () => {
    for (const resume of [true, false]) {
      await using store = await downloadStore(CONTENT);
      const path = `${store.folder}/cat`;
      const victim = `${store.folder}/victim`;
      await Deno.writeTextFile(victim, "dear");
      store.around = async (request, send) => {
        if (request.headers["range"]?.startsWith("bytes=5242880-")) {
          const [part = ""] = (await namesIn(store.folder))
            .filter((name) => name.endsWith(".part"));
          await Deno.remove(`${store.folder}/${part}`);
          await Deno.symlink(victim, `${store.folder}/${part}`);
        }
        return await send();
      };

      const error = await assertRejects(
        () => download(store.s3, OBJECT, file(path), { ...OPTIONS, resume }),
        ConfigError,
        `Cannot write "${path}": another file took the place of its unfinished one`,
      );

      assertEquals(error.code, "FileNotWritten");
      assertEquals(await Deno.readTextFile(victim), "dear");
    }
  },
});

Deno.test("resume with another length of ranges, or another object, begins anew", async () => {
  await using store = await downloadStore(CONTENT);
  const path = `${store.folder}/cat`;
  await breakOff(store, path);

  const other = await download(store.s3, OBJECT, file(path), {
    ...OPTIONS,
    partSize: PART + 1,
  });

  assertEquals(other.resumed, 0);
  assert(same(await Deno.readFile(path), CONTENT));
  await breakOff(store, path);
  const content = noise(CONTENT.length, 7);
  await store.s3.putObject({ ...OBJECT, Body: content });

  const changed = await download(store.s3, OBJECT, file(path), OPTIONS);

  assertEquals(changed.resumed, 0);
  assert(same(await Deno.readFile(path), content));
});
