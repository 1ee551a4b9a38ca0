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
  const { child, url, lines } = await startProgram();

  const response = await fetch(`${url}/_local/health`);

  assertEquals(await response.json(), { status: "running" });
  assertEquals(await ended(child), { code: 0, printed: "" });
  await lines.cancel();
});

Deno.test("local logs requests, and of which kind their signature is", async () => {
  const { child, url, lines } = await startProgram("--log");
  const expires = String(Math.floor(Date.now() / 1_000) + 60);
  const query = new URLSearchParams({
    AWSAccessKeyId: "AKIAIOSFODNN7EXAMPLE",
    Signature: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    Expires: expires,
  });

  await (await fetch(`${url}/photos/a%0Ab?${query}`)).body?.cancel();
  const { value = "" } = await lines.read();
  await lines.cancel();

  assertEquals(
    value.replace(/^\S+ /, ""),
    "GetObject photos/a\\nb 403 SignatureDoesNotMatch (presigned, signature version 2)\n",
  );
  assertEquals(await ended(child), { code: 0, printed: "" });
});

Deno.test("local stays calm when clients go away in the middle of a body", async () => {
  const { child, url, lines } = await startProgram();
  const { hostname, port } = new URL(url);

  for (const sent of ["", "some of it"]) {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(
      new TextEncoder().encode(
        `PUT /photos/k HTTP/1.1\r\nhost: local\r\ncontent-length: 1000000\r\n\r\n${sent}`,
      ),
    );
  }
  const response = await fetch(`${url}/_local/health`);

  assertEquals(await response.json(), { status: "running" });
  assertEquals(await ended(child), { code: 0, printed: "" });
  await lines.cancel();
});

interface Program {
  readonly child: Deno.ChildProcess;
  readonly url: string;
  /** What it prints after its first line. */
  readonly lines: ReadableStreamDefaultReader<string>;
}

async function startProgram(...args: readonly string[]): Promise<Program> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      new URL("../../src/testing/local_program.ts", import.meta.url).pathname,
      "--port",
      "0",
      ...args,
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await lines.read();
  assertStringIncludes(value, "S3 and STS at http://127.0.0.1:");
  return { child, url: value.trim().replace(/^.* /, ""), lines };
}

/** Ends the program: its exit code, and what it has printed as an error. */
async function ended(
  child: Deno.ChildProcess,
): Promise<{ readonly code: number; readonly printed: string }> {
  child.kill("SIGTERM");
  const printed = await new Response(child.stderr).text();
  const { code } = await child.status;
  return { code, printed };
}
