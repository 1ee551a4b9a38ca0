import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import {
  DenoSystem,
  NoSystem,
  platformSystem,
  SystemClock,
} from "../../src/system/platform.ts";

Deno.test("NoSystem has nothing", async () => {
  const system = new NoSystem();

  const answers = [
    system.env("HOME"),
    await system.readText("/a"),
    await system.stat("/a"),
    await system.writePrivate("/a", "x"),
    await system.run("echo", []),
    await system.remove("/a"),
  ];

  assertEquals(answers, Array(6).fill({ kind: "absent" }));
});

Deno.test("NoSystem says of each file that files are not on this runtime", async () => {
  const system = new NoSystem();
  const asked = [
    () => system.open("/a"),
    () => system.write("/a", 0),
    () => system.cut("/a", 0),
    () => system.rename("/b", "/a"),
  ];
  for (const ask of asked) {
    const { code, message } = await assertRejects(ask, ConfigError);
    assertEquals(code, "NotOnThisRuntime");
    assertStringIncludes(message, '"/a": files are not on this runtime');
  }
});

Deno.test("platformSystem is the machine's on Deno", () => {
  assertInstanceOf(platformSystem(), DenoSystem);
});

const clock = new SystemClock();

Deno.test("SystemClock.sleep does not wait for nothing", async () => {
  await clock.sleep(0);
  await clock.sleep(-1);
});

Deno.test("SystemClock.sleep ends early with the signal's reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();

  const sleep = clock.sleep(60_000, controller.signal);
  controller.abort(reason);

  const error = await assertRejects(() => sleep, Error);
  assertEquals(error, reason);
});

Deno.test("SystemClock.sleep does not start under an aborted signal", async () => {
  const error = await assertRejects(
    () => clock.sleep(0, AbortSignal.abort(new Error("before"))),
    Error,
  );

  assertEquals(error.message, "before");
});

Deno.test("SystemClock.timer runs once, and not when it was stopped", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let stopped = 0;

  {
    using _timer = clock.timer(60_000, () => stopped++);
  }
  using _timer = clock.timer(1, resolve);
  await promise;

  assertEquals(stopped, 0);
});
