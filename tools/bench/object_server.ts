/**
 * The server of the transfer benchmark: as much of S3 as a transfer asks for.
 * What is uploaded is counted and forgotten, and compared with the pattern where
 * the key begins with "checked"; what is downloaded is the pattern, and comes
 * with a checksum where the key begins with "sealed".
 *
 * Arguments: length of the objects in bytes, length of a part in bytes.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { checkPattern, pattern } from "./pattern.ts";

const [size, partSize] = Deno.args.map(Number) as [number, number];
const ETAG = '"5d41402abc4b2a76b9719d911017c592-128"';
let received = 0;

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
}, answer);

async function answer(request: Request): Promise<Response> {
  const { method, url } = request;
  const { pathname, searchParams: query } = new URL(url);
  const key = pathname.split("/").at(-1) ?? "";
  if (method === "HEAD") return new Response(null, { headers: head(key) });
  if (method === "GET") return get(request.headers.get("range"));
  if (method === "PUT") return await put(request, key, query);
  if (query.has("uploads")) return begin();
  await request.text();
  return complete();
}

function head(key: string): HeadersInit {
  return {
    "content-length": String(size),
    "accept-ranges": "bytes",
    "etag": ETAG,
    "last-modified": "Thu, 29 Feb 2024 12:34:56 GMT",
    ...key.startsWith("sealed") && {
      "x-amz-checksum-crc32": seal(),
      "x-amz-checksum-type": "FULL_OBJECT",
    },
  };
}

function get(range: string | null): Response {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = last ? Math.min(Number(last) + 1, size) : size;
  return new Response(ReadableStream.from(pattern(start, end)), {
    status: range === null ? 200 : 206,
    headers: {
      "content-length": String(end - start),
      "etag": ETAG,
      ...range !== null &&
        { "content-range": `bytes ${start}-${end - 1}/${size}` },
    },
  });
}

async function put(
  { headers, body }: Request,
  key: string,
  query: URLSearchParams,
): Promise<Response> {
  // Nothing here takes the chunks apart again.
  if (headers.has("x-amz-trailer")) return new Response(null, { status: 501 });
  const start = (Number(query.get("partNumber") ?? 1) - 1) * partSize;
  if (body) {
    const length = await (key.startsWith("checked")
      ? checkPattern(body, start)
      : count(body));
    // Others add to it while this one is awaited.
    received += length;
  }
  const crc = headers.get("x-amz-checksum-crc32");
  return new Response(null, {
    headers: { "etag": ETAG, ...crc && { "x-amz-checksum-crc32": crc } },
  });
}

async function count(body: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const piece of body) length += piece.length;
  return length;
}

function begin(): Response {
  received = 0;
  return xml(
    "<InitiateMultipartUploadResult><Bucket>photos</Bucket><Key>k</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>",
  );
}

function complete(): Response {
  return received === size
    ? xml(
      `<CompleteMultipartUploadResult><Bucket>photos</Bucket><Key>k</Key><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>`,
    )
    : xml(
      `<Error><Code>InvalidPart</Code><Message>${received} bytes came</Message></Error>`,
      400,
    );
}

function xml(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { "content-type": "application/xml" },
  });
}

/** CRC-32 of the whole pattern, in base64. */
function seal(): string {
  let crc = 0;
  for (const piece of pattern(0, size)) crc = crc32(piece, crc);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, crc);
  return bytes.toBase64();
}
