import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  framePayload,
  type PayloadPolicy,
} from "../../src/client/request_body.ts";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import { ValidationError } from "../../src/foundation/errors.ts";
import type { HttpRequest, RequestBody } from "../../src/ports/http.ts";
import type { Operation } from "../../src/ports/schema.ts";

type Input = Readonly<Record<string, unknown>>;

const SUPPORTED: PayloadPolicy = {
  requestChecksum: "when_supported",
  responseChecksum: "when_supported",
  requiredChecksum: "CRC32",
};
const STORE: PayloadPolicy = {
  requestChecksum: "when_required",
  responseChecksum: "when_required",
  requiredChecksum: "Content-MD5",
};

const PUT = operation("PutObject", { algorithmMember: "ChecksumAlgorithm" });
const DELETE = operation("DeleteObjects", {
  algorithmMember: "ChecksumAlgorithm",
  required: true,
});

Deno.test("framePayload sends bytes over HTTPS as they are, unsigned, with their checksum in front", async () => {
  const body = utf8("hello world");

  const framed = await frame(PUT, { body, streamed: true });

  assertEquals(framed.headers, {
    "x-amz-checksum-crc32": "DUoRhQ==",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-sdk-checksum-algorithm": "CRC32",
  });
  assertEquals(framed.body, body);
});

Deno.test("framePayload puts the checksum behind a stream, whatever the scheme", async () => {
  for (const origin of ["https://s3.amazonaws.com", "http://localhost:9000"]) {
    const framed = await frame(PUT, {
      body: streamOf("hello world"),
      streamed: true,
      origin,
    });

    assertEquals(framed.headers, {
      "content-encoding": "aws-chunked",
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      "x-amz-decoded-content-length": "11",
      "x-amz-sdk-checksum-algorithm": "CRC32",
      "x-amz-trailer": "x-amz-checksum-crc32",
    });
    assertEquals(
      await new Response(streamed(framed.body)).text(),
      "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
    );
  }
});

Deno.test("framePayload keeps the content's own encoding", async () => {
  for (const body of [utf8("x"), streamOf("x")]) {
    const framed = await frame(PUT, {
      body,
      streamed: true,
      headers: { "content-encoding": "gzip" },
    });

    assertEquals(
      framed.headers["content-encoding"],
      body instanceof Uint8Array ? "gzip" : "gzip,aws-chunked",
    );
  }
});

Deno.test("framePayload puts the checksum in front and signs the body over HTTP", async () => {
  const framed = await frame(PUT, {
    body: utf8("hello world"),
    streamed: true,
    origin: "http://localhost:9000",
  });

  assertEquals(framed.headers, {
    "x-amz-checksum-crc32": "DUoRhQ==",
    "x-amz-sdk-checksum-algorithm": "CRC32",
  });
  assertEquals(text(bytesOf(framed.body)), "hello world");
});

Deno.test("framePayload never sends a stream without chunks of its own", async () => {
  const source = {
    length: 5,
    replayable: true,
    open: () => ReadableStream.from([utf8("hello")]),
  };

  const framed = await frame(PUT, {
    body: source,
    streamed: true,
    origin: "http://localhost:9000",
    policy: STORE,
  });

  const { body } = framed;
  assert(body !== undefined && !(body instanceof Uint8Array));
  const sent = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  assertEquals(await new Response(body.open()).text(), sent);
  assertEquals(body.length, sent.length);
  assertEquals(body.replayable, true);
  assertEquals(framed.headers["x-amz-decoded-content-length"], "5");
});

Deno.test("framePayload takes the algorithm that the caller names", async () => {
  const framed = await frame(DELETE, {
    body: utf8("<Delete/>"),
    input: { ChecksumAlgorithm: "SHA1" },
    policy: STORE,
  });

  assertEquals(Object.keys(framed.headers), ["x-amz-checksum-sha1"]);
});

Deno.test("framePayload computes nothing where the caller gives the checksum", async () => {
  const headers = { "x-amz-checksum-sha256": "AAAA" };

  const framed = await frame(PUT, { body: utf8("x"), streamed: true, headers });

  assertEquals(framed.headers, headers);
});

Deno.test("framePayload gives other stores the digest they have always known", async () => {
  const framed = await frame(DELETE, {
    body: utf8("hello world"),
    policy: STORE,
  });

  assertEquals(framed.headers, { "content-md5": "XrY7u+Ae7tCTyyK7j1rNww==" });
});

Deno.test("framePayload leaves the body unsigned where that is wanted", async () => {
  for (const signing of [false, undefined]) {
    const framed = await frame(PUT, {
      body: utf8("x"),
      streamed: true,
      headers: { "content-md5": "nd0GFqRd7yxMV6KbR6bUcQ==" },
      policy: { ...STORE, ...signing === undefined ? {} : { signing } },
    });

    assertEquals(framed.headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
  }
});

Deno.test("framePayload refuses an algorithm that it cannot compute", async () => {
  await assertRejects(
    () =>
      frame(PUT, { body: utf8("x"), input: { ChecksumAlgorithm: "BLAKE3" } }),
    ValidationError,
    "ChecksumAlgorithm names an algorithm that cannot be computed here",
  );
});

function frame(
  operation: Operation<Input, unknown>,
  { input = {}, streamed = false, policy = SUPPORTED, ...request }: {
    readonly body: RequestBody;
    readonly input?: Input;
    readonly streamed?: boolean;
    readonly policy?: PayloadPolicy;
    readonly origin?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<HttpRequest> {
  return framePayload(
    {
      method: "PUT",
      origin: "https://s3.eu-west-1.amazonaws.com",
      path: "/b/k",
      query: [],
      headers: {},
      ...request,
    },
    { operation, input, streamed },
    policy,
  );
}

function operation(
  name: string,
  checksum: NonNullable<Operation<Input, unknown>["checksum"]>,
): Operation<Input, unknown> {
  return {
    name,
    method: "PUT",
    path: "",
    checksum,
    input: () => ({
      kind: "structure",
      members: {
        ChecksumAlgorithm: {
          of: "string",
          at: "header",
          name: "x-amz-sdk-checksum-algorithm",
        },
      },
    }),
    output: () => ({ kind: "structure", members: {} }),
  };
}

function bytesOf(body: RequestBody): Uint8Array {
  assert(body instanceof Uint8Array);
  return body;
}

function streamOf(content: string): RequestBody {
  const bytes = utf8(content);
  return {
    length: bytes.length,
    replayable: true,
    open: () => ReadableStream.from([bytes]),
  };
}

function streamed(body: RequestBody | undefined): ReadableStream<Uint8Array> {
  assert(body !== undefined && !(body instanceof Uint8Array));
  return body.open();
}
