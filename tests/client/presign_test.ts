import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session, type SessionOptions } from "../../mod.ts";
import { ConfigError, ValidationError } from "../../src/foundation/errors.ts";
import type { PresignOptions } from "../../src/ports/caller.ts";
import type { Credentials } from "../../src/ports/credentials.ts";
import {
  GetObject,
  HeadBucket,
  PutObject,
  S3,
  type S3Config,
} from "../../src/services/s3/mod.ts";
import { GetCallerIdentity, STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { scripted } from "../scripted_transport.ts";
import { secondTextSignature } from "../second_signer.ts";

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

const OWN_KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

Deno.test("a signing place tells where a call would go and who signs", async () => {
  const expiration = new Date("2024-02-29T14:00:00Z");
  const core = coreOf({
    credentials: { ...OWN_KEYS, sessionToken: "token", expiration },
  });

  const { signer, ...place } = await core.presignContext?.(
    HeadBucket,
    { Bucket: "photos" },
  ) ?? {};

  assertEquals(place, {
    url: "https://photos.s3.eu-west-1.amazonaws.com/",
    scope: {
      service: "s3",
      region: "eu-west-1",
      at: new Date("2024-02-29T12:34:56Z"),
      rules: "s3",
    },
  });
  assertEquals(signer?.accessKeyId, "AKIDEXAMPLE");
  assertEquals(signer?.sessionToken, "token");
  assertEquals(signer?.expiration, expiration);
});

Deno.test("a signing place signs texts as they are", async () => {
  const { signer } = await coreOf({ credentials: OWN_KEYS }).presignContext?.(
    HeadBucket,
    { Bucket: "photos" },
  ) ?? {};

  const signature = await signer?.sign("a text");

  assertEquals(
    signature,
    secondTextSignature("a text", {
      region: "eu-west-1",
      service: "s3",
      timestamp: "20240229T123456Z",
      secretAccessKey: OWN_KEYS.secretAccessKey,
    }),
  );
});

Deno.test("a signing place keeps the bucket in the path where it is to be", async () => {
  const core = coreOf({ credentials: OWN_KEYS }, { addressingStyle: "path" });

  const place = await core.presignContext?.(HeadBucket, { Bucket: "photos" });

  assertEquals(place?.url, "https://s3.eu-west-1.amazonaws.com/photos");
});

Deno.test("a signing place of an anonymous client has no signer", async () => {
  const core = coreOf({ credentials: "anonymous" });

  const place = await core.presignContext?.(HeadBucket, { Bucket: "photos" });

  assertEquals(place?.signer, undefined);
});

function coreOf(options: SessionOptions, config: S3Config = {}): S3["core"] {
  const session = new Session({
    region: "eu-west-1",
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    system: new FakeSystem({}),
    transport: {
      send: () => Promise.reject(new Error("a request was sent")),
      [Symbol.dispose]: () => {},
    },
    ...options,
  });
  return session.client(S3, config).core;
}
