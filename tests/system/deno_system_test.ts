import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ProcessResult } from "../../src/ports/mod.ts";
import { DenoSystem } from "../../src/system/platform.ts";

const SYSTEM = new URL("../../src/system/platform.ts", import.meta.url).href;

const system = new DenoSystem();

/** A folder that is gone at the end of its scope. */
async function scratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name);
}

/** Evaluates an expression over `system` in a process with other permissions. */
async function underFlags(
  flags: readonly string[],
  expression: string,
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const program = `
    import { DenoSystem, nodeProcess, NodeSystem } from "${SYSTEM}";
    const system = new DenoSystem();
    const machine = (name) =>
      name === "DenoSystem" ? system : new NodeSystem(nodeProcess());
    console.log(JSON.stringify(await (${expression})));
  `;
  await using folder = await scratch();
  const file = `${folder.path}/program.ts`;
  await Deno.writeTextFile(file, program);
  // Without --no-prompt: a prompt would show as a wrong answer here.
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-config", "--no-lock", ...flags, file],
    env,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("DenoSystem.readText reads a file and keeps its byte-order mark", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;
  await Deno.writeTextFile(path, "\uFEFFä\r\n");

  assertEquals(await system.readText(path), {
    kind: "found",
    value: "\uFEFFä\r\n",
  });
});

Deno.test("DenoSystem.readText refuses what is not UTF-8", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;
  await Deno.writeFile(path, new Uint8Array([0xff]));

  await assertRejects(() => system.readText(path), TypeError);
});

Deno.test("DenoSystem takes what is no file as absent", async () => {
  await using folder = await scratch();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "x");

  for (const path of [`${folder.path}/none`, folder.path, `${file}/x`]) {
    assertEquals(await system.readText(path), { kind: "absent" });
    assertEquals(await system.open(path), { kind: "absent" });
  }
  assertEquals(await system.stat(`${file}/x`), { kind: "absent" });
});

Deno.test("DenoSystem.stat tells size and time of the last change", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;
  await Deno.writeTextFile(path, "äb");
  await Deno.utime(path, 1_000, 1_000);

  assertEquals(await system.stat(path), {
    kind: "found",
    value: { size: 3, changedMs: 1_000_000 },
  });
});

Deno.test("DenoSystem.writePrivate replaces a file by one that only its owner reads", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;
  await Deno.writeTextFile(path, "old and longer", { mode: 0o644 });

  assertEquals(await system.writePrivate(path, "new"), {
    kind: "found",
    value: true,
  });

  assertEquals(await Deno.readTextFile(path), "new");
  const { mode } = await Deno.stat(path);
  if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
  assertEquals(await namesIn(folder.path), ["a"]);
});

Deno.test("DenoSystem.writePrivate leaves nothing behind when it fails", async () => {
  await using folder = await scratch();
  const taken = `${folder.path}/taken`;
  await Deno.mkdir(`${taken}/full`, { recursive: true });

  const answers = [
    await system.writePrivate(`${folder.path}/none/a`, "x"),
    await system.writePrivate(taken, "x"),
  ];

  assertEquals(answers, [{ kind: "absent" }, { kind: "absent" }]);
  assertEquals(await namesIn(folder.path), ["taken"]);
});

Deno.test("DenoSystem.open hands out a file from a position on", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a b`;
  await Deno.writeTextFile(path, "0123456789");

  for (const name of [path, new URL(`file://${path}`)]) {
    const found = await system.open(name, 7);

    if (found.kind !== "found") throw new Error(found.kind);
    assertEquals(found.value.length, 10);
    assertEquals(await new Response(found.value.stream).text(), "789");
  }
});

Deno.test("DenoSystem.write puts bytes at a position and leaves the others", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;

  for (const [from, text] of [[4, "456"], [0, "01"], [2, "2"]] as const) {
    const found = await system.write(path, from);
    if (found.kind !== "found") throw new Error(found.kind);
    const writer = found.value.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  }

  assertEquals(await Deno.readTextFile(path), "012\x00456");
});

Deno.test("DenoSystem.openToWrite opens a file of its own alone", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a.part`;
  const claimed = await system.claim(path, { keep: false });
  if (claimed.kind !== "found") throw new Error(claimed.kind);
  const { id } = claimed.value;

  const open = await system.openToWrite(path, id);
  if (open.kind !== "found") throw new Error(open.kind);
  await open.value.write(new TextEncoder().encode("012"), 1);
  await open.value.close();
  assertEquals(await Deno.readTextFile(path), "\x00012");
  await Deno.rename(path, `${folder.path}/b.part`);
  assertEquals((await system.openToWrite(path, id)).kind, "absent");
  await Deno.writeTextFile(path, "other");

  await assertRejects(
    () => system.openToWrite(path, id),
    Error,
    "another file took the place",
  );
});

Deno.test("DenoSystem cuts, renames and removes files", async () => {
  await using folder = await scratch();
  const [one, other] = [`${folder.path}/one`, `${folder.path}/other`];
  await Deno.writeTextFile(one, "0123456789");
  await Deno.writeTextFile(other, "in the way");
  const done = { kind: "found", value: true } as const;

  assertEquals(await system.cut(one, 4), done);
  assertEquals(await system.rename(one, other), done);
  assertEquals(await Deno.readTextFile(other), "0123");
  assertEquals(await system.remove(other), done);
  assertEquals(await namesIn(folder.path), []);
});

Deno.test("DenoSystem tells that there is no file to change, and no folder", async () => {
  await using folder = await scratch();
  const none = `${folder.path}/none`;
  const absent = { kind: "absent" } as const;

  assertEquals(await system.write(`${none}/a`, 0), absent);
  assertEquals(await system.cut(none, 0), absent);
  assertEquals(await system.rename(none, `${folder.path}/a`), absent);
  assertEquals(await system.remove(none), absent);
});

Deno.test("DenoSystem names the flag that a change of a file lacks", async () => {
  const answers = await underFlags(
    ["--allow-read=/a"],
    `Promise.all([
      system.write("/a", 0),
      system.cut("/a", 0),
      system.rename("/a", "/b"),
      system.rename("/b", "/a"),
      system.remove(new URL("file:///a%20b")),
    ])`,
  );

  assertEquals(
    answers,
    [
      "--allow-write=/a",
      "--allow-write=/a",
      "--allow-write=/a",
      "--allow-read=/b",
      "--allow-write=/a b",
    ].map((flag) => ({ kind: "denied", flag })),
  );
});

Deno.test("DenoSystem.run gives back what a program wrote", async () => {
  const result = await system.run("deno", [
    "eval",
    "console.log('out'); console.error('err'); Deno.exit(3)",
  ]);

  assertEquals(result, {
    kind: "found",
    value: { code: 3, stdout: "out\n", stderr: "err\n" },
  });
});

/** Prints without end, does not listen to SIGTERM, and has a child with its pipes. */
const ENDLESS = `
  trap '' TERM
  sleep 60 &
  echo $!
  while :; do echo 0123456789012345678901234567890123456789012345678901234567890123; done
`;

/** Prints 1 MiB, and more errors than are kept. */
const FULL = `
  const write = (to, text) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  };
  write(Deno.stderr, "e".repeat(300_000));
  write(Deno.stdout, "é".repeat(2 ** 19));
  Deno.exit(2);
`;

for (const name of ["DenoSystem", "NodeSystem"]) {
  // The one of Node needs more permissions than tests have.
  const run = (command: string, ...args: string[]): Promise<unknown> =>
    underFlags(
      ["--allow-run", "--allow-env"],
      `machine("${name}").run("${command}", ${JSON.stringify(args)})`,
    );

  Deno.test({
    name: `${name}.run ends a program that prints too much`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const startMs = Date.now();
      const result = await run("sh", "-c", ENDLESS);
      const tookMs = Date.now() - startMs;

      const { value } = result as { readonly value: ProcessResult };
      Deno.kill(Number.parseInt(value.stdout), "SIGKILL");
      assertEquals(value.tooLong, true);
      assertEquals(value.stdout.length, 1_024 * 1_024);
      assert(value.code !== 0);
      assert(tookMs < 50_000, "it waited for the child of the program");
    },
  });

  Deno.test(`${name}.run takes exactly 1 MiB, and keeps the first errors`, async () => {
    assertEquals(await run("deno", "eval", FULL), {
      kind: "found",
      value: {
        code: 2,
        stdout: "é".repeat(2 ** 19),
        stderr: "e".repeat(64 * 1_024),
      },
    });
  });
}

Deno.test("DenoSystem.run takes a program that is not there as absent", async () => {
  assertEquals(await system.run("/no/such/program", []), { kind: "absent" });
});

Deno.test("DenoSystem.run ends the program with the signal", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");

  const run = system.run(
    "deno",
    ["eval", "setInterval(() => {}, 1000)"],
    controller.signal,
  );
  controller.abort(reason);

  assertEquals(await assertRejects(() => run, Error), reason);
});

Deno.test("DenoSystem.run does not start under an aborted signal", async () => {
  const signal = AbortSignal.abort(new Error("before"));

  await assertRejects(
    () => system.run("/no/such", [], signal),
    Error,
    "before",
  );
});

Deno.test("DenoSystem.open closes the file at the end and when cancelled", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;
  await Deno.writeTextFile(path, "abc");

  const first = await system.open(path);
  const second = await system.open(path);

  if (first.kind !== "found" || second.kind !== "found") {
    throw new Error("the file was not opened");
  }
  assertEquals(first.value.length, 3);
  assertEquals(await new Response(first.value.stream).text(), "abc");
  await second.value.stream.cancel();
});

Deno.test("DenoSystem.env tells an empty variable from an absent one", async () => {
  const answer = await underFlags(
    ["--allow-env=AWS_*"],
    `[system.env("AWS_A"), system.env("AWS_B"), system.env("HOME")]`,
    { AWS_A: "" },
  );

  assertEquals(answer, [
    { kind: "found", value: "" },
    { kind: "absent" },
    { kind: "denied", flag: "--allow-env=HOME" },
  ]);
});

Deno.test("DenoSystem names the flags that it would need", async () => {
  const answer = await underFlags(
    [],
    `Promise.all([
      system.env("AWS_A"),
      system.readText("/etc/hosts"),
      system.stat("/etc/hosts"),
      system.open("/etc/hosts"),
      system.writePrivate("/etc/x/y", ""),
      system.run("/bin/echo", []),
    ])`,
  );

  assertEquals(
    answer,
    [
      "--allow-env=AWS_A",
      "--allow-read=/etc/hosts",
      "--allow-read=/etc/hosts",
      "--allow-read=/etc/hosts",
      "--allow-write=/etc/x",
      "--allow-run=/bin/echo",
    ].map((flag) => ({ kind: "denied", flag })),
  );
});

Deno.test("DenoSystem gets along with exactly the flags it names", async () => {
  await using folder = await scratch();
  const path = `${folder.path}/a`;

  const answer = await underFlags(
    [`--allow-read=${folder.path}`, `--allow-write=${folder.path}`],
    `(async () => [
      await system.readText("${path}"),
      await system.writePrivate("${path}", "x"),
      await system.readText("${path}"),
    ])()`,
  );

  assertEquals(answer, [
    { kind: "absent" },
    { kind: "found", value: true },
    { kind: "found", value: "x" },
  ]);
});

Deno.test({
  name: "DenoSystem tells what Deno refuses beyond the flag for a path",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const answer = await underFlags(
      ["--allow-read=/proc"],
      `system.readText("/proc/self/environ")`,
    );

    assertEquals(answer, {
      kind: "denied",
      flag: "--allow-read=/proc/self/environ",
    });
  },
});
