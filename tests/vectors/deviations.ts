/**
 * Where we differ from the recorded cases on purpose, by what a case contains.
 *
 * @module
 */
import { ENDPOINT_DEVIATIONS } from "./endpoint_entries.ts";
import { type Deviation, deviation } from "./entries.ts";
import { PROTOCOL_DEVIATIONS } from "./protocol_entries.ts";
import { secondSignature } from "../second_signer.ts";
import { SMITHY_ORIGIN, type SmithyCase } from "./signing_cases.ts";

/** All deviations. */
export const DEVIATIONS: readonly Deviation<unknown>[] = [
  ...ENDPOINT_DEVIATIONS,
  ...PROTOCOL_DEVIATIONS,
  deviation<SmithyCase>({
    suite: "sigv4-extra.json#smithy",
    applies: ({ request }) =>
      !request.headers.some(([name]) => name.toLowerCase() === "host"),
    expect: signedWithHost,
    reason: "AWS refuses a signature that does not cover the host",
  }),
];

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
