import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Session } from "../../mod.ts";
import { AwsError, ConfigError } from "../../src/foundation/errors.ts";
import type { HttpRequest, Transport } from "../../src/ports/http.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";
import {
  downloadFolder,
  folder,
  type FolderProgress,
  planFolder,
  syncFolder,
  uploadFolder,
} from "../../src/transfer/mod.ts";

const MIB = 1_024 * 1_024;
const BUCKET = { Bucket: "photos" };

/** A bucket and a folder. */
interface Place extends AsyncDisposable {
  readonly s3: S3;
  readonly root: string;
  /** Requests in one line each. */
  readonly requests: string[];
  /** Writes a file, that was changed so many seconds ago. */
  write(
    path: string,
    content: string | Uint8Array,
    age?: number,
  ): Promise<void>;
  read(path: string): Promise<string>;
  keys(): Promise<string[]>;
  files(): Promise<string[]>;
}

async function place(
  around: (
    request: HttpRequest,
    send: () => ReturnType<Transport["send"]>,
  ) => ReturnType<Transport["send"]> = (_request, send) => send(),
): Promise<Place> {
  const local = new LocalAws();
  const transport = local.transport();
  const requests: string[] = [];
  const session = new Session({
    ...local.clientConfig,
    random: () => 0,
    transport: {
      send: (request, options) => {
        requests.push(`${request.method} ${request.path}`);
        return around(request, () => transport.send(request, options));
      },
      [Symbol.dispose]: () => {},
    },
  });
  const s3 = session.client(S3);
  await s3.createBucket(BUCKET);
  const base = await Deno.makeTempDir();
  const root = `${base}/tree`;
  await Deno.mkdir(root);
  const files = async (at: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(at)) {
      if (!isDirectory) found.push(`${at}/${name}`.slice(root.length + 1));
      else found.push(...await files(`${at}/${name}`));
    }
    return found.sort();
  };
  return {
    s3,
    root,
    requests,
    write: async (path, content, age = 60) => {
      const file = `${root}/${path}`;
      await Deno.mkdir(file.replace(/[^/]+$/, ""), { recursive: true });
      await Deno.writeFile(
        file,
        typeof content === "string"
          ? new TextEncoder().encode(content)
          : content,
      );
      const time = new Date(Date.now() - age * 1_000);
      await Deno.utime(file, time, time);
    },
    read: (path) => Deno.readTextFile(`${root}/${path}`),
    keys: async () => {
      const { Contents = [] } = await s3.listObjectsV2(BUCKET);
      return Contents.map(({ Key }) => Key);
    },
    files: () => files(root),
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
      await Deno.remove(base, { recursive: true });
    },
  };
}

Deno.test("uploadFolder uploads all files under the prefix, with their types", async () => {
  await using at = await place();
  await at.write("index.html", "<p>");
  await at.write("a/b/data.bin", "x");

  const result = await uploadFolder(at.s3, folder(at.root), {
    ...BUCKET,
    Prefix: "site",
    CacheControl: "max-age=60",
  });

  assertEquals(await at.keys(), ["site/a/b/data.bin", "site/index.html"]);
  assertEquals([result.done.length, result.bytes], [2, 4]);
  const head = await at.s3.headObject({ ...BUCKET, Key: "site/index.html" });
  assertEquals([head.ContentType, head.CacheControl], [
    "text/html",
    "max-age=60",
  ]);
  const other = await at.s3.headObject({ ...BUCKET, Key: "site/a/b/data.bin" });
  assertEquals(other.ContentType, "binary/octet-stream");
});

Deno.test("uploadFolder states the types that it is given", async () => {
  await using at = await place();
  await at.write("a.html", "<p>");

  await uploadFolder(at.s3, folder(at.root), BUCKET, {
    contentType: () => "text/x-own",
  });

  const head = await at.s3.headObject({ ...BUCKET, Key: "a.html" });
  assertEquals(head.ContentType, "text/x-own");
});

Deno.test("downloadFolder writes the objects below a prefix, with their folders", async () => {
  await using at = await place();
  for (const Key of ["p/a", "p/b/c", "px/d", "p/empty/"]) {
    await at.s3.putObject({
      ...BUCKET,
      Key,
      Body: Key.endsWith("/") ? "" : Key,
    });
  }

  const from = { ...BUCKET, Prefix: "p/" };
  const result = await downloadFolder(
    at.s3,
    from,
    folder(`${at.root}/new/deep`),
  );

  assertEquals(await at.files(), ["new/deep/a", "new/deep/b/c"]);
  assertEquals(await at.read("new/deep/b/c"), "p/b/c");
  assertEquals(result.failures, []);
});

Deno.test("syncFolder does nothing the second time, in both directions", async () => {
  await using at = await place();
  await at.write("a", "1");
  await at.write("b/c", "2");

  const up = await syncFolder(at.s3, folder(at.root), BUCKET);
  const again = await syncFolder(at.s3, folder(at.root), BUCKET);
  const copy = folder(`${at.root}/../copy`);
  const down = await syncFolder(at.s3, BUCKET, copy);
  const downAgain = await syncFolder(at.s3, BUCKET, copy);

  assertEquals(
    [up, again, down, downAgain].map(({ done, unchanged }) => [
      done.length,
      unchanged,
    ]),
    [[2, 0], [0, 2], [2, 0], [0, 2]],
  );
});

Deno.test("syncFolder copies from bucket to bucket and deletes what is extra", async () => {
  await using at = await place();
  await at.s3.createBucket({ Bucket: "copies" });
  await at.s3.putObject({ ...BUCKET, Key: "p/a", Body: "1" });
  await at.s3.putObject({ Bucket: "copies", Key: "q/b", Body: "2" });
  await at.s3.putObject({ Bucket: "copies", Key: "other", Body: "2" });

  const { done } = await syncFolder(
    at.s3,
    { ...BUCKET, Prefix: "p" },
    { Bucket: "copies", Prefix: "q" },
    { delete: true },
  );

  assertEquals(done.map(({ kind, to }) => `${kind} ${to}`), [
    "copy q/a",
    "delete q/b",
  ]);
  const { Contents = [] } = await at.s3.listObjectsV2({ Bucket: "copies" });
  assertEquals(Contents.map(({ Key }) => Key), ["other", "q/a"]);
});

Deno.test("syncFolder deletes local files and leaves their folders", async () => {
  await using at = await place();
  await at.s3.putObject({ ...BUCKET, Key: "a", Body: "1" });
  await at.write("old/b", "2");
  await Deno.symlink("/etc/hostname", `${at.root}/link`);

  const result = await syncFolder(at.s3, BUCKET, folder(at.root), {
    delete: true,
  });

  assertEquals(await at.files(), ["a"]);
  assertEquals(result.done.map(({ kind, path }) => `${kind} ${path}`), [
    "download a",
    "delete link",
    "delete old/b",
  ]);
});

Deno.test("syncFolder compares by checksum", async () => {
  await using at = await place();
  const same = { ...BUCKET, Key: "same", Body: "abc" };
  await at.s3.putObject({ ...same, ChecksumAlgorithm: "SHA256" });
  await at.s3.putObject({ ...same, Key: "by-tag", ChecksumAlgorithm: "CRC32" });
  await at.s3.putObject({
    ...same,
    Key: "other",
    ChecksumAlgorithm: "CRC64NVME",
  });
  // Later than the objects, so that time alone would send all.
  for (const path of ["same", "by-tag"]) await at.write(path, "abc", -3_600);
  await at.write("other", "abd", 3_600);

  const { done, unchanged } = await syncFolder(
    at.s3,
    folder(at.root),
    BUCKET,
    { compare: "checksum" },
  );

  assertEquals(done.map(({ path, reason }) => [path, reason]), [
    ["other", "checksum"],
  ]);
  assertEquals(unchanged, 2);
});

Deno.test("planFolder changes nothing and prints a line a step", async () => {
  await using at = await place();
  await at.write("a", "1");
  await at.s3.putObject({ ...BUCKET, Key: "b", Body: "22" });

  const plan = await planFolder(at.s3, folder(at.root), BUCKET, {
    delete: true,
  });

  assertEquals(`${plan}`.split("\n").slice(1), [
    "  upload    a (1 byte, new)",
    "  delete    b",
    "  2 steps, 1 byte, 0 unchanged",
  ]);
  assertEquals(await at.keys(), ["b"]);
  await plan.run();
  assertEquals(await at.keys(), ["a"]);
});

Deno.test("syncFolder deletes no more than the limit allows", async () => {
  await using at = await place();
  await at.write("a", "1");
  for (const Key of ["b", "c"]) {
    await at.s3.putObject({ ...BUCKET, Key, Body: "2" });
  }

  const error = await assertRejects(
    () =>
      syncFolder(at.s3, folder(at.root), BUCKET, {
        delete: true,
        deleteLimit: 1,
      }),
    ConfigError,
  );

  assertEquals(error.code, "TooManyDeletes");
  assertStringIncludes(error.message, "2 items would be deleted");
  assertEquals(await at.keys(), ["b", "c"]);
});

Deno.test("syncFolder empties a bucket only where an empty source is allowed", async () => {
  await using at = await place();
  await at.s3.putObject({ ...BUCKET, Key: "a", Body: "1" });
  const sync = (allowEmptySource: boolean): Promise<unknown> =>
    syncFolder(at.s3, folder(at.root), BUCKET, {
      delete: true,
      allowEmptySource,
    });

  const error = await assertRejects(() => sync(false), ConfigError);
  assertEquals([error.code, await at.keys()], ["EmptySource", ["a"]]);
  await sync(true);
  assertEquals(await at.keys(), []);
});

Deno.test("syncFolder collects failures, and deletes nothing where one is", async () => {
  await using at = await place((request, send) =>
    request.method === "PUT" && request.path.endsWith("/bad")
      ? Promise.reject(new TypeError("broken"))
      : send()
  );
  for (const path of ["bad", "good"]) await at.write(path, "1");
  await at.s3.putObject({ ...BUCKET, Key: "old", Body: "1" });

  const { done, failures, postponed } = await syncFolder(
    at.s3,
    folder(at.root),
    BUCKET,
    { delete: true },
  );

  assertEquals(done.map(({ path }) => path), ["good"]);
  assertEquals(failures.map(({ step }) => step.path), ["bad"]);
  assertEquals(postponed.map(({ path }) => path), ["old"]);
  assertEquals(await at.keys(), ["good", "old"]);
});

Deno.test("uploadFolder ends where the bucket is not there", async () => {
  await using at = await place();
  for (let i = 0; i < 30; i++) await at.write(`f${i}`, "1");

  const error = await assertRejects(
    () => uploadFolder(at.s3, folder(at.root), { Bucket: "nowhere" }),
    AwsError,
  );

  assertStringIncludes(error.message, "NoSuchBucket");
});

Deno.test("uploadFolder bounds the items and the bytes that are under way", async () => {
  let running = 0;
  let bytes = 0;
  const most = { running: 0, bytes: 0 };
  await using at = await place(async (request, send) => {
    const size = request.body?.length ?? 0;
    running++;
    bytes += size;
    most.running = Math.max(most.running, running);
    most.bytes = Math.max(most.bytes, bytes);
    try {
      await new Promise((done) => setTimeout(done, 1));
      return await send();
    } finally {
      running--;
      bytes -= size;
    }
  });
  for (let i = 0; i < 12; i++) await at.write(`f${i}`, new Uint8Array(MIB));
  await at.write("large", new Uint8Array(20 * MIB));

  const { done } = await uploadFolder(at.s3, folder(at.root), BUCKET, {
    concurrency: 5,
    bytesInFlight: 3 * MIB,
  });

  assertEquals(done.length, 13);
  // One that is larger than all is alone, a part at a time.
  assertEquals(most, { running: 3, bytes: 8 * MIB });
});

Deno.test("syncFolder tells its progress over all", async () => {
  await using at = await place();
  await at.write("a", "12345");
  await at.write("b", "123");
  await at.s3.putObject({ ...BUCKET, Key: "c", Body: "1" });
  const told: FolderProgress[] = [];
  const steps: string[] = [];

  await syncFolder(at.s3, folder(at.root), BUCKET, {
    delete: true,
    onProgress: (progress) => told.push(progress),
    onStep: ({ kind, path }) => steps.push(`${kind} ${path}`),
  });

  assertEquals(told.at(-1), {
    bytes: 8,
    total: 8,
    steps: 3,
    totalSteps: 3,
    failed: 0,
  });
  assertEquals(steps.sort(), ["delete c", "upload a", "upload b"]);
});

Deno.test("syncFolder ends with the error that its progress function throws", async () => {
  await using at = await place();
  for (const path of ["a", "b", "c"]) await at.write(path, "1");

  await assertRejects(
    () =>
      syncFolder(at.s3, folder(at.root), BUCKET, {
        onProgress: () => {
          throw new RangeError("enough");
        },
      }),
    RangeError,
    "enough",
  );
});

Deno.test("syncFolder ends by its signal and starts nothing after it", async () => {
  const ends = new AbortController();
  await using at = await place((request, send) => {
    if (request.method === "PUT" && request.path.includes("f")) ends.abort();
    return send();
  });
  for (let i = 0; i < 20; i++) await at.write(`f${i}`, "1");

  await assertRejects(
    () =>
      syncFolder(at.s3, folder(at.root), BUCKET, {
        signal: ends.signal,
        concurrency: 2,
      }),
    DOMException,
  );

  assertEquals(
    at.requests.filter((line) => /PUT .*f/.test(line)).length <= 2,
    true,
  );
});

Deno.test("syncFolder goes on where a large download broke off", async () => {
  let broken = true;
  await using at = await place((request, send) => {
    const { range = "" } = request.headers;
    return broken && range.startsWith("bytes=8388608")
      ? Promise.reject(new TypeError("broken"))
      : send();
  });
  await at.s3.putObject({
    ...BUCKET,
    Key: "a",
    Body: new Uint8Array(20 * MIB),
  });
  const sync = (): ReturnType<typeof syncFolder> =>
    syncFolder(at.s3, BUCKET, folder(at.root), {
      resume: true,
      delete: true,
      // One range at a time.
      bytesInFlight: 16 * MIB,
    });

  const first = await sync();
  assertEquals([first.failures.length, await at.files()], [1, ["a.part"]]);
  broken = false;
  at.requests.length = 0;
  const second = await sync();

  assertEquals([second.failures, await at.files()], [[], ["a"]]);
  const gets = at.requests.filter((line) => line === "GET /photos/a");
  assertEquals(gets.length < 3, true);
});

Deno.test("syncFolder keeps times of last change where asked", async () => {
  await using at = await place();
  await at.write("a", "1", 86_400);
  const { mtime } = await Deno.stat(`${at.root}/a`);
  const copy = `${at.root}/../copy`;

  await uploadFolder(at.s3, folder(at.root), BUCKET, { keepTimes: true });
  await downloadFolder(at.s3, BUCKET, folder(copy), { keepTimes: true });

  const { Metadata } = await at.s3.headObject({ ...BUCKET, Key: "a" });
  assertEquals(Number(Metadata?.mtime) * 1_000, mtime?.getTime());
  const copied = await Deno.stat(`${copy}/a`);
  assertEquals(copied.mtime?.getTime(), mtime?.getTime());
});

Deno.test("a plan writes through no link that came after it was made", async () => {
  await using at = await place();
  await at.s3.putObject({ ...BUCKET, Key: "sub/a", Body: "1" });
  const plan = await planFolder(at.s3, BUCKET, folder(at.root));
  await Deno.mkdir(`${at.root}/../outside`);
  await Deno.symlink("../outside", `${at.root}/sub`);

  const { failures } = await plan.run();

  const [{ error } = { error: undefined }] = failures;
  assertInstanceOf(error, ConfigError);
  assertEquals(error.code, "LinkInTarget");
  assertEquals(
    await Array.fromAsync(Deno.readDir(`${at.root}/../outside`)),
    [],
  );
});

Deno.test("planFolder names keys that are one file where case does not count", async () => {
  await using at = await place();
  for (const Key of ["A.txt", "a.txt", "b"]) {
    await at.s3.putObject({ ...BUCKET, Key, Body: "1" });
  }
  const files = at.s3.core.files;
  const folding = new S3({
    ...at.s3.core,
    ...files && {
      files: Object.assign(Object.create(files), {
        stat: (path: string) =>
          Promise.resolve({
            kind: "found",
            value: {
              size: 0,
              changedMs: 0,
              kind: "folder",
              id: { device: 1, inode: path.toLowerCase().length },
            },
          }),
        list: (path: string) => files.list?.(path),
      }),
    },
  });

  const told = await planFolder(at.s3, BUCKET, folder(at.root));
  const refused = await planFolder(folding, BUCKET, folder(at.root));

  assertEquals(told.caseCollisions, [["A.txt", "a.txt"]]);
  assertEquals(told.refusals, []);
  assertEquals(refused.refusals.map(({ code, paths }) => [code, paths]), [
    ["CaseCollision", ["A.txt", "a.txt"]],
  ]);
});

Deno.test("planFolder passes over names that Windows does not have", async () => {
  await using local = new LocalAws();
  const system = Object.assign(new FakeSystem(), { windows: true });
  using session = new Session({
    ...local.clientConfig,
    system,
    transport: local.transport(),
  });
  const s3 = session.client(S3);
  await s3.createBucket(BUCKET);
  for (
    const Key of ["..\\out", "a\\b", "a/b", "nul.txt", "c:d", "dot.", "ok"]
  ) await s3.putObject({ ...BUCKET, Key, Body: "1" });

  const plan = await planFolder(s3, BUCKET, folder("C:/tree"));

  assertEquals(plan.steps.map(({ to }) => to), ["C:/tree/a/b", "C:/tree/ok"]);
  assertEquals(
    plan.skipped.map(({ path, reason }) => `${path}: ${reason}`).sort(),
    [
      "..\\out: leaves the folder",
      "c:d: no file name",
      "dot.: no file name",
      "nul.txt: no file name",
    ],
  );
  assertEquals(plan.refusals.map(({ code }) => code), ["SameFile"]);
});

Deno.test("syncFolder works with a machine in memory", async () => {
  await using local = new LocalAws();
  const system = new FakeSystem({
    files: { "/site/a/b": "1", "/site/c": "2" },
  });
  using session = new Session({
    ...local.clientConfig,
    system,
    transport: local.transport(),
  });
  const s3 = session.client(S3);
  await s3.createBucket(BUCKET);

  await syncFolder(s3, folder("/site"), BUCKET);
  await syncFolder(s3, BUCKET, folder("/copy"));

  assertEquals(system.files["/copy/a/b"], "1");
  assertEquals(system.files["/copy/c"], "2");
});

Deno.test("syncFolder is told what is not there, is no folder, or is no side", async () => {
  await using at = await place();
  await at.write("file", "1");
  const codes: string[] = [];
  for (
    const [from, to] of [
      [folder(`${at.root}/nowhere`), BUCKET],
      [folder(`${at.root}/file`), BUCKET],
      [folder(at.root), folder(at.root)],
      [new URL("https://example.com/"), BUCKET],
    ] as const
  ) {
    const error = await assertRejects(
      () => syncFolder(at.s3, from, to, { delete: true }),
      ConfigError,
    );
    codes.push(error.code);
  }
  assertEquals(codes, [
    "FolderNotFound",
    "NotAFolder",
    "InvalidTarget",
    "InvalidTarget",
  ]);
});

Deno.test("syncFolder refuses options that cannot be", async () => {
  await using at = await place();
  for (
    const options of [
      { concurrency: 0 },
      { bytesInFlight: 0 },
      { partSize: 1 },
      { deleteLimit: -1 },
      { filters: [{ exclude: "[z-a]" }] },
    ]
  ) {
    await assertRejects(
      () => syncFolder(at.s3, folder(at.root), BUCKET, options),
      ConfigError,
    );
  }
});

Deno.test("syncFolder deletes nothing that a listing out of order hides", async () => {
  await using at = await place();
  for (const Key of ["a", "b", "c"]) {
    await at.write(Key, "1", 3_600);
    await at.s3.putObject({ ...BUCKET, Key, Body: "1" });
  }
  const { core } = at.s3;
  const backwards = new S3({
    ...core,
    call: async (operation, input, options) => {
      const output = await core.call(operation, input, options);
      if (operation.name !== "ListObjectsV2") return output;
      const { Contents = [] } = output as { readonly Contents?: unknown[] };
      return { ...output, Contents: Contents.toReversed() };
    },
  });

  const plan = await planFolder(backwards, folder(at.root), BUCKET, {
    delete: true,
  });

  assertEquals([plan.steps, plan.unchanged], [[], 3]);
});

Deno.test("planFolder passes over objects that must be restored first", async () => {
  await using at = await place();
  const object = { ...BUCKET, Body: "1" };
  await at.s3.putObject({ ...object, Key: "a", StorageClass: "GLACIER" });
  await at.s3.putObject({ ...object, Key: "b", StorageClass: "STANDARD_IA" });

  const plan = await planFolder(at.s3, BUCKET, folder(at.root));

  assertEquals(plan.steps.map(({ path }) => path), ["b"]);
  assertEquals(plan.skipped.map(({ path, reason }) => [path, reason]), [
    ["a", "archived"],
  ]);
});

Deno.test("planFolder refuses to delete where the sides lie in one another", async () => {
  await using at = await place();
  for (const Key of ["a", "backup/a", "backup/b"]) {
    await at.s3.putObject({ ...BUCKET, Key, Body: "1" });
  }
  const backup = { ...BUCKET, Prefix: "backup" };

  const copies = await planFolder(at.s3, BUCKET, backup);
  const deletes = await planFolder(at.s3, BUCKET, backup, { delete: true });

  assertEquals(copies.refusals, []);
  assertEquals(deletes.refusals.map(({ code }) => code), [
    "OverlappingFolders",
  ]);
});
