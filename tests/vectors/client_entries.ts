/**
 * Where whole calls differ from the recordings on purpose.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { utf8 } from "../../src/foundation/bytes.ts";
import { secondSignature } from "../second_signer.ts";
import { USUAL_META } from "./client_cases.ts";
import type { RequestCase } from "./client_requests_test.ts";
import type { ResponseCase } from "./client_responses_test.ts";
import { type Deviation, deviation } from "./entries.ts";

const REQUESTS = "client-requests.json";
const RESPONSES = "client-responses.json";

/** Deviations of whole calls. */
export const CLIENT_DEVIATIONS: readonly Deviation<unknown>[] = [
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ expect }) =>
      expect.body?.startsWith("<") === true && CHANGED_BY_XML.test(expect.body),
    expect: (vector) =>
      withDocument(
        vector,
        (vector.expect.body ?? "").replace(
          new RegExp(CHANGED_BY_XML, "gu"),
          (character) =>
            `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`,
        ),
      ),
    reason:
      "what readers of XML would change is written as references, as REST-XML of Smithy asks, in every document",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ expect }) => unhashedKeys(expect.headers).length > 0,
    expect: (vector) => {
      const fields = new Map(vector.expect.headers);
      for (const name of unhashedKeys(vector.expect.headers)) {
        const key = fields.get(name) ?? "";
        fields.set(name, Buffer.from(key).toString("base64"));
        fields.set(
          `${name}-md5`,
          createHash("md5").update(key).digest("base64"),
        );
      }
      return resignedWith(vector, fields);
    },
    reason:
      "S3 takes no customer's key without its MD5; botocore forgets it for some operations",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ params, expect }) =>
      expect.error === undefined &&
      cutTimes(params).some((time) =>
        expect.headers?.some(([, value]) => value === withoutFraction(time))
      ),
    expect: (vector) => {
      const times = new Map(
        cutTimes(vector.params).map((time) => [withoutFraction(time), time]),
      );
      const fields = (vector.expect.headers ?? []).map(([name, value]) =>
        [name, times.get(value) ?? value] as const
      );
      return resignedWith(vector, new Map(fields));
    },
    reason: "a time in a header keeps its milliseconds, as in documents",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ expect }) => MICROSECONDS.test(expect.body ?? ""),
    expect: (vector) =>
      withDocument(
        vector,
        (vector.expect.body ?? "").replace(MICROSECONDS, "$1Z"),
      ),
    reason: "a Date has milliseconds: the same time, without zeros behind them",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ config = {}, expect, ...vector }) =>
      vector["endpoint_url"] !== undefined && expect.error === undefined &&
      (config["use_fips_endpoint"] === true ||
        config["use_dualstack_endpoint"] === true),
    expect: (vector) => ({ ...vector, expect: { error: "refused" } }),
    reason:
      "whoever asks for FIPS in code beside an endpoint would not get it: the options contradict each other",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ operation, params, region, expect, ...vector }) =>
      operation === "CreateBucket" && expect.error === undefined &&
      region !== "us-east-1" && vector["endpoint_url"] === undefined &&
      !/LocationConstraint|--x-s3/.test(JSON.stringify(params)),
    expect: (vector) => {
      const body =
        `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${vector.region}</LocationConstraint></CreateBucketConfiguration>`;
      const headers = vector.expect.headers?.map(([name, value]) =>
        [name, name === "content-length" ? `${body.length}` : value] as const
      ) ?? [];
      const expect = { ...vector.expect, headers };
      return resigned({ ...vector, expect }, body, sha256(body));
    },
    reason: "S3 refuses to make a bucket elsewhere without its location",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    applies: ({ operation, expect }) =>
      operation === "WriteGetObjectResponse" && expect.error === undefined,
    expect: (vector) =>
      resigned(vector, vector.expect.body ?? "", "UNSIGNED-PAYLOAD"),
    reason: "the model says that this operation's body is not signed",
  }),
  deviation<RequestCase>({
    suite: REQUESTS,
    // A short stream is read into memory.
    applies: ({ expect }) => new Map(expect.headers).has("x-amz-trailer"),
    expect: unchunked,
    reason:
      "bytes in memory go over TLS as they are, with their checksum in a header",
  }),
  deviation<ResponseCase>({
    suite: RESPONSES,
    applies: ({ operation, response }) =>
      operation === "ListObjects" &&
      response.body?.includes("<EncodingType>url<") === true,
    expect: (vector) =>
      withOutput(vector, ({ Prefix, ...rest }) => ({
        ...rest,
        ...typeof Prefix === "string" && {
          Prefix: decodeURIComponent(Prefix.replaceAll("+", " ")),
        },
      })),
    reason: "every member that S3 encodes is decoded, botocore misses one",
  }),
  deviation<ResponseCase>({
    suite: RESPONSES,
    applies: ({ response, expect }) =>
      fieldOf(response.headers, "expires") !== undefined &&
      expect.output?.["Expires"] === undefined,
    expect: (vector) =>
      withOutput(vector, (output) => ({
        ...output,
        ResponseMetadata: {
          ...output["ResponseMetadata"] as object,
          HTTPHeaders: Object.fromEntries(
            Object.entries(vector.response.headers).map((
              [name, value],
            ) => [name.toLowerCase(), value]),
          ),
        },
      })),
    reason: "header fields are shown as they came, also one that is no time",
  }),
  deviation<ResponseCase>({
    suite: RESPONSES,
    applies: ({ expect }) => expect.output?.["LocationConstraint"] === null,
    expect: (vector) =>
      withOutput(vector, ({ LocationConstraint: _none, ...rest }) => rest),
    reason: "a member without a value is absent, not null",
  }),
  deviation<ResponseCase>({
    suite: RESPONSES,
    applies: ({ response, expect }) =>
      expect.clientError?.Error["Code"] === "" &&
      textOf(response.body, "Code") !== undefined,
    expect: (vector) => {
      const { body } = vector.response;
      const { clientError } = vector.expect;
      return clientError === undefined ? vector : {
        ...vector,
        expect: {
          clientError: {
            ...clientError,
            Error: {
              Code: textOf(body, "Code") ?? "",
              Message: textOf(body, "Message") ?? "",
            },
          },
        },
      };
    },
    reason: "an error in a namespace is an error like any other, and is read",
  }),
  deviation<ResponseCase>({
    suite: RESPONSES,
    applies: ({ response, expect }) =>
      expect.clientError !== undefined &&
      /<(?:RequestId|HostId)>/.test(response.body ?? ""),
    expect: withIdsOfBody,
    reason:
      "support asks for the ids of a refusal, also where only its body has them",
  }),
  deviation<ResponseCase>({
    suite: RESPONSES,
    applies: ({ operation, expect }) =>
      operation === "SelectObjectContent" && lacksEnd(expect.output),
    expect: (vector) => ({ ...vector, expect: { error: "it broke off" } }),
    reason:
      "a stream without its last event has lost others, and must not pass for the whole",
  }),
];

/** What a reader of XML would change; tabs are left alone outside attributes. */
const CHANGED_BY_XML = /\u2028|(?!\t)\p{Cc}/u;

/** A time with botocore's six digits behind the second. */
const MICROSECONDS = /(?<=:\d\d)(\.\d{3})000Z/;

/** The text of an element, whatever the prefix of its name. */
function textOf(body: string | undefined, name: string): string | undefined {
  return new RegExp(`<(?:\\w+:)?${name}>([^<]+)<`).exec(body ?? "")?.[1];
}

/** The fields with a customer's key that have no MD5 beside them. */
function unhashedKeys(headers: RequestCase["expect"]["headers"]): string[] {
  const names = (headers ?? []).map(([name]) => name);
  return names.filter((name) =>
    name.endsWith("-customer-key") && !names.includes(`${name}-md5`)
  );
}

/** The times among parameters that are no whole second. */
function cutTimes(params: unknown): string[] {
  return [...JSON.stringify(params).matchAll(/"\$time":"([^"]*\.\d+Z)"/g)]
    .map(([, time = ""]) => time);
}

function withoutFraction(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}

function lacksEnd(output: ResponseCase["expect"]["output"]): boolean {
  const events = output?.["Payload"];
  return Array.isArray(events) &&
    !events.some((event: Readonly<Record<string, unknown>>) => "End" in event);
}

/** The case with the ids of the body, where its metadata have none. */
function withIdsOfBody(vector: ResponseCase): ResponseCase {
  const { clientError } = vector.expect;
  if (clientError === undefined) return vector;
  const ids = ["RequestId", "HostId"].flatMap((name) => {
    const id = new RegExp(`<${name}>([^<]+)<`).exec(
      vector.response.body ?? "",
    )?.[1];
    return id === undefined ? [] : [[name, id]];
  });
  const ResponseMetadata = {
    ...Object.fromEntries(ids),
    ...clientError.ResponseMetadata,
  };
  return {
    ...vector,
    expect: { clientError: { ...clientError, ResponseMetadata } },
  };
}

function withOutput(
  vector: ResponseCase,
  change: (
    output: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>,
): ResponseCase {
  const { output = {} } = vector.expect;
  return { ...vector, expect: { ...vector.expect, output: change(output) } };
}

function fieldOf(
  headers: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)
    ?.[1];
}

/** The case without chunks: the checksum of the trailer in a header. */
function unchunked(vector: RequestCase): RequestCase {
  const [, content = "", name = "", value = ""] =
    /^(?:[0-9a-f]+\r\n([^]*?)\r\n)?0\r\n([\w-]+):(\S+)\r\n\r\n$/
      .exec(vector.expect.body ?? "") ?? [];
  const fields = new Map(vector.expect.headers);
  const encoding = fields.get("content-encoding")?.replace(
    /,?aws-chunked$/,
    "",
  );
  fields.delete("x-amz-decoded-content-length");
  fields.delete("x-amz-trailer");
  fields.delete("content-encoding");
  if (encoding) fields.set("content-encoding", encoding);
  fields.set(name, value);
  fields.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
  const authorization = fields.get("authorization");
  const signed = authorization?.replace(
    /(?<=SignedHeaders=)[^,]+/,
    (names) =>
      [...names.split(";"), name].sort()
        .filter((signed) => signed === "host" || fields.has(signed)).join(";"),
  );
  if (signed !== undefined) fields.set("authorization", signed);
  const expect = { ...vector.expect, body: content, headers: [...fields] };
  return signed === undefined
    ? { ...vector, expect }
    : resigned({ ...vector, expect }, content, "UNSIGNED-PAYLOAD");
}

/** The case with another document, and with the sums and the length of that. */
function withDocument(vector: RequestCase, body: string): RequestCase {
  const fields = new Map(vector.expect.headers);
  const sums: Readonly<Record<string, string>> = {
    "content-length": `${utf8(body).length}`,
    "content-md5": createHash("md5").update(body).digest("base64"),
    "x-amz-checksum-crc32": base64Crc32(body),
  };
  for (const [name, sum] of Object.entries(sums)) {
    if (fields.has(name)) fields.set(name, sum);
  }
  const expect = { ...vector.expect, headers: [...fields] };
  return resigned({ ...vector, expect }, body, sha256(body));
}

function base64Crc32(body: string): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return sum.toString("base64");
}

/** The case with other fields, all of which are signed that botocore would sign. */
function resignedWith(
  vector: RequestCase,
  fields: ReadonlyMap<string, string>,
): RequestCase {
  const headers = [...fields].map(([name, value]) =>
    [
      name,
      name === "authorization"
        ? value.replace(
          /(?<=SignedHeaders=)[^,]+/,
          (names) =>
            [
              ...new Set([
                ...names.split(";"),
                ...[...fields.keys()].filter((own) => own.startsWith("x-amz-")),
              ]),
            ].sort().join(";"),
        )
        : value,
    ] as const
  );
  const expect = { ...vector.expect, headers };
  return resigned(
    { ...vector, expect },
    vector.expect.body ?? "",
    fields.get("x-amz-content-sha256") ?? "",
  );
}

/** The case with another body and what stands for it, signed by the second signer. */
function resigned(
  vector: RequestCase,
  body: string,
  payloadHash: string,
): RequestCase {
  const { method = "", url = "", headers = [] } = vector.expect;
  const fields = new Map(headers);
  const [, region = "", service = "", names = ""] =
    /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+)/
      .exec(fields.get("authorization") ?? "") ?? [];
  fields.set("x-amz-content-sha256", payloadHash);
  const { signature } = secondSignature({
    method,
    url,
    headers: names.split(";").map((name) => [
      name,
      name === "host" ? new URL(url).host : fields.get(name) ?? "",
    ]),
    payloadHash,
    secretAccessKey: USUAL_META.credentials.secretAccessKey,
    region,
    service,
    timestamp: fields.get("x-amz-date") ?? "",
  });
  const authorization = fields.get("authorization") ?? "";
  fields.set(
    "authorization",
    authorization.replace(/Signature=.*/, `Signature=${signature}`),
  );
  return {
    ...vector,
    expect: { ...vector.expect, body, headers: [...fields] },
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
