/**
 * Presigned URLs and forms, as boto3 makes them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromBase64, text } from "../../src/foundation/bytes.ts";
import { AwsError } from "../../src/foundation/errors.ts";
import type { PresignedRequest } from "../../src/ports/caller.ts";
import type { HttpMethod, Transport } from "../../src/ports/http.ts";
import type { Operation } from "../../src/ports/schema.ts";
import * as s3Operations from "../../src/services/s3/generated/operations.ts";
import {
  type PostCondition,
  type PresignedPost,
  presignPost,
} from "../../src/services/s3/presigned_post.ts";
import * as stsOperations from "../../src/services/sts/generated/operations.ts";
import { secondSignature, secondTextSignature } from "../second_signer.ts";
import {
  type CaseMeta,
  coreOf,
  ECDSA,
  LACKS_SIGV4A,
  s3Of,
  sessionOf,
  valueOf,
} from "./client_cases.ts";
import type { PostCase, UrlCase } from "./presigned_cases.ts";
import { vectorTest } from "./suite.ts";

/** Nothing is sent. */
const SILENT: Transport = {
  send: () => Promise.reject(new Error("a request was sent")),
  [Symbol.dispose]: () => {},
};

let meta: CaseMeta | undefined;

vectorTest<UrlCase>({
  file: "presigned-urls.json",
  cases: (data) => casesOf<UrlCase>(data),
  name: ({ name }) => name,
  run: async (vector) => {
    const { error } = vector.expect;
    if (error === LACKS_SIGV4A) {
      const { searchParams } = new URL((await presign(vector)).url);
      assertEquals(searchParams.get("X-Amz-Algorithm"), ECDSA);
      assertEquals(searchParams.get("X-Amz-Region-Set"), "*");
      return;
    }
    if (error !== undefined) {
      await assertRefused(() => presign(vector));
      return;
    }
    const presigned = await presign(vector);
    assertEquals(signatureOf(presigned), secondSignatureOf(presigned));
    const { url = "" } = vector.expect;
    assertEquals(
      url.includes("X-Amz-Signature=")
        ? presigned.url
        : presigned.url.split("&X-Amz-Signature=")[0],
      url,
    );
  },
});

vectorTest<PostCase>({
  file: "presigned-posts.json",
  cases: (data) => casesOf<PostCase>(data),
  name: ({ name }) => name,
  run: async (vector) => {
    if (vector.expect.error !== undefined) {
      await assertRefused(() => post(vector));
      return;
    }
    const { url, fields } = await post(vector);

    const { policyText, fields: expected = {} } = vector.expect;
    assertEquals(url, vector.expect.url);
    assertEquals(Object.keys(fields).sort(), Object.keys(expected).sort());
    if (policyText === undefined) {
      assertEquals(fields, expected);
      return;
    }
    const { policy = "", "x-amz-signature": signature, ...rest } = fields;
    const { policy: _text, "x-amz-signature": _own, ...others } = expected;
    assertEquals(rest, others);
    assertEquals(JSON.parse(text(fromBase64(policy))), JSON.parse(policyText));
    assertEquals(
      signature,
      secondTextSignature(
        policy,
        scopeOf(fields["x-amz-credential"] ?? "", fields["x-amz-date"] ?? ""),
      ),
    );
  },
});

async function assertRefused(make: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(make);
  assert(error instanceof AwsError || error instanceof RangeError, `${error}`);
}

function casesOf<Case>(data: unknown): readonly Case[] {
  const file = data as { meta: CaseMeta; cases: readonly Case[] };
  meta = file.meta;
  return file.cases;
}

async function presign(vector: UrlCase): Promise<PresignedRequest> {
  assert(meta !== undefined);
  using session = sessionOf(vector, meta, SILENT);
  const { operation, params, expiresIn, httpMethod } = vector;
  const table: Readonly<Record<string, unknown>> = vector.service === "sts"
    ? stsOperations
    : s3Operations;
  return await coreOf(session, vector).presign(
    // The case names an operation of the table and has parameters for it.
    table[operation] as Operation<unknown, unknown>,
    valueOf(params),
    {
      ...expiresIn === undefined ? {} : { expiresInSeconds: expiresIn },
      ...httpMethod === undefined ? {} : { method: httpMethod as HttpMethod },
    },
  );
}

async function post(vector: PostCase): Promise<PresignedPost> {
  assert(meta !== undefined);
  using session = sessionOf(vector, meta, SILENT);
  const { Bucket, Key, Fields, Conditions, ExpiresIn } = vector.params;
  const life = vector.expiresIn ?? ExpiresIn;
  return await presignPost(s3Of(session, vector), {
    Bucket,
    Key,
    ...Fields && { Fields },
    // The conditions of a case are those that a form may have.
    ...Conditions && { Conditions: Conditions as readonly PostCondition[] },
  }, life === undefined ? {} : { expiresInSeconds: life });
}

function signatureOf({ url }: PresignedRequest): string {
  return new URL(url).searchParams.get("X-Amz-Signature") ?? "";
}

/** The signature of a URL, by the second signer; "" where it has none. */
function secondSignatureOf({ url, method, headers }: PresignedRequest): string {
  const { host, searchParams } = new URL(url);
  const [unsigned = "", signature] = url.split("&X-Amz-Signature=");
  if (signature === undefined) return "";
  const scope = scopeOf(
    searchParams.get("X-Amz-Credential") ?? "",
    searchParams.get("X-Amz-Date") ?? "",
  );
  return secondSignature({
    method,
    url: unsigned,
    headers: [["host", host], ...Object.entries(headers)],
    payloadHash: scope.service === "s3" ? "UNSIGNED-PAYLOAD" : EMPTY_HASH,
    ...scope,
  }).signature;
}

/** SHA-256 of nothing. */
const EMPTY_HASH =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function scopeOf(
  credential: string,
  timestamp: string,
): Omit<
  Parameters<typeof secondSignature>[0],
  "headers" | "method" | "payloadHash" | "url"
> {
  const [, , region = "", service = ""] = credential.split("/");
  const secretAccessKey = meta?.credentials.secretAccessKey ?? "";
  return { region, service, timestamp, secretAccessKey };
}
