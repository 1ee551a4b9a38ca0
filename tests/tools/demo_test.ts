import { assertEquals, assertStringIncludes } from "@std/assert";

Deno.test("demo tells its whole story and ends by itself", async () => {
  const { code, stdout, stderr } = await demo();

  const steps = stdout.split("\n").map((line) => /^\w[\w "]*/.exec(line)?.[0])
    .filter((step) => step !== undefined);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(steps, [
    "The story plays at a small S3 and STS of its own",
    "createBucket",
    "putObject",
    "listObjectsV2",
    "getObject",
    "A missing key",
    "A wrong secret",
    "A presigned URL",
    'The profile "transcoder" of a config file',
    "getCallerIdentity",
    "assumeRole",
    "deleteObject",
  ]);
  assertStringIncludes(stdout, "A missing key: NoSuchKey (GetObject, 404");
  assertStringIncludes(
    stdout,
    "A wrong secret: SignatureDoesNotMatch (ListObjectsV2, 403",
  );
});

Deno.test("demo says which options there are", async () => {
  const { code, stderr } = await demo("--nope", "x");

  assertEquals(code, 2);
  assertStringIncludes(stderr, 'There is no option "--nope"');
  assertStringIncludes(stderr, "--endpoint");
});

/** Runs the task, with its own permissions. */
async function demo(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = new Deno.Command("deno", {
    args: ["task", "--quiet", "demo", ...args],
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}
