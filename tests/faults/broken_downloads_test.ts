import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChecksumError, TransportError } from "../../mod.ts";
import type { HttpResponse, ResponseBody } from "../../src/ports/mod.ts";
import {
  download,
  downloadBytes,
  downloadStream,
  file,
  ObjectChangedError,
} from "../../src/transfer/mod.ts";
import {
  type DownloadStore,
  downloadStore,
  noise,
  OBJECT,
  PART,
  same,
} from "./download_store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const CONTENT = noise(2 * PART + 12_345);

/** A body that hands out bytes and then, where one is given, fails. */
function bodyOf(bytes: Bytes, failure?: Error): ResponseBody {
  const open = (): ReadableStream<Bytes> => {
    let at = 0;
    return new ReadableStream<Bytes>({
      pull: (controller): void => {
        if (at < bytes.length) {
          controller.enqueue(bytes.slice(at, at += 65_536));
        } else if (failure) controller.error(failure);
        else controller.close();
      },
    }, { highWaterMark: 0 });
  };
  return {
    open,
    bytes: async () => await new Response(open()).bytes(),
    cancel: () => Promise.resolve(),
  };
}

/** The same answer with other fields; `undefined` leaves one out. */
function withFields(
  answer: HttpResponse,
  fields: Readonly<Record<string, string | undefined>>,
): HttpResponse {
  const all = Object.entries({ ...answer.headers, ...fields });
  const headers = Object.fromEntries(
    all.flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
  return { ...answer, headers };
}

/** The same answer, broken off after some of its bytes. */
async function cutAfter(
  answer: HttpResponse,
  length: number,
): Promise<HttpResponse> {
  const bytes = await answer.body?.bytes() ?? new Uint8Array();
  const failure = new TransportError("cut", "It broke", { maybeSent: true });
  return { ...answer, body: bodyOf(bytes.slice(0, length), failure) };
}

async function everyWay(store: DownloadStore): Promise<Bytes[]> {
  const path = `${store.folder}/cat`;
  await download(store.s3, OBJECT, file(path), { partSize: PART });
  const { Body } = await downloadBytes(store.s3, OBJECT, { partSize: PART });
  const stream = await downloadStream(store.s3, OBJECT, { partSize: PART });
  return [
    await Deno.readFile(path),
    Body,
    await new Response(stream.Body).bytes(),
  ];
}

for (
  const [what, fields] of [
    ["a weak ETag", { etag: 'W/"abc"' }],
    ["no ETag", { etag: undefined }],
    ["an empty ETag", { etag: "" }],
  ] as const
) {
  Deno.test(`an object with ${what} is downloaded on the condition of its time`, async () => {
    await using store = await downloadStore(CONTENT);
    const conditions = new Set<string>();
    let modified: string | undefined;
    store.around = async ({ method, headers }, send) => {
      if (method === "GET") {
        conditions.add(
          `${headers["if-match"]} ${headers["if-unmodified-since"]}`,
        );
      }
      const answer = await send();
      modified = answer.headers["last-modified"];
      return withFields(answer, fields);
    };

    for (const bytes of await everyWay(store)) assert(same(bytes, CONTENT));

    assertEquals(conditions, new Set([`undefined ${modified}`]));
  });

  Deno.test(`an object with ${what} that is replaced meanwhile is noticed`, async () => {
    await using store = await downloadStore(CONTENT);
    store.around = async ({ method }, send) =>
      withFields(await send(), {
        ...fields,
        ...method === "GET"
          ? { "last-modified": "Wed, 01 Jan 2025 00:00:00 GMT" }
          : {},
      });

    for (const concurrency of [1, 10]) {
      const error = await assertRejects(
        () => downloadBytes(store.s3, OBJECT, { partSize: PART, concurrency }),
        ObjectChangedError,
      );
      assertEquals(error.kind, "replaced");
    }
  });

  Deno.test(`a broken body of an object with ${what} goes on under If-Unmodified-Since`, async () => {
    await using store = await downloadStore(CONTENT);
    const asked: unknown[] = [];
    store.around = async ({ headers }, send) => {
      asked.push([headers["range"], headers["if-match"]]);
      const answer = withFields(await send(), fields);
      assertEquals(
        headers["if-unmodified-since"],
        asked.length === 1 ? undefined : answer.headers["last-modified"],
      );
      return asked.length === 1 ? await cutAfter(answer, 1_000_000) : answer;
    };

    const { Body } = await store.s3.getObject(OBJECT);

    assert(same(await new Response(Body.stream).bytes(), CONTENT));
    assertEquals(asked, [
      [undefined, undefined],
      [`bytes=1000000-${CONTENT.length - 1}`, undefined],
    ]);
  });
}

Deno.test("an object whose ETag becomes weak on its way is the same object", async () => {
  await using store = await downloadStore(CONTENT);
  store.around = async ({ method }, send) => {
    const answer = await send();
    const { etag } = answer.headers;
    return method === "GET"
      ? withFields(answer, { etag: `W/${etag}` })
      : answer;
  };

  for (const bytes of await everyWay(store)) assert(same(bytes, CONTENT));
});

/** A store that refuses every condition, as some do with objects from parts. */
function refusingConditions(store: DownloadStore): string[] {
  const refused: string[] = [];
  store.around = async ({ method, headers }, send) => {
    const condition = headers["if-match"] ?? headers["if-unmodified-since"];
    if (method === "HEAD" || condition === undefined) return await send();
    refused.push(headers["range"] ?? "");
    return {
      status: 412,
      headers: {},
      body: bodyOf(
        new TextEncoder().encode(
          "<Error><Code>PreconditionFailed</Code></Error>",
        ),
      ),
    };
  };
  return refused;
}

Deno.test("a store that cannot match is asked without the condition, once it was looked at again", async () => {
  await using store = await downloadStore(CONTENT);
  const refused = refusingConditions(store);

  const { Body } = await downloadBytes(store.s3, OBJECT, {
    partSize: PART,
    concurrency: 1,
  });

  assert(same(Body, CONTENT));
  assertEquals(refused, ["bytes=0-5242879"]);
  assertEquals(store.requests, [
    "HEAD ",
    "GET bytes=0-5242879",
    "HEAD ",
    "GET bytes=0-5242879",
    "GET bytes=5242880-10485759",
    "GET bytes=10485760-10498104",
  ]);
  for (const bytes of await everyWay(store)) assert(same(bytes, CONTENT));
});

Deno.test("a broken body of a store that cannot match goes on all the same", async () => {
  await using store = await downloadStore(CONTENT);
  refusingConditions(store);
  const { around } = store;
  let cuts = 0;
  store.around = async (request, send) => {
    const answer = await around(request, send);
    const cut = answer.status === 206 && cuts++ % 2 === 0;
    return cut ? await cutAfter(answer, 4_000) : answer;
  };

  for (const bytes of await everyWay(store)) assert(same(bytes, CONTENT));
});

Deno.test("each range of a store that cannot match survives four cuts", async () => {
  await using store = await downloadStore(CONTENT);
  refusingConditions(store);
  const { around } = store;
  const cuts = new Map<string, number>();
  store.around = async (request, send) => {
    const answer = await around(request, send);
    const end = request.headers["range"]?.split("-")[1] ?? "";
    const count = cuts.get(end) ?? 0;
    if (answer.status !== 206 || count === 4) return answer;
    cuts.set(end, count + 1);
    return await cutAfter(answer, 1_000);
  };

  const { Body } = await downloadBytes(store.s3, OBJECT, { partSize: PART });

  assert(same(Body, CONTENT));
});

Deno.test("a store that refuses the condition because the object changed is believed", async () => {
  await using store = await downloadStore(CONTENT);
  store.around = async ({ headers }, send) => {
    if (headers["range"]?.startsWith("bytes=5242880-")) {
      store.around = (_request, send) => send();
      await store.s3.putObject({ ...OBJECT, Body: "another" });
    }
    return await send();
  };

  const error = await assertRejects(
    () => downloadBytes(store.s3, OBJECT, { partSize: PART, concurrency: 1 }),
    ObjectChangedError,
  );

  assertEquals(error.kind, "replaced");
});

for (const size of [100, 5_000, 100_000, CONTENT.length]) {
  Deno.test(`a range of up to ${size} bytes survives four cuts, as in boto3`, async () => {
    const content = CONTENT.slice(0, size);
    await using store = await downloadStore(content);
    const cuts = new Map<string, number>();
    store.around = async ({ method, headers }, send) => {
      const answer = await send();
      if (method !== "GET") return answer;
      const end = headers["range"]?.split("-")[1] ?? "";
      const cut = cuts.get(end) ?? 0;
      cuts.set(end, cut + 1);
      const length = Number(answer.headers["content-length"]);
      return cut < 4 ? await cutAfter(answer, Math.floor(length / 5)) : answer;
    };

    for (const transfer of [0, 1, 2]) {
      cuts.clear();
      const path = `${store.folder}/cat`;
      const bytes = transfer === 0
        ? (await download(store.s3, OBJECT, file(path), { partSize: PART }),
          await Deno.readFile(path))
        : transfer === 1
        ? (await downloadBytes(store.s3, OBJECT, { partSize: PART })).Body
        : await new Response(
          (await downloadStream(store.s3, OBJECT, { partSize: PART })).Body,
        ).bytes();
      assert(same(bytes, content));
    }
  });
}

Deno.test("a body that makes progress between its breaks goes on for as long as it does", async () => {
  await using store = await downloadStore(CONTENT);
  store.around = async (_request, send) =>
    await cutAfter(await send(), 700_000);

  const { Body } = await store.s3.getObject(OBJECT);

  assert(same(await new Response(Body.stream).bytes(), CONTENT));
  assertEquals(store.requests.length, Math.ceil(CONTENT.length / 700_000));
});

Deno.test("a server that hands out byte by byte is not followed for ever", async () => {
  await using store = await downloadStore(CONTENT);
  store.around = async ({ method }, send) => {
    const answer = await send();
    return method === "GET" ? await cutAfter(answer, 1) : answer;
  };

  await assertRejects(
    () => downloadBytes(store.s3, OBJECT, { partSize: PART, concurrency: 1 }),
    TransportError,
    "It broke",
  );

  assert(store.requests.length <= 10, `${store.requests.length} requests`);
});

Deno.test("a resume that is answered by the whole object takes what it lacks of it", async () => {
  await using store = await downloadStore(CONTENT);
  let requests = 0;
  store.around = async ({ method, headers }, send) => {
    const answer = await send();
    if (method !== "GET") return answer;
    requests++;
    if (requests % 2 === 1) return await cutAfter(answer, 1_234_567);
    const { etag, "last-modified": modified = "" } = answer.headers;
    assert(headers["range"]?.startsWith("bytes=1234567-"));
    return {
      status: 200,
      headers: {
        ...etag && { etag },
        "last-modified": modified,
        "content-length": String(CONTENT.length),
      },
      body: bodyOf(CONTENT),
    };
  };

  const plain = await store.s3.getObject(OBJECT);
  assert(same(await new Response(plain.Body.stream).bytes(), CONTENT));
  const { Body } = await store.s3.getObject({
    ...OBJECT,
    Range: "bytes=0-9999999",
  });
  assert(
    same(await new Response(Body.stream).bytes(), CONTENT.slice(0, 10_000_000)),
  );
  const whole = await downloadBytes(store.s3, OBJECT, {
    partSize: 64 * 1_024 * 1_024,
  });
  assert(same(whole.Body, CONTENT));
  assertEquals(requests, 6);
});

Deno.test("a resume that is answered by the whole of another object ends the body", async () => {
  await using store = await downloadStore(CONTENT);
  let requests = 0;
  store.around = async (_request, send) => {
    const answer = await send();
    if (++requests === 1) return await cutAfter(answer, 1_000_000);
    return {
      status: 200,
      headers: { etag: '"other"', "content-length": String(CONTENT.length) },
      body: bodyOf(CONTENT),
    };
  };

  const { Body } = await store.s3.getObject(OBJECT);

  await assertRejects(
    () => new Response(Body.stream).bytes(),
    ObjectChangedError,
  );
});

/** A part of an object that has its own checksum, as Amazon answers by its number. */
function answeringPart(store: DownloadStore, crc32: string): void {
  store.around = (_request, _send) =>
    Promise.resolve({
      status: 206,
      headers: {
        etag: '"v1-2"',
        "content-length": "9",
        "content-range": "bytes 0-8/18",
        "x-amz-checksum-crc32": crc32,
        "x-amz-mp-parts-count": "2",
      },
      body: bodyOf(new TextEncoder().encode("123456789")),
    });
}

Deno.test("getObject verifies a part that it asks for by its number by the part's own checksum", async () => {
  await using store = await downloadStore(CONTENT.slice(0, 18));
  const part = { ...OBJECT, PartNumber: 1, ChecksumMode: "ENABLED" } as const;

  // The check value of CRC-32 in catalogues is that of these nine digits.
  answeringPart(store, "y/Q5Jg==");
  for (const whole of [true, false]) {
    const { Body } = await store.s3.getObject(part);
    const bytes = whole
      ? await Body.bytes()
      : await new Response(Body.stream).bytes();
    assertEquals(new TextDecoder().decode(bytes), "123456789");
  }
  answeringPart(store, "AAAAAA==");
  for (const whole of [true, false]) {
    const { Body } = await store.s3.getObject(part);
    await assertRejects(
      () => whole ? Body.bytes() : new Response(Body.stream).bytes(),
      ChecksumError,
    );
  }
});

Deno.test("getObject verifies no range by a checksum, which may be that of the whole", async () => {
  await using store = await downloadStore(CONTENT.slice(0, 18));
  answeringPart(store, "AAAAAA==");

  const { Body } = await store.s3.getObject({
    ...OBJECT,
    Range: "bytes=0-8",
    ChecksumMode: "ENABLED",
  });

  assertEquals(await Body.text(), "123456789");
});

Deno.test("getObject does not verify a part by the checksum of checksums", async () => {
  await using store = await downloadStore(CONTENT.slice(0, 18));
  answeringPart(store, "AAAAAA==-2");

  const { Body } = await store.s3.getObject({
    ...OBJECT,
    PartNumber: 1,
    ChecksumMode: "ENABLED",
  });

  assertEquals(await Body.text(), "123456789");
});
