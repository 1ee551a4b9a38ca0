import { assertEquals } from "@std/assert";
import {
  Journal,
  type LocalRequest,
  requestLine,
  withoutSecrets,
} from "../../../src/testing/local_aws/request.ts";

function request(more: Partial<LocalRequest> = {}): LocalRequest {
  return {
    time: new Date("2026-11-22T10:00:00Z"),
    service: "s3",
    operation: "GetObject",
    method: "GET",
    bucket: "photos",
    key: "k",
    query: {},
    headers: {},
    bytes: 0,
    status: 200,
    ...more,
  };
}

Deno.test("a Journal has the last 10 000 requests, the oldest first", () => {
  const journal = new Journal();
  for (let bytes = 0; bytes < 10_003; bytes++) journal.add(request({ bytes }));

  const requests = journal.requests();
  journal.clear();
  journal.add(request({ bytes: 7 }));

  assertEquals(
    [requests.length, requests[0]?.bytes, requests.at(-1)?.bytes],
    [10_000, 3, 10_002],
  );
  assertEquals(journal.requests().map(({ bytes }) => bytes), [7]);
});

Deno.test("requestLine says in one line what was asked and answered", () => {
  assertEquals(
    [
      requestLine(request({ signature: { version: 2, place: "query" } })),
      requestLine(request({ key: "a\nb", status: 404, code: "NoSuchKey" })),
      requestLine(
        request({
          operation: "",
          method: "POST",
          bucket: "",
          key: "",
          signature: { version: 4, place: "header" },
        }),
      ),
    ],
    [
      "2026-11-22T10:00:00.000Z GetObject photos/k 200 (presigned, signature version 2)",
      "2026-11-22T10:00:00.000Z GetObject photos/a\\nb 404 NoSuchKey (not signed)",
      "2026-11-22T10:00:00.000Z POST / 200 (signed, signature version 4)",
    ],
  );
});

Deno.test("a journal leaves out the tokens in the query of a request to STS", () => {
  const query = [
    ["Action", "AssumeRoleWithWebIdentity"],
    ["WebIdentityToken", "a"],
    ["SAMLAssertion", "b"],
    ["TokenCode", "123456"],
    ["TradeInToken", "c"],
    ["ProvidedContexts.member.1.ContextAssertion", "d"],
    ["X-Amz-S3session-Token", "e"],
  ] as const;

  assertEquals(withoutSecrets(query), [query[0]]);
});
