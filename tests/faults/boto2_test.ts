import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, ServiceError, Session } from "../../mod.ts";
import {
  type Bucket,
  MemoryFile,
  Prefix,
  S3Connection,
} from "../../src/boto2/mod.ts";
import { S3Resource } from "../../src/resource/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";
import { FetchTransport } from "../../src/transport/mod.ts";

for (
  const [name, type] of [
    ["cat.txt", "text/plain"],
    ["CAT.JPG", "image/jpeg"],
    ["sample.m3u8", "application/vnd.apple.mpegurl"],
    ["backup.tar.gz", "application/x-tar"],
    ["backup.tgz", "application/x-tar"],
    ["data.json", "application/json"],
    ["a.b/README", "application/octet-stream"],
    [".txt", "application/octet-stream"],
    ["cat.unheard-of", "application/octet-stream"],
    ["cat.gz", "application/octet-stream"],
  ] as const
) {
  Deno.test(`setContentsFromFilename stores ${name} as ${type}`, async () => {
    const bucket = await photos({ [`/${name}`]: "miaow" });

    await bucket.newKey("a").setContentsFromFilename(`/${name}`);

    assertEquals((await bucket.getKey("a"))?.contentType, type);
  });
}

Deno.test("setContentsFromFilename stores the type that it is told", async () => {
  const bucket = await photos({ "/cat.txt": "miaow" });

  await bucket.newKey("a").setContentsFromFilename("/cat.txt", {
    ContentType: "text/x-cat",
  });

  assertEquals((await bucket.getKey("a"))?.contentType, "text/x-cat");
});

for (const length of [0, 1, 65_536, 300_001]) {
  Deno.test(`setContentsFromFile stores ${length} bytes of an open file from its position on, and leaves it open`, async () => {
    const bucket = await photos();
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeFile(path, new Uint8Array(length + 2).fill(120));
      using file = await Deno.open(path);
      await file.seek(2, Deno.SeekMode.Start);

      await bucket.newKey("a").setContentsFromFile(file);

      const key = await bucket.getKey("a");
      assertEquals(key?.size, length);
      assertEquals(key?.contentType, "application/octet-stream");
      assertEquals(await file.seek(0, Deno.SeekMode.Start), 0);
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("setContentsFromFile takes a File with its name, a MemoryFile and a stream", async () => {
  const bucket = await photos();
  const memory = new MemoryFile();
  const key = bucket.newKey("a");

  await key.setContentsFromFile(new File(["miaow"], "cat.txt"));
  assertEquals((await bucket.getKey("a"))?.contentType, "text/plain");
  await key.getContentsToFile(memory);
  await key.setContentsFromFile(memory);
  assertEquals(await key.getContentsAsString(), "miaow");
  await key.setContentsFromFile(new Blob(["purr"]).stream());
  assertEquals(await key.getContentsAsString(), "purr");
});

Deno.test("setContentsFromFile of a path or of nothing is refused", async () => {
  const key = (await photos()).newKey("a");

  for (const wrong of ["/cat.txt", new URL("file:///cat.txt"), undefined, {}]) {
    const error = await assertRejects(
      () => key.setContentsFromFile(wrong as never),
      ConfigError,
    );
    assertEquals(error.code, "InvalidFileSource");
  }
});

Deno.test("list with a delimiter gives the keys of a level, then the levels below", async () => {
  const bucket = await photos();
  for (const name of ["a/1", "a/b/2", "a/b/3", "a/c/4", "d"]) {
    await bucket.newKey(name).setContentsFromString(name);
  }

  const found = await Array.fromAsync(bucket.list("a/", "/"));

  assertEquals(
    found.map((one) => [one instanceof Prefix, one.name]),
    [[false, "a/1"], [true, "a/b/"], [true, "a/c/"]],
  );
});

for (
  const [status, code] of [[403, "AccessDenied"], [
    404,
    "NoSuchBucket",
  ]] as const
) {
  Deno.test(`getBucket answered with ${status} has the code ${code}`, async () => {
    using session = answering(status);

    const error = await assertRejects(
      () => new S3Connection({}, session).getBucket("photos"),
      ServiceError,
    );

    assertEquals([error.code, error.status], [code, status]);
    assert(error.message.startsWith(code));
  });
}

Deno.test("a listing tells the newest version, and when a delete marker was made", async () => {
  const answer = `<ListVersionsResult><Version><Key>a</Key>
    <VersionId>1</VersionId><IsLatest>false</IsLatest><Size>5</Size>
    <ETag>"e"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>
    </Version><DeleteMarker><Key>a</Key><VersionId>2</VersionId>
    <IsLatest>true</IsLatest>
    <LastModified>2026-01-02T00:00:00.000Z</LastModified></DeleteMarker>
    </ListVersionsResult>`;
  const sent: string[] = [];
  using session = answering(200, answer, sent);
  const bucket = new S3Resource(session.client(S3)).bucket("photos");

  const [version, marker] = await bucket.objectVersions.toArray();

  assertEquals([version?.isLatest, marker?.isLatest], [false, true]);
  assertEquals([version?.isDeleteMarker, marker?.isDeleteMarker], [
    false,
    true,
  ]);
  assertEquals(await version?.size(), 5);
  assertEquals(await marker?.size(), undefined);
  assertEquals(
    await marker?.lastModified(),
    new Date("2026-01-02T00:00:00.000Z"),
  );
  assertEquals(sent, ["GET"]);
});

for (
  const [verb, act] of [
    ["getKey", (bucket, options) => bucket.getKey("a", options)],
    [
      "list",
      (bucket, options) => Array.fromAsync(bucket.list("", "", options)),
    ],
    ["deleteKey", (bucket, options) => bucket.deleteKey("a", options)],
    ["deleteKeys", (bucket, options) => bucket.deleteKeys(["a"], options)],
    [
      "copyKey",
      (bucket, options) => bucket.copyKey("b", "photos", "a", options),
    ],
    ["delete", (bucket, options) => bucket.delete(options)],
    [
      "getContentsAsString",
      (bucket, options) => bucket.newKey("a").getContentsAsString(options),
    ],
    [
      "getContentsToFile",
      (bucket, options) =>
        bucket.newKey("a").getContentsToFile(new MemoryFile(), options),
    ],
    [
      "setContentsFromString",
      (bucket, options) =>
        bucket.newKey("a").setContentsFromString("b", {}, options),
    ],
    [
      "setContentsFromFile",
      (bucket, options) =>
        bucket.newKey("a").setContentsFromFile(new MemoryFile(), {}, options),
    ],
    ["exists", (bucket, options) => bucket.newKey("a").exists(options)],
    [
      "size of a resource",
      (bucket, options) =>
        new S3Resource(bucket.client).object("photos", "a").size(options),
    ],
    [
      "toArray of a collection",
      (bucket, options) =>
        new S3Resource(bucket.client).bucket("photos").objects.toArray(options),
    ],
    [
      "delete of a collection",
      (bucket, options) =>
        new S3Resource(bucket.client).bucket("photos").objects.delete(options),
    ],
  ] as readonly (readonly [
    string,
    (bucket: Bucket, options: { readonly signal: AbortSignal }) => unknown,
  ])[]
) {
  Deno.test(`${verb} ends by its signal while the server is silent`, async () => {
    const controller = new AbortController();
    const connection = new S3Connection({}, silent(() => controller.abort()));
    const bucket = await connection.getBucket("photos", { validate: false });

    await assertRejects(
      async () => await act(bucket, { signal: controller.signal }),
      DOMException,
    );
  });
}

async function photos(
  files: Readonly<Record<string, string>> = {},
): Promise<Bucket> {
  const local = new LocalAws();
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
    system: new FakeSystem({ files }),
  });
  return await new S3Connection({}, session).createBucket("photos");
}

/** A session whose server answers everything in one way. */
function answering(status: number, body = "", sent: string[] = []): Session {
  const fetched = (_url: unknown, init?: RequestInit): Promise<Response> => {
    sent.push(init?.method ?? "GET");
    return Promise.resolve(
      new Response(init?.method === "HEAD" ? null : body, { status }),
    );
  };
  return withFetch(fetched as typeof fetch);
}

/** A session whose server never answers; tells when it was asked. */
function silent(asked: () => void): Session {
  const fetched = (_url: unknown, init?: RequestInit): Promise<Response> => {
    queueMicrotask(asked);
    return new Promise((_resolve, reject) =>
      init?.signal?.addEventListener(
        "abort",
        () => reject(init.signal?.reason),
      )
    );
  };
  return withFetch(fetched as typeof fetch);
}

function withFetch(fetched: typeof fetch): Session {
  return new Session({
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    transport: new FetchTransport({ fetch: fetched, dialer: false }),
    system: new FakeSystem({}),
  });
}
