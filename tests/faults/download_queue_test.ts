import { assert } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import {
  download,
  downloadBytes,
  downloadStream,
  file,
} from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { noise, OBJECT, PART, same } from "./download_store.ts";

for (const maxConnections of [1, 3]) {
  overBoth(
    `a download of more ranges at once than ${maxConnections} connections waits for its own ranges`,
    async () => {
      const content = noise(5 * PART + 1);
      await using local = await LocalAws.start();
      using session = new Session({
        ...local.clientConfig,
        transport: transportName(),
      });
      await session.client(S3).createBucket({ Bucket: OBJECT.Bucket });
      await session.client(S3).putObject({ ...OBJECT, Body: content });
      const s3 = session.client(S3, { maxConnections, queueTimeoutMs: 1 });
      const folder = await Deno.makeTempDir();
      try {
        await download(s3, OBJECT, file(`${folder}/cat`), { partSize: PART });
        const { Body } = await downloadBytes(s3, OBJECT, { partSize: PART });
        const stream = await downloadStream(s3, OBJECT, { partSize: PART });

        assert(same(await Deno.readFile(`${folder}/cat`), content));
        assert(same(Body, content));
        assert(same(await new Response(stream.Body).bytes(), content));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}
