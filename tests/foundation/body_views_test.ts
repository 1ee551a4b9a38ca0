import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import {
  ChecksumError,
  ConfigError,
  ProtocolError,
} from "../../src/foundation/errors.ts";
import {
  type BodyHead,
  StreamingBody,
} from "../../src/foundation/streaming_body.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const SAMPLE = "\uFEFFgrüße\r\n\n🐈 miaow\r\n\r\nno end\r";

Deno.test("lines of one byte are read, however many a piece has", async () => {
  const bytes = new Uint8Array(1_024 * 1_024).fill(10);

  assertEquals(
    (await linesOf(inPieces(bytes, bytes.length))).length,
    bytes.length,
  );
});

Deno.test("lines ends lines at LF and CRLF, wherever the pieces are cut", async () => {
  const bytes = utf8(SAMPLE);
  const expected = ["grüße", "", "🐈 miaow", "", "no end\r"];

  for (let size = 1; size <= bytes.length; size++) {
    assertEquals(await linesOf(inPieces(bytes, size)), expected, `${size}`);
  }
});

Deno.test("lines joined again are the text", async () => {
  const words = ["", "a", "ü\r", "🐈🐈", "\r\r", "\uFFFD", "x".repeat(40)];
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(seed / 65_536) % below;
  };
  for (let round = 0; round < 200; round++) {
    const whole = Array.from({ length: next(30) }, () => words[next(7)])
      .join("\n");
    const expected = whole.replaceAll("\r\n", "\n").split("\n");
    if (expected.at(-1) === "") expected.pop();

    const lines = await linesOf(inPieces(utf8(whole), 1 + next(50)), 70);

    assertEquals(lines, expected, JSON.stringify(whole));
  }
});

Deno.test("lines of nothing are none, and one end is one empty line", async () => {
  assertEquals(await linesOf([]), []);
  assertEquals(await linesOf([utf8("")]), []);
  assertEquals(await linesOf([utf8("\n")]), [""]);
  assertEquals(await linesOf([utf8("\r"), utf8("\n")]), [""]);
});

Deno.test("lines takes bytes that are no UTF-8 as text() does", async () => {
  const bytes = Uint8Array.of(0x61, 0xe2, 0x0a, 0xff, 0x0a, 0xf0, 0x9f);

  assertEquals(await linesOf(inPieces(bytes, 1)), text(bytes).split("\n"));
  assertEquals(await linesOf([bytes]), text(bytes).split("\n"));
});

Deno.test("lines cancels the body when the loop is left", async () => {
  for (const rest of ["two\nthree", "tw"]) {
    const { body, cancelled } = watched([utf8("one\n"), utf8(rest)]);
    for await (const line of body.lines()) {
      assertEquals(line, "one");
      break;
    }
    assertEquals(cancelled(), 1);
    await assertRejects(() => body.lines().next(), TypeError);
  }
});

Deno.test("lines refuses a line that is too long, and keeps no more of it", async () => {
  const endless = watched(inPieces(utf8("ok\n" + "x".repeat(1_000)), 10));
  const seen: string[] = [];
  const error = await assertRejects(async () => {
    for await (const line of endless.body.lines({ maxLineBytes: 50 })) {
      seen.push(line);
    }
  }, ProtocolError);
  assertEquals(
    error.message,
    "Cannot read line 2 of the body: it is longer than 50 bytes. Longer lines are read with a larger maxLineBytes",
  );
  assertEquals(seen, ["ok"]);
  assertEquals(endless.cancelled(), 1);
  assert(endless.read() < 10, `${endless.read()} pieces`);
});

Deno.test("lines counts bytes without the end of the line", async () => {
  const just = ["ü234\r\n", "12345", "\r", "\n12345\n12345"];
  const pieces = just.map(utf8);
  assertEquals(await linesOf(pieces, 5), ["ü234", "12345", "12345", "12345"]);
  assertEquals(
    await linesOf([utf8(just.join(""))], 5),
    ["ü234", "12345", "12345", "12345"],
  );
  for (const long of ["123456", "123456\n1", "1\n123456\n1", "12345\r"]) {
    await assertRejects(() => linesOf([utf8(long)], 5), ProtocolError);
    await assertRejects(() => linesOf(inPieces(utf8(long), 1), 5));
  }
});

Deno.test("lines hands on what breaks the body off, and no half of a line before it", async () => {
  const failure = new ChecksumError("CRC32", "AAAAAA==", "DUoRhQ==");
  const body = new StreamingBody({
    open: () =>
      new ReadableStream({
        start(controller): void {
          controller.enqueue(utf8("one\ntwo\nhal"));
        },
        pull(controller): void {
          controller.error(failure);
        },
      }, { highWaterMark: 0 }),
    bytes: () => Promise.reject(failure),
    cancel: () => Promise.resolve(),
  });
  const seen: string[] = [];
  const error = await assertRejects(async () => {
    for await (const line of body.lines()) seen.push(line);
  }, ChecksumError);
  assertEquals([seen, error], [["one", "two"], failure]);
});

Deno.test("lines refuses options that cannot be, and leaves the body unread", async () => {
  const { body } = watched([utf8("one\n")]);
  for (const maxLineBytes of [0, 1.5, NaN, Infinity, -1]) {
    await assertRejects(
      () => body.lines({ maxLineBytes }).next(),
      ConfigError,
      `got ${maxLineBytes}`,
    );
  }
  const misspelt: object = { maxLineByte: 3 };
  await assertRejects(
    () => body.lines(misspelt).next(),
    ConfigError,
    'did you mean "maxLineBytes"?',
  );
  assertEquals(await body.text(), "one\n");
});

Deno.test("toResponse says of the object what a browser can use", async () => {
  const headers = {
    "accept-ranges": "bytes",
    "cache-control": "max-age=60",
    "connection": "keep-alive",
    "content-disposition": 'attachment; filename="cat.txt"',
    "content-encoding": "br",
    "content-language": "en",
    "content-length": "5",
    "content-range": "bytes 0-4/9",
    "content-type": "text/plain",
    "date": "Tue, 01 Jan 2030 00:00:00 GMT",
    "etag": '"e"',
    "expires": "Tue, 01 Jan 2030 01:00:00 GMT",
    "keep-alive": "timeout=5",
    "last-modified": "Mon, 31 Dec 2029 00:00:00 GMT",
    "server": "AmazonS3",
    "set-cookie": "a=b",
    "transfer-encoding": "chunked",
    "x-amz-meta-owner": "me",
    "x-amz-request-id": "1",
  };

  const response = await bodyOf({ status: 206, headers }).toResponse();

  assertEquals(response.status, 206);
  assertEquals(await response.text(), "miaow");
  assertEquals(Object.fromEntries(response.headers), {
    "accept-ranges": "bytes",
    "cache-control": "max-age=60",
    "content-disposition": 'attachment; filename="cat.txt"',
    "content-encoding": "br",
    "content-language": "en",
    "content-length": "5",
    "content-range": "bytes 0-4/9",
    "content-type": "text/plain",
    "etag": '"e"',
    "expires": "Tue, 01 Jan 2030 01:00:00 GMT",
    "last-modified": "Mon, 31 Dec 2029 00:00:00 GMT",
  });
});

Deno.test("toResponse sets header fields of its own over those of the object", async () => {
  const headers = { "content-type": "text/html", "etag": '"e"' };
  const own = { "Content-Type": "text/plain", "X-Content-Type-Options": "no" };

  for (const more of [own, new Headers(own)]) {
    const response = await bodyOf({ status: 200, headers })
      .toResponse({ headers: more });
    assertEquals(Object.fromEntries(response.headers), {
      "content-type": "text/plain",
      "etag": '"e"',
      "x-content-type-options": "no",
    });
    await response.body?.cancel();
  }
});

Deno.test("toResponse says nothing that is untrue of decompressed bytes", async () => {
  const headers = {
    "accept-ranges": "bytes",
    "content-encoding": "gzip",
    "content-length": "25",
    "content-type": "text/plain",
    "etag": '"e"',
  };
  const response = await bodyOf({ status: 200, headers, decoded: true })
    .toResponse();
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/plain",
    "etag": 'W/"e"',
  });
  await response.body?.cancel();
});

Deno.test("toResponse refuses options that do not exist, and a body that was read", async () => {
  const body = bodyOf({ status: 200, headers: {} });
  const misspelt: object = { header: {} };
  const error = await assertRejects(
    () => body.toResponse(misspelt),
    ConfigError,
  );
  assertStringIncludes(error.message, 'did you mean "headers"?');
  assertEquals(await body.text(), "miaow");
  await assertRejects(() => body.toResponse(), TypeError);
});

async function linesOf(
  pieces: readonly Bytes[],
  maxLineBytes?: number,
): Promise<string[]> {
  const { body } = watched(pieces);
  return await Array.fromAsync(
    body.lines(maxLineBytes === undefined ? {} : { maxLineBytes }),
  );
}

function bodyOf(head: BodyHead): StreamingBody {
  return new StreamingBody({
    open: () => new Blob(["miaow"]).stream(),
    bytes: () => Promise.resolve(utf8("miaow")),
    cancel: () => Promise.resolve(),
  }, head);
}

/** A body that tells how many pieces were read of it, and how often it was cancelled. */
function watched(pieces: readonly Bytes[]): {
  readonly body: StreamingBody;
  readonly read: () => number;
  readonly cancelled: () => number;
} {
  let read = 0;
  let cancelled = 0;
  const body = new StreamingBody({
    open: () =>
      new ReadableStream({
        pull(controller): void {
          const piece = pieces[read];
          if (piece === undefined) return controller.close();
          read++;
          controller.enqueue(piece);
        },
        cancel(): void {
          cancelled++;
        },
      }, { highWaterMark: 0 }),
    bytes: () => Promise.resolve(utf8(pieces.map(text).join(""))),
    cancel: () => Promise.resolve(),
  });
  return { body, read: () => read, cancelled: () => cancelled };
}

function inPieces(bytes: Bytes, size: number): Bytes[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.subarray(index * size, (index + 1) * size),
  );
}
