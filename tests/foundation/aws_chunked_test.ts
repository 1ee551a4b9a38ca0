import { assertEquals, assertRejects } from "@std/assert";
import {
  awsChunked,
  awsChunkedLength,
  awsChunkedStream,
} from "../../src/foundation/aws_chunked.ts";
import { text, utf8 } from "../../src/foundation/bytes.ts";

Deno.test("awsChunked puts the checksum behind the chunks", async () => {
  const wire = await awsChunked(utf8("hello world"), {
    algorithm: "CRC32",
    chunkSize: 8,
  });

  assertEquals(
    text(wire),
    "8\r\nhello wo\r\n3\r\nrld\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
  );
});

Deno.test("awsChunked has only an end for nothing", async () => {
  assertEquals(text(await awsChunked(new Uint8Array())), "0\r\n\r\n");
});

Deno.test("awsChunkedStream regroups what comes in any pieces", async () => {
  const stream = ReadableStream.from(
    ["he", "", "llo world, he", "l", "lo"].map(utf8),
  );
  const options = { algorithm: "SHA256", chunkSize: 8 } as const;

  const wire = await new Response(awsChunkedStream(stream, options)).bytes();

  const whole = await awsChunked(utf8("hello world, hello"), options);
  assertEquals(text(wire), text(whole));
});

Deno.test("awsChunkedLength is the length of the encoded body", async () => {
  const algorithms = [undefined, "CRC32", "CRC64NVME", "SHA1"] as const;
  for (const algorithm of algorithms) {
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 256]) {
      const options = {
        chunkSize: 16,
        ...algorithm === undefined ? {} : { algorithm },
      };

      const wire = await awsChunked(new Uint8Array(length), options);

      assertEquals(awsChunkedLength(length, options), wire.length);
    }
  }
});

Deno.test("awsChunkedLength has chunks of one MiB by default", () => {
  assertEquals(awsChunkedLength(1_048_577), 1_048_577 + 10 + 5 + 5);
});

Deno.test("awsChunkedStream reads no faster than it is read", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller): void {
      pulled++;
      controller.enqueue(new Uint8Array(4));
    },
  }, { highWaterMark: 0 });

  const reader = awsChunkedStream(source, { chunkSize: 8 }).getReader();
  await reader.read();

  assertEquals(pulled, 2);
  await reader.cancel();
});

Deno.test("awsChunkedStream cancels what it reads from", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(4)),
    cancel: () => resolve(),
  });

  const reader = awsChunkedStream(source, { chunkSize: 8 }).getReader();
  await reader.read();
  await reader.cancel();

  await promise;
});

Deno.test("awsChunkedStream fails as its source does, without an end", async () => {
  const source = ReadableStream.from((async function* (): AsyncGenerator<
    Uint8Array
  > {
    yield await Promise.resolve(utf8("hello"));
    throw new Error("The disk is gone");
  })());

  await assertRejects(
    () => new Response(awsChunkedStream(source)).bytes(),
    Error,
    "The disk is gone",
  );
});
