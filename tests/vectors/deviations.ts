/**
 * Where we differ from the recorded cases on purpose, by what a case contains.
 *
 * @module
 */
import { CLIENT_DEVIATIONS } from "./client_entries.ts";
import { CREDENTIAL_DEVIATIONS } from "./credential_entries.ts";
import { ENDPOINT_DEVIATIONS } from "./endpoint_entries.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import {
  checksum,
  type ChecksumAlgorithm,
} from "../../src/foundation/checksums.ts";
import { type Deviation, deviation } from "./entries.ts";
import { PRESIGNED_DEVIATIONS } from "./presigned_entries.ts";
import { PROTOCOL_DEVIATIONS } from "./protocol_entries.ts";
import { secondSignature } from "../second_signer.ts";
import type { ValidationCase } from "./checksum_cases.ts";
import { SMITHY_ORIGIN, type SmithyCase } from "./signing_cases.ts";

/** All deviations. */
export const DEVIATIONS: readonly Deviation<unknown>[] = [
  ...CLIENT_DEVIATIONS,
  ...CREDENTIAL_DEVIATIONS,
  ...ENDPOINT_DEVIATIONS,
  ...PRESIGNED_DEVIATIONS,
  ...PROTOCOL_DEVIATIONS,
  deviation<SmithyCase>({
    suite: "sigv4-extra.json#smithy",
    applies: ({ request }) =>
      !request.headers.some(([name]) => name.toLowerCase() === "host"),
    expect: signedWithHost,
    reason: "AWS refuses a signature that does not cover the host",
  }),
  deviation<ValidationCase>({
    suite: "checksums.json#responseValidation",
    applies: ({ headers }) => checksumOfOurs(headers) !== undefined,
    expect: verifiedByUs,
    reason: "botocore without its C runtime computes no CRC32C, CRC64NVME",
  }),
  deviation<DecisionCase>({
    suite: "retries.json#decisions",
    applies: ({ status, standard }) => status === 429 && !standard,
    expect: (vector) => ({ ...vector, standard: true, throttling: true }),
    reason: "429 is throttling: other stores send it with codes of their own",
  }),
  deviation<FlowCase>({
    suite: "retries.json#flows",
    applies: ({ mode, responses }) =>
      mode !== "legacy" && responses.length === 1 && responses[0] === 429,
    expect: retriedAfter429,
    reason: "429 is throttling: other stores send it with codes of their own",
  }),
  deviation<AttemptHeaderCase>({
    suite: "retries.json#flows",
    applies: ({ v21 }) => !v21,
    expect: withMaxFromStart,
    reason:
      "the first attempt tells max, as botocore does with its new retries",
  }),
];

/** What a recorded decision says of a status. */
interface DecisionCase {
  readonly status?: number;
  readonly standard: boolean;
  readonly throttling: boolean;
}

/** A recorded flow, as far as its answers decide on it. */
interface FlowCase {
  readonly mode: string;
  readonly random: number;
  readonly responses: readonly unknown[];
  readonly expect: object;
}

function retriedAfter429(vector: FlowCase): FlowCase {
  return {
    ...vector,
    responses: [429, 200],
    expect: {
      requests: 2,
      sleeps: [vector.random],
      amzSdkRequest: ["attempt=1; max=3", "attempt=2; max=3"],
      status: 200,
      retryAttempts: 1,
    },
  };
}

/** What a recorded flow has to do with the header `amz-sdk-request`. */
interface AttemptHeaderCase {
  readonly mode: string;
  readonly v21: boolean;
  readonly totalMaxAttempts: number | null;
  readonly expect: { readonly amzSdkRequest: readonly string[] };
}

function withMaxFromStart(vector: AttemptHeaderCase): AttemptHeaderCase {
  const { mode, totalMaxAttempts, expect } = vector;
  const max = totalMaxAttempts ?? (mode === "legacy" ? 5 : 3);
  const [first, ...later] = expect.amzSdkRequest;
  return {
    ...vector,
    expect: { ...expect, amzSdkRequest: [`${first}; max=${max}`, ...later] },
  };
}

function signedWithHost(vector: SmithyCase): SmithyCase {
  const { request, context, payloadHash } = vector;
  const timestamp = context.timestamp.replace(/[-:]/g, "");
  const texts = secondSignature({
    method: request.method,
    url: SMITHY_ORIGIN + request.path,
    headers: [
      ...request.headers,
      ["host", new URL(SMITHY_ORIGIN).host],
      ["x-amz-content-sha256", payloadHash],
      ["x-amz-date", timestamp],
    ],
    payloadHash,
    secretAccessKey: context.credentials.secretAccessKey,
    region: context.region,
    service: context.service,
    timestamp,
  });
  return { ...vector, ...texts };
}

/** The checksum that only we compute; it comes before those of botocore. */
function checksumOfOurs(
  headers: ValidationCase["headers"],
): ChecksumAlgorithm | undefined {
  return (["CRC64NVME", "CRC32C"] as const).find((algorithm) => {
    const value = headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    return value !== undefined && !value.includes("-");
  });
}

async function verifiedByUs(vector: ValidationCase): Promise<ValidationCase> {
  const { name, headers, body } = vector;
  const algorithm = checksumOfOurs(headers) ?? "CRC64NVME";
  const validated = algorithm.toLowerCase();
  const value = await checksum(algorithm, utf8(body));
  return value === headers[`x-amz-checksum-${validated}`]
    ? { name, headers, body, validated }
    : { name, headers, body, error: "ChecksumError" };
}
