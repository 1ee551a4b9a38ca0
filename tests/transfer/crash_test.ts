import { assert, assertEquals } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/local_aws/local_aws.ts";
import { download, file, upload } from "../../src/transfer/mod.ts";
import { noise } from "./stubs.ts";
import { assertSameBytes } from "../same_bytes.ts";

const MIB = 1_024 * 1_024;
const CONTENT = noise(32 * MIB + 1);
const OBJECT = { Bucket: "photos", Key: "film.mp4" };
const OPTIONS = { partSize: 5 * MIB, resume: true };

/** A server on loopback, a client of it, and a folder that is gone in the end. */
interface Stage extends AsyncDisposable {
  readonly s3: S3;
  readonly folder: string;
  readonly endpointUrl: string;
}

async function stage(): Promise<Stage> {
  const local = await LocalAws.start();
  const session = new Session({ ...local.clientConfig });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: "photos" });
  const folder = await Deno.makeTempDir();
  return {
    s3,
    folder,
    endpointUrl: local.endpointUrl,
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Starts a transfer in a process of its own and kills it in the middle. */
async function killInTheMiddle(
  act: "download" | "upload",
  { endpointUrl, folder }: Stage,
  path: string,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      new URL("crash_child.ts", import.meta.url).pathname,
      act,
      endpointUrl,
      path,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  child.kill("SIGKILL");
  const { signal } = await child.status;
  await reader.cancel();

  assertEquals(new TextDecoder().decode(value), "in the middle\n");
  assertEquals(signal, "SIGKILL");
}

Deno.test("upload goes on after it was killed in the middle", async () => {
  await using on = await stage();
  const path = `${on.folder}/film.mp4`;
  await Deno.writeFile(path, CONTENT);
  await killInTheMiddle("upload", on, path);

  const result = await upload(
    on.s3,
    { ...OBJECT, Body: file(path) },
    OPTIONS,
  );

  assert(result.kind === "multipart" && result.resumed >= 2);
  const { Body } = await on.s3.getObject(OBJECT);
  assertSameBytes(await Body.bytes(), CONTENT);
  const { Uploads = [] } = await on.s3.listMultipartUploads({
    Bucket: "photos",
  });
  assertEquals(Uploads, []);
});

Deno.test("download goes on after it was killed in the middle", async () => {
  await using on = await stage();
  const path = `${on.folder}/film.mp4`;
  await on.s3.putObject({
    ...OBJECT,
    Body: CONTENT,
    ChecksumAlgorithm: "CRC32",
  });
  await killInTheMiddle("download", on, path);
  const before = await Array.fromAsync(Deno.readDir(on.folder));

  const result = await download(on.s3, OBJECT, file(path), OPTIONS);

  const after = await Array.fromAsync(Deno.readDir(on.folder));
  assertEquals(before.map(({ name }) => name), ["film.mp4.part"]);
  assertEquals(after.map(({ name }) => name), ["film.mp4"]);
  assert(result.resumed >= 5 * MIB);
  assertEquals(result.verifiedBy, "CRC32");
  assertSameBytes(await Deno.readFile(path), CONTENT);
});
