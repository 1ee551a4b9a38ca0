import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";

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

Deno.test("FixedClock stands still until it is moved", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");

  clock.advance(500);

  assertEquals(clock.now(), new Date("2026-11-22T10:00:00.500Z"));
});

Deno.test("FixedClock.sleep moves the time and remembers the wait", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");

  await clock.sleep(1_500);
  await clock.sleep(0);

  assertEquals(clock.now(), new Date("2026-11-22T10:00:01.500Z"));
  assertEquals(clock.slept, [1_500]);
});

Deno.test("FixedClock.sleep throws the reason of an aborted signal", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const reason = new Error("enough");

  const error = await assertRejects(
    () => clock.sleep(1, AbortSignal.abort(reason)),
    Error,
  );

  assertEquals(error, reason);
  assertEquals(clock.slept, []);
});

Deno.test("FixedClock.timer runs in order of time, and not when stopped", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const rung: string[] = [];
  clock.timer(200, () => rung.push(`late at ${clock.now().getTime() % 1_000}`));
  clock.timer(100, () => rung.push(`soon at ${clock.now().getTime() % 1_000}`));
  clock.timer(50, () => rung.push("stopped"))[Symbol.dispose]();

  clock.advance(99);
  const before = [...rung];
  clock.advance(500);

  assertEquals(before, []);
  assertEquals(rung, ["soon at 100", "late at 200"]);
});

Deno.test("FixedClock.timer runs a timer that another one sets", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  let rung = 0;
  clock.timer(10, () => clock.timer(10, () => rung++));

  clock.advance(20);

  assertEquals(rung, 1);
});

Deno.test("FixedClock.set shows an earlier time", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");

  clock.set("2020-01-01T00:00:00Z");

  assertEquals(clock.now(), new Date("2020-01-01T00:00:00Z"));
});

Deno.test("FixedClock refuses a text that is no time", () => {
  assertThrows(
    () => new FixedClock("noon"),
    RangeError,
    'Cannot set the clock: "noon" is not a time in ISO 8601',
  );
});
