import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, ProtocolError, TransportError } from "../../mod.ts";
import {
  copy,
  download,
  downloadBytes,
  downloadStream,
  file,
} from "../../src/transfer/mod.ts";
import {
  type DownloadStore,
  downloadStore,
  namesIn,
  noise,
  OBJECT,
} from "./download_store.ts";

/** 10 000 parts of 5 GiB. */
const LARGEST = 53_687_091_200_000;

/** Makes HEAD answers state a length, and ends each GET at once. */
async function statingLength(length: string): Promise<DownloadStore> {
  const store = await downloadStore(noise(100));
  store.around = async (request, send) => {
    if (request.method === "GET") {
      throw new TransportError("refused", "No bytes here", {
        maybeSent: false,
      });
    }
    const { headers, ...answer } = await send();
    return { ...answer, headers: { ...headers, "content-length": length } };
  };
  return store;
}

for (
  const length of [
    "-1",
    "-5",
    "-9007199254740991",
    "1.5",
    String(LARGEST + 1),
    "1000000000000000",
    "9007199254740991",
    "18446744073709551615",
    "1e400",
  ]
) {
  Deno.test(`a stated length of ${length} ends downloads and copies with a ProtocolError, and leaves nothing`, async () => {
    await using store = await statingLength(length);
    const { s3, folder } = store;
    const to = file(`${folder}/cat`);

    for (
      const transfer of [
        () => download(s3, OBJECT, to),
        () => download(s3, OBJECT, to, { resume: true }),
        () => downloadBytes(s3, OBJECT),
        () => downloadStream(s3, OBJECT),
        () => copy(s3, { ...OBJECT, Key: "b", CopySource: OBJECT }),
      ]
    ) {
      const { message } = await assertRejects(transfer, ProtocolError);
      assert(/length/i.test(message), message);
    }

    assertEquals(new Set(store.requests), new Set(["HEAD "]));
    assertEquals(await namesIn(folder), []);
  });
}

Deno.test("the largest object is begun range by range, and nothing is left when it fails", async () => {
  await using store = await statingLength(String(LARGEST));
  const { s3, folder } = store;

  await assertRejects(
    () => download(s3, OBJECT, file(`${folder}/cat`), { concurrency: 3 }),
    TransportError,
    "No bytes here",
  );
  await assertRejects(
    async () => {
      const { Body } = await downloadStream(s3, OBJECT);
      await new Response(Body).bytes();
    },
    TransportError,
    "No bytes here",
  );

  const ranges = new Set(store.requests.filter((line) => line !== "HEAD "));
  assert(ranges.size <= 5, `${ranges.size}`);
  assertEquals(await namesIn(folder), []);
});

Deno.test("an object that memory cannot hold is refused in words", async () => {
  await using store = await statingLength(String(LARGEST));

  const error = await assertRejects(
    () => downloadBytes(store.s3, OBJECT),
    ConfigError,
    `Cannot download "cat.mp4" of bucket "photos" into memory: it has ${LARGEST} bytes; use download or downloadStream`,
  );

  assertEquals(error.code, "ObjectTooLarge");
  assertEquals(store.requests, ["HEAD "]);
});
