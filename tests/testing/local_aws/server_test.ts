import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Session } from "../../../mod.ts";
import { ConfigError } from "../../../src/foundation/errors.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";
import { LocalClient } from "./local_client.ts";

function clientOf(local: LocalAws, region?: string): S3 {
  const session = new Session({
    ...local.clientConfig,
    ...region === undefined ? {} : { region },
    transport: local.transport(),
  });
  return session.client(S3);
}

Deno.test("LocalAws.requests lists what was asked, without secrets", async () => {
  using local = new LocalAws();
  const s3 = clientOf(local);
  await s3.createBucket({ Bucket: "photos" });
  await s3.putObject({ Bucket: "photos", Key: "k", Body: "miaow" });
  await s3.getObject({ Bucket: "photos", Key: "none" }).catch(() => {});

  const requests = local.requests();

  assertEquals(
    requests.map(({ operation, bucket, key, status, code }) => [
      operation,
      bucket,
      key,
      status,
      code,
    ]),
    [
      ["CreateBucket", "photos", "", 200, undefined],
      ["PutObject", "photos", "k", 200, undefined],
      ["GetObject", "photos", "none", 404, "NoSuchKey"],
    ],
  );
  assertEquals(
    requests.some(({ headers }) => headers["authorization"] !== undefined),
    false,
  );
});

Deno.test("LocalAws.fail fails as often as it is asked to, for what it is asked", async () => {
  using local = new LocalAws();
  const s3 = clientOf(local);
  await s3.createBucket({ Bucket: "photos" });
  local.fail("PutObject", { times: 2, code: "SlowDown", key: "k" });

  await s3.putObject({ Bucket: "photos", Key: "other", Body: "x" });
  const { ResponseMetadata } = await s3.putObject({
    Bucket: "photos",
    Key: "k",
    Body: "x",
  });

  assertEquals(ResponseMetadata.RetryAttempts, 2);
});

Deno.test("LocalAws.fail cuts a body, and a download goes on behind the cut", async () => {
  using local = new LocalAws();
  const s3 = clientOf(local);
  await s3.createBucket({ Bucket: "photos" });
  await s3.putObject({ Bucket: "photos", Key: "k", Body: "hello world" });
  local.fail("GetObject", { cutAfterBytes: 4 });

  const { Body } = await s3.getObject({ Bucket: "photos", Key: "k" });

  assertEquals(await Body.text(), "hello world");
  assertEquals(
    local.requests().filter(({ operation }) => operation === "GetObject")
      .map(({ status }) => status),
    [200, 206],
  );
});

Deno.test("LocalAws.fail cuts a body on a connection too", async () => {
  await using local = await LocalAws.start();
  const s3 = clientOf(local);
  await s3.createBucket({ Bucket: "photos", ACL: "public-read" });
  await s3.putObject({
    Bucket: "photos",
    Key: "k",
    Body: "hello world",
    ACL: "public-read",
  });
  local.fail("GetObject", { cutAfterBytes: 4 });

  await assertRejects(async () => {
    const response = await fetch(`${local.endpointUrl}/photos/k`);
    await response.bytes();
  }, TypeError);
});

Deno.test("LocalAws.fail waits", async () => {
  await using local = new LocalAws();
  const s3 = clientOf(local);
  // Each attempt is to wait: the second one may come before the call's end.
  local.fail("ListBuckets", { delayMs: 200, times: 3 });

  await assertRejects(
    () => s3.listBuckets({}, { attemptTimeoutMs: 20, totalTimeoutMs: 40 }),
    Error,
  );
});

Deno.test("LocalAws.advance moves the clock of the server", async () => {
  const client = new LocalClient();
  client.local.advance(16 * 60_000);

  const { code } = await client.send("GET", "/");

  assertEquals(code, "RequestTimeTooSkewed");
});

Deno.test("LocalAws.reset forgets buckets, requests and faults", async () => {
  using local = new LocalAws();
  const s3 = clientOf(local);
  await s3.createBucket({ Bucket: "photos" });
  local.fail("ListBuckets", { times: 100 });

  await local.reset();
  const { Buckets } = await s3.listBuckets();

  assertEquals(Buckets, []);
  assertEquals(local.requests().length, 1);
});

Deno.test("LocalAws redirects to the region of a bucket, and the client follows", async () => {
  using local = new LocalAws({ regions: ["us-east-1", "eu-west-1"] });
  const west = clientOf(local, "eu-west-1");
  const east = clientOf(local, "us-east-1");
  await west.createBucket({
    Bucket: "photos",
    CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
  });

  await east.putObject({ Bucket: "photos", Key: "k", Body: "miaow" });
  const { LocationConstraint } = await west.getBucketLocation({
    Bucket: "photos",
  });

  assertEquals(LocationConstraint, "eu-west-1");
  assertEquals(
    local.requests().filter(({ code }) => code === "PermanentRedirect").length,
    1,
  );
});

Deno.test("LocalAws with any key takes every key, and only from its own machine", async () => {
  using local = new LocalAws({ anyKey: true });
  using session = new Session({
    ...local.clientConfig,
    credentials: { accessKeyId: "anyone", secretAccessKey: "whatever" },
    transport: local.transport(),
  });

  const { Buckets } = await session.client(S3).listBuckets();

  assertEquals(Buckets, []);
  await assertRejects(
    () => LocalAws.start({ anyKey: true, hostname: "0.0.0.0" }),
    ConfigError,
    "loopback",
  );
});

// Proves O, by the bytes that boto3 sends: clients of JSON protocols show what
// they cannot read as JSON in full.
Deno.test("LocalAws refuses other services by name, each in its own form", async () => {
  const client = new LocalClient();
  const refusal =
    'LocalAws has S3 and STS only; the request is for the service "';
  const ask = async (
    service: string,
    ...[method, path, wish]: Parameters<LocalClient["send"]>
  ) => {
    client.service = service;
    const { status, text, headers } = await client.send(method, path, wish);
    assertEquals(status, 501, text);
    return { text, type: headers["content-type"] };
  };

  const json = await ask("dynamodb", "POST", "/", {
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.ListTables",
    },
    body: "{}",
  });
  const query = await ask("sns", "POST", "/", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Action=ListTopics&Version=2010-03-31",
  });
  const rest = await ask("lambda", "GET", "/2015-03-31/functions", {});

  assertEquals(JSON.parse(json.text), {
    __type: "NotImplemented",
    message: `${refusal}dynamodb"`,
  });
  assertEquals(json.type, "application/x-amz-json-1.0");
  assertStringIncludes(query.text, `${refusal}sns"`);
  assertStringIncludes(query.text, "<ErrorResponse");
  assertStringIncludes(rest.text, `${refusal}lambda"`);
});

Deno.test("LocalAws refuses an unsigned request of a JSON protocol by its target", async () => {
  const client = new LocalClient();

  const { status, text } = await client.sendRaw({
    method: "POST",
    origin: "http://localhost",
    path: "/",
    query: [],
    headers: { "x-amz-target": "AmazonSQS.ListQueues" },
    body: undefined,
  });

  assertEquals(status, 501);
  assertStringIncludes(text, "amazonsqs");
});

Deno.test("LocalAws says that it is there", async () => {
  await using local = await LocalAws.start();

  const response = await fetch(`${local.endpointUrl}/_local/health`);

  assertEquals(await response.json(), { status: "running" });
});

// botocore sends `Expect` with an empty body too; without a 100 it keeps a
// stale state and waits 60 s for the next one on the same connection.
Deno.test("LocalAws closes the connection of an empty body that expects a 100", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");

  const empty = await client.send("PUT", "/photos/k", {
    headers: { expect: "100-continue" },
    body: "",
  });
  const full = await client.send("PUT", "/photos/k", {
    headers: { expect: "100-continue" },
    body: "x",
  });

  assertEquals(empty.headers["connection"], "close");
  assertEquals(full.headers["connection"], undefined);
});

Deno.test("LocalAws pages through buckets", async () => {
  using local = new LocalAws();
  const s3 = clientOf(local);
  for (const Bucket of ["photos-a", "photos-b", "photos-c"]) {
    await s3.createBucket({ Bucket });
  }

  const first = await s3.listBuckets({ MaxBuckets: 2 });
  const second = await s3.listBuckets({
    MaxBuckets: 2,
    ContinuationToken: first.ContinuationToken ?? "",
  });

  assertEquals(first.Buckets?.map(({ Name }) => Name), [
    "photos-a",
    "photos-b",
  ]);
  assertEquals(second.Buckets?.map(({ Name }) => Name), ["photos-c"]);
  assertEquals(second.ContinuationToken, undefined);
});
