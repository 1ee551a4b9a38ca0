import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../mod.ts";
import { file, upload } from "../../src/transfer/mod.ts";
import { downloadStore, noise, OBJECT, UNIX } from "./download_store.ts";

Deno.test({
  name:
    "an upload of what is no readable file says what it is, and names the path that was given",
  ignore: !UNIX,
  fn: async () => {
    await using store = await downloadStore(noise(10));
    const { folder, s3, requests } = store;
    await Deno.symlink(`${folder}/circle`, `${folder}/circle`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const cases = [
      [folder, "it is a folder"],
      [`${folder}/`, "it is a folder"],
      [`${folder}/none`, "there is no such file"],
      [`${folder}/file/x`, "there is no such file"],
      [`${folder}/circle`, "symbolic links"],
      [`${folder}/${"n".repeat(256)}`, "its name is too long"],
    ] as const;
    for (const [path, reason] of cases) {
      const calls = [
        () => upload(s3, { ...OBJECT, Body: file(path) }),
        () => upload(s3, { ...OBJECT, Body: new URL(`file://${path}`) }),
        () => s3.putObject({ ...OBJECT, Body: new URL(`file://${path}`) }),
      ];
      for (const call of calls) {
        const { message } = await assertRejects(call, ConfigError);
        assert(message.includes(path), message);
        assert(message.includes(reason), message);
        assert(!message.includes(": open '"), message);
      }
    }
    assertEquals(requests, []);
  },
});

Deno.test("an upload takes a file URL with a percent sign that encodes nothing", async () => {
  await using store = await downloadStore(noise(10));
  const { folder, s3 } = store;
  await Deno.writeTextFile(`${folder}/100%.txt`, "all of it");
  const url = new URL(`file://${folder}/100%.txt`);

  for (
    const send of [
      () => upload(s3, { ...OBJECT, Body: file(url) }),
      () => s3.putObject({ ...OBJECT, Body: url }),
    ]
  ) {
    await send();
    assertEquals(await (await s3.getObject(OBJECT)).Body.text(), "all of it");
  }
});
