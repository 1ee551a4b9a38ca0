import { assertEquals, assertRejects } from "@std/assert";
import { fromBase64, text } from "../../../src/foundation/bytes.ts";
import { ConfigError, EndpointError } from "../../../src/foundation/errors.ts";
import type {
  ClientCore,
  PresignContext,
  TextSigner,
} from "../../../src/ports/caller.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import {
  type PresignedPost,
  presignPost,
} from "../../../src/services/s3/presigned_post.ts";
import { coreWith } from "./answering_core.ts";

const NOW = new Date("2024-02-29T12:34:56Z");
const PHOTO = { Bucket: "photos", Key: "cat.txt" };
const PROOF = {
  "x-amz-algorithm": "AWS4-HMAC-SHA256",
  "x-amz-credential": "AKIDEXAMPLE/20240229/eu-west-1/s3/aws4_request",
  "x-amz-date": "20240229T123456Z",
};

Deno.test("presignPost signs a policy for bucket and key", async () => {
  const { url, fields, expiresAt } = await presignPost(clientOf(), PHOTO);

  const { policy = "" } = fields;
  assertEquals(url, "https://photos.example.com/");
  assertEquals(fields, {
    key: "cat.txt",
    ...PROOF,
    policy,
    "x-amz-signature": `signed ${policy}`,
  });
  assertEquals(policyOf(fields), {
    expiration: "2024-02-29T13:34:56Z",
    conditions: [
      { bucket: "photos" },
      { key: "cat.txt" },
      { "x-amz-algorithm": PROOF["x-amz-algorithm"] },
      { "x-amz-credential": PROOF["x-amz-credential"] },
      { "x-amz-date": PROOF["x-amz-date"] },
    ],
  });
  assertEquals(expiresAt, new Date("2024-02-29T13:34:56Z"));
});

Deno.test("presignPost allows any key that begins like one with a filename", async () => {
  const { fields } = await presignPost(clientOf(), {
    ...PHOTO,
    Key: "in/${filename}",
  });

  assertEquals(fields["key"], "in/${filename}");
  assertEquals(policyOf(fields).conditions[1], ["starts-with", "$key", "in/"]);
});

Deno.test("presignPost puts the caller's conditions first, and its own once", async () => {
  const { fields } = await presignPost(clientOf(), {
    ...PHOTO,
    Fields: { acl: "private" },
    Conditions: [
      { acl: "private" },
      ["content-length-range", 1, 10],
      { bucket: "photos" },
    ],
  });

  assertEquals(fields["acl"], "private");
  assertEquals(policyOf(fields).conditions.slice(0, 4), [
    { acl: "private" },
    ["content-length-range", 1, 10],
    { bucket: "photos" },
    { key: "cat.txt" },
  ]);
});

Deno.test("presignPost binds the form to the session of temporary credentials", async () => {
  const client = clientOf({ sessionToken: "token" });

  const { fields } = await presignPost(client, PHOTO);

  assertEquals(fields["x-amz-security-token"], "token");
  assertEquals(policyOf(fields).conditions.at(-1), {
    "x-amz-security-token": "token",
  });
});

Deno.test("presignPost refuses to outlive the credentials", async () => {
  const client = clientOf({ expiration: new Date("2024-02-29T12:44:56Z") });

  await assertRejects(
    () => presignPost(client, PHOTO),
    ConfigError,
    "Cannot presign a form for 3600 s as the credentials end in 600 s: ask for less in expiresInSeconds, or set allowShorter",
  );
});

Deno.test("presignPost ends with the credentials where that is allowed", async () => {
  const expiration = new Date("2024-02-29T12:44:56Z");

  const { fields, expiresAt } = await presignPost(
    clientOf({ expiration }),
    PHOTO,
    { allowShorter: true },
  );

  assertEquals(expiresAt, expiration);
  assertEquals(policyOf(fields).expiration, "2024-02-29T12:44:56Z");
});

Deno.test("presignPost refuses credentials that have ended", async () => {
  const client = clientOf({ expiration: NOW });

  await assertRejects(
    () => presignPost(client, PHOTO, { allowShorter: true }),
    ConfigError,
    "the credentials end in 0 s",
  );
});

Deno.test("presignPost makes a form without a policy for nobody", async () => {
  const { fields } = await presignPost(clientOf(null), PHOTO);

  assertEquals(fields, { key: "cat.txt" });
});

Deno.test("presignPost asks where HEAD on the bucket goes", async () => {
  const asked: unknown[] = [];
  const signal = AbortSignal.abort();
  const client = clientOf({}, (...question) => asked.push(...question));

  await presignPost(client, PHOTO, { signal });

  assertEquals(asked, ["HeadBucket", { Bucket: "photos" }, { signal }]);
});

for (
  const Bucket of ["arn:aws:s3:us-west-2:1:accesspoint/ap", "b--az1--x-s3"]
) {
  Deno.test(`presignPost refuses ${Bucket}`, async () => {
    await assertRejects(
      () => presignPost(clientOf(), { Bucket, Key: "k" }),
      EndpointError,
      "access points and directory buckets take no forms",
    );
  });
}

for (const expiresInSeconds of [0, 1.5]) {
  Deno.test(`presignPost refuses a life of ${expiresInSeconds} s`, async () => {
    await assertRejects(
      () => presignPost(clientOf(), PHOTO, { expiresInSeconds }),
      ConfigError,
      `Cannot presign a form for ${expiresInSeconds} s: expiresInSeconds must be a whole number of at least 1`,
    );
  });
}

Deno.test("presignPost says so where the client cannot sign texts", async () => {
  await assertRejects(
    () => presignPost(new S3(coreWith().core), PHOTO),
    ConfigError,
    "the client cannot sign texts",
  );
});

/** A client whose signatures repeat the text; `null`: an anonymous one. */
function clientOf(
  who: Partial<TextSigner> | null = {},
  note: (...question: unknown[]) => void = () => {},
): S3 {
  const place: PresignContext = {
    url: "https://photos.example.com/",
    scope: { service: "s3", region: "eu-west-1", at: NOW },
    ...who && {
      signer: {
        accessKeyId: "AKIDEXAMPLE",
        sign: (text) => Promise.resolve(`signed ${text}`),
        ...who,
      },
    },
  };
  const core: ClientCore = {
    ...coreWith().core,
    presignContext: (operation, input, options) => {
      note(operation.name, input, options);
      return Promise.resolve(place);
    },
  };
  return new S3(core);
}

function policyOf(
  fields: PresignedPost["fields"],
): { expiration: string; conditions: unknown[] } {
  return JSON.parse(text(fromBase64(fields["policy"] ?? "")));
}
