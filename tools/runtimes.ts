/**
 * Inia on Node 22, Node 24 and Bun: builds the npm package, packs it, installs
 * it in a temporary folder with the runtimes, checks its types by `tsc` and uses
 * it against a `LocalAws` that Deno runs. What npm cannot bring is skipped with
 * a word.
 *
 * ```sh
 * deno task test:runtimes [node22 node24 bun]
 * ```
 *
 * @module
 */
import { buildNpm } from "./build_npm.ts";

/** Pinned, and installed under names of their own. */
const RUNTIMES: Readonly<Record<string, readonly [pkg: string, bin: string]>> =
  {
    node22: ["node@22.23.3", "node/bin/node"],
    node24: ["node@24.9.0", "node/bin/node"],
    bun: ["bun@1.4.5", ".bin/bun"],
  };
const TYPESCRIPT = "typescript@5.9.3";

/** What package_program.mjs prints. */
const EXPECTED = [
  "process: true",
  "get: miaow",
  "list: a b/ü",
  "file: 0",
  "presign: miaow",
  "role: number",
  "role profile: arn:aws:sts::123456789012:assumed-role/demo",
  "missing: service NoSuchKey",
  "invalid: ValidationError -",
  "failing: CredentialsError CredentialRetrievalError",
  "unknown profile: ConfigError ProfileNotFound",
  "timeout: TimeoutError -",
];

const HERE = new URL("runtimes/", import.meta.url);
const ROOT = new URL("../", import.meta.url);
const KEYS = [
  "AKIAIOSFODNN7EXAMPLE",
  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
];

interface Output {
  readonly ok: boolean;
  readonly text: string;
}

let passed = 0;
let failed = 0;
let skipped = 0;
const folder = await Deno.makeTempDir();
try {
  await main();
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(`runtimes: ${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed > 0) Deno.exitCode = 1;

async function main(): Promise<void> {
  const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(RUNTIMES);
  const user = `${folder}/user`;
  if (!await installPackage(user)) return;
  await checkTypes(user);
  await using local = await startLocal();
  for (const name of wanted) {
    const program = await installed(name);
    if (program === undefined) {
      skip(name, "npm cannot bring it here");
      continue;
    }
    const { ok, text } = await run(
      program,
      ["package_program.mjs", local.url, ...KEYS],
      user,
    );
    const lines = text.trim().split("\n");
    const wrong = EXPECTED.filter((line) => !lines.includes(line));
    report(
      `${name} uses the package`,
      ok && wrong.length === 0,
      `expected ${JSON.stringify(wrong)} in\n${text}`,
    );
  }
}

/** Builds, packs and installs the package for a user. */
async function installPackage(user: string): Promise<boolean> {
  await buildNpm(`${folder}/package`);
  const packed = await run(
    "npm",
    ["pack", "--silent", `--pack-destination=${folder}`],
    `${folder}/package`,
  );
  if (!packed.ok) {
    skip("the package", `npm does not pack: ${packed.text.trim()}`);
    return false;
  }
  const archive = `${folder}/${packed.text.trim().split("\n").at(-1)}`;
  const { size } = await Deno.stat(archive);
  console.log(`package: ${size} bytes packed`);
  await Deno.mkdir(user);
  await Deno.writeTextFile(`${user}/package.json`, '{"type":"module"}');
  const { ok, text } = await npmInstall(user, archive);
  report("the package installs", ok, text);
  for (const name of ["package_program.mjs", "types_program.ts"]) {
    await Deno.copyFile(new URL(name, HERE), `${user}/${name}`);
  }
  return ok;
}

/** Both ways in which TypeScript finds the types of a package. */
async function checkTypes(user: string): Promise<void> {
  const compiler = `${folder}/typescript`;
  await Deno.mkdir(compiler);
  if (!(await npmInstall(compiler, TYPESCRIPT)).ok) {
    skip("types", `npm cannot bring ${TYPESCRIPT} here`);
    return;
  }
  for (
    const [resolution, module] of [["nodenext", "nodenext"], [
      "bundler",
      "esnext",
    ]]
  ) {
    const { ok, text } = await run(`${compiler}/node_modules/.bin/tsc`, [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--target",
      "esnext",
      "--lib",
      "esnext,dom,dom.iterable,dom.asynciterable",
      `--module`,
      `${module}`,
      "--moduleResolution",
      `${resolution}`,
      "types_program.ts",
    ], user);
    report(`types by tsc, ${resolution}`, ok, text);
  }
}

/** Path of a runtime's program; `undefined` if npm cannot bring it. */
async function installed(name: string): Promise<string | undefined> {
  const [pkg, bin] = RUNTIMES[name] ?? ["", ""];
  if (pkg === "") throw new TypeError(`Unknown runtime "${name}"`);
  const place = `${folder}/${name}`;
  await Deno.mkdir(place);
  if (!(await npmInstall(place, pkg)).ok) return undefined;
  const program = `${place}/node_modules/${bin}`;
  const { ok, text } = await run(program, ["--version"], place);
  if (!ok) return undefined;
  console.log(`${name}: ${text.trim()}`);
  return program;
}

async function npmInstall(place: string, what: string): Promise<Output> {
  return await run("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    what,
  ], place);
}

/** `./local`, as a program that Deno runs. */
async function startLocal(): Promise<{ url: string } & AsyncDisposable> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net=127.0.0.1",
      "src/testing/local_program.ts",
      "--port=0",
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The local store does not start");
    text += value;
  }
  return {
    url: /http:\S+/.exec(text)?.[0] ?? "",
    async [Symbol.asyncDispose](): Promise<void> {
      process.kill();
      await reader.cancel();
      await process.status;
    },
  };
}

function report(name: string, ok: boolean, problem: string): void {
  if (ok) passed++;
  else failed++;
  console.log(ok ? `${name}: ok` : `${name}: FAILED\n${problem}`);
}

function skip(name: string, reason: string): void {
  skipped++;
  console.log(`${name}: skipped, ${reason}`);
}

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<Output> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      ok: success,
      text: decoder.decode(stdout) + decoder.decode(stderr),
    };
  } catch (error) {
    return { ok: false, text: String(error) };
  }
}
