/**
 * Forms that upload a file from a browser, without credentials in it.
 *
 * Source: "Browser-Based Uploads Using POST (AWS Signature Version 4)", Amazon S3
 * API Reference.
 *
 * @module
 */
import { base64, LONE_SURROGATE, utf8 } from "../../foundation/bytes.ts";
import {
  ConfigError,
  EndpointError,
  ValidationError,
  type ValidationProblem,
} from "../../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../../foundation/options.ts";
import { amzDate } from "../../foundation/timestamps.ts";
import type {
  PresignContext,
  PresignOptions,
  TextSigner,
} from "../../ports/caller.ts";
import type { S3 } from "./generated/client.ts";
import { HeadBucket } from "./generated/operations.ts";

/** What a form may upload. */
export interface PresignedPostInput {
  /** The bucket. */
  readonly Bucket: string;
  /**
   * The key. Where it ends in `${filename}`, S3 puts the name of the file there,
   * and any key that begins like it is allowed.
   */
  readonly Key: string;
  /** Further fields of the form, by name. A condition must allow each. */
  readonly Fields?: Readonly<Record<string, string>>;
  /** Further conditions; those for bucket and key are made. */
  readonly Conditions?: readonly PostCondition[];
}

/**
 * What must hold of a form: a field has a value, a field matches, or the file
 * has a length.
 */
export type PostCondition =
  | Readonly<Record<string, string>>
  | readonly [
    match: "eq" | "starts-with",
    field: `$${string}`,
    value: string,
  ]
  | readonly ["content-length-range", min: number, max: number];

/** Options of a presigned form. */
export type PresignedPostOptions = Pick<
  PresignOptions,
  "allowShorter" | "expiresInSeconds" | "signal"
>;

/** A form that uploads a file. */
export interface PresignedPost {
  /** Where it is sent, with POST. */
  readonly url: string;
  /** Its fields. The file comes behind them, as field `file`. */
  readonly fields: Readonly<Record<string, string>>;
  /** The true end: the asked life, or that of the credentials if it ends first. */
  readonly expiresAt: Date;
}

const DEFAULT_LIFE_SECONDS = 3_600;

/** Field that carries the session token, where the endpoint names no other. */
const TOKEN = "x-amz-security-token";

/** What S3 replaces by the name of the file. */
const FILENAME = "${filename}";

/**
 * Makes a form that uploads a file, without sending anything.
 *
 * @param s3 The client. An anonymous one makes a form without a policy.
 * @param input What the form may upload.
 * @param options How long it works.
 * @throws {ConfigError} If the credentials end before the form, unless
 * `allowShorter` is set.
 * @throws {ConfigError} If `expiresInSeconds` is not a whole number of at least 1.
 * @throws {EndpointError} If the bucket is an access point or a directory bucket, which
 * take no forms.
 *
 * @example Pictures of up to 10 MB
 * ```ts ignore
 * const { url, fields } = await presignPost(s3, {
 *   Bucket: "photos",
 *   Key: "incoming/${filename}",
 *   Fields: { acl: "private" },
 *   Conditions: [
 *     { acl: "private" },
 *     ["content-length-range", 1, 10_000_000],
 *   ],
 * });
 * const form = new FormData();
 * for (const [name, value] of Object.entries(fields)) form.set(name, value);
 * form.set("file", new Blob(["..."]), "cat.jpg");
 * await fetch(url, { method: "POST", body: form });
 * ```
 */
export async function presignPost(
  s3: S3,
  input: PresignedPostInput,
  options: PresignedPostOptions = {},
): Promise<PresignedPost> {
  checkPost(input, options);
  const { Bucket, Key, Fields = {}, Conditions = [] } = input;
  checkForm(Key, Fields);
  const context = await contextOf(s3, Bucket, options);
  const expiresAt = endOf(context, options);
  const fields = { ...Fields, key: Key };
  const { signer } = context;
  if (signer === undefined) return { url: context.url, fields, expiresAt };

  const proof = proofOf(context, signer);
  const policy = base64(utf8(JSON.stringify({
    expiration: expiresAt.toISOString().replace(/\.\d+Z$/, "Z"),
    conditions: [
      ...withOwn(Conditions, [{ bucket: Bucket }, keyCondition(Key)]),
      ...Object.entries(proof).map(([name, value]) => ({ [name]: value })),
    ],
  })));
  const signature = await signer.sign(policy);
  return {
    url: context.url,
    fields: { ...fields, ...proof, policy, "x-amz-signature": signature },
    expiresAt,
  };
}

const INPUT: OptionKinds<PresignedPostInput> = {
  Bucket: "text",
  Key: "text",
  Fields: "object",
  Conditions: "list",
};

const OPTIONS: OptionKinds<PresignedPostOptions> = {
  allowShorter: "boolean",
  expiresInSeconds: "any",
  signal: "signal",
};

/** A condition under a misspelt name would let anything be uploaded. */
function checkPost(
  input: PresignedPostInput,
  options: PresignedPostOptions,
): void {
  checkOptions("call presignPost", options, OPTIONS, {
    others: new Map(Object.entries({
      Fields: "it belongs into the input",
      Conditions: "it belongs into the input",
    })),
  });
  const problems = ["Bucket", "Key"].flatMap((path) =>
    Object.hasOwn(input, path) ? [] : [{ path, problem: "is required" }]
  );
  if (problems.length > 0) throw new ValidationError("presignPost", problems);
  checkOptions("call presignPost", input, INPUT);
}

/** RFC 9110, section 5.6.2: `token`. Metadata become header fields. */
const TOKEN_TEXT = /^[!#$%&'*+\-.^_`|~\da-z]+$/i;

const METADATA = "x-amz-meta-";

/** Refuses what no form and no object can carry. */
function checkForm(key: string, fields: PresignedPostInput["Fields"]): void {
  const problems: ValidationProblem[] = [];
  if (typeof key !== "string" || key === "") {
    problems.push({
      path: "Key",
      problem: "must be a string that is not empty",
    });
  } else if (!key.isWellFormed()) {
    problems.push({ path: "Key", problem: LONE_SURROGATE });
  }
  for (const [name, value] of Object.entries(fields ?? {})) {
    const path = `Fields.${JSON.stringify(name)}`;
    if (name.toLowerCase() === METADATA) {
      problems.push({ path, problem: "has no name behind the prefix" });
    } else if (!TOKEN_TEXT.test(name)) {
      problems.push({
        path,
        problem: "must have a name of ASCII letters, digits and hyphens",
      });
    }
    if (typeof value !== "string" || !value.isWellFormed()) {
      problems.push({ path, problem: "must be text that UTF-8 can carry" });
    }
  }
  if (problems.length > 0) throw new ValidationError("presignPost", problems);
}

async function contextOf(
  s3: S3,
  bucket: string,
  { signal }: PresignedPostOptions,
): Promise<PresignContext> {
  if (bucket.startsWith("arn:") || bucket.endsWith("--x-s3")) {
    throw new EndpointError(
      `Cannot presign a form for "${bucket}": access points and directory buckets take no forms`,
    );
  }
  const { presignContext } = s3.core;
  if (presignContext === undefined) {
    throw new ConfigError(
      "SigningUnavailable",
      "Cannot presign a form: the client cannot sign texts; use one that a session made",
    );
  }
  // Forms go where HEAD on the bucket goes.
  return await presignContext(
    HeadBucket,
    { Bucket: bucket },
    signal ? { signal } : {},
  );
}

function endOf(
  { scope, signer }: PresignContext,
  { expiresInSeconds = DEFAULT_LIFE_SECONDS, allowShorter }:
    PresignedPostOptions,
): Date {
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1) {
    throw new ConfigError(
      "InvalidExpiry",
      `Cannot presign a form for ${
        typeof expiresInSeconds === "number"
          ? `${expiresInSeconds} s`
          : `a ${typeof expiresInSeconds}`
      }: expiresInSeconds must be a whole number of at least 1`,
    );
  }
  const asked = new Date(scope.at.getTime() + expiresInSeconds * 1_000);
  const end = signer?.expiration;
  if (end === undefined || end >= asked) return asked;
  if (allowShorter && end > scope.at) return end;
  const left = Math.floor((end.getTime() - scope.at.getTime()) / 1_000);
  throw new ConfigError(
    "PresignOutlivesCredentials",
    `Cannot presign a form for ${expiresInSeconds} s as the credentials end in ${left} s: ask for less in expiresInSeconds, or set allowShorter`,
  );
}

/** The fields that prove who made the form, in the order of conditions. */
function proofOf(
  { scope: { at, region, service, tokenHeader = TOKEN } }: PresignContext,
  { accessKeyId, sessionToken }: TextSigner,
): Readonly<Record<string, string>> {
  const time = amzDate(at);
  const day = time.slice(0, 8);
  return {
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential":
      `${accessKeyId}/${day}/${region}/${service}/aws4_request`,
    "x-amz-date": time,
    ...sessionToken === undefined ? {} : { [tokenHeader]: sessionToken },
  };
}

/** The conditions, and ours unless the caller has them already. */
function withOwn(
  conditions: readonly PostCondition[],
  own: readonly PostCondition[],
): readonly PostCondition[] {
  const given = conditions.map((condition) => JSON.stringify(condition));
  const missing = own.filter((one) => !given.includes(JSON.stringify(one)));
  return [...conditions, ...missing];
}

function keyCondition(key: string): PostCondition {
  return key.endsWith(FILENAME)
    ? ["starts-with", "$key", key.slice(0, -FILENAME.length)]
    : { key };
}
