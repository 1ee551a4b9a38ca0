/**
 * The flows recorded from moto and Swift, run against a `LocalAws`: every answer
 * has the status, the code and the members of the recorded one, or the
 * difference is listed here with its reason. Amazon's way wins.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ServiceError, Session } from "../../../mod.ts";
import type { Transport } from "../../../src/ports/http.ts";
import type { Operation } from "../../../src/ports/schema.ts";
import { queryProtocol } from "../../../src/protocol/query.ts";
import { restXml } from "../../../src/protocol/rest_xml.ts";
import * as s3Tables from "../../../src/services/s3/generated/operations.ts";
import { S3, type StreamingBody } from "../../../src/services/s3/mod.ts";
import * as stsTables from "../../../src/services/sts/generated/operations.ts";
import { readFolder } from "../../../src/testing/fixtures.ts";
import {
  httpResponse,
  type PlainResponse,
} from "../../../src/testing/http_message.ts";
import {
  FakeSystem,
  FixedClock,
  LocalAws,
  type LocalRequest,
} from "../../../src/testing/mod.ts";
import { FLOWS } from "../../interop/flows.ts";
import { bucketOf, type Flow, type ServerName } from "../../interop/story.ts";

const FIXTURES = new URL("../../fixtures/flows/", import.meta.url);

/** An operation whose types do not matter. */
type AnyOperation = Operation<never, unknown>;

const OPERATIONS: Readonly<
  Record<string, Readonly<Record<string, AnyOperation>>>
> = { s3: { ...s3Tables }, sts: { ...stsTables } };

const PROTOCOLS = { s3: restXml, sts: queryProtocol("2011-06-15") };

/** Members whose values are the server's own choice. */
const CHOSEN =
  /(?:UploadId|VersionId|UploadIdMarker|ContinuationToken|AccessKeyId|SecretAccessKey|SessionToken)$/;

/** Lines of differences, `recorded | LocalAws`, and why they are right. */
const DIFFERENCES: Readonly<
  Record<ServerName, readonly (readonly [line: RegExp, why: string])[]>
> = {
  moto: [
    [
      /^AssumeRole\.PackedPolicySize: 6 \| absent$/,
      "Amazon states it where a session policy or tags were given",
    ],
    [
      /^(?:AssumeRole\.AssumedRoleUser\.AssumedRoleId|GetCallerIdentity\.UserId): "A.*" \| "A(?:IDA|ROA)\d{16}(?::\w+)?"$/,
      "unique ids are the server's own; a user's begins with AIDA at Amazon",
    ],
    [
      /^GetCallerIdentity\.Arn: "arn:aws:sts::123456789012:user\/moto" \| "arn:aws:iam::123456789012:user\/local"$/,
      "users are of IAM at Amazon, also where STS names them",
    ],
    [
      /^get_caller_identity ends with AssertionError/,
      "it expects the ARN as moto has it",
    ],
    [
      /^AssumeRoleWithWebIdentity: 200 \| 400 InvalidIdentityToken$/,
      "the recorded token is no JWT, which Amazon refuses",
    ],
    [
      /^assume_role_with_web_identity_of_profile ends with ServiceError/,
      "as above",
    ],
    [
      /^CompleteMultipartUpload\.Location: "http:\/\/[\w-]+\.s3\.amazonaws\.com\/\S+" \| "http:\/\/localhost\/\S+"$/,
      "the place where the object can be read",
    ],
    [
      /^CompleteMultipartUpload\.VersionId: "null" \| absent$/,
      "Amazon has no header field where the bucket has no versions",
    ],
    [
      /^(?:Create|Head)Bucket\.BucketArn: absent \| "arn:aws:s3:::[\w-]+"$/,
      "moto is older than this member",
    ],
    [
      /^DeleteObjects\.Deleted\.\*\.DeleteMarker(?:VersionId)?: absent \| (?:true|an id)$/,
      "Amazon says that what was deleted was a delete marker",
    ],
    [
      /^PutObject\.ChecksumCRC32: absent \| "FPp9lQ=="$/,
      "moto leaves the checksum of a streamed body out of the answer",
    ],
    [
      /^(?:PutObject|ListObjectsV2\.Contents\.\*)\.ETag: "\\"EXAMPLEID1\\"" \|/,
      "the recording replaced an ETag that looked like a key",
    ],
    [
      /^ListBuckets\.Buckets\.\*/,
      "moto held the buckets of other flows; Amazon adds region and ARN",
    ],
    [
      /^ListMultipartUploads\.Next(?:Key|UploadId)Marker: absent \| (?:"[^"]*"|an id)$/,
      "Amazon states both, empty where there are no uploads",
    ],
    [
      /^(?:ListMultipartUploads\.Prefix: absent|ListObjects\.Marker: ""|ListObjectsV2\.ContinuationToken: absent) \| (?:"[^"]*"|an id)$/,
      "Amazon repeats what was asked for",
    ],
    [
      /^ListObjects\.NextMarker: "\w+" \| absent$/,
      "Amazon states it with a delimiter only; moto's is not a key",
    ],
    [
      /^ListObjectVersions\.EncodingType: absent \| "url"$/,
      "Amazon encodes the keys of this listing too, if asked to",
    ],
    [
      /^ListObjectVersions\.Versions\.\*\.Key: "a b\+(%?)" \| "a\+b%2B(?:%25)?"$/,
      "as above",
    ],
    [
      /^PutBucketPolicy: 200 \| 204$/,
      "Amazon answers 204",
    ],
    [
      /^SelectObjectContent: 200 \| 501 NotImplemented$/,
      "LocalAws refuses it by its name",
    ],
    [
      /^select_object_content ends with ServiceError/,
      "as above",
    ],
  ],
  swift: [
    [
      /^CompleteMultipartUpload\.Location: "http:\/\/127\.0\.0\.1:8095\/\S+" \| "http:\/\/localhost\/\S+"$/,
      "the place where the object can be read",
    ],
    [
      /^(?:Create|Head)Bucket\.Bucket(?:Arn|Region): absent \| "(?:arn:aws:s3:::[\w-]+|us-east-1)"$/,
      "Swift is older than these members",
    ],
    [
      /^DeleteObjects\.Deleted\.\*\.Key:/,
      "Amazon answers in the order of the request, Swift in any",
    ],
    [
      /^DeleteObjects\.Deleted\.\*\.VersionId: absent \| "null"$/,
      "Amazon repeats the version that was asked for",
    ],
    [
      /^(?:Get|Head)Object\.AcceptRanges: absent \| "bytes"$/,
      "Amazon states it always",
    ],
    [
      /^(?:Get|Head)Object\.ContentType: "application\/octet-stream" \| "binary\/octet-stream"$/,
      "Amazon's default",
    ],
    [
      /^ListBuckets\.Buckets\.\*/,
      "Swift held the buckets of other flows; Amazon adds region and ARN",
    ],
    [
      /^ListMultipartUploads\.Next(?:KeyMarker: ""|UploadIdMarker: "") \| (?:"\w+"|an id)$/,
      "Amazon states both also of the last page",
    ],
    [
      /^ListMultipartUploads\.Prefix: absent \| ""$/,
      "Amazon repeats what was asked for",
    ],
  ],
};

/** Differences that both have. */
const OF_BOTH: readonly (readonly [line: RegExp, why: string])[] = [
  [
    /^\w+(?:\.[\w*]+)*\.Checksum(?:CRC64NVME: absent \| "[\w+/]{11}="|Algorithm\.\*: absent \| "CRC64NVME"|Type: absent \| "FULL_OBJECT")$/,
    "Amazon computes CRC64NVME of what comes without a checksum, and names the type of every checksum",
  ],
  [
    /^\w+(?:\.[\w*]+)*\.(?:Owner|Initiator)\.DisplayName: "example\d" \| absent$/,
    "Amazon states no display names any more",
  ],
  [
    /^\w+(?:\.[\w*]+)*\.(?:Owner|Initiator)\.ID: "[\w:/-]+" \| "0{52}123456789012"$/,
    "canonical user ids are the server's own",
  ],
  [
    /^ListObject\w+\.\S*(?:Key|Prefix|Marker): "\S*%20\S*" \| "\S*\+\S*"$/,
    "Amazon writes a space as +, where keys are URL-encoded",
  ],
];

for (const server of ["moto", "swift"] as const) {
  Deno.test(`LocalAws answers the flows as ${server} did, or as is listed`, async () => {
    const listed = [...DIFFERENCES[server], ...OF_BOTH];
    const unused = new Set(listed);
    const unlisted: string[] = [];

    for (const flow of FLOWS) {
      if (!flow.servers.includes(server)) continue;
      for (const line of await differences(flow, server)) {
        const known = listed.find(([pattern]) => pattern.test(line));
        if (known === undefined) unlisted.push(`${flow.name}: ${line}`);
        else unused.delete(known);
      }
    }

    assertEquals(unlisted, []);
    assertEquals([...unused], []);
  });
}

/** The lines in which the answers of a `LocalAws` differ from those recorded. */
async function differences(
  flow: Flow,
  server: ServerName,
): Promise<readonly string[]> {
  const folder = new URL(`${server}/${flow.name}/`, FIXTURES);
  const recorded = await readFolder(folder);
  const { requests, answers, failure } = await told(
    flow,
    await dateOf(folder),
  );
  const lines = failure === undefined
    ? []
    : [`${flow.name} ends with ${failure}`];
  if (failure === undefined && recorded.length !== answers.length) {
    lines.push(`${recorded.length} requests | ${answers.length}`);
  }
  for (const [index, request] of requests.entries()) {
    const expected = recorded[index];
    const answer = answers[index];
    if (expected === undefined || answer === undefined) break;
    if (expected.request.method !== request.method) {
      lines.push(`${expected.request.method} | ${request.method}`);
      break;
    }
    const before = await outcome(request, expected.response);
    const after = await outcome(request, answer);
    if (before.status !== after.status) {
      lines.push(`${request.operation}: ${before.status} | ${after.status}`);
      continue;
    }
    const names = new Set([...before.members.keys(), ...after.members.keys()]);
    for (const name of names) {
      const was = before.members.get(name) ?? "absent";
      const is = after.members.get(name) ?? "absent";
      if (was === is) continue;
      const plain = name.replaceAll(/\.\d+(?=\.|$)/g, ".*");
      lines.push(`${request.operation}.${plain}: ${was} | ${is}`);
    }
  }
  return lines;
}

/** What a `LocalAws` was asked and has answered in a flow. */
interface Told {
  readonly requests: readonly LocalRequest[];
  readonly answers: readonly PlainResponse[];
  /** What the flow has thrown, as text. */
  readonly failure: string | undefined;
}

/** Runs a flow against a `LocalAws`. */
async function told(flow: Flow, date: string): Promise<Told> {
  const clock = new FixedClock(date);
  using local = new LocalAws({
    clock,
    credentials: [
      { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
      {
        accessKeyId: "test:guest",
        secretAccessKey: "visiting",
        account: "210987654321",
      },
    ],
  });
  const answers: PlainResponse[] = [];
  const transport = keeping(local.transport(), answers);
  const settings = {
    ...local.clientConfig,
    transport,
    clock,
    system: new FakeSystem(),
  };
  using session = new Session(settings);
  const s3 = session.client(S3);
  const bucket = bucketOf(flow);
  await s3.createBucket({ Bucket: bucket });
  let failure: string | undefined;
  try {
    await flow.tell({ session, settings, s3, bucket });
  } catch (error) {
    failure = String(error);
  }
  // The first one has made the bucket, which is not in the recording.
  return {
    requests: local.requests().slice(1),
    answers: answers.slice(1),
    failure,
  };
}

/** A transport that keeps what is answered. */
function keeping(inner: Transport, answers: PlainResponse[]): Transport {
  return {
    send: async (request, options) => {
      const { status, headers, body } = await inner.send(request, options);
      const bytes = await body?.bytes() ?? new Uint8Array();
      const answer = { status, headers, body: bytes };
      answers.push(answer);
      return httpResponse(answer, request.method);
    },
    [Symbol.dispose]: () => inner[Symbol.dispose](),
  };
}

/** An answer as a caller gets it. */
interface Outcome {
  /** Status, and the code if it is an error. */
  readonly status: string;
  /** Paths of the members and their values. */
  readonly members: ReadonlyMap<string, string>;
}

async function outcome(
  { service, operation: name, method }: LocalRequest,
  response: PlainResponse,
): Promise<Outcome> {
  const operation = OPERATIONS[service]?.[name];
  if (operation === undefined) throw new Error(`${name} is no operation`);
  const members = new Map<string, string>();
  try {
    const { output } = await PROTOCOLS[service].deserialize(
      operation,
      httpResponse(response, method === "HEAD" ? "HEAD" : "GET"),
    );
    for (const [member, value] of Object.entries(Object(output))) {
      if (isBody(value)) {
        members.set(member, JSON.stringify(await value.text()));
      } else {
        flatten(value, member, members);
      }
    }
    return { status: `${response.status}`, members };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { status: `${response.status} ${error.code}`, members };
  }
}

function isBody(value: unknown): value is StreamingBody {
  return typeof value === "object" && value !== null && "text" in value;
}

function flatten(
  value: unknown,
  path: string,
  members: Map<string, string>,
): void {
  if (value instanceof Date) {
    members.set(path, "a time");
  } else if (typeof value === "object" && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      flatten(one, `${path}.${name}`, members);
    }
  } else if (value !== undefined) {
    const isChosen = CHOSEN.test(path) && value !== "" && value !== "null" &&
      value !== null;
    members.set(path, isChosen ? "an id" : JSON.stringify(value));
  }
}

/** The day on which a flow was recorded. */
async function dateOf(folder: URL): Promise<string> {
  const text = await Deno.readTextFile(new URL("call.json", folder));
  const { origin } = JSON.parse(text);
  return `${
    origin.slice("recorded ".length, "recorded 2026-11-25".length)
  }T00:00:00Z`;
}
