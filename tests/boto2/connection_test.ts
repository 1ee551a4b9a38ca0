import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  PartialCredentialsError,
  ServiceError,
} from "../../src/foundation/errors.ts";
import { connectS3, S3Connection } from "../../src/boto2/mod.ts";
import { Session } from "../../mod.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";
import { localS3 } from "../local_s3.ts";
import { httpResponse } from "../../src/testing/http_message.ts";

Deno.test("connectS3 signs with the key it is given", async () => {
  const { session, sent } = sessionThatAnswers(200);

  const connection = connectS3("AKIDEXAMPLE", "secret", {
    session,
    sessionToken: "token",
    region: "eu-west-1",
  });
  await connection.getBucket("photos");

  assertEquals(sent[0]?.method, "HEAD");
  assertEquals(sent[0]?.origin, "https://photos.s3.eu-west-1.amazonaws.com");
  assertEquals(sent[0]?.headers["x-amz-security-token"], "token");
  assertEquals(
    sent[0]?.headers["authorization"]?.includes("Credential=AKIDEXAMPLE/"),
    true,
  );
});

Deno.test("connectS3 uses the credential chain where no key is given", async () => {
  const { session, sent } = sessionThatAnswers(200, {
    AWS_ACCESS_KEY_ID: "AKIDOFCHAIN",
    AWS_SECRET_ACCESS_KEY: "secret",
  });

  await connectS3(undefined, undefined, { session }).getBucket("photos");

  assertEquals(
    sent[0]?.headers["authorization"]?.includes("Credential=AKIDOFCHAIN/"),
    true,
  );
});

for (
  const [id, secret, missing] of [
    ["AKIDEXAMPLE", undefined, "the secret of the key is missing"],
    [undefined, "secret", "the id of the key is missing"],
    ["AKIDEXAMPLE", "", "the secret of the key is missing"],
  ] as const
) {
  Deno.test(`connectS3(${id}, ${secret && "secret"}) is refused`, () => {
    assertThrows(
      () => connectS3(id, secret),
      PartialCredentialsError,
      missing,
    );
  });
}

Deno.test("connectS3 closes what it has opened", async () => {
  await using local = await LocalAws.start();
  const { endpointUrl, region, credentials } = local.clientConfig;
  const { accessKeyId, secretAccessKey } = credentials;

  // The sanitizers find a connection that stays open.
  using connection = connectS3(accessKeyId, secretAccessKey, {
    endpointUrl,
    region,
  });

  assertEquals((await connection.createBucket("photos")).name, "photos");
});

Deno.test("getBucket tells 403 from 404 and names s3:ListBucket", async () => {
  const forbidden = connectionOf(sessionThatAnswers(403).session);
  const missing = connectionOf(sessionThatAnswers(404).session);

  const refused = await assertRejects(
    () => forbidden.getBucket("photos"),
    ServiceError,
    "it needs s3:ListBucket for the bucket",
  );
  const absent = await assertRejects(
    () => missing.getBucket("photos"),
    ServiceError,
    "there is no such bucket",
  );

  assertEquals([refused.status, absent.status], [403, 404]);
});

Deno.test("getBucket sends nothing where it is not to validate", async () => {
  const { session, sent } = sessionThatAnswers(403);

  const bucket = await connectionOf(session).getBucket("photos", {
    validate: false,
  });

  assertEquals([bucket.name, sent], ["photos", []]);
});

Deno.test("lookup finds null where there is no bucket", async () => {
  assertEquals(
    await connectionOf(sessionThatAnswers(404).session).lookup("photos"),
    null,
  );
  assertEquals(
    (await connectionOf(sessionThatAnswers(200).session).lookup("photos"))
      ?.name,
    "photos",
  );
});

Deno.test("S3Connection makes, lists and deletes buckets", async () => {
  const connection = new S3Connection({}, localS3().session);

  await connection.createBucket("photos");
  await connection.createBucket("videos");
  await connection.deleteBucket("photos");

  const names = (await connection.getAllBuckets()).map(({ name }) => name);
  assertEquals(names, ["videos"]);
});

Deno.test("S3Connection makes a bucket in the region it is told", async () => {
  const { session, sent } = sessionThatAnswers(200);

  await connectionOf(session).createBucket("photos", "eu-west-1");

  const { body } = sent[0] ?? {};
  assertEquals(
    body instanceof Uint8Array &&
      new TextDecoder().decode(body).includes(
        "<LocationConstraint>eu-west-1</LocationConstraint>",
      ),
    true,
  );
});

function connectionOf(session: Session): S3Connection {
  return connectS3("AKIDEXAMPLE", "secret", { session });
}

/** A session to which all answers have a status and no body. */
function sessionThatAnswers(
  status: number,
  env: Readonly<Record<string, string>> = {},
): { readonly session: Session; readonly sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  const session = new Session({
    system: new FakeSystem({ env }),
    transport: {
      send: (request) => {
        sent.push(request);
        return Promise.resolve(
          httpResponse(
            { status, headers: {}, body: new Uint8Array(0) },
            request.method,
          ),
        );
      },
      [Symbol.dispose]: () => {},
    },
  });
  return { session, sent };
}
