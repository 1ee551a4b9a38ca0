import { assertEquals, assertRejects } from "@std/assert";
import { FakeSystem } from "../../src/testing/fake_system.ts";

Deno.test("FakeSystem.env tells an empty value from none", () => {
  const system = new FakeSystem({ env: { EMPTY: "" } });

  assertEquals(system.env("EMPTY"), { kind: "found", value: "" });
  assertEquals(system.env("NONE"), { kind: "absent" });
  assertEquals(system.env("constructor"), { kind: "absent" });
});

Deno.test("FakeSystem reads its files and their facts", async () => {
  const system = new FakeSystem({ files: { "/a": "é" } });

  assertEquals(await system.readText("/a"), { kind: "found", value: "é" });
  assertEquals(await system.readText("/b"), { kind: "absent" });
  assertEquals(await system.stat("/a"), {
    kind: "found",
    value: { size: 2, changedMs: 0 },
  });
  assertEquals(await system.stat("/b"), { kind: "absent" });
});

Deno.test("FakeSystem.open hands out the bytes of a file", async () => {
  const system = new FakeSystem({ files: { "/a": "é" } });

  const found = await system.open("/a");

  assertEquals(found.kind, "found");
  if (found.kind !== "found") return;
  assertEquals(found.value.length, 2);
  assertEquals(await new Response(found.value.stream).text(), "é");
  assertEquals(await system.open("/b"), { kind: "absent" });
});

Deno.test("FakeSystem.write puts bytes at a position and leaves the others", async () => {
  const system = new FakeSystem({ files: { "/a": "01" } });

  for (const [from, text] of [[4, "45"], [1, "x"]] as const) {
    const found = await system.write("/a", from);
    if (found.kind !== "found") throw new Error(found.kind);
    const writer = found.value.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  }

  assertEquals(system.files, { "/a": "0x\x00\x0045" });
  assertEquals(system.bytesOf("/a")?.length, 6);
});

Deno.test("FakeSystem cuts, renames and removes files", async () => {
  const system = new FakeSystem({
    files: { "/a": "0123", "/b": new Uint8Array([0xff]) },
    denied: ["/c"],
  });

  const answers = [
    await system.cut("/a", 2),
    await system.rename("/a", "/b"),
    await system.remove("/a"),
    await system.write("/c", 0),
  ];

  assertEquals(system.files, { "/b": "01" });
  assertEquals(answers.map(({ kind }) => kind), [
    "found",
    "found",
    "absent",
    "denied",
  ]);
});

Deno.test("FakeSystem.writePrivate changes a file and its time", async () => {
  const system = new FakeSystem({ files: { "/a": "old" } });

  const written = await system.writePrivate("/a", "new");

  assertEquals(written, { kind: "found", value: true });
  assertEquals(system.files, { "/a": "new" });
  assertEquals(await system.stat("/a"), {
    kind: "found",
    value: { size: 3, changedMs: 1 },
  });
});

Deno.test("FakeSystem.run asks its function", async () => {
  const system = new FakeSystem({
    run: (command, args) =>
      command === "echo"
        ? { code: 0, stdout: args.join(" "), stderr: "" }
        : undefined,
  });

  assertEquals(await system.run("echo", ["a", "b"]), {
    kind: "found",
    value: { code: 0, stdout: "a b", stderr: "" },
  });
  assertEquals(await system.run("other", []), { kind: "absent" });
});

Deno.test("FakeSystem.run does not start under an aborted signal", async () => {
  const system = new FakeSystem();

  await assertRejects(
    () => system.run("echo", [], AbortSignal.abort(new Error("enough"))),
    Error,
    "enough",
  );
});

Deno.test("FakeSystem names the flag of what is denied", async () => {
  const system = new FakeSystem({
    env: { HOME: "/h" },
    files: { "/a": "x" },
    run: () => ({ code: 0, stdout: "", stderr: "" }),
    denied: ["HOME", "/a", "echo"],
  });

  assertEquals(system.env("HOME"), {
    kind: "denied",
    flag: "--allow-env=HOME",
  });
  const read = { kind: "denied", flag: "--allow-read=/a" } as const;
  assertEquals(await system.readText("/a"), read);
  assertEquals(await system.stat("/a"), read);
  assertEquals(await system.open("/a"), read);
  assertEquals(await system.writePrivate("/a", "y"), {
    kind: "denied",
    flag: "--allow-write=/a",
  });
  assertEquals(await system.run("echo", []), {
    kind: "denied",
    flag: "--allow-run=echo",
  });
});
