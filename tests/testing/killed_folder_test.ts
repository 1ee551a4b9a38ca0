import { assert, assertEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

const Bucket = "photos";
/** As many bytes as make a write take a while. */
const SIZE = 64 * 1_024;

/** The program `./local` with its data in a folder, and a client of it. */
class Local implements AsyncDisposable {
  readonly s3: S3;
  readonly #child: Deno.ChildProcess;
  readonly #session: Session;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #killed = false;

  private constructor(
    child: Deno.ChildProcess,
    endpointUrl: string,
    lines: ReadableStreamDefaultReader<string>,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#session = new Session({
      endpointUrl,
      region: "us-east-1",
      credentials: {
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      },
      retry: { maxAttempts: 1 },
    });
    this.s3 = this.#session.client(S3);
  }

  static async start(folder: string): Promise<Local> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
        new URL("../../src/testing/local_program.ts", import.meta.url).pathname,
        "--port=0",
        `--folder=${folder}`,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await lines.read();
    return new Local(child, value.trim().replace(/^.* /, ""), lines);
  }

  /** Ends the program as `kill -9` does. */
  kill(): void {
    if (!this.#killed) this.#child.kill("SIGKILL");
    this.#killed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.status;
    await this.#lines.cancel();
    this.#session[Symbol.dispose]();
  }
}

/** The bytes of a key: whole ones can be told from others. */
function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  const pattern = new TextEncoder().encode(`${key} `);
  return Uint8Array.from(
    { length: SIZE },
    (_, at) => pattern[at % pattern.length] ?? 0,
  );
}

async function get(s3: S3, Key: string): Promise<Uint8Array> {
  return await (await s3.getObject({ Bucket, Key })).Body.bytes();
}

async function withFolder(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Files below a folder that a write has left half done. */
async function drafts(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await drafts(`${folder}/${name}`));
    else if (name.endsWith(".new")) found.push(name);
  }
  return found;
}

Deno.test("local has all that it confirmed when it is killed between two calls", async () => {
  await withFolder(async (folder) => {
    let UploadId = "";
    let ETag = "";
    {
      await using local = await Local.start(folder);
      const { s3 } = local;
      await s3.createBucket({ Bucket });
      await s3.putObject({ Bucket, Key: "kept", Body: bytesOf("kept") });
      await s3.putObject({ Bucket, Key: "gone", Body: "x" });
      await s3.deleteObject({ Bucket, Key: "gone" });
      ({ UploadId = "" } = await s3.createMultipartUpload({
        Bucket,
        Key: "big",
      }));
      ({ ETag = "" } = await s3.uploadPart({
        Bucket,
        Key: "big",
        UploadId,
        PartNumber: 1,
        Body: bytesOf("big"),
      }));
      local.kill();
    }

    await using local = await Local.start(folder);
    const { s3 } = local;
    await s3.completeMultipartUpload({
      Bucket,
      Key: "big",
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    const { Contents } = await s3.listObjectsV2({ Bucket });

    assertEquals(Contents?.map(({ Key }) => Key), ["big", "kept"]);
    assertEquals(await get(s3, "kept"), bytesOf("kept"));
    assertEquals(await get(s3, "big"), bytesOf("big"));
  });
});

Deno.test("local loses nothing that it confirmed when it is killed in the middle of calls", async () => {
  await withFolder(async (folder) => {
    const confirmed = new Set<string>();
    const asked = new Set<string>();
    for (const [round, until] of [3, 10, 25].entries()) {
      await using local = await Local.start(folder);
      const { s3 } = local;
      if (round === 0) await s3.createBucket({ Bucket });
      for (const Key of confirmed) {
        assertEquals(await get(s3, Key), bytesOf(Key), Key);
      }
      let number = 0;
      let alive = true;
      const worker = async (): Promise<void> => {
        while (alive) {
          const Key = `${round}/${number++}`;
          asked.add(Key);
          try {
            await s3.putObject({ Bucket, Key, Body: bytesOf(Key) });
            confirmed.add(Key);
            // In place of it, so that its file goes.
            await s3.putObject({ Bucket, Key, Body: bytesOf(Key) });
          } catch {
            // Killed before it was confirmed: it may be there or not.
            return;
          }
          if (number >= until) {
            alive = false;
            local.kill();
          }
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
    }

    await using local = await Local.start(folder);
    const { s3 } = local;
    const { Contents = [] } = await s3.listObjectsV2({ Bucket });
    const found = Contents.map(({ Key = "" }) => Key);

    assert(confirmed.size > 0 && confirmed.size < asked.size, "none was cut");
    assertEquals([...confirmed].filter((key) => !found.includes(key)), []);
    for (const Key of found) {
      assert(asked.has(Key), Key);
      assertEquals(await get(s3, Key), bytesOf(Key), Key);
    }
    assertEquals(await drafts(folder), []);
    await s3.putObject({ Bucket, Key: "after", Body: "x" });
  });
});
