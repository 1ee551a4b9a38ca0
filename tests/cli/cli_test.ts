import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { objectExists } from "../../src/services/s3/mod.ts";
import { cliPlace, ended, inProcess, KEY, SECRET } from "./helpers.ts";

const VERBS = [
  "ls",
  "cat",
  "stat",
  "rm",
  "presign",
  "mb",
  "rb",
  "cp",
  "mv",
  "sync",
  "whoami",
  "explain",
  "permissions",
  "doctor",
  "local",
];

Deno.test("inia --help lists all verbs and the exit codes", async () => {
  const { code, out } = await inProcess(["--help"]);
  assertEquals(code, 0);
  for (const verb of VERBS) assertMatch(out, new RegExp(`^  ${verb} `, "m"));
  assertStringIncludes(out, "Exit codes: 0 done, 1 failed");
  assertEquals((await inProcess([])).code, 2);
});

for (const verb of VERBS) {
  Deno.test(`inia ${verb} --help shows its options, flags and an example`, async () => {
    const { code, out, err } = await inProcess([verb, "--help"]);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^ {2}deno run -/m);
    assertMatch(out, new RegExp(`^Example\n  inia ${verb}`, "m"));
    assertStringIncludes(out, "--json");
  });
}

Deno.test("inia ends with 2 and says what is wrong with the command line", async () => {
  const cases: readonly (readonly [string[], string])[] = [
    [["lss"], 'no verb is called "lss"'],
    [["ls", "--foo"], "Unknown option '--foo'"],
    [["cp", "a"], "takes SOURCE TARGET"],
    [["cp", "a", "b"], "one of both must be an address"],
    [["cat", "s3://photos"], "names no key"],
    [["cat", "photos/a"], "expected an address s3://bucket/key"],
    [["stat", "s3://"], "names no bucket"],
    [["presign", "s3://b/k", "--expires", "soon"], "must be a whole number"],
    [["presign", "s3://b/k", "--method", "POST"], "GET, PUT, HEAD or DELETE"],
    [["mb", "s3://b/k"], "expected a bucket"],
    [["rb", "s3://b/k"], "expected a bucket"],
    [["explain", "me"], 'expected "credentials" or "config"'],
    [["doctor", "--write"], "--write needs a bucket"],
    [["rm", "-r", "s3://b"], "say so with --yes"],
    [["rm", "s3://b/k", "--include", "*"], "need --recursive"],
    [["cp", "a", "s3://b/k", "--exclude", "*"], "need --recursive"],
    [["mv", "s3://b/k", "s3://b/k"], "would be moved to itself"],
    [["mv", "s3://b/d/k", "s3://b/d/"], "would be moved to itself"],
    [["mv", "-r", "s3://b/d", "s3://b/d/e"], "overlap"],
    [["mv", "-", "s3://b/k"], "a stream cannot be moved"],
    [["cp", "-", "s3://b/"], "names no key for the stream"],
  ];
  for (const [args, reason] of cases) {
    const { code, out, err } = await inProcess(args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(err, reason);
  }
});

Deno.test("inia prints errors as JSON on wish", async () => {
  const { err } = await inProcess(["cat", "photos", "--json"]);
  assertEquals(JSON.parse(err).error.name, "UsageError");
});

Deno.test("inia moves bytes in and out under the flags that it prints, and shows no secret", async () => {
  await using at = await cliPlace();
  await Deno.mkdir(`${at.root}/site/sub`, { recursive: true });
  await Deno.writeTextFile(`${at.root}/site/a.html`, "<p>");
  await Deno.writeTextFile(`${at.root}/site/sub/b`, "b");
  const shown = async (
    args: readonly string[],
    input?: string,
  ): Promise<string> => {
    const { code, out, err } = await at.run(args, input);
    assertEquals(code, 0, `${args.join(" ")}: ${err}`);
    return out;
  };

  assertStringIncludes(await shown(["whoami"]), "arn:aws:iam");
  assertEquals(await shown(["mb", "s3://more"]), "make s3://more\n");
  assertStringIncludes(await shown(["ls"]), "s3://more");
  await shown(["cp", "-", "s3://photos/x/piped"], "from a pipe");
  assertEquals(await shown(["cat", "s3://photos/x/piped"]), "from a pipe");
  assertEquals(await shown(["cp", "s3://photos/x/piped", "-"]), "from a pipe");
  await shown(["cp", "s3://photos/x/piped", "site/"]);
  assertEquals(await Deno.readTextFile(`${at.root}/site/piped`), "from a pipe");
  assertEquals(
    (await shown(["sync", "site", "s3://photos/site", "--dry-run"]))
      .split("\n").length,
    6,
  );
  await shown(["sync", "site", "s3://photos/site", "--exclude", "piped"]);
  const listed = (await shown(["ls", "-r", "s3://photos", "--json"]))
    .trim().split("\n").map((line) => JSON.parse(line).key);
  assertEquals(listed, ["site/a.html", "site/sub/b", "x/piped"]);
  assertMatch(
    await shown(["stat", "s3://photos/site/a.html"]),
    /^ContentType +text\/html$/m,
  );
  await shown(["mv", "s3://photos/x/piped", "s3://more/"]);
  assertMatch(await shown(["ls", "s3://more"]), / 11 {2}piped$/m);
  const url = await shown(["presign", "s3://more/piped", "--expires", "60"]);
  const answer = await fetch(url.trim());
  assertEquals(await answer.text(), "from a pipe");
  assertMatch(
    await shown(["doctor", "s3://photos", "--write"]),
    /^ok {4}round/m,
  );
  assertStringIncludes(await shown(["explain", "config"]), "endpointUrl");
  assertStringIncludes(await shown(["explain", "credentials"]), '"env"');
  assertStringIncludes(
    await shown(["permissions", "s3://photos"]),
    "AWS_SECRET_ACCESS_KEY",
  );
  assertEquals(
    await shown(["rm", "-r", "s3://photos/site", "--exclude", "*b"]),
    "delete s3://photos/site/a.html\n",
  );
  await shown(["rb", "--force", "s3://more"]);

  const { Contents = [] } = await at.s3.listObjectsV2({ Bucket: "photos" });
  assertEquals(Contents.map(({ Key }) => Key), ["site/sub/b"]);
  assertEquals(at.printed.filter((text) => text.includes(SECRET)), []);
});

Deno.test("inia ends with 1 where it failed, and with 3 where it is done in part", async () => {
  await using at = await cliPlace();
  await Deno.mkdir(`${at.root}/site`);
  await Deno.writeTextFile(`${at.root}/site/a`, "a");
  await Deno.symlink("nowhere", `${at.root}/site/broken`);

  const missing = await at.run(["cat", "s3://photos/nope"]);
  const partly = await at.run(["sync", "site", "s3://photos", "-v"]);
  await at.s3.putObject({ Bucket: "photos", Key: "broken", Body: "1" });
  const refused = await at.run(["sync", "site", "s3://photos", "--delete"]);

  assertEquals([missing.code, partly.code, refused.code], [1, 3, 1]);
  assertMatch(missing.err, /^inia: .*"nope"/);
  assertEquals(partly.out, "upload a\n");
  assertStringIncludes(partly.err, "skipped broken: broken link");
  assertMatch(partly.err, /^Transferred 1 file, 1 B in \d/);
  assertStringIncludes(refused.err, "would be deleted");
});

Deno.test("inia prints what to do about a refusal, in words and as JSON", async () => {
  await using at = await cliPlace();

  const words = await at.run(["rb", "s3://phot0s"]);
  const json = await at.run(["rb", "s3://phot0s", "--json"]);

  assertMatch(
    words.err,
    /^inia: NoSuchBucket .*\n127\.0\.0\.1:\d+ has no such bucket: .*\n$/,
  );
  assertMatch(JSON.parse(json.err).error.advice, /has no such bucket/);
  assertEquals(JSON.parse(json.err).error.code, "NoSuchBucket");
});

Deno.test("inia doctor says why a bucket is refused", async () => {
  await using at = await cliPlace();

  const { code, out } = await at.run(["doctor", "s3://phot0s"]);

  assertEquals(code, 1);
  assertMatch(out, /^fail {2}service {6}NoSuchBucket .* has no such bucket/m);
});

Deno.test("inia sync tells how much it deleted", async () => {
  await using at = await cliPlace();
  await Deno.mkdir(`${at.root}/site`);
  await Deno.writeTextFile(`${at.root}/site/a`, "a");
  await at.s3.putObject({ Bucket: "photos", Key: "a", Body: "a" });
  await at.s3.putObject({ Bucket: "photos", Key: "b", Body: "b" });

  const { code, err } = await at.run(
    ["sync", "site", "s3://photos", "--delete", "--compare", "size"],
  );

  assertEquals(code, 0);
  assertMatch(err, /^Transferred 0 files, 0 B in .*, 1 deleted\n$/);
});

Deno.test("inia names the help of a verb where an option is unknown", async () => {
  const { code, err } = await inProcess(["ls", "--foo"]);

  assertEquals(code, 2);
  assertStringIncludes(err, "Unknown option '--foo'; inia ls --help shows all");
});

Deno.test("the command line and the local store say that they need Deno", async () => {
  const program = [
    ...["src/cli/mod.ts", "src/testing/local_program.ts"].map((path) =>
      `import ${
        JSON.stringify(new URL(`../../${path}`, import.meta.url).href)
      };`
    ),
    `import { main } from ${
      JSON.stringify(new URL("../../src/cli/mod.ts", import.meta.url).href)
    };`,
    `import { LocalAws } from ${
      JSON.stringify(new URL("../../src/testing/mod.ts", import.meta.url).href)
    };`,
    `delete globalThis.Deno;`,
    `for (const run of [() => main(["ls"]), () => LocalAws.start()]) {`,
    `  await run().catch((error) => console.log(error.name, error.code));`,
    `}`,
  ].join("\n");
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-check",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      `data:text/typescript,${encodeURIComponent(program)}`,
    ],
  }).output();
  const decoder = new TextDecoder();

  assertEquals(
    [decoder.decode(stdout), decoder.decode(stderr)],
    ["ConfigError NotOnThisRuntime\nConfigError NotOnThisRuntime\n", ""],
  );
});

for (
  const [how, args, code, left] of [
    ["to S3", ["mv", "s3://photos/d/a", "s3://photos/e/"], 1, ["a"]],
    ["to a file", ["mv", "s3://photos/d/a", "copy"], 1, ["a"]],
    ["of a prefix to S3", ["mv", "-r", "s3://photos/d", "s3://photos/e"], 3, [
      "a",
    ]],
    ["of a prefix to a folder", ["mv", "-r", "s3://photos/d", "copy"], 3, [
      "a",
    ]],
  ] as const
) {
  Deno.test(`inia mv ${how} keeps an object that was replaced meanwhile`, async () => {
    await using at = await cliPlace(async ({ method, path }) => {
      if (method === "DELETE" && path.endsWith("/a")) {
        await at.s3.putObject({ Bucket: "photos", Key: "d/a", Body: "new" });
      }
      return false;
    });
    for (const name of ["a", "b"]) {
      await at.s3.putObject({ Bucket: "photos", Key: `d/${name}`, Body: "1" });
    }

    const result = await at.run(args);

    assertEquals(result.code, code, result.err);
    assertMatch(result.err, /replaced or removed/);
    const { Contents = [] } = await at.s3.listObjectsV2({
      Bucket: "photos",
      Prefix: "d/",
    });
    const names = Contents.map(({ Key }) => Key.slice(2));
    assertEquals(names, code === 1 ? [...left, "b"] : left);
    const { Body } = await at.s3.getObject({ Bucket: "photos", Key: "d/a" });
    assertEquals(await Body.text(), "new");
  });
}

for (
  const [how, args, code, copied] of [
    ["to S3", ["mv", "s3://photos/d/a", "s3://photos/e/"], 1, "s3"],
    ["to a file", ["mv", "s3://photos/d/a", "copy"], 1, "copy"],
    [
      "of a prefix to S3",
      ["mv", "-r", "s3://photos/d", "s3://photos/e"],
      3,
      "s3",
    ],
    [
      "of a prefix to a folder",
      ["mv", "-r", "s3://photos/d", "copy"],
      3,
      "copy/a",
    ],
  ] as const
) {
  Deno.test(`inia mv ${how} keeps a replaced object in a store that ignores the condition`, async () => {
    let isReplaced = false;
    await using at = await cliPlace(async ({ method, path }) => {
      const isThere = copied === "s3"
        ? await objectExists(at.s3, { Bucket: "photos", Key: "e/a" })
        : await exists(`${at.root}/${copied}`);
      if (isThere && !isReplaced) {
        isReplaced = true;
        await at.s3.putObject({ Bucket: "photos", Key: "d/a", Body: "new" });
      }
      if (method === "DELETE") {
        const Key = path.slice("/photos/".length);
        await at.s3.deleteObject({ Bucket: "photos", Key });
      }
      return false;
    });
    for (const name of ["a", "b"]) {
      await at.s3.putObject({ Bucket: "photos", Key: `d/${name}`, Body: "1" });
    }

    const result = await at.run(args);

    assertEquals(result.code, code, result.err);
    assertMatch(result.err, /replaced or removed/);
    const { Body } = await at.s3.getObject({ Bucket: "photos", Key: "d/a" });
    assertEquals(await Body.text(), "new");
    const b = { Bucket: "photos", Key: "d/b" };
    assertEquals(await objectExists(at.s3, b), code === 1);
  });
}

Deno.test("inia mv of a prefix keeps an object whose copy lacks its tags", async () => {
  const xml = (name: string, more = ""): string =>
    `<${name}><ETag>"1"</ETag>${more}</${name}>`;
  await using at = await cliPlace(({ method, path, query }) => {
    const asks = (name: string): boolean => query.some(([one]) => one === name);
    if (method === "HEAD" && path === "/photos/d/a") {
      return new Response(null, {
        headers: {
          "content-length": String(6 * 1_024 ** 3),
          etag: '"a"',
          "x-amz-tagging-count": "1",
        },
      });
    }
    if (asks("tagging")) {
      const error = "<Error><Code>AccessDenied</Code></Error>";
      return new Response(error, { status: 403 });
    }
    if (asks("partNumber")) return new Response(xml("CopyPartResult"));
    if (method === "POST" && asks("uploadId")) {
      return new Response(xml("CompleteMultipartUploadResult"));
    }
    return false;
  });
  await at.s3.putObject({ Bucket: "photos", Key: "d/a", Body: "1" });

  const { code, err } = await at.run([
    "mv",
    "-r",
    "s3://photos/d",
    "s3://photos/e",
  ]);

  assertEquals(code, 3, err);
  assertStringIncludes(err, "its tags may not be read, so that its copy");
  const source = { Bucket: "photos", Key: "d/a" };
  assertEquals(await objectExists(at.s3, source), true);
});

Deno.test("inia mv of a prefix to itself under another name of the bucket is refused", async () => {
  const source = { Bucket: "photos", Key: "d/a" };
  await using at = await cliPlace(async ({ method, path }) => {
    if (!path.startsWith("/photos-1-s3alias")) return false;
    if (method === "GET") return new Response("<ListBucketResult/>");
    if (method === "PUT") {
      const xml = '<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>';
      return new Response(xml);
    }
    const { ETag, LastModified } = await at.s3.headObject(source);
    return new Response(null, {
      headers: {
        "content-length": "1",
        etag: ETag,
        "last-modified": LastModified.toUTCString(),
      },
    });
  });
  await at.s3.putObject({ ...source, Body: "1" });

  const args = ["mv", "-r", "s3://photos/d", "s3://photos-1-s3alias/d"];
  const { code, err } = await at.run([...args, "--content-type", "text/plain"]);

  assertEquals(code, 2, err);
  assertStringIncludes(err, "would be moved to itself");
  assertEquals(await objectExists(at.s3, source), true);
});

for (
  const [how, args, code] of [
    ["a file", ["mv", "d/a", "s3://photos/"], 1],
    ["a folder", ["mv", "-r", "d", "s3://photos/d"], 3],
  ] as const
) {
  Deno.test(`inia mv of ${how} keeps a file that was changed meanwhile`, async () => {
    await using at = await cliPlace(async ({ method, path }) => {
      if (method === "PUT" && path.endsWith("/a")) {
        await Deno.writeTextFile(`${at.root}/d/a`, "new");
        await Deno.utime(`${at.root}/d/a`, 1, 1);
      }
      return false;
    });
    await Deno.mkdir(`${at.root}/d`);
    for (const name of ["a", "b"]) {
      await Deno.writeTextFile(`${at.root}/d/${name}`, "1");
    }

    const result = await at.run(args);

    assertEquals(result.code, code, result.err);
    assertMatch(result.err, /Cannot remove ".*": it was changed while/);
    assertEquals(await Deno.readTextFile(`${at.root}/d/a`), "new");
    assertEquals(await exists(`${at.root}/d/b`), code === 1);
  });
}

Deno.test("inia cp keeps the backslashes of a key within S3", async () => {
  await using at = await cliPlace();

  const { out } = await at.run([
    "cp",
    "--dry-run",
    "s3://photos/d/a\\b",
    "s3://photos/e/",
  ]);

  assertEquals(out, "copy s3://photos/d/a\\b to s3://photos/e/a\\b\n");
});

Deno.test("inia shows no control characters of keys", async () => {
  await using at = await cliPlace();
  await at.s3.putObject({ Bucket: "photos", Key: "a\u001b[2Jb\nc", Body: "1" });
  const { out } = await at.run(["ls", "s3://photos"]);
  assertStringIncludes(out, "a\\u{1b}[2Jb\\u{a}c");
});

Deno.test("Ctrl-C ends an upload and leaves no part of it", async () => {
  await using at = await cliPlace(({ method, query }) =>
    method === "PUT" &&
    query.some(([name, value]) => name === "partNumber" && value !== "1")
  );
  await Deno.writeFile(`${at.root}/big`, new Uint8Array(20 * 1_024 * 1_024));
  const child = await at.start(["cp", "big", "s3://photos/"]);
  await until(() => at.held.length > 0);

  child.kill("SIGINT");
  await child.stdin.close();
  const { code, err } = await ended(child);

  assertEquals(code, 130);
  assertStringIncludes(err, "Interrupted");
  const { Uploads = [] } = await at.s3.listMultipartUploads({
    Bucket: "photos",
  });
  assertEquals(Uploads, []);
});

Deno.test("Ctrl-C ends a sync, tells what is done and leaves no unfinished file", async () => {
  await using at = await cliPlace(({ method, path }) =>
    method === "GET" && path.endsWith("/slow")
  );
  for (const Key of ["fast", "slow"]) {
    await at.s3.putObject({ Bucket: "photos", Key, Body: "1" });
  }
  const child = await at.start(["sync", "s3://photos", "copy"]);
  await until(() => at.held.length > 0);
  await until(() => exists(`${at.root}/copy/fast`));

  child.kill("SIGINT");
  await child.stdin.close();
  const { code, err } = await ended(child);

  assertEquals(code, 130);
  assertStringIncludes(err, "1 of 2 steps done");
  const names = [];
  for await (const { name } of Deno.readDir(`${at.root}/copy`)) {
    names.push(name);
  }
  assertEquals(names, ["fast"]);
});

Deno.test("inia cat ends quietly where nobody reads on", async () => {
  await using at = await cliPlace();
  const Body = new Uint8Array(5 * 1_024 * 1_024);
  await at.s3.putObject({ Bucket: "photos", Key: "big", Body });
  const child = await at.start(["cat", "s3://photos/big"]);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  await child.stdin.close();

  const err = await new Response(child.stderr).text();
  const { code } = await child.status;
  assertEquals([code, err], [141, ""]);
});

Deno.test("inia local serves until Ctrl-C", async () => {
  await using at = await cliPlace();
  const child = await at.start(["local", "--bucket", "mine", "--json"]);
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const told = JSON.parse(new TextDecoder().decode(value));
  assertEquals(told.AWS_ACCESS_KEY_ID, KEY);
  const answer = await fetch(`${told.AWS_ENDPOINT_URL}/mine`);
  assertEquals(answer.status, 403);
  await answer.body?.cancel();

  child.kill("SIGINT");
  await child.stdin.close();
  assertStringIncludes(await new Response(child.stderr).text(), "Listening");
  assertEquals((await child.status).code, 0);
  await reader.cancel();
});

/** Waits for another process. */
async function until(
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let tries = 0; tries < 3_000; tries++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  assert(false, "the command did not come so far");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
