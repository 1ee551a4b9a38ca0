import { assertEquals, assertRejects } from "@std/assert";
import type { ClaimedFile } from "../../src/ports/mod.ts";
import { nodeProcess, NodeSystem } from "../../src/system/platform.ts";

Deno.test("NodeSystem reads, writes, cuts, renames and removes files", async () => {
  await inFolder(async (system, folder) => {
    const path = `${folder}/file`;
    const written = await system.write(path, 0);
    if (written.kind !== "found") throw new Error(written.kind);
    const writer = written.value.getWriter();
    await writer.write(new TextEncoder().encode("hello, "));
    await writer.write(new TextEncoder().encode("world"));
    await writer.close();
    const later = await system.write(path, 5);
    if (later.kind !== "found") throw new Error(later.kind);
    await new Response("!").body?.pipeTo(later.value);

    assertEquals(await system.readText(path), {
      kind: "found",
      value: "hello! world",
    });
    assertEquals(await bytesFrom(system, path, 7), [12, "world"]);
    assertEquals((await system.cut(path, 5)).kind, "found");
    assertEquals((await system.rename(path, `${folder}/new`)).kind, "found");
    assertEquals((await system.stat(path)).kind, "absent");
    const facts = await system.stat(`${folder}/new`);
    assertEquals(facts.kind === "found" && facts.value.size, 5);
    assertEquals((await system.remove(`${folder}/new`)).kind, "found");
  });
});

Deno.test("NodeSystem puts bytes anywhere in a file of its own", async () => {
  await inFolder(async (system, folder) => {
    const path = `${folder}/file.part`;
    const claimed = await system.claim(path, { keep: false });
    if (claimed.kind !== "found") throw new Error(claimed.kind);
    const open = await system.openToWrite(path, claimed.value.id);
    if (open.kind !== "found") throw new Error(open.kind);

    await Promise.all(
      [[4, "456"], [0, "01"], [2, "2"]].map(([at, text]) =>
        open.value.write(new TextEncoder().encode(`${text}`), Number(at))
      ),
    );
    await open.value.close();

    assertEquals(await Deno.readTextFile(path), "012\x00456");
  });
});

Deno.test("NodeSystem claims files of its own alone, and hands them on", async () => {
  await inFolder(async (system, folder) => {
    const part = `${folder}/file.part`;
    const claim = async (keep: boolean): Promise<ClaimedFile> => {
      const found = await system.claim(part, { keep });
      if (found.kind !== "found") throw new Error(found.kind);
      return found.value;
    };
    const first = await claim(false);
    const written = await system.write(part, 0, first.id);
    if (written.kind !== "found") throw new Error(written.kind);
    await new Response("hello").body?.pipeTo(written.value);

    await assertRejects(() => claim(false), Error, "EEXIST");
    assertEquals(await claim(true), { id: first.id, length: 5 });
    await Deno.rename(part, `${folder}/target`);
    await Deno.symlink(`${folder}/target`, part);
    const second = await claim(true);
    assertEquals([second.length, second.id.inode === first.id.inode], [
      0,
      false,
    ]);
    assertEquals(await Deno.readTextFile(`${folder}/target`), "hello");
    for (
      const touch of [
        () => system.write(part, 0, first.id),
        () => system.openToWrite(part, first.id),
        () => system.open(part, 0, first.id),
        () => system.cut(part, 0, first.id),
        () => system.prepare(part, first.id, { as: `${folder}/target` }),
      ]
    ) await assertRejects(touch, Error, "another file took the place");

    await Deno.chmod(`${folder}/target`, 0o640);
    const changedMs = Date.UTC(2024, 1, 29);
    const as = `${folder}/target`;
    await system.prepare(part, second.id, { as, changedMs });
    const { mode, mtime } = await Deno.stat(part);
    assertEquals([(mode ?? 0) & 0o777, mtime?.getTime()], [0o640, changedMs]);
    assertEquals(
      (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
        .sort(),
      ["file.part", "target"],
    );
  });
});

Deno.test("NodeSystem appends to what is there", async () => {
  await inFolder(async (system, folder) => {
    await Deno.writeTextFile(`${folder}/log`, "a");
    const found = await system.append(`${folder}/log`);
    if (found.kind !== "found") throw new Error(found.kind);
    await new Response("bc").body?.pipeTo(found.value);

    assertEquals(await Deno.readTextFile(`${folder}/log`), "abc");
    const ended = AbortSignal.abort(new Error("enough"));
    await assertRejects(
      () => system.append(`${folder}/log`, ended),
      Error,
      "enough",
    );
  });
});

Deno.test("NodeSystem tells what is absent, and what a folder is", async () => {
  await inFolder(async (system, folder) => {
    const nothing = `${folder}/nothing`;
    const facts = await system.stat(folder);

    assertEquals(facts.kind === "found" && facts.value.kind, "folder");
    for (
      const found of [
        await system.open(nothing),
        await system.open(folder),
        await system.readText(nothing),
        await system.write(`${nothing}/deep`, 0),
        await system.remove(nothing),
      ]
    ) assertEquals(found, { kind: "absent" });
  });
});

Deno.test("NodeSystem writes private files whole, and for their owner alone", async () => {
  await inFolder(async (system, folder) => {
    const path = `${folder}/private`;

    assertEquals((await system.writePrivate(path, "first")).kind, "found");
    assertEquals((await system.writePrivate(path, "second")).kind, "found");

    assertEquals(await Deno.readTextFile(path), "second");
    const { mode } = await Deno.stat(path);
    if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map((
      { name },
    ) => name);
    assertEquals(names, ["private"]);
  });
});

async function inFolder(
  work: (system: NodeSystem, folder: string) => Promise<void>,
): Promise<void> {
  const process = nodeProcess();
  if (process === undefined) throw new Error("There is no process");
  const folder = await Deno.makeTempDir();
  try {
    await work(new NodeSystem(process), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bytesFrom(
  system: NodeSystem,
  path: string,
  from: number,
): Promise<readonly [number | undefined, string]> {
  const opened = await system.open(path, from);
  if (opened.kind !== "found") throw new Error(opened.kind);
  const { length, stream } = opened.value;
  return [length, await new Response(stream).text()];
}
