/**
 * Everyday sessions of clients that nobody here wrote, against `LocalAws`. A
 * client that is not installed is skipped with a word.
 *
 * ```sh
 * deno task test:clients
 * ```
 *
 * @module
 */
import { LocalAws } from "../src/testing/mod.ts";

/** A program, its arguments, and how to see that it is installed. */
interface Client {
  readonly name: string;
  readonly probe: readonly string[];
  readonly steps: (place: Place) => readonly (readonly string[])[];
}

/** Where a client works. */
interface Place {
  readonly endpoint: string;
  readonly folder: string;
}

/** botocore must not wait 60 s for a 100 after an empty body. */
const BOTO3 = `
import boto3, sys, time
s3 = boto3.client("s3", endpoint_url=sys.argv[1])
s3.create_bucket(Bucket="boto3-bucket")
begun = time.time()
s3.put_object(Bucket="boto3-bucket", Key="empty", Body=b"")
s3.put_object(Bucket="boto3-bucket", Key="k", Body=b"miaow")
assert time.time() - begun < 20, "stalled after an empty body"
assert s3.get_object(Bucket="boto3-bucket", Key="k")["Body"].read() == b"miaow"
url = s3.generate_presigned_url("get_object", Params={"Bucket": "boto3-bucket", "Key": "k"})
import urllib.request
assert urllib.request.urlopen(url).read() == b"miaow"
s3.delete_objects(Bucket="boto3-bucket", Delete={"Objects": [{"Key": "k"}, {"Key": "empty"}]})
s3.delete_bucket(Bucket="boto3-bucket")
`;

const CLIENTS: readonly Client[] = [
  {
    name: "boto3",
    probe: ["python3", "-c", "import boto3"],
    steps: ({ endpoint }) => [["python3", "-c", BOTO3, endpoint]],
  },
  {
    name: "awscli",
    probe: ["aws", "--version"],
    steps: ({ endpoint, folder }) =>
      [
        ["mb", "s3://cli-bucket"],
        ["sync", `${folder}/from`, "s3://cli-bucket"],
        ["ls", "s3://cli-bucket", "--recursive"],
        ["sync", "s3://cli-bucket", `${folder}/aws`],
        ["rb", "s3://cli-bucket", "--force"],
      ].map((step) => ["aws", "--endpoint-url", endpoint, "s3", ...step]),
  },
  {
    name: "rclone",
    probe: ["rclone", "version"],
    steps: ({ endpoint, folder }) => {
      const remote = `:s3,provider=Other,env_auth=true,endpoint="${endpoint}":`;
      return [
        ["mkdir", `${remote}rclone-bucket`],
        ["sync", `${folder}/from`, `${remote}rclone-bucket`],
        ["check", `${folder}/from`, `${remote}rclone-bucket`],
        ["purge", `${remote}rclone-bucket`],
      ].map((step) => ["rclone", "--config", "/dev/null", ...step]);
    },
  },
  {
    name: "s3cmd",
    probe: ["s3cmd", "--version"],
    steps: ({ endpoint, folder }) => {
      const host = new URL(endpoint).host;
      return [
        ["mb", "s3://s3cmd-bucket"],
        ["sync", `${folder}/from/`, "s3://s3cmd-bucket"],
        ["ls", "s3://s3cmd-bucket"],
        ["rb", "--recursive", "--force", "s3://s3cmd-bucket"],
      ].map((step) => [
        "s3cmd",
        "--config=/dev/null",
        "--no-ssl",
        `--host=${host}`,
        `--host-bucket=${host}`,
        "--access_key=AKIAIOSFODNN7EXAMPLE",
        "--secret_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ...step,
      ]);
    },
  },
];

await using local = await LocalAws.start();
const { accessKeyId, secretAccessKey } = local.clientConfig.credentials;
const env = {
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_DEFAULT_REGION: "us-east-1",
};
const folder = await Deno.makeTempDir();
await Deno.mkdir(`${folder}/from`);
await Deno.writeFile(`${folder}/from/empty`, new Uint8Array());
await Deno.writeFile(`${folder}/from/big`, new Uint8Array(9 * 1_024 * 1_024));
await Deno.writeTextFile(`${folder}/from/a & "b".txt`, "miaow");

let failed = false;
for (const { name, probe, steps } of CLIENTS) {
  if (!(await run(probe)).ok) {
    console.log(`${name}: skipped, it is not installed`);
    continue;
  }
  const place = { endpoint: local.endpointUrl, folder };
  let problem: string | undefined;
  for (const step of steps(place)) {
    const { ok, text } = await run(step);
    if (ok) continue;
    problem = text;
    break;
  }
  failed ||= problem !== undefined;
  console.log(problem === undefined ? `${name}: ok` : `${name}: ${problem}`);
}
await Deno.remove(folder, { recursive: true });
if (failed) Deno.exitCode = 1;

async function run(
  [program = "", ...args]: readonly string[],
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args,
      env,
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
