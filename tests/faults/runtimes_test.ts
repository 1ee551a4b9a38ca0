import { assertEquals, assertStringIncludes } from "@std/assert";
import { LocalAws } from "../../src/testing/mod.ts";

const ROOT = new URL("../../", import.meta.url);

for (
  const [name, least] of [["node", 22], ["bun", 1]] as const
) {
  const version = await versionOf(name);
  Deno.test({
    name:
      `settings, files and refusals on ${name} (needs ${name} ${least} or later)`,
    ignore: version < least,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      await using local = await LocalAws.start();
      const { accessKeyId, secretAccessKey } = local.clientConfig.credentials;
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      await Deno.writeFile(`${folder}/in`, bytes);
      await Deno.mkdir(`${folder}/.aws`);
      await Deno.writeTextFile(
        `${folder}/.aws/config`,
        [
          "[default]",
          "region = us-east-1",
          `endpoint_url = ${local.endpointUrl}`,
          "[profile process]",
          `credential_process = cat ${folder}/keys.json`,
          "",
        ].join("\n"),
      );
      await Deno.writeTextFile(
        `${folder}/.aws/credentials`,
        "[other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = x\n",
      );
      await Deno.writeTextFile(
        `${folder}/keys.json`,
        JSON.stringify({
          Version: 1,
          AccessKeyId: "AKIDPROCESS",
          SecretAccessKey: "x",
        }),
      );
      await bundle(`${folder}/program.mjs`);

      const printed = await output(name, [`${folder}/program.mjs`, folder], {
        HOME: folder,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      });

      assertEquals(printed.trim().split("\n"), [
        `keys: ${accessKeyId}`,
        "other: AKIDOTHER",
        "process: AKIDPROCESS",
        "text: hello",
        "file: 60000",
        "missing: FileNotFound",
        "proxy: NotOnThisRuntime",
        "caCerts: NotOnThisRuntime",
        "connectTimeoutMs: NotOnThisRuntime",
        "past the proxy but for 10.0.0.1: ProxyInTheWay",
        "past the proxy but for 127.0.0.1: sent",
      ]);
      assertEquals(await Deno.readFile(`${folder}/out`), bytes);
      await Deno.remove(folder, { recursive: true });
    },
  });
}

Deno.test("the sources use no syntax that Node 22 cannot parse", async () => {
  const found: string[] = [];
  for await (const path of sources(new URL("src/", ROOT))) {
    const text = await Deno.readTextFile(path);
    if (/^\s*(?:await )?using /m.test(text)) found.push(path.pathname);
  }

  assertEquals(found, []);
});

Deno.test("a runtime that shows no environment is not told that nothing is set", async () => {
  const program = new URL("blind_program.ts", import.meta.url).href;

  const printed = await output("deno", ["run", "--quiet", program], {});

  const messages = printed.split("---\n").slice(0, -1);
  assertEquals(messages.length, 4);
  for (const message of messages) {
    assertStringIncludes(message, "not on this runtime");
    assertEquals(/is not set|no such file/.test(message), false);
  }
});

Deno.test("the sources call no method that Node 22 or 24 lacks", async () => {
  const lacking = [
    /\bUint8Array\.from(?:Hex|Base64)\(/,
    /\.(?:toHex|toBase64|setFromHex|setFromBase64)\(/,
    /\bPromise\.try\(/,
    /\bRegExp\.escape\(/,
    /\bError\.isError\(/,
    /\bMath\.(?:f16round|sumPrecise)\(/,
    /\bIterator\.concat\(/,
    /\.getOrInsert(?:Computed)?\(/,
  ];
  const found: string[] = [];
  for await (const path of sources(new URL("src/", ROOT))) {
    const text = await Deno.readTextFile(path);
    if (lacking.some((call) => call.test(text))) found.push(path.pathname);
  }

  assertEquals(found, []);
});

async function bundle(target: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("deno", {
    args: [
      "bundle",
      "--quiet",
      `--output=${target}`,
      new URL("runtime_program.ts", import.meta.url).pathname,
    ],
    cwd: ROOT,
  }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
}

async function output(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    // A setting of the machine that runs the tests is none of theirs.
    env: { AWS_CA_BUNDLE: "", ...env },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** Major version of a runtime; 0 where it is missing. */
async function versionOf(command: string): Promise<number> {
  try {
    const { stdout } = await new Deno.Command(command, {
      args: ["--version"],
    }).output();
    return Number(/\d+/.exec(new TextDecoder().decode(stdout))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

async function* sources(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
