import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session, ValidationError } from "../../mod.ts";
import { type PutObjectInput, S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { upload } from "../../src/transfer/mod.ts";

type Body = NonNullable<PutObjectInput["Body"]>;

const OBJECT = { Bucket: "bodies", Key: "k" };
const MIB = 1_024 * 1_024;
const TEXT = "Grüße, 🐈 und \0";
const BYTES = new TextEncoder().encode(TEXT);

/** Where a body is taken. */
const PLACES: readonly (readonly [
  string,
  (s3: S3, body: Body) => Promise<unknown>,
])[] = [
  ["putObject", (s3, Body) => s3.putObject({ ...OBJECT, Body })],
  ["upload", (s3, Body) => upload(s3, { ...OBJECT, Body })],
];

/** Bodies that all stand for the same bytes. */
const BODIES: Readonly<Record<string, () => unknown>> = {
  "a text": () => TEXT,
  "bytes": () => BYTES,
  "bytes in the middle of a buffer": () => around(BYTES).subarray(3, -2),
  "an ArrayBuffer": () => BYTES.slice().buffer,
  "a DataView": () => new DataView(around(BYTES).buffer, 3, BYTES.length),
  "an array of shorts": () => new Uint16Array(evenly(BYTES)),
  "a SharedArrayBuffer's view": () => shared(BYTES),
  "a Blob": () => new Blob([BYTES]),
  "a Response": () => new Response(BYTES),
  "a Response with its length": () =>
    new Response(BYTES, { headers: { "content-length": `${BYTES.length}` } }),
  "a Response of text": () => new Response(TEXT),
  "a Request": () =>
    new Request("http://localhost/", { method: "PUT", body: BYTES }),
  "a stream of bytes": () => ReadableStream.from(cut(BYTES)),
  "a byte stream": () => new Response(BYTES).body,
  "a stream of text": () =>
    ReadableStream.from([TEXT.slice(0, 5), TEXT.slice(5)]),
  "a stream of text, cut inside a character": () =>
    ReadableStream.from([...TEXT].flatMap((one) => one.split(""))),
  "a stream of buffers": () =>
    ReadableStream.from(cut(BYTES).map((piece) => piece.buffer)),
  "a stream of views": () =>
    ReadableStream.from(cut(BYTES).map((piece) => new DataView(piece.buffer))),
  "a stream with empty pieces": () =>
    ReadableStream.from([new Uint8Array(), "", ...cut(BYTES), ""]),
  "an asynchronous iterable of bytes": () => iterable(cut(BYTES)),
  "an asynchronous iterable of text": () => iterable(["", ...TEXT]),
  "a source": () => ({
    length: BYTES.length,
    replayable: true,
    open: () => ReadableStream.from(cut(BYTES)),
  }),
  "a source of unknown length and buffers": () => ({
    length: undefined,
    replayable: true,
    open: () => ReadableStream.from(cut(BYTES).map((piece) => piece.buffer)),
  }),
};

for (const [place, send] of PLACES) {
  for (const [kind, make] of Object.entries(BODIES)) {
    Deno.test(`${place} takes ${kind}`, async () => {
      const s3 = await store();

      await send(s3, make() as Body);

      const { Body } = await s3.getObject(OBJECT);
      const bytes = await Body.bytes();
      assertEquals(
        kind === "an array of shorts" ? bytes.slice(0, BYTES.length) : bytes,
        BYTES,
      );
    });
  }

  Deno.test(`${place} takes what is longer than 8 MiB from each kind`, async () => {
    const long = new Uint8Array(9 * MIB).fill(7);
    const bodies: readonly Body[] = [
      long.buffer,
      new DataView(long.buffer),
      new Blob([long]),
      new Response(long, { headers: { "content-length": `${long.length}` } }),
      { length: long.length, replayable: true, open: () => sliced(long) },
    ];
    for (const body of bodies) {
      const s3 = await store();

      await send(s3, body);

      const { Body } = await s3.getObject(OBJECT);
      const bytes = await Body.bytes();
      assertEquals(bytes.length, long.length);
      assert(bytes.every((byte) => byte === 7));
    }
  });

  Deno.test(`${place} refuses what cannot be read, and says why`, async () => {
    const read = new Response(BYTES);
    await read.bytes();
    const locked = ReadableStream.from([BYTES]);
    locked.getReader();
    const gone = BYTES.slice();
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const refused: readonly (readonly [unknown, string])[] = [
      [read, "was read before"],
      [locked, "is being read by somebody else"],
      [gone, "its buffer was transferred"],
      [gone.buffer, "its buffer was transferred"],
      [ReadableStream.from([1, 2]), "neither bytes nor text"],
      [ReadableStream.from([{}]), "neither bytes nor text"],
      [iterable([null]), "neither bytes nor text"],
      [new URL("https://example.com/cat"), "must be a file URL"],
    ];
    for (const [body, why] of refused) {
      const s3 = await store();

      await assertRejects(() => send(s3, body as Body), ValidationError, why);
      const { Contents = [] } = await s3.listObjectsV2({ Bucket: "bodies" });
      assertEquals(Contents, []);
    }
  });
}

Deno.test("the body of an answer can be the body of a request", async () => {
  const s3 = await store();
  await s3.putObject({ ...OBJECT, Body: BYTES });

  const { Body, ContentLength } = await s3.getObject(OBJECT);
  await s3.putObject({
    ...OBJECT,
    Key: "copy",
    Body,
    ...ContentLength === undefined ? {} : { ContentLength },
  });

  const copy = await s3.getObject({ ...OBJECT, Key: "copy" });
  assertEquals(await copy.Body.bytes(), BYTES);
});

Deno.test("ContentLength without a body is refused, unless it is 0", async () => {
  const s3 = await store();

  for (const ContentLength of [1, 5, 9 * MIB]) {
    for (
      const call of [
        () => s3.putObject({ ...OBJECT, ContentLength }),
        () => s3.putObject({ ...OBJECT, ContentLength, Body: "" }),
        () =>
          s3.uploadPart({
            ...OBJECT,
            ContentLength,
            UploadId: "u",
            PartNumber: 1,
          }),
      ]
    ) {
      await assertRejects(
        call,
        ValidationError,
        `current value is ${ContentLength}`,
      );
    }
  }
  await s3.putObject({ ...OBJECT, ContentLength: 0 });

  assertEquals((await s3.headObject(OBJECT)).ContentLength, 0);
});

Deno.test("a body that is longer or shorter than ContentLength is refused, of each kind and size", async () => {
  for (const length of [5, 9 * MIB]) {
    for (const ContentLength of [length - 1, length + 1]) {
      const bytes = new Uint8Array(length);
      const bodies: readonly Body[] = [
        bytes,
        bytes.buffer,
        new Blob([bytes]),
        new Response(bytes),
        sliced(bytes),
        iterable(cut(bytes)),
        { length, replayable: true, open: () => sliced(bytes) },
        { length: undefined, replayable: true, open: () => sliced(bytes) },
      ];
      for (const Body of bodies) {
        const s3 = await store();

        await assertRejects(
          () => s3.putObject({ ...OBJECT, Body, ContentLength }),
          ValidationError,
          "ContentLength must be the length of Body",
        );
        const { Contents = [] } = await s3.listObjectsV2({ Bucket: "bodies" });
        assertEquals(Contents, []);
      }
    }
  }
});

Deno.test("a source that hands out more or less than it says is refused", async () => {
  for (const length of [5, 9 * MIB]) {
    for (const actual of [length - 1, length + 1]) {
      for (const [, send] of PLACES) {
        const s3 = await store();

        await assertRejects(
          () =>
            send(s3, {
              length,
              replayable: true,
              open: () => sliced(new Uint8Array(actual)),
            }),
          ValidationError,
        );
        const { Contents = [] } = await s3.listObjectsV2({ Bucket: "bodies" });
        assertEquals(Contents, []);
      }
    }
  }
});

async function store(): Promise<S3> {
  const local = new LocalAws();
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
  });
  // Streams go over http unsigned, or not at all.
  const s3 = session.client(S3, { payloadSigning: false });
  await s3.createBucket({ Bucket: "bodies" });
  return s3;
}

function around(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([1, 2, 3, ...bytes, 4, 5]);
}

function evenly(bytes: Uint8Array): ArrayBuffer {
  const even = new Uint8Array(bytes.length + bytes.length % 2);
  even.set(bytes);
  return even.buffer;
}

function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length));
  view.set(bytes);
  return view;
}

function cut(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const middle = Math.floor(bytes.length / 2);
  return [bytes.slice(0, middle), bytes.slice(middle)];
}

function sliced(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return ReadableStream.from(cut(bytes));
}

async function* iterable<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield await item;
}
