/**
 * Runs ceph/s3-tests against `LocalAws`, prints what passes by subject, and
 * compares with `tests/s3_tests_expected.txt`, the tests that are to pass.
 *
 * S3_TESTS names a checkout of https://github.com/ceph/s3-tests; PYTHON a
 * python3 with boto3, pytest and what its requirements.txt names. Arguments are
 * given to pytest, for example `-k listing`; `--update` writes the list anew.
 *
 * ```sh
 * S3_TESTS=../s3-tests deno task test:s3-tests
 * ```
 *
 * @module
 */
import { LocalAws } from "../src/testing/mod.ts";

/** The file with the names of the tests that are to pass. */
const EXPECTED = new URL("../tests/s3_tests_expected.txt", import.meta.url);

/** Tests that Amazon does not pass, and those of what is refused by name. */
const LEFT_OUT = [
  "fails_on_aws",
  "lifecycle_expiration",
  "lifecycle_transition",
  "cloud_transition",
  "cloud_restore",
  "bucket_logging",
];

/** Subjects of the table, by a pattern of a test's name. */
const SUBJECTS: readonly (readonly [subject: string, pattern: RegExp])[] = [
  ["malformed headers", /^test_(?:object|bucket)_create_bad/],
  ["POST forms", /^test_post_object/],
  ["versioning", /version/],
  ["CORS", /cors/],
  ["object lock", /object_lock/],
  ["lifecycle", /lifecycle/],
  ["logging", /logging/],
  ["encryption", /sse|encryption|kms/],
  ["checksums and attributes", /checksum|attributes|crc|sha1/],
  ["presigned and anonymous", /anon|presigned|object_raw|_auth/],
  ["policies", /policy|block_public|principal/],
  ["ACLs", /acl|access_bucket|grant/],
  ["listing", /list/],
  ["multipart", /multipart/],
  ["copy", /copy/],
  ["tagging", /tag/],
  ["conditional", /ifmatch|ifnonmatch|ifnonematch|ifmodified|ifunmodified|if_/],
  ["other", /./],
];

const USERS = ["main", "alt", "tenant", "iam"].map((user, index) => ({
  accessKeyId: `AKIALOCALAWSTEST000${index}`,
  secretAccessKey: `${user}-secret-`.padEnd(40, "x"),
  account: String(index + 1).repeat(12),
  user,
}));

const checkout = Deno.env.get("S3_TESTS");
if (checkout === undefined) {
  console.log("test:s3-tests skipped: S3_TESTS names no checkout");
  Deno.exit(0);
}
const python = Deno.env.get("PYTHON") ?? "python3";
const update = Deno.args.includes("--update");
const more = Deno.args.filter((argument) => argument !== "--update");

await using local = await LocalAws.start({ credentials: USERS });
const folder = await Deno.makeTempDir();
await Deno.writeTextFile(`${folder}/s3tests.conf`, configuration(local));
await Deno.writeTextFile(`${folder}/munch.py`, munchModule());

const { code } = await new Deno.Command(python, {
  args: [
    "-m",
    "pytest",
    "-q",
    "-m",
    LEFT_OUT.map((mark) => `not ${mark}`).join(" and "),
    `--junit-xml=${folder}/results.xml`,
    "-p",
    "no:cacheprovider",
    "--tb=no",
    ...more,
    "s3tests/functional/test_s3.py",
    "s3tests/functional/test_headers.py",
  ],
  cwd: checkout,
  env: { S3TEST_CONF: `${folder}/s3tests.conf`, PYTHONPATH: folder },
  stdout: "inherit",
  stderr: "inherit",
}).output();
// 1: tests have failed; others: they were not run.
if (code > 1) Deno.exit(code);

const results = readResults(await Deno.readTextFile(`${folder}/results.xml`));
await Deno.remove(folder, { recursive: true });
printTable(results);
const passed = [...results].filter(([, ok]) => ok).map(([name]) => name).sort();
if (update) {
  await Deno.writeTextFile(EXPECTED, `${passed.join("\n")}\n`);
} else {
  const expected = (await Deno.readTextFile(EXPECTED)).trim().split("\n");
  const lost = expected.filter((name) => results.get(name) === false);
  const won = passed.filter((name) => !expected.includes(name));
  for (const name of won) console.log(`now passes: ${name}`);
  for (const name of lost) console.log(`no longer passes: ${name}`);
  if (lost.length > 0) Deno.exit(1);
}

function readResults(xml: string): Map<string, boolean> {
  const found = new Map<string, boolean>();
  const pattern =
    /<testcase [^>]*?\bname="([^"]+)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs;
  for (const [, name = "", inner = ""] of xml.matchAll(pattern)) {
    if (inner.includes("<skipped")) continue;
    found.set(name, !/<(?:failure|error)\b/.test(inner));
  }
  return found;
}

function printTable(results: ReadonlyMap<string, boolean>): void {
  const rows = new Map<string, [passed: number, all: number]>();
  for (const [name, ok] of results) {
    const [subject = "other"] = SUBJECTS.find(([, pattern]) =>
      pattern.test(name)
    ) ?? [];
    const row = rows.get(subject) ?? [0, 0];
    rows.set(subject, [row[0] + Number(ok), row[1] + 1]);
  }
  for (const [subject, [ok, all]] of rows) {
    console.log(`${subject.padEnd(26)} ${ok}/${all}`);
  }
  const ok = [...results.values()].filter(Boolean).length;
  console.log(`${"all".padEnd(26)} ${ok}/${results.size}`);
}

function configuration({ endpointUrl }: LocalAws): string {
  const port = new URL(endpointUrl).port;
  const section = (name: string, index: number, more = ""): string => {
    const user = USERS[index];
    if (user === undefined) throw new RangeError(`There is no user ${index}`);
    return `[${name}]
display_name =
user_id = ${user.account.padStart(64, "0")}
email = ${user.user}@example.com
access_key = ${user.accessKeyId}
secret_key = ${user.secretAccessKey}
${more}`;
  };
  return [
    `[DEFAULT]
host = 127.0.0.1
port = ${port}
is_secure = False
ssl_verify = False
[fixtures]
bucket prefix = local-{random}-
iam name prefix = s3-tests-
iam path prefix = /s3-tests/
`,
    section("s3 main", 0, "api_name =\n"),
    section("s3 alt", 1),
    section("s3 tenant", 2, "tenant = tenant\n"),
    section("iam", 3),
    section("iam root", 3),
    section("iam alt root", 1),
  ].join("");
}

/** What the tests need of the package munch, where it cannot be had. */
function munchModule(): string {
  return `class Munch(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name)

    def __setattr__(self, name, value):
        self[name] = value
`;
}
