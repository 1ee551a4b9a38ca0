/**
 * The server of the benchmarks where there is no nginx: as much of S3 as their
 * acts ask for. What is put is read and forgotten.
 *
 * Arguments: the folder of the objects.
 *
 * @module
 */
const [folder = "."] = Deno.args;
const small = new Uint8Array(1_024).fill(120);
const list = await Deno.readFile(`${folder}/list`).catch(() => small);

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
}, async (request) => {
  const { method, url } = request;
  const { pathname, search } = new URL(url);
  if (method === "PUT" || method === "POST") {
    for await (const _ of request.body ?? []) {
      // Read to its end, as a store does.
    }
    return answer(method === "PUT" ? "" : multipart(search));
  }
  if (pathname.endsWith("/big")) return await big(request);
  return answer(pathname.endsWith("/small") ? small : list);
});

function answer(body: BodyInit): Response {
  return new Response(body, { headers: head() });
}

function head(): Record<string, string> {
  return {
    "x-amz-request-id": "A1B2C3D4E5F60718",
    "etag": '"5d41402abc4b2a76b9719d911017c592"',
    "last-modified": "Thu, 29 Feb 2024 12:34:56 GMT",
    "accept-ranges": "bytes",
    "content-type": "application/xml",
  };
}

function multipart(search: string): string {
  return search.startsWith("?uploads")
    ? "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
    : "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";
}

/** The large object, or the range of it that is asked for. */
async function big({ method, headers }: Request): Promise<Response> {
  const file = await Deno.open(`${folder}/big`);
  const { size } = await file.stat();
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ??
    [];
  const start = Number(from ?? 0);
  const end = to ? Math.min(Number(to) + 1, size) : size;
  await file.seek(start, Deno.SeekMode.Start);
  const fields = {
    ...head(),
    "content-length": String(end - start),
    ...from !== undefined &&
      { "content-range": `bytes ${start}-${end - 1}/${size}` },
  };
  if (method === "HEAD") {
    file.close();
    return new Response(null, { headers: fields });
  }
  return new Response(file.readable.pipeThrough(limited(end - start)), {
    status: from === undefined ? 200 : 206,
    headers: fields,
  });
}

/** Ends a stream after so many bytes. */
function limited(left: number): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: (piece, controller) => {
      controller.enqueue(piece.subarray(0, left));
      left -= piece.length;
      if (left <= 0) controller.terminate();
    },
  });
}
