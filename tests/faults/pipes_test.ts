import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { file, upload } from "../../src/transfer/mod.ts";

const OBJECT = { Bucket: "pipes", Key: "k" };
const IS_UNIX = Deno.build.os !== "windows" && await canMakePipes();

/** Each way to send a file. */
const WAYS: readonly (readonly [
  string,
  (s3: S3, path: string, signal?: AbortSignal) => Promise<unknown>,
])[] = [
  [
    "putObject",
    (s3, path, signal) =>
      s3.putObject(
        { ...OBJECT, Body: new URL(`file://${path}`) },
        signal ? { signal } : {},
      ),
  ],
  [
    "upload",
    (s3, path, signal) =>
      upload(s3, { ...OBJECT, Body: file(path) }, signal ? { signal } : {}),
  ],
];

for (const [name, send] of WAYS) {
  for (const length of [0, 1, 70_000, 3_000_000]) {
    Deno.test({
      name:
        `${name} reads ${length} bytes from a named pipe, which it opens once`,
      ignore: !IS_UNIX,
      fn: async () => {
        await using fixture = await fixtureWithPipe();
        const { s3, path } = fixture;

        await Promise.all([
          send(s3, path),
          writeAll(path, new Uint8Array(length).fill(7)),
        ]);

        const { Body } = await s3.getObject(OBJECT);
        const bytes = await Body.bytes();
        assertEquals(bytes.length, length);
        assert(bytes.every((byte) => byte === 7));
      },
    });
  }

  Deno.test({
    name: `${name} of a named pipe that nobody writes to ends with its signal`,
    ignore: !IS_UNIX,
    fn: async () => {
      await using fixture = await fixtureWithPipe();
      const controller = new AbortController();
      const sending = send(fixture.s3, fixture.path, controller.signal);
      setTimeout(() => controller.abort(new Error("enough")), 50);

      await assertRejects(() => sending, Error, "enough");
    },
  });

  for (
    const path of [
      "/proc/version",
      "/proc/self/limits",
      "/sys/kernel/mm/transparent_hugepage/enabled",
    ]
  ) {
    Deno.test({
      name: `${name} sends what ${path} holds, whatever length it claims`,
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        // Deno guards these files: nothing less opens them.
        const sent = await run(["--allow-all"], [name, path]);

        const { stdout } = await new Deno.Command("cat", { args: [path] })
          .output();
        const [first] = new TextDecoder().decode(stdout).split("\n");
        assertEquals(sent.split("\n")[0], first);
      },
    });
  }

  Deno.test(`${name} sends an empty file`, async () => {
    await using fixture = await fixtureWithPipe();
    const path = await Deno.makeTempFile();
    try {
      await send(fixture.s3, path);
    } finally {
      await Deno.remove(path);
    }

    assertEquals((await fixture.s3.headObject(OBJECT)).ContentLength, 0);
  });
}

Deno.test({
  name:
    "a named pipe that may not be written to says what keeps the program waiting",
  ignore: !IS_UNIX,
  fn: async () => {
    for (const [name] of WAYS) {
      await using fixture = await fixtureWithPipe();
      const { path } = fixture;

      const thrown = JSON.parse(
        await run([`--allow-read=${path}`], [name, path, "50"]),
      );

      assertEquals(thrown.name, "ConfigError");
      assertStringIncludes(thrown.message, `--allow-write=${path}`);
      assertEquals(thrown.cause, "Error: enough");
    }
  },
});

interface Fixture extends AsyncDisposable {
  readonly s3: S3;
  readonly path: string;
}

async function fixtureWithPipe(): Promise<Fixture> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/pipe`;
  if (IS_UNIX) await new Deno.Command("mkfifo", { args: [path] }).output();
  const session = await sessionWith(new LocalAws());
  return {
    s3: session.client(S3),
    path,
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function sessionWith(local: LocalAws): Promise<Session> {
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
  });
  await session.client(S3).createBucket({ Bucket: "pipes" });
  return session;
}

/** Writes as a program would: once, to whoever opens the pipe first. */
async function writeAll(path: string, bytes: Uint8Array): Promise<void> {
  using pipe = await Deno.open(path, { write: true });
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await pipe.write(rest));
}

async function run(
  permissions: readonly string[],
  args: readonly string[],
): Promise<string> {
  const program = new URL("pipe_program.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", ...permissions, program, ...args],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

async function canMakePipes(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("mkfifo", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
