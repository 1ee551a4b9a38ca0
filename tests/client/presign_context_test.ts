import { assertEquals } from "@std/assert";
import { HeadBucket, S3, type S3Config } from "../../src/services/s3/mod.ts";
import { Session, type SessionOptions } from "../../mod.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { FixedClock } from "../../src/testing/fixed_clock.ts";
import { secondTextSignature } from "../second_signer.ts";

const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

Deno.test("a signing place tells where a call would go and who signs", async () => {
  const expiration = new Date("2024-02-29T14:00:00Z");
  const core = coreOf({
    credentials: { ...KEYS, sessionToken: "token", expiration },
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
  const { signer } = await coreOf({ credentials: KEYS }).presignContext?.(
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
      secretAccessKey: KEYS.secretAccessKey,
    }),
  );
});

Deno.test("a signing place keeps the bucket in the path where it is to be", async () => {
  const core = coreOf({ credentials: KEYS }, { addressingStyle: "path" });

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
