import { assertEquals, assertRejects } from "@std/assert";
import { loadProfiles } from "../../src/config/profiles.ts";
import { processProvider } from "../../src/credentials/process.ts";
import { CredentialsError } from "../../src/foundation/errors.ts";
import type { System } from "../../src/ports/system.ts";
import { DenoSystem } from "../../src/system/platform.ts";
import { type FakeProgram, FakeSystem } from "../../src/testing/mod.ts";

const KEYS = { Version: 1, AccessKeyId: "ASIAPROCESS", SecretAccessKey: "SK" };

async function look(
  line: string,
  run: FakeProgram | Pick<System, "run" | "windows">,
  denied: readonly string[] = [],
): Promise<ReturnType<ReturnType<typeof processProvider>["resolve"]>> {
  const system = new FakeSystem({
    env: { HOME: "/home/ann" },
    files: {
      "/home/ann/.aws/config":
        `[default]\naws_account_id = 999\ncredential_process = ${line}\n`,
    },
    denied,
    ...typeof run === "function" && { run },
  });
  return processProvider({
    system: typeof run === "function" ? system : run,
    profiles: await loadProfiles(system),
    profile: "default",
  }).resolve();
}

/** A program that prints a text and ends with a code. */
function prints(stdout: unknown, code = 0, stderr = ""): FakeProgram {
  const text = typeof stdout === "string" ? stdout : JSON.stringify(stdout);
  return () => ({ code, stdout: text, stderr });
}

/** A command line for a program that runs a line of code. */
function program(code: string): string {
  return `deno eval --no-config '${code.replaceAll("'", `'"'"'`)}'`;
}

Deno.test("processProvider runs a real program without a shell", async () => {
  const finding = await look(
    program(
      `console.log(JSON.stringify({ Version: 1, AccessKeyId: "ASIA1", SecretAccessKey: "$HOME", SessionToken: "T", Expiration: "2030-01-31T12:00:00Z" }))`,
    ),
    new DenoSystem(),
  );

  assertEquals(finding, {
    kind: "found",
    credentials: {
      accessKeyId: "ASIA1",
      secretAccessKey: "$HOME",
      sessionToken: "T",
      expiration: new Date("2030-01-31T12:00:00Z"),
      accountId: "999",
      source: "custom-process",
    },
    at: 'credential_process at "/home/ann/.aws/config" line 3',
    refresh: "runs the program again",
  });
});

Deno.test("processProvider tells a real program's failure in plain words only", async () => {
  const error = await assertRejects(
    () =>
      look(
        program(
          `console.error("Cannot log in: token: hunter wJalrXUtnFEMI/K7MDENG"); Deno.exit(3)`,
        ),
        new DenoSystem(),
      ),
    CredentialsError,
  );

  assertEquals(
    error.message,
    'Cannot get the credentials of "custom-process": "deno" ended with exit code 3 ' +
      "and said: Cannot log in: token: <withheld>",
  );
});

Deno.test("processProvider ends a program that prints too much, and tells nothing of it", async () => {
  const error = await assertRejects(
    () =>
      look(
        program(
          `const bytes = new TextEncoder().encode("SECRETINOUTPUT ".repeat(9_999)); for (;;) Deno.stdout.writeSync(bytes)`,
        ),
        new DenoSystem(),
      ),
    CredentialsError,
  );

  assertEquals(error.code, "CredentialRetrievalError");
  assertEquals(
    error.message,
    'Cannot get the credentials of "custom-process": "deno" printed more than ' +
      "1 MiB and was ended; it should print one JSON object with the keys",
  );
});

Deno.test("processProvider ends the program with the call", async () => {
  const controller = new AbortController();
  const system = new FakeSystem({
    env: { HOME: "/home/ann" },
    files: {
      "/home/ann/.aws/config": `[default]\ncredential_process = ${
        program("setInterval(() => {}, 1000)")
      }\n`,
    },
  });
  const provider = processProvider({
    system: new DenoSystem(),
    profiles: await loadProfiles(system),
    profile: "default",
  });

  const loading = provider.load(controller.signal);
  controller.abort(new Error("enough"));

  await assertRejects(() => loading, Error, "enough");
});

Deno.test("processProvider passes words as they were quoted", async () => {
  let seen: readonly string[] = [];

  await look(`/opt/get 'a b' "c\\"d" e\\ f`, (command, args) => {
    seen = [command, ...args];
    return { code: 0, stdout: JSON.stringify(KEYS), stderr: "" };
  });

  assertEquals(seen, ["/opt/get", "a b", 'c"d', "e f"]);
});

Deno.test("processProvider splits by the rules of the machine", async () => {
  let seen: readonly string[] = [];
  await look(`C:\\get.exe 'a b'`, {
    windows: true,
    run: (command, args) => {
      seen = [command, ...args];
      const stdout = JSON.stringify(KEYS);
      return Promise.resolve({
        kind: "found",
        value: { code: 0, stdout, stderr: "" },
      });
    },
  });

  assertEquals(seen, ["C:\\get.exe", "'a", "b'"]);
});

Deno.test("processProvider takes the account of the output before the profile's", async () => {
  const finding = await look("p", prints({ ...KEYS, AccountId: "111" }));

  assertEquals(
    finding.kind === "found" && finding.credentials.accountId,
    "111",
  );
  assertEquals(finding.kind === "found" && finding.refresh, undefined);
});

Deno.test("processProvider says what is wrong with the output, without it", async () => {
  const secret = "SECRETINOUTPUT";
  const cases: readonly (readonly [FakeProgram, string])[] = [
    [prints(secret), "its output is not a JSON object"],
    [prints(`["${secret}"]`), "its output is not a JSON object"],
    [prints({ ...KEYS, Version: 2 }), "must be 1, found 2"],
    [prints({ ...KEYS, Version: secret }), "must be 1, found string"],
    [prints({ ...KEYS, Version: undefined }), "must be 1, found undefined"],
    [prints({ ...KEYS, AccessKeyId: undefined }), "has no AccessKeyId"],
    [prints({ ...KEYS, SecretAccessKey: "" }), "has no SecretAccessKey"],
    [prints({ ...KEYS, Expiration: secret }), "Expiration in its output must"],
    [prints(secret, 1, secret), "exit code 1 and said: <withheld>"],
    [prints(secret, 1), "exit code 1"],
  ];

  for (const [run, message] of cases) {
    const error = await assertRejects(
      () => look("p", run),
      CredentialsError,
      message,
    );
    assertEquals(error.code, "CredentialRetrievalError");
    assertEquals(Deno.inspect(error).includes(secret), false);
  }
});

Deno.test("processProvider says what is wrong with the command", async () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["", [], "it is empty"],
    ["'open", [], "a quote is not closed"],
    ["nowhere", [], 'there is no program "nowhere"'],
    ["secret", ["secret"], "run with --allow-run=secret"],
  ];

  for (const [line, denied, message] of cases) {
    await assertRejects(
      () => look(line, () => undefined, denied),
      CredentialsError,
      message,
    );
  }
});
