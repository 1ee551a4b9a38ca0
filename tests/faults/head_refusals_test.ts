import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import { connectS3 } from "../../src/boto2/mod.ts";
import {
  bucketExists,
  objectExists,
  S3,
  statObject,
} from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { downloadBytes } from "../../src/transfer/mod.ts";

const OBJECT = { Bucket: "photos", Key: "cat.txt" };

/** A session whose every request is refused. */
function refusing(status: number, body: string | null = null): Session {
  return new Session({
    region: "eu-west-1",
    credentials: {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    system: new FakeSystem(),
    random: () => 0,
    retry: { maxAttempts: 1 },
    transport: {
      send: () =>
        Promise.resolve({
          status,
          headers: { date: new Date().toUTCString() },
          body: body === null ? null : {
            open: () => new Blob([body]).stream(),
            bytes: () => new Response(body).bytes(),
            cancel: () => Promise.resolve(),
          },
        }),
      [Symbol.dispose]: () => {},
    },
  });
}

/** All looks that are answered by HEAD. */
const LOOKS: Readonly<
  Record<string, (session: Session, s3: S3) => Promise<unknown>>
> = {
  headObject: (_, s3) => s3.headObject(OBJECT),
  headBucket: (_, s3) => s3.headBucket({ Bucket: "photos" }),
  objectExists: (_, s3) => objectExists(s3, OBJECT),
  statObject: (_, s3) => statObject(s3, OBJECT),
  bucketExists: (_, s3) => bucketExists(s3, { Bucket: "photos" }),
  downloadBytes: (_, s3) => downloadBytes(s3, OBJECT),
  getBucket: (session) =>
    connectS3(undefined, undefined, { session }).getBucket("photos"),
};

for (const [name, look] of Object.entries(LOOKS)) {
  Deno.test(`${name} that is refused with 403 names a wrong secret, token and clock beside the permission`, async () => {
    using session = refusing(403);

    const { message, status } = await assertRejects(
      () => look(session, session.client(S3)),
      ServiceError,
    );

    assertEquals(status, 403);
    for (
      const cause of [
        "s3:ListBucket",
        "wrong secret key",
        "wrong session token",
        "wrong clock",
      ]
    ) assert(message.includes(cause), message);
  });

  Deno.test(`${name} that is refused with 400 names an expired token, once`, async () => {
    using session = refusing(400);

    const { message } = await assertRejects(
      () => look(session, session.client(S3)),
      ServiceError,
    );

    assertEquals(message.match(/expired/g)?.length, 1, message);
    assert(!message.endsWith("; "), message);
  });
}

Deno.test("a refusal that has a reason of its own gets no guesses", async () => {
  using session = refusing(
    403,
    "<Error><Code>AccessDenied</Code><Message>No</Message></Error>",
  );

  const { message } = await assertRejects(
    () => session.client(S3).getObject(OBJECT),
    ServiceError,
  );

  assertEquals(message, "AccessDenied (GetObject, 403): No");
});

Deno.test("headObject of what is not there gets no guesses", async () => {
  using session = refusing(404);

  const { message } = await assertRejects(
    () => session.client(S3).headObject(OBJECT),
    ServiceError,
  );

  assertEquals(message, "404 (HeadObject, 404): Not Found");
});
