/**
 * Inia on Node 22, Node 24, Bun and in Chromium: builds the npm package, packs
 * it, installs it in a temporary folder with the runtimes, checks its types by
 * `tsc`, uses it against a `LocalAws` that Deno runs and tries what each runtime
 * has of it; then the portable part of the suite (runtimes/portable.ts) on each.
 * What is seen must be what stands in runtimes/seen.json, from which
 * docs/runtimes.md has its tables; `record` writes both. What npm cannot bring, and a
 * Chromium that is not installed, is skipped with a word.
 *
 * ```sh
 * deno task test:runtimes [package] [abilities] [tests] [node22 node24 bun chromium]
 * deno task test:runtimes record [part] [runtime]
 * deno task test:runtimes left-out   # which test files run on Deno only, and why
 * ```
 *
 * @module
 */
import { buildNpm } from "./build_npm.ts";
import { Session } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { Chromium, Origin } from "./chromium.ts";
import { type Seen, tablesOf, withTables } from "./runtimes/page.ts";
import {
  bundleTests,
  choose,
  ESBUILD,
  type Modules,
  testModules,
} from "./runtimes/portable.ts";

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

/** The parts of this program, which may be asked for alone. */
const PARTS = ["package", "abilities", "tests", "left-out", "record"];

/** How long a test file may take in a page, in milliseconds. */
const LONGEST_FILE_MS = 300_000;

/** What runner.mjs has seen. */
interface TestResult {
  readonly passed: number;
  readonly ignored: number;
  /** How many tests were left out, by what they need. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly failures: readonly {
    readonly file: string;
    readonly name: string;
    readonly error: string;
  }[];
}

interface Output {
  readonly ok: boolean;
  readonly text: string;
}

const SEEN = new URL("seen.json", HERE);
const PAGE = new URL("docs/runtimes.md", ROOT);
const seen: Seen = { date: "", versions: {}, tests: {}, abilities: {} };
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
  const names = Deno.args.filter((word) => !PARTS.includes(word));
  const parts = Deno.args.filter((word) => PARTS.includes(word));
  if (parts.includes("left-out")) return await listLeftOut();
  const isRecorded = parts.includes("record");
  const isAsked = (part: string): boolean =>
    parts.length === (isRecorded ? 1 : 0) || parts.includes(part);
  const wanted = names.length > 0
    ? names
    : [...Object.keys(RUNTIMES), "chromium"];
  const programs = new Map<string, string>();
  for (const name of wanted.filter((name) => name !== "chromium")) {
    const program = await installed(name);
    if (program === undefined) skip(name, "npm cannot bring it here");
    else programs.set(name, program);
  }
  const inChromium = wanted.includes("chromium");
  const user = `${folder}/user`;
  if (
    (isAsked("package") || isAsked("abilities")) && await installPackage(user)
  ) {
    if (isAsked("package")) await testPackage(user, programs);
    if (isAsked("abilities")) await testAbilities(user, programs, inChromium);
  }
  if (isAsked("tests")) await testSuite(programs, inChromium);
  if (isRecorded) await record();
}

/** Writes what was seen, and the tables of the page. */
async function record(): Promise<void> {
  const before: Seen = JSON.parse(await Deno.readTextFile(SEEN));
  const abilities = { ...before.abilities };
  for (const [ability, found] of Object.entries(seen.abilities)) {
    abilities[ability] = { ...abilities[ability], ...found };
  }
  const recorded: Seen = {
    date: new Date().toISOString().slice(0, 10),
    versions: { ...before.versions, ...seen.versions },
    tests: { ...before.tests, ...seen.tests },
    abilities,
  };
  await Deno.writeTextFile(SEEN, JSON.stringify(recorded, undefined, 2) + "\n");
  const page = await Deno.readTextFile(PAGE);
  await Deno.writeTextFile(PAGE, withTables(page, tablesOf(recorded)));
  await run("deno", ["fmt", PAGE.pathname], folder);
}

/** Compares what a runtime has with what is recorded. */
async function testAbilities(
  user: string,
  programs: ReadonlyMap<string, string>,
  inChromium: boolean,
): Promise<void> {
  const recorded: Seen = JSON.parse(await Deno.readTextFile(SEEN));
  await using local = await startLocal();
  const [accessKeyId = "", secretAccessKey = ""] = KEYS;
  const place = {
    endpointUrl: local.url,
    keys: { accessKeyId, secretAccessKey },
    Bucket: "abilities",
  };
  await makeBucket(place);
  await Deno.copyFile(new URL("abilities.mjs", HERE), `${user}/abilities.mjs`);
  seen.versions["deno"] = Deno.version.deno;
  for (const [name, program] of new Map([["deno", "deno"], ...programs])) {
    const own = await Deno.makeTempDir({ dir: folder });
    const { text } = await run(program, [
      ...name === "deno" ? ["run", "--allow-all", "--quiet"] : [],
      "abilities.mjs",
      JSON.stringify({ ...place, folder: own }),
    ], user);
    keep(name, text.split("\n").findLast((line) => line.startsWith("{")), text);
  }
  if (inChromium) await inPage(user, place);

  function keep(name: string, line: string | undefined, text: string): void {
    const found: Readonly<Record<string, string>> = JSON.parse(line ?? "{}");
    const wrong: string[] = [];
    for (const [ability, what] of Object.entries(found)) {
      (seen.abilities[ability] ??= {})[name] = what;
      const expected = recorded.abilities[ability]?.[name];
      if (what !== expected) wrong.push(`${ability}: ${what}, not ${expected}`);
    }
    const isRecording = Deno.args.includes("record");
    report(
      `${name} has what is recorded (${Object.keys(found).length} abilities)`,
      line !== undefined && (isRecording || wrong.length === 0),
      line === undefined ? text.slice(-2_000) : wrong.join("\n"),
    );
  }

  async function inPage(user: string, place: unknown): Promise<void> {
    const esbuild = await installEsbuild();
    await using chromium = await Chromium.start();
    if (esbuild === undefined || chromium === undefined) {
      return skip("chromium", "it is not installed");
    }
    seen.versions["chromium"] = chromium.version;
    const web = `${folder}/abilities`;
    await run(esbuild, [
      "abilities.mjs",
      "--bundle",
      "--splitting",
      `--outdir=${web}`,
      "--format=esm",
      "--target=chrome120",
      "--external:node:*",
    ], user);
    const files: Record<string, string> = { "/": "<!doctype html>" };
    for await (const { name } of Deno.readDir(web)) {
      files[`/${name}`] = await Deno.readTextFile(`${web}/${name}`);
    }
    await using origin = Origin.serve(files);
    const page = await chromium.open(origin.url("/"));
    const line = await page.evaluate(
      `import("/abilities.js").then(({ abilities }) =>
        abilities(${JSON.stringify(place)})).then(JSON.stringify)`,
    );
    keep("chromium", String(line), "");
  }
}

/** A bucket that pages of every origin may use. */
async function makeBucket({ endpointUrl, keys, Bucket }: {
  readonly endpointUrl: string;
  readonly keys: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly Bucket: string;
}): Promise<void> {
  using session = new Session({
    region: "us-east-1",
    endpointUrl,
    credentials: keys,
  });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket });
  await s3.putBucketCors({
    Bucket,
    CORSConfiguration: {
      CORSRules: [{
        AllowedOrigins: ["*"],
        AllowedMethods: ["GET", "HEAD", "PUT", "POST", "DELETE"],
        AllowedHeaders: ["*"],
        ExposeHeaders: ["ETag", "Content-Length", "Content-Encoding"],
      }],
    },
  });
}

/** The npm package, used as programs do. */
async function testPackage(
  user: string,
  programs: ReadonlyMap<string, string>,
): Promise<void> {
  await checkTypes(user);
  await using local = await startLocal();
  for (const [name, program] of programs) {
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

/** The portable part of the suite. */
async function testSuite(
  programs: ReadonlyMap<string, string>,
  inChromium: boolean,
): Promise<void> {
  const esbuild = await installEsbuild();
  if (esbuild === undefined) return;
  const modules = await testModules(esbuild, `${folder}/modules`);
  if (programs.size > 0) {
    const { portable } = choose(modules);
    const bundles = await bundleTests(
      esbuild,
      portable,
      `${folder}/bundles`,
      "node22",
    );
    for (const [name, program] of programs) {
      reportTests(name, bundles.length, await runTests(program, bundles));
    }
  }
  if (inChromium) await testInChromium(esbuild, modules);
}

async function installEsbuild(): Promise<string | undefined> {
  const place = `${folder}/esbuild`;
  await Deno.mkdir(place, { recursive: true });
  if ((await npmInstall(place, ESBUILD)).ok) {
    return `${place}/node_modules/.bin/esbuild`;
  }
  skip("the portable tests", `npm cannot bring ${ESBUILD} here`);
  return undefined;
}

/** Runs bundles in two processes, since machines have two cores at least. */
async function runTests(
  program: string,
  bundles: readonly string[],
): Promise<TestResult> {
  const runner = new URL("runner.mjs", HERE).pathname;
  const shares = [0, 1].map((share) =>
    bundles.filter((_, at) => at % 2 === share)
  );
  return sum(
    await Promise.all(shares.map(async (share): Promise<TestResult> => {
      const { text } = await run(program, [runner, ...share], folder);
      const line = text.split("\n").findLast((line) =>
        line.startsWith('{"passed"')
      );
      return line === undefined
        ? failedRun("(the runner)", text.slice(-2_000))
        : JSON.parse(line);
    })),
  );
}

/** The same in a page, file by file. */
async function testInChromium(
  esbuild: string,
  modules: Modules,
): Promise<void> {
  await using chromium = await Chromium.start();
  if (chromium === undefined) return skip("chromium", "it is not installed");
  console.log(`chromium: ${chromium.version}`);
  seen.versions["chromium"] = chromium.version;
  const { portable } = choose(modules, true);
  const bundles = await bundleTests(
    esbuild,
    portable,
    `${folder}/web`,
    "chrome120",
  );
  const results: TestResult[] = [];
  let files = 0;
  for (const bundle of bundles) {
    const code = await Deno.readTextFile(bundle);
    // The command line takes its arguments apart with it.
    if (/^import .*"node:\w+"/m.test(code)) continue;
    files++;
    await using origin = Origin.serve({
      "/": "<!doctype html><script type=module src=/runner.js></script>",
      "/runner.js": await Deno.readTextFile(new URL("runner.mjs", HERE)),
      "/test.js": code,
    });
    try {
      const page = await chromium.open(origin.url("/"));
      await page.evaluate(
        `void runTests(["/test.js"]).then((found) => globalThis.found = found)`,
      );
      // Some files take longer than an answer of the page may.
      const until = Date.now() + LONGEST_FILE_MS;
      let result: unknown;
      while (result === undefined && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        result = await page.evaluate(`JSON.stringify(globalThis.found)`);
      }
      const { failures, ...rest }: TestResult = JSON.parse(
        String(result ?? null),
      );
      results.push({
        ...rest,
        failures: failures.map((failure) => ({ ...failure, file: bundle })),
      });
    } catch (error) {
      results.push(failedRun(bundle, String(error)));
    }
  }
  reportTests("chromium", files, sum(results));
}

function failedRun(file: string, error: string): TestResult {
  const failures = [{ file, name: "(all of it)", error }];
  return { passed: 0, ignored: 0, leftOut: {}, failures };
}

function sum(results: readonly TestResult[]): TestResult {
  const leftOut: Record<string, number> = {};
  for (const result of results) {
    for (const [need, count] of Object.entries(result.leftOut)) {
      leftOut[need] = (leftOut[need] ?? 0) + count;
    }
  }
  return {
    passed: results.reduce((all, { passed }) => all + passed, 0),
    ignored: results.reduce((all, { ignored }) => all + ignored, 0),
    leftOut,
    failures: results.flatMap(({ failures }) => failures),
  };
}

function reportTests(name: string, files: number, result: TestResult): void {
  const { passed, ignored, leftOut, failures } = result;
  seen.tests[name] = { files, passed, failed: failures.length, leftOut };
  for (const { file, name, error } of failures) {
    console.log(`${file.replace(/^.*\/tests\//, "")}: ${name}\n${error}\n`);
  }
  const needs = Object.entries(leftOut).sort()
    .map(([need, count]) => `${count} for ${need}`).join(", ");
  const counts = [
    `${passed} passed`,
    `${failures.length} failed`,
    `${ignored} ignored`,
    `left out: ${needs || "none"}`,
  ];
  report(
    `${name} runs ${files} test files (${counts.join(", ")})`,
    failures.length === 0 && passed > 0,
    "the failures are above",
  );
}

/** Prints which test files stay on Deno. */
async function listLeftOut(): Promise<void> {
  const esbuild = await installEsbuild();
  if (esbuild === undefined) return;
  const modules = await testModules(esbuild, `${folder}/modules`);
  const { portable, leftOut } = choose(modules);
  console.log(`${portable.length} test files run elsewhere`);
  for (const { path, reason, where } of leftOut) {
    console.log(`${path}: ${reason}${where === path ? "" : ` in ${where}`}`);
  }
  const nodeOnly = new Set(portable);
  for (const { path, reason } of choose(modules, true).leftOut) {
    if (nodeOnly.has(path)) console.log(`${path}: ${reason}, not in browsers`);
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
  seen.versions[name] = text.trim().replace(/^v/, "");
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
