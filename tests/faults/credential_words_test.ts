import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AwsError,
  ConfigError,
  CredentialsError,
  PartialCredentialsError,
  Session,
} from "../../mod.ts";
import { FakeSystem, type FakeSystemOptions } from "../../src/testing/mod.ts";

const CONFIG = "/home/ann/.aws/config";
const CREDENTIALS = "/home/ann/.aws/credentials";

Deno.test("keys that are empty in a file are told once each, with file and line", async () => {
  const cases = [
    ["aws_access_key_id =\naws_secret_access_key =", "and", 1],
    ["aws_access_key_id =", "remove it", 1],
    ["aws_access_key_id = AKID\naws_secret_access_key =", "beside", 1],
    ["aws_access_key_id =\naws_secret_access_key = hunter2", "beside", 1],
  ] as const;
  for (const [text, word, times] of cases) {
    const error = await failureOf({
      files: { [CREDENTIALS]: `[default]\n${text}\n` },
    }, PartialCredentialsError);

    assert(error.message.includes(word), error.message);
    assert(error.message.includes(`"${CREDENTIALS}" line 2`), error.message);
    assertEquals(error.message.split("aws_access_key_id").length - 1, times);
    assert(!error.message.includes("hunter2"));
  }
});

Deno.test("a profile that is not there ends a sentence before it is told where it was looked for", async () => {
  const cases = [
    ["", "there are no profiles. Looked in"],
    ["[profile other]\n", 'the profiles are "other". Looked in'],
    ["[profile dew]\n", 'did you mean "dew"? Looked in'],
  ] as const;
  for (const [text, words] of cases) {
    const error = await failureOf({
      env: { AWS_PROFILE: "dev" },
      files: { [CONFIG]: text },
    }, ConfigError);

    assert(error.message.includes(words), error.message);
  }
});

Deno.test("a credential_process that waits for a shell is told that none runs it, with file and line", async () => {
  const cases = [
    ["cat $HOME/p.json", "$HOME"],
    ["cat ${HOME}/p.json", "${HOME}"],
    ["cat ~/p.json", "~/"],
    ["get-keys | jq .", "|"],
    ["get-keys > /tmp/x", ">"],
    ["$HOME/bin/get-keys", "$HOME"],
    ["get-keys $(whoami)", "$(whoami)"],
  ] as const;
  for (const [line, word] of cases) {
    const error = await processFailure(line);

    assert(error.message.includes(`"${CONFIG}" line 3`), error.message);
    assert(error.message.includes("no shell runs it"), error.message);
    assert(error.message.includes(word), error.message);
  }
});

Deno.test("a credential_process that starts a shell, or needs none, is not told of one", async () => {
  for (const line of ["sh -c 'cat $HOME/p.json'", "get-keys --account 12"]) {
    const error = await processFailure(line);

    assert(!error.message.includes("shell runs"), error.message);
  }
});

Deno.test("what a credential_process prints wrong is told with file and line", async () => {
  const outputs = ["", "{}", '{"Version":1}', '{"Version":"1"}'];
  for (const stdout of outputs) {
    const error = await processFailure("get-keys", stdout);

    assert(error.message.includes(`"${CONFIG}" line 3`), error.message);
  }
});

function processFailure(
  line: string,
  stdout?: string,
): Promise<CredentialsError> {
  return failureOf({
    files: {
      [CONFIG]: `[default]\nregion = eu-west-1\ncredential_process = ${line}\n`,
    },
    run: (command) =>
      command.includes("$")
        ? undefined
        : stdout === undefined
        ? { code: 1, stdout: "", stderr: "no such file" }
        : { code: 0, stdout, stderr: "" },
  }, CredentialsError);
}

async function failureOf<E extends AwsError>(
  options: FakeSystemOptions,
  kind: new (...args: never[]) => E,
): Promise<E> {
  const env = { HOME: "/home/ann", ...options.env };
  const session = new Session({ system: new FakeSystem({ ...options, env }) });
  return await assertRejects(() => session.credentials(), kind);
}
