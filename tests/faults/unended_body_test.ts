import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import {
  download,
  downloadBytes,
  downloadStream,
  file,
  ObjectChangedError,
} from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { namesIn, noise, OBJECT, same } from "./download_store.ts";
import { answer, type Peer, type Wire, wire } from "./wire.ts";

/** What the server tells of its object. */
interface Told {
  /** Bytes before the connection ends; without the last chunk either way. */
  readonly sent: number;
  /** Field of the refusal of a range behind the end. */
  readonly contentRange?: string;
  readonly fields: readonly string[];
}

/** A server that sends its object in chunks and never the last one. */
function chunking(content: Uint8Array, told: Told): Wire {
  return wire(async (peer) => {
    const head = await peer.head();
    const [, start] = /^range: bytes=(\d+)-/im.exec(head) ?? [];
    const fields = [...told.fields, "connection: close"];
    if (head.startsWith("HEAD")) {
      const length = `content-length: ${content.length}`;
      await peer.send(
        ["HTTP/1.1 200 OK", length, ...fields, "", ""].join("\r\n"),
      );
    } else if (Number(start ?? 0) >= told.sent && start !== undefined) {
      const { contentRange } = told;
      await peer.send(answer(
        "416 Requested Range Not Satisfiable",
        "<Error><Code>InvalidRange</Code></Error>",
        ...contentRange ? [`content-range: ${contentRange}`] : [],
        ...fields,
      ));
    } else {
      await sendChunks(peer, content.subarray(0, told.sent), fields);
    }
  });
}

async function sendChunks(
  peer: Peer,
  bytes: Uint8Array,
  fields: readonly string[],
): Promise<void> {
  await peer.send(
    ["HTTP/1.1 200 OK", "transfer-encoding: chunked", ...fields, "", ""]
      .join("\r\n"),
  );
  for (let at = 0; at < bytes.length; at += 50_000) {
    const piece = bytes.subarray(at, at + 50_000);
    await peer.send(`${piece.length.toString(16)}\r\n`);
    await peer.send(piece);
    await peer.send("\r\n");
  }
}

function clientOf(server: Wire): Session {
  return new Session({
    transport: transportName(),
    endpointUrl: server.origin,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    random: () => 0,
  });
}

const STATES = [
  ["a strong ETag", ['etag: "v1"']],
  ["a weak ETag", [
    'etag: W/"v1"',
    "last-modified: Wed, 01 Jan 2025 00:00:00 GMT",
  ]],
] as const;

for (const size of [1, 5_000, 300_000]) {
  for (const [state, fields] of STATES) {
    overBoth(
      `a chunked body of ${size} bytes and ${state} that lacks only its last chunk is whole`,
      async () => {
        const content = noise(size);
        const contentRange = `bytes */${size}`;
        await using server = chunking(content, {
          sent: size,
          contentRange,
          fields,
        });
        using session = clientOf(server);
        const s3 = session.client(S3);
        const folder = await Deno.makeTempDir();
        try {
          const { Body } = await s3.getObject(OBJECT);
          assert(same(await new Response(Body.stream).bytes(), content));
          await download(s3, OBJECT, file(`${folder}/cat`));
          assert(same(await Deno.readFile(`${folder}/cat`), content));
          const whole = await downloadBytes(s3, OBJECT);
          assert(same(whole.Body, content));
          const stream = await downloadStream(s3, OBJECT);
          assert(same(await new Response(stream.Body).bytes(), content));
          assertEquals(await namesIn(folder), ["cat"]);
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    );
  }
}

overBoth(
  "a chunked body whose object became shorter meanwhile is told as replaced",
  async () => {
    const content = noise(300_000);
    for (const contentRange of ["bytes */299999", "bytes */0", undefined]) {
      await using server = chunking(content, {
        sent: content.length,
        ...contentRange !== undefined && { contentRange },
        fields: ['etag: "v1"'],
      });
      using session = clientOf(server);

      const { Body } = await session.client(S3).getObject(OBJECT);
      const error = await assertRejects(
        () => new Response(Body.stream).bytes(),
        ObjectChangedError,
      );

      assertEquals(error.kind, "replaced");
    }
  },
);
