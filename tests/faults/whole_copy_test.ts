/** A copy in parts is like a copy in one request, from every kind of store. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError, Session } from "../../mod.ts";
import type { HttpRequest, HttpResponse } from "../../src/ports/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { copy, ObjectChangedError } from "../../src/transfer/mod.ts";
import {
  answer,
  type Fault,
  faultyS3,
  lineOf,
  noise,
  refusal,
} from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const SOURCE = { Bucket: "photos", Key: "source.bin" };
const TARGET = { Bucket: "photos", Key: "copy.bin", CopySource: SOURCE };
const WAYS = {
  "in one request": {},
  "in parts": { threshold: 5 * MIB, partSize: 5 * MIB },
} as const;
const CONTENT = noise(9 * MIB);

const isCopy = (request: HttpRequest): boolean =>
  "x-amz-copy-source" in request.headers;
const isSource = ({ path }: HttpRequest): boolean =>
  path.endsWith("/source.bin");
const has = ({ query }: HttpRequest, name: string): boolean =>
  query.some(([one]) => one === name);

/** Answers with another ETag of the source. */
async function retagged(
  send: () => Promise<HttpResponse>,
  etag: string,
): Promise<HttpResponse> {
  const { headers, ...rest } = await send();
  return { ...rest, headers: { ...headers, etag } };
}

/** The conditions of the copies that were sent. */
function conditionsOf(seen: readonly HttpRequest[]): string[] {
  return seen.flatMap(({ headers }) =>
    Object.keys(headers).filter((name) =>
      name.startsWith("x-amz-copy-source-if")
    )
  );
}

for (const [way, options] of Object.entries(WAYS)) {
  Deno.test(`copy ${way} of an object with a weak ETag is bound to its time`, async () => {
    const seen: HttpRequest[] = [];
    await using local = await faultyS3(async (request, send) => {
      if (isCopy(request)) seen.push(request);
      return request.method === "HEAD" && isSource(request)
        ? await retagged(send, 'W/"abc"')
        : await send();
    });
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    await copy(local.s3, TARGET, options);

    const { ContentLength } = await local.s3.headObject({
      Bucket: "photos",
      Key: "copy.bin",
    });
    assertEquals(ContentLength, CONTENT.length);
    assertEquals([...new Set(conditionsOf(seen))], [
      "x-amz-copy-source-if-unmodified-since",
    ]);
  });

  Deno.test(`copy ${way} goes on where the store cannot match its own ETag`, async () => {
    await using local = await faultyS3((request, send) =>
      "x-amz-copy-source-if-match" in request.headers
        ? refusal(412, "PreconditionFailed")
        : send()
    );
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    await copy(local.s3, TARGET, options);

    const { Body } = await local.s3.getObject({
      Bucket: "photos",
      Key: "copy.bin",
    });
    assertEquals((await Body.bytes()).length, CONTENT.length);
  });

  Deno.test(`copy ${way} goes on without conditions where none holds, and looks at the end`, async () => {
    for (const changes of [false, true]) {
      let copied = false;
      await using local = await faultyS3(async (request, send) => {
        if (conditionsOf([request]).length > 0) {
          return refusal(412, "PreconditionFailed");
        }
        if (isCopy(request)) copied = true;
        return changes && copied && request.method === "HEAD" &&
            isSource(request)
          ? await retagged(send, '"other"')
          : await send();
      });
      await local.s3.putObject({ ...SOURCE, Body: CONTENT });

      const copying = copy(local.s3, TARGET, options);

      if (changes) await assertRejects(() => copying, ObjectChangedError);
      else await copying;
    }
  });

  Deno.test(`copy ${way} tells a source that was replaced, where the store refuses the condition`, async () => {
    await using local = await faultyS3((request, send) =>
      isCopy(request)
        ? local.s3.putObject({ ...SOURCE, Body: noise(9 * MIB, 9) }).then(send)
        : send()
    );
    await local.s3.putObject({ ...SOURCE, Body: CONTENT });

    await assertRejects(
      () => copy(local.s3, TARGET, options),
      ObjectChangedError,
      "it was replaced",
    );
  });

  Deno.test(`copy ${way} does not send the framing of an upload again`, async () => {
    for (
      const [stored, sent] of [
        ["aws-chunked", undefined],
        ["aws-chunked,gzip", "gzip"],
        ["gzip, aws-chunked", "gzip"],
        ["gzip", "gzip"],
      ] as const
    ) {
      let written: string | undefined;
      await using local = await faultyS3(async (request, send) => {
        const isWrite = !isSource(request) &&
          (has(request, "uploads") ||
            (isCopy(request) && !has(request, "partNumber")));
        if (isWrite) written = request.headers["content-encoding"];
        const { headers, ...rest } = await send();
        return request.method === "HEAD" && isSource(request)
          ? { ...rest, headers: { ...headers, "content-encoding": stored } }
          : { ...rest, headers };
      });
      await local.s3.putObject({ ...SOURCE, Body: CONTENT });

      await copy(local.s3, { ...TARGET, ContentType: "text/plain" }, options);

      assertEquals(written, sent);
    }
  });
}

Deno.test("copy in parts goes on without tags that may not be read, and says so", async () => {
  const told: string[] = [];
  const fault: Fault = (request, send) =>
    has(request, "tagging") ? refusal(403, "AccessDenied") : send();
  await using local = await faultyS3(fault, {}, undefined, {
    log: (line) => told.push(line),
  });
  await local.s3.putObject({ ...SOURCE, Body: CONTENT, Tagging: "a=1" });

  const result = await copy(local.s3, TARGET, WAYS["in parts"]);

  assertEquals(result.kind === "multipart" && result.lost, ["tags"]);
  assertEquals(told.length, 1);
});

/** What a small S3 of Amazon was asked, and which annotations were written. */
interface Annotated {
  readonly s3: S3;
  readonly session: Session;
  readonly lines: string[];
  readonly written: string[];
}

/** An S3 at Amazon's host, where the source has these annotations. */
function amazon(
  annotations: Readonly<Record<string, string>> | number,
  refused: string | undefined = undefined,
): Annotated {
  const xml = { "content-type": "application/xml" };
  const lines: string[] = [];
  const written: string[] = [];
  const session = new Session({
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    random: () => 0,
    transport: {
      send: async (request) => {
        const line = lineOf(request);
        lines.push(line);
        const name = request.query.find(([one]) => one === "annotationName")
          ?.[1];
        if (name !== undefined && request.method === "GET") {
          const text = typeof annotations === "number" ? "" : annotations[name];
          return await Promise.resolve(answer(200, text));
        }
        if (name !== undefined) {
          if (name === refused) return refusal(403, "AccessDenied");
          const { body } = request;
          const sent = await new Response(
            body !== undefined && "open" in body ? body.open() : body,
          ).text();
          // Framed or not, the text stands on a line of its own.
          const text = sent.split("\r\n").find((line) => /^[a-z]+$/.test(line));
          const { "x-amz-object-if-match": etag } = request.headers;
          written.push(`${name}=${text} ${etag}`);
          return answer(200, "", { etag: '"n"' });
        }
        if (request.method === "HEAD") {
          return answer(200, "", {
            "content-length": String(9 * MIB),
            etag: '"s"',
            "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
          });
        }
        if (/annotation/.test(line)) {
          if (typeof annotations === "number") {
            return refusal(annotations, "No");
          }
          const from = request.query.find(([one]) =>
            one === "continuation-token"
          )?.[1];
          const names = Object.keys(annotations);
          const entries = names.slice(from === undefined ? 0 : 1)
            .slice(0, from === undefined ? 1 : undefined)
            .map((one) =>
              `<AnnotationEntry><AnnotationName>${one}</AnnotationName><LastModified>2026-01-01T00:00:00Z</LastModified><Size>1</Size></AnnotationEntry>`
            ).join("");
          const next = from === undefined && names.length > 1
            ? "<NextContinuationToken>t</NextContinuationToken>"
            : "";
          return answer(
            200,
            `<ListObjectAnnotationsOutput><Annotations>${entries}</Annotations>${next}</ListObjectAnnotationsOutput>`,
            xml,
          );
        }
        if (line.includes("tagging")) {
          return answer(200, "<Tagging><TagSet></TagSet></Tagging>", xml);
        }
        if (line.includes("uploads")) {
          return answer(
            200,
            "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
            xml,
          );
        }
        return isCopy(request)
          ? answer(
            200,
            '<CopyPartResult><ETag>"p"</ETag></CopyPartResult>',
            xml,
          )
          : answer(
            200,
            '<CompleteMultipartUploadResult><ETag>"t-2"</ETag></CompleteMultipartUploadResult>',
            xml,
          );
      },
      [Symbol.dispose]: () => {},
    },
  });
  return { s3: session.client(S3), session, lines, written };
}

Deno.test("copy in parts carries the annotations of the source", async () => {
  const { s3, session, written, lines } = amazon({
    mood: "fine",
    place: "hall",
    size: "big",
  });
  using _session = session;

  const result = await copy(s3, TARGET, WAYS["in parts"]);

  assertEquals(written, [
    'mood=fine "t-2"',
    'place=hall "t-2"',
    'size=big "t-2"',
  ]);
  assertEquals("lost" in result, false);
  const made = lines.findIndex((line) => line.includes("uploads"));
  const listed = lines.findIndex((line) => line.includes("annotation"));
  assert(listed >= 0 && listed < made);
});

Deno.test("copy in parts says which annotations it may not read, before it begins", async () => {
  const { s3, session } = amazon(403);
  using _session = session;

  const result = await copy(s3, TARGET, WAYS["in parts"]);

  assertEquals(result.kind === "multipart" && result.lost, ["annotations"]);
});

Deno.test("copy in parts gets along where there are no annotations", async () => {
  for (const status of [400, 404, 501]) {
    const { s3, session, written } = amazon(status);
    using _session = session;

    const result = await copy(s3, TARGET, WAYS["in parts"]);

    assertEquals(["lost" in result, written], [false, []]);
  }
});

Deno.test("copy in parts tells of an annotation that it cannot write", async () => {
  const { s3, session } = amazon({ mood: "fine", place: "hall" }, "place");
  using _session = session;

  await assertRejects(
    () => copy(s3, TARGET, WAYS["in parts"]),
    AwsError,
    'is copied, but without the annotation "place"',
  );
});

Deno.test("copy in parts asks no other store for annotations", async () => {
  await using local = await faultyS3();
  await local.s3.putObject({ ...SOURCE, Body: CONTENT });
  local.requests.length = 0;

  await copy(local.s3, TARGET, WAYS["in parts"]);

  assertEquals(
    local.requests.filter((line) => line.includes("annotation")),
    [],
  );
});
