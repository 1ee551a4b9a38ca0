import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  type RefusedRequest,
  withChecksumHint,
} from "../../src/client/hints.ts";
import { ServiceError } from "../../src/foundation/errors.ts";
import type { HeaderMap } from "../../src/ports/http.ts";
import {
  DeleteObjects,
  GetObject,
  PutObject,
} from "../../src/services/s3/mod.ts";

const STORE = { endpointUrl: "http://store.example" };
const SET_IT =
  "in code, as AWS_REQUEST_CHECKSUM_CALCULATION or as request_checksum_calculation in the profile";

function refusal(status: number, code: string, reason = "no"): ServiceError {
  const headers = {};
  return new ServiceError(reason, {
    code,
    status,
    operation: "PutObject",
    headers,
    fields: {},
  });
}

function put(headers: HeaderMap, held = true, input = {}): RefusedRequest {
  return { checksum: PutObject.checksum, input, headers, held };
}

Deno.test("withChecksumHint says which setting to change", () => {
  const crc = { "x-amz-checksum-crc32": "AAAAAA==" };
  const trailer = { "x-amz-trailer": "x-amz-checksum-crc32" };
  const why =
    "the request had x-amz-checksum-crc32, which this store may not know";
  const cases = [
    [put(crc), `${why}: set requestChecksum: "when_required" (${SET_IT})`],
    [put(trailer), `${why}: set requestChecksum: "when_required" (${SET_IT})`],
    [
      put(trailer, false),
      `${why}: set requestChecksum: "when_required" (${SET_IT}), or send the body with upload(), in parts`,
    ],
    [
      { ...put(trailer, false), supported: false },
      `${why}: state the length of the body as ContentLength, or send the body with upload(), in parts`,
    ],
    [
      put(trailer, false, { ChecksumAlgorithm: "CRC32" }),
      `${why}: leave ChecksumAlgorithm out, or send the body with upload(), in parts`,
    ],
    [
      put(crc, true, { ChecksumAlgorithm: "CRC32" }),
      `${why}: leave ChecksumAlgorithm out`,
    ],
    [
      { ...put(crc), checksum: DeleteObjects.checksum },
      `${why}: leave requestChecksum unset (${SET_IT}), then it gets Content-MD5`,
    ],
    [
      {
        ...put({ "x-amz-checksum-mode": "ENABLED" }),
        checksum: GetObject.checksum,
      },
      'the request had x-amz-checksum-mode, which this store may not know: set responseChecksum: "when_required"',
    ],
  ] as const;

  for (const [request, hint] of cases) {
    const error = withChecksumHint(
      refusal(501, "NotImplemented"),
      STORE,
      request,
    );

    assertInstanceOf(error, ServiceError);
    assertEquals(error.detail.hint, hint);
    assertEquals(
      error.message,
      `NotImplemented (PutObject, 501): no; ${hint}`,
    );
  }
});

Deno.test("withChecksumHint takes a 400 that is about the framing", () => {
  const request = put({ "x-amz-checksum-crc32": "AAAAAA==" });
  for (
    const [error, isHinted] of [
      [refusal(400, "InvalidArgument"), true],
      [refusal(400, "Odd", "unsupported trailer"), true],
      [refusal(400, "EntityTooSmall"), false],
      [refusal(403, "AccessDenied"), false],
      [new TypeError("no"), false],
    ] as const
  ) {
    const hinted = withChecksumHint(error, STORE, request);

    assertEquals(hinted !== error, isHinted, String(error));
  }
});

Deno.test("withChecksumHint leaves Amazon's hosts and plain requests alone", () => {
  const error = refusal(501, "NotImplemented");

  assertStrictEquals(
    withChecksumHint(error, {}, put({ "x-amz-trailer": "x" })),
    error,
  );
  assertStrictEquals(withChecksumHint(error, STORE, put({})), error);
});
