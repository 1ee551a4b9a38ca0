import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, ValidationError } from "../../src/foundation/errors.ts";
import type { PresignOptions } from "../../src/ports/caller.ts";
import type { Credentials } from "../../src/ports/credentials.ts";
import {
  GetObject,
  PutObject,
  S3,
  type S3Config,
} from "../../src/services/s3/mod.ts";
import { GetCallerIdentity, STS } from "../../src/services/sts/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { FixedClock } from "../../src/testing/fixed_clock.ts";
import { scripted } from "../scripted_transport.ts";

const NOW = "2024-02-29T12:34:56Z";
const KEYS: Credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const TEN_MINUTES: Credentials = {
  ...KEYS,
  sessionToken: "token",
  expiration: new Date("2024-02-29T12:44:56Z"),
};

Deno.test("presign gives a URL, what to send with it, and its end", async () => {
  const { url, method, headers, expiresAt } = await s3().presign(PutObject, {
    Bucket: "photos",
    Key: "a b.txt",
    ContentType: "text/plain",
    Metadata: { cat: "yes" },
  }, { expiresInSeconds: 60 });

  assert(
    url.startsWith("https://photos.s3.eu-west-1.amazonaws.com/a%20b.txt?"),
  );
  const query = new URL(url).searchParams;
  assertEquals(
    query.get("X-Amz-SignedHeaders"),
    "content-type;host;x-amz-meta-cat",
  );
  assertEquals(query.get("X-Amz-Expires"), "60");
  assertEquals(method, "PUT");
  assertEquals(headers, {
    "content-type": "text/plain",
    "x-amz-meta-cat": "yes",
  });
  assertEquals(expiresAt, new Date("2024-02-29T12:35:56Z"));
});

Deno.test("presign says nothing about a body that is not there", async () => {
  const { url } = await s3().presign(PutObject, { Bucket: "b-1", Key: "k" });

  assert(!/checksum|md5|content-length/i.test(url), url);
});

Deno.test("presign refuses a body, which no URL can carry", async () => {
  await assertRejects(
    () => s3().presign(PutObject, { Bucket: "b-1", Key: "k", Body: "x" }),
    ValidationError,
    "Body cannot be part of a URL",
  );
});

Deno.test("presign refuses to promise more than the credentials last", async () => {
  await assertRejects(
    () => s3(TEN_MINUTES).presign(GetObject, { Bucket: "b-1", Key: "k" }),
    ConfigError,
    "Cannot presign for 3600 s as the credentials end in 600 s",
  );
});

Deno.test("presign ends with the credentials where that is allowed", async () => {
  const { url, expiresAt } = await s3(TEN_MINUTES).presign(GetObject, {
    Bucket: "b-1",
    Key: "k",
  }, { allowShorter: true });

  assertEquals(new URL(url).searchParams.get("X-Amz-Expires"), "600");
  assertEquals(expiresAt, TEN_MINUTES.expiration);
});

Deno.test("presign moves the form of a query operation into the URL", async () => {
  const { url, method } = await session().client(STS).presign(
    GetCallerIdentity,
    {},
    { method: "GET" },
  );

  const query = new URL(url).searchParams;
  assertEquals(query.get("Action"), "GetCallerIdentity");
  assertEquals(query.get("Version"), "2011-06-15");
  assertEquals(query.get("X-Amz-SignedHeaders"), "host");
  assertEquals(method, "GET");
});

Deno.test("presign leaves the URL of nobody unsigned", async () => {
  const { url } = await session("anonymous").client(S3).presign(GetObject, {
    Bucket: "b-1",
    Key: "k",
  });

  assertEquals(url, "https://b-1.s3.eu-west-1.amazonaws.com/k");
});

function s3(credentials?: Credentials, config: S3Config = {}): S3 {
  return session(credentials).client(S3, config);
}

function session(credentials: Credentials | "anonymous" = KEYS): Session {
  return new Session({
    credentials,
    region: "eu-west-1",
    clock: new FixedClock(NOW),
    system: new FakeSystem(),
    transport: scripted([]),
  });
}
Deno.test("presign says how to name an operation and its options", async () => {
  const { presign } = s3().core;
  const name: unknown = "get_object";
  const options = { ExpiresIn: 60 };

  await assertRejects(
    () => presign(name as typeof GetObject, { Bucket: "b-1", Key: "k" }),
    ConfigError,
    'Cannot presign "get_object": give the operation itself',
  );
  await assertRejects(
    () =>
      presign(
        GetObject,
        { Bucket: "b-1", Key: "k" },
        options as PresignOptions,
      ),
    ConfigError,
    'Cannot presign with the option "ExpiresIn": it is "expiresInSeconds" here',
  );
});
