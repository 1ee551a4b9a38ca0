import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readLocalArguments } from "../../src/testing/local_program.ts";

Deno.test("local reads its arguments", () => {
  assertEquals(readLocalArguments([]), { port: 9_000 });
  assertEquals(
    readLocalArguments([
      "--port=0",
      "--folder",
      "/tmp/data",
      "--user",
      "AKIAONE:one",
      "--user=AKIATWO:two:222222222222",
      "--region",
      "eu-west-1",
      "--any-key",
    ]),
    {
      port: 0,
      folder: "/tmp/data",
      anyKey: true,
      credentials: [
        { accessKeyId: "AKIAONE", secretAccessKey: "one" },
        {
          accessKeyId: "AKIATWO",
          secretAccessKey: "two",
          account: "222222222222",
        },
      ],
      regions: ["eu-west-1"],
    },
  );
});

Deno.test("local refuses arguments that it does not know, without showing a secret", () => {
  for (const args of [["--prot", "1"], ["--port"], ["--port", "x"]]) {
    assertThrows(() => readLocalArguments(args), TypeError, args[0] ?? "");
  }
  for (const args of [["--user", ":hidden"], ["--user", "a:b", "hidden"]]) {
    const error = assertThrows(() => readLocalArguments(args), TypeError);
    assertEquals(error.message.includes("hidden"), false);
  }
});

Deno.test("local serves until it is told to end", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      new URL("../../src/testing/local_program.ts", import.meta.url).pathname,
      "--port",
      "0",
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  assertStringIncludes(value, "S3 and STS at http://127.0.0.1:");
  const url = value.trim().replace(/^.* /, "");

  const response = await fetch(`${url}/_local/health`);
  assertEquals(await response.json(), { status: "running" });
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  await reader.cancel();
});
