/**
 * Where presigned URLs and forms differ from the recordings on purpose.
 *
 * @module
 */
import { encodeParam } from "../../src/foundation/bytes.ts";
import { LACKS_SIGV4A, USUAL_META } from "./client_cases.ts";
import { type Deviation, deviation } from "./entries.ts";
import type { PostCase, UrlCase } from "./presigned_cases.ts";

const URLS = "presigned-urls.json";
const POSTS = "presigned-posts.json";

const VERSION_4 = "signatures are of version 4, where botocore makes version 2";
const REGIONAL =
  "the host is that of the region: the global one redirects for new buckets";

/** botocore's host for buckets of any region, and what it makes of it with FIPS. */
const GLOBAL_HOST =
  /^(https:\/\/(?:[^/]+\.)?s3)(\.amazonaws|-fips\.us-east-1\.amazonaws)(?=\.com\/)/;

/** Header fields that signatures of version 2 move into the query. */
const MOVED = /^(?:x-amz-|content-md5$|content-type$)/;

/** Longest life of a presigned URL. */
const SEVEN_DAYS = 604_800;

const TIME = USUAL_META.now.replace(/[-:]/g, "");

/** Deviations of presigned URLs and forms. */
export const PRESIGNED_DEVIATIONS: readonly Deviation<unknown>[] = [
  deviation<UrlCase>({
    suite: URLS,
    applies: ({ expiresIn = 0, expect: { error } }) =>
      expiresIn > SEVEN_DAYS && error === undefined,
    expect: refused,
    reason: "AWS refuses what lives longer than seven days",
  }),
  deviation<UrlCase>({
    suite: URLS,
    applies: ({ params: { Bucket }, expect: { error } }) =>
      /^arn:.*\.mrap$/.test(`${Bucket}`) && error === undefined,
    expect: (vector) => ({ ...vector, expect: { error: LACKS_SIGV4A } }),
    reason: "multi-region access points take Signature Version 4A only",
  }),
  deviation<PostCase>({
    suite: POSTS,
    applies: ({ params: { Bucket }, expect: { error } }) =>
      Bucket.endsWith("--x-s3") && error === undefined,
    expect: refused,
    reason: "directory buckets take no forms",
  }),
  deviation<UrlCase>({
    suite: URLS,
    applies: ({ expect: { url = "" } }) => /[?&]AWSAccessKeyId=/.test(url),
    expect: (vector) => withUrl(vector, regionalUrl(vector, version4(vector))),
    reason: VERSION_4,
  }),
  deviation<UrlCase>({
    suite: URLS,
    applies: isGlobal,
    expect: (vector) => {
      const [url = ""] = (vector.expect.url ?? "").split("&X-Amz-Signature=");
      return withUrl(vector, regionalUrl(vector, url));
    },
    reason: REGIONAL,
  }),
  deviation<PostCase>({
    suite: POSTS,
    applies: ({ expect: { fields = {} } }) => "AWSAccessKeyId" in fields,
    expect: postInVersion4,
    reason: VERSION_4,
  }),
  deviation<PostCase>({
    suite: POSTS,
    applies: isGlobal,
    expect: (vector) => withUrl(vector, regionalUrl(vector)),
    reason: REGIONAL,
  }),
];

/** Whether a case goes to the global host although it has a region. */
function isGlobal(
  { region, expect: { url = "" } }: PostCase | UrlCase,
): boolean {
  return GLOBAL_HOST.test(url) && region !== null && region !== "us-east-1";
}

/** The URL at the region's own host. */
function regionalUrl(
  vector: PostCase | UrlCase,
  url = vector.expect.url ?? "",
): string {
  return isGlobal(vector)
    ? url.replace(
      GLOBAL_HOST,
      (_all, service: string, rest: string) =>
        `${service}${
          rest.startsWith("-fips") ? "-fips" : ""
        }.${vector.region}.amazonaws`,
    )
    : url;
}

/** The case as one that must be refused. */
function refused<Case extends PostCase | UrlCase>(vector: Case): Case {
  return { ...vector, expect: { error: "refused" } };
}

function withUrl<Case extends PostCase | UrlCase>(
  vector: Case,
  url: string,
): Case {
  return { ...vector, expect: { ...vector.expect, url } };
}

/** The URL of a case in version 4, without its signature. */
function version4(vector: UrlCase): string {
  const { expect: { url = "" }, expiresIn = 3_600 } = vector;
  const [place = "", query = ""] = url.split("?");
  const params = query.split("&").filter((param) =>
    !/^(?:AWSAccessKeyId|Expires|Signature)=/.test(param)
  );
  const moved = params.map((param) => param.split("=")[0] ?? "")
    .filter((name) => MOVED.test(name) && name !== "x-amz-security-token");
  const own = params.filter((param) => !MOVED.test(param.split("=")[0] ?? ""));
  const proof: readonly (readonly [string, string])[] = [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", credentialOf(vector)],
    ["X-Amz-Date", TIME],
    ["X-Amz-Expires", String(expiresIn)],
    ["X-Amz-SignedHeaders", ["host", ...moved].sort().join(";")],
    ...Object.entries(tokenOf(vector, "X-Amz-Security-Token")),
  ];
  return `${place}?${[...own, ...proof.map(encodeParam)].join("&")}`;
}

/** The form of a case in version 4, without its signature. */
function postInVersion4(vector: PostCase): PostCase {
  const { AWSAccessKeyId: _key, signature: _old, ...kept } =
    vector.expect.fields ?? {};
  const policy = JSON.parse(vector.expect.policyText ?? "");
  const token = tokenOf(vector, "x-amz-security-token");
  const proof = {
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": credentialOf(vector),
    "x-amz-date": TIME,
  };
  const conditions = policy.conditions.filter((condition: object) =>
    !("x-amz-security-token" in condition)
  );
  for (const [name, value] of Object.entries({ ...proof, ...token })) {
    conditions.push({ [name]: value });
  }
  return {
    ...vector,
    expect: {
      url: regionalUrl(vector),
      fields: { ...kept, ...proof, "x-amz-signature": "" },
      policyText: JSON.stringify({ ...policy, conditions }),
    },
  };
}

function credentialOf({ region, service = "s3" }: PostCase | UrlCase): string {
  return [
    USUAL_META.credentials.accessKeyId,
    TIME.slice(0, 8),
    region ?? "us-east-1",
    service,
    "aws4_request",
  ].join("/");
}

function tokenOf(
  { credentials }: PostCase | UrlCase,
  name: string,
): Readonly<Record<string, string>> {
  return credentials === "token"
    ? { [name]: USUAL_META.credentials.sessionTokenWhenToken }
    : {};
}
