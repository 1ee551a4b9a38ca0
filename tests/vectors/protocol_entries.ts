/**
 * The protocol cases that we see otherwise.
 *
 * @module
 */
import { type Deviation, deviation } from "./entries.ts";
import type { InputCase, Vector } from "./protocol_cases.ts";

const REST_INPUT = "protocol-rest-xml-input.json";

/** Deviations of the protocol suites. */
export const PROTOCOL_DEVIATIONS: readonly Deviation<unknown>[] = [
  ...[REST_INPUT, "protocol-query-input.json"].map((suite) =>
    deviation<Vector<InputCase>>({
      suite,
      applies: ({ given }) => "requestcompression" in given,
      expect: (vector) =>
        withHeader(
          vector,
          "Content-Encoding",
          (encodings) =>
            encodings.split(/,\s*/).filter((name) => name !== "gzip").join(
              ", ",
            ),
        ),
      reason: "neither S3 nor STS takes compressed requests",
    })
  ),
  deviation<Vector<InputCase>>({
    suite: REST_INPUT,
    applies: ({ serialized, shapes, given }) =>
      serialized.headers?.["Content-Type"] !== undefined &&
      !Object.values(shapes[given.input?.shape ?? ""]?.members ?? {})
        .some(({ locationName }) =>
          locationName?.toLowerCase() === "content-type"
        ),
    expect: (vector) => withHeader(vector, "Content-Type", () => ""),
    reason:
      "S3 documents go without a Content-Type, as boto3 sends and signs them",
  }),
];

/** The case with another header field; an empty one is forbidden. */
function withHeader(
  vector: Vector<InputCase>,
  name: string,
  change: (value: string) => string,
): Vector<InputCase> {
  const { [name]: given = "", ...headers } = vector.serialized.headers ?? {};
  const value = change(given);
  const { forbidHeaders = [] } = vector.serialized;
  const expected = value === ""
    ? { headers, forbidHeaders: [...forbidHeaders, name] }
    : { headers: { ...headers, [name]: value } };
  return { ...vector, serialized: { ...vector.serialized, ...expected } };
}
