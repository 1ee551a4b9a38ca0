import { assertEquals, assertInstanceOf } from "@std/assert";
import { DenoSystem } from "../../src/system/deno_system.ts";
import { NoSystem } from "../../src/system/no_system.ts";
import { platformSystem } from "../../src/system/platform_system.ts";

Deno.test("NoSystem has nothing", async () => {
  const system = new NoSystem();

  const answers = [
    system.env("HOME"),
    await system.readText("/a"),
    await system.stat("/a"),
    await system.writePrivate("/a", "x"),
    await system.run("echo", []),
    await system.open("/a"),
    await system.write("/a", 0),
    await system.cut("/a", 0),
    await system.rename("/a", "/b"),
    await system.remove("/a"),
  ];

  assertEquals(answers, Array(10).fill({ kind: "absent" }));
});

Deno.test("platformSystem is the machine's on Deno", () => {
  assertInstanceOf(platformSystem(), DenoSystem);
});
