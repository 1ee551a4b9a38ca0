import { assertEquals, assertStringIncludes } from "@std/assert";
import { LocalClient } from "./local_client.ts";

Deno.test("LocalAws makes, finds and removes buckets", async () => {
  const client = new LocalClient();

  const made = await client.send("PUT", "/photos");
  const again = await client.send("PUT", "/photos");
  const bad = await client.send("PUT", "/Photos_1");
  const head = await client.send("HEAD", "/photos");
  const list = await client.send("GET", "/");
  await client.send("PUT", "/photos/k", { body: "x" });
  const full = await client.send("DELETE", "/photos");
  await client.send("DELETE", "/photos/k");
  const removed = await client.send("DELETE", "/photos");
  const gone = await client.send("HEAD", "/photos");

  assertEquals([made.status, made.headers["location"]], [200, "/photos"]);
  assertEquals([again.status, again.code], [200, undefined]);
  assertEquals(bad.code, "InvalidBucketName");
  assertEquals(head.headers["x-amz-bucket-region"], "us-east-1");
  assertStringIncludes(
    list.text,
    "<Bucket><Name>photos</Name><CreationDate>2026-11-22T10:00:00.000Z</CreationDate>",
  );
  assertEquals([full.status, full.code], [409, "BucketNotEmpty"]);
  assertEquals([removed.status, gone.status], [204, 404]);
});

Deno.test("LocalAws makes buckets in its own region only", async () => {
  const client = new LocalClient({ region: "eu-west-1" });
  client.region = "eu-west-1";
  const make = (region: string) =>
    client.send("PUT", "/photos", {
      body:
        `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`,
    });

  const other = await make("eu-west-2");
  const silent = await client.send("PUT", "/photos");
  const own = await make("eu-west-1");
  const again = await make("eu-west-1");
  const location = await client.send("GET", "/photos", {
    query: [["location"]],
  });

  assertEquals(other.code, "IllegalLocationConstraintException");
  assertEquals(silent.code, "IllegalLocationConstraintException");
  assertEquals(own.status, 200);
  assertEquals([again.status, again.code], [409, "BucketAlreadyOwnedByYou"]);
  assertStringIncludes(location.text, ">eu-west-1</LocationConstraint>");
});

Deno.test("LocalAws finds the bucket in the host", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const hosts = [
    "photos.localhost",
    "photos.s3.localhost:4566",
    "photos.s3.amazonaws.com",
    "photos.s3.us-east-1.amazonaws.com",
    "photos.s3.dualstack.us-east-1.amazonaws.com",
  ];

  for (const host of hosts) {
    const { status } = await client.send("PUT", `/${host.length}`, {
      headers: { host },
      body: "x",
    });
    assertEquals(status, 200, host);
  }

  const list = await client.send("GET", "/photos");
  assertEquals(list.text.match(/<Key>[^<]*/g)?.length, hosts.length);
});

Deno.test("LocalAws takes the path for the bucket on other hosts", async () => {
  const client = new LocalClient();
  const hosts = [
    "127.0.0.1:9000",
    "s3.localhost",
    "s3.us-east-1.amazonaws.com",
    "nas",
  ];

  for (const host of hosts) {
    const { status } = await client.send("GET", "/", { headers: { host } });
    assertEquals(status, 200, host);
  }
});

Deno.test("LocalAws keeps policy and tags of a bucket", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const ask = async (
    method: "DELETE" | "GET" | "PUT",
    name: string,
    body = "",
  ) => {
    const answer = await client.send(method, "/photos", {
      query: [[name]],
      body,
    });
    return answer.code ?? (answer.text || answer.status);
  };
  const tags =
    "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";

  assertEquals(await ask("GET", "policy"), "NoSuchBucketPolicy");
  assertEquals(await ask("PUT", "policy", "{"), "MalformedPolicy");
  assertEquals(await ask("PUT", "policy", '{"Statement":[]}'), 204);
  assertEquals(await ask("GET", "policy"), '{"Statement":[]}');
  assertEquals(await ask("DELETE", "policy"), 204);
  assertEquals(await ask("GET", "policy"), "NoSuchBucketPolicy");
  assertEquals(await ask("GET", "tagging"), "NoSuchTagSet");
  assertEquals(await ask("PUT", "tagging", tags), 204);
  assertStringIncludes(String(await ask("GET", "tagging")), "<Value>1</Value>");
  assertEquals(await ask("DELETE", "tagging"), 204);
  assertEquals(await ask("GET", "tagging"), "NoSuchTagSet");
});
