/**
 * Writes the contents of a key of as many bytes as its argument says to standard
 * output, a text behind it, and tells on standard error how that went. Run by
 * open_file_test.ts.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3Connection } from "../../src/boto2/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

const [length = "0"] = Deno.args;
const local = new LocalAws();
const session = new Session({
  ...local.clientConfig,
  transport: local.transport(),
  system: new FakeSystem({}),
});
const bucket = await new S3Connection({}, session).createBucket("photos");
const key = bucket.newKey("cat.bin");
await key.setContentsFromStream(
  new Blob([new Uint8Array(Number(length)).fill(120)]).stream(),
);
try {
  await key.getContentsToFile(Deno.stdout);
  await Deno.stdout.write(new TextEncoder().encode("still open"));
  console.error("done");
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`${error.name}: ${error.message}`);
}
