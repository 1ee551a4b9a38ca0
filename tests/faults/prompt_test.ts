import { assertEquals, assertStringIncludes } from "@std/assert";
import { overBoth, transportName } from "../both_transports.ts";
import { answer, wire } from "./wire.ts";

/** Gives a child a terminal; from util-linux. */
const SCRIPT = "/usr/bin/script";

const hasTerminals = await isFile(SCRIPT) && Deno.build.os === "linux";

const ignore = !hasTerminals;

overBoth(
  `a missing key asks for no permission on a terminal (needs ${SCRIPT})`,
  async () => {
    const { output, prompts } = await onTerminal("keys", "http://127.0.0.1:9");

    assertEquals(prompts, 0);
    assertStringIncludes(output, "NoCredentialsError");
    assertStringIncludes(output, "--allow-net=169.254.169.254");
  },
  { ignore },
);

overBoth(
  `the endpoint is asked for once, on a terminal (needs ${SCRIPT})`,
  async () => {
    await using server = wire(async (peer) => {
      for (;;) {
        await peer.head();
        await peer.send(answer("200 OK"));
      }
    });
    for (
      const [reply, words] of [["y", "all done"], [
        "n",
        "--allow-net=127.0.0.1",
      ]]
    ) {
      const { output, prompts } = await onTerminal(
        "calls",
        server.origin,
        reply,
      );

      assertEquals(prompts, 1);
      assertStringIncludes(output, words ?? "");
    }
  },
  { ignore },
);

Deno.test("LocalAws.start names the flag that it needs", async () => {
  const { stdout } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", program(), "local"],
  }).output();

  assertStringIncludes(
    new TextDecoder().decode(stdout),
    "ConfigError: Cannot start LocalAws: this program may not listen on 127.0.0.1; run it with --allow-net=127.0.0.1",
  );
});

/** Runs the program on a terminal, and gives each prompt the same reply. */
async function onTerminal(
  what: string,
  endpointUrl: string,
  reply = "n",
): Promise<{ readonly output: string; readonly prompts: number }> {
  const command =
    `deno run --quiet ${program()} ${what} ${endpointUrl} ${transportName()}`;
  const child = new Deno.Command(SCRIPT, {
    args: ["-qec", command, "/dev/null"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const decoder = new TextDecoder();
  let output = "";
  const count = (words: string): number => output.split(words).length - 1;
  const answered = (): number =>
    count("Granted net access") + count("Denied net access");
  // A prompt throws away what was typed before it reads.
  const typing = setInterval(() => {
    if (count("Allow?") === answered()) return;
    stdin.write(new TextEncoder().encode(`${reply}\n`)).catch(() => {});
  }, 100);
  for await (const piece of child.stdout) {
    output += decoder.decode(piece, { stream: true });
  }
  clearInterval(typing);
  await child.status;
  await stdin.close().catch(() => {});
  return { output, prompts: count("Allow?") };
}

function program(): string {
  return new URL("prompt_program.ts", import.meta.url).pathname;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
