import { assertEquals } from "@std/assert";
import { startLimit } from "../../src/foundation/deadline_timer.ts";

Deno.test("startLimit ends limits in the order of their ends", async () => {
  const ended: string[] = [];
  const all = Promise.withResolvers<void>();
  startLimit(30, () => {
    ended.push("30");
    all.resolve();
  });
  startLimit(5, () => ended.push("5"));
  startLimit(15, () => ended.push("15"));

  await all.promise;

  assertEquals(ended, ["5", "15", "30"]);
});

Deno.test("startLimit ends none early, and none that was stopped", async () => {
  let stopped = false;
  const stop = startLimit(1, () => {
    stopped = true;
  });
  stop[Symbol.dispose]();
  stop[Symbol.dispose]();
  const startMs = performance.now();

  await limit(20);

  assertEquals(performance.now() - startMs >= 20, true);
  assertEquals(stopped, false);
});

Deno.test("startLimit ends a limit that starts after all others were stopped", async () => {
  // Its timer of the platform passes while no limit runs.
  startLimit(1, () => {})[Symbol.dispose]();
  await new Promise((resolve) => setTimeout(resolve, 5));

  await limit(1);
});

Deno.test("startLimit ends what another limit starts", async () => {
  const ended: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  startLimit(1, () => {
    ended.push("outer");
    startLimit(1, () => {
      ended.push("inner");
      resolve();
    });
  });

  await promise;

  assertEquals(ended, ["outer", "inner"]);
});

Deno.test("startLimit lets the program end where no limit runs, and not before", async () => {
  const waits = await program(
    "startLimit(60_000, () => {})[Symbol.dispose](); startLimit(30, () => console.log('ended'));",
  );
  const ends = await program(
    "startLimit(60_000, () => {})[Symbol.dispose](); console.log('over');",
  );

  assertEquals([waits, ends], ["ended", "over"]);
});

Deno.test("startLimit lets the program end soon after many limits in a row", async () => {
  const limits =
    "for (let i = 0; i < 100; i++) { startLimit(60_000, () => {})[Symbol.dispose](); await null; }";
  const printed = await Promise.all([
    program(`${limits} console.log('over');`),
    program(`${limits} startLimit(30, () => console.log('ended'));`),
    program(
      `${limits} setTimeout(() => startLimit(30, () => console.log('ended')), 30);`,
    ),
  ]);

  assertEquals(printed, ["over", "ended", "ended"]);
});

/** Waits for a limit. */
async function limit(ms: number): Promise<void> {
  await new Promise<void>((resolve) => startLimit(ms, resolve));
}

/** What a program prints before it ends by itself. */
async function program(code: string): Promise<string> {
  const url = new URL(
    "../../src/foundation/deadline_timer.ts",
    import.meta.url,
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-check",
      `import { startLimit } from "${url}"; ${code}`,
    ],
    signal: AbortSignal.timeout(20_000),
  }).output();
  return new TextDecoder().decode(stdout).trim();
}
