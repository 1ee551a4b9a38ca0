/**
 * Calls that meet a bucket in another region.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import { AwsError, ServiceError } from "../../src/foundation/errors.ts";
import type { ResponseBase } from "../../src/foundation/metadata.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { scripted } from "../scripted_transport.ts";
import {
  callerOf,
  type ClientCase,
  sessionOf,
  urlOf,
  USUAL_META,
} from "./client_cases.ts";
import { vectorTest } from "./suite.ts";

/** Recorded calls that meet other regions. */
export interface RedirectCase extends ClientCase {
  readonly name: string;
  readonly calls: readonly {
    readonly operation: string;
    readonly params: Readonly<Record<string, unknown>>;
  }[];
  readonly responses: readonly {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }[];
  readonly expect: {
    readonly requests: readonly {
      readonly method: string;
      readonly url: string;
      readonly signingRegion: string;
      readonly signingName: string;
      readonly signedBy: string;
      readonly "x-amz-s3session-token"?: string;
    }[];
    readonly results: readonly {
      readonly status?: number;
      readonly error?: string;
      readonly exception?: string;
      readonly retryAttempts?: number;
    }[];
  };
}

vectorTest<RedirectCase>({
  file: "region-redirects.json",
  cases: (data) => (data as { cases: readonly RedirectCase[] }).cases,
  name: ({ name }) => name,
  run: async (vector) => {
    const sent: HttpRequest[] = [];
    using session = sessionOf(
      vector,
      USUAL_META,
      scripted(
        vector.responses.map(({ status, headers, body }) => ({
          status,
          headers,
          body: utf8(body),
        })),
        sent,
      ),
    );
    const call = callerOf(session, vector);

    const results = [];
    for (const { operation, params } of vector.calls) {
      results.push(await outcome(call(operation, params)));
    }

    assertEquals(sent.map(signedRequest), vector.expect.requests);
    for (const [index, expected] of vector.expect.results.entries()) {
      const result = results[index];
      assert(result !== undefined);
      const failure = expected.error ?? expected.exception;
      assertEquals(result.error !== undefined, failure !== undefined);
      if (expected.error !== undefined) {
        assertEquals(result.code, expected.error);
      }
      if (expected.status !== undefined) {
        assertEquals(result.status, expected.status);
      }
      if (expected.retryAttempts !== undefined) {
        assertEquals(result.retryAttempts, expected.retryAttempts);
      }
    }
  },
});

interface Outcome {
  readonly error?: AwsError;
  readonly code?: string;
  readonly status?: number | undefined;
  readonly retryAttempts?: number | undefined;
}

async function outcome(call: Promise<unknown>): Promise<Outcome> {
  try {
    const { ResponseMetadata } = await call as ResponseBase;
    return {
      status: ResponseMetadata.HTTPStatusCode,
      retryAttempts: ResponseMetadata.RetryAttempts,
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      error,
      ...error instanceof ServiceError && { code: error.code },
      status: error.ResponseMetadata?.HTTPStatusCode,
      retryAttempts: error.ResponseMetadata?.RetryAttempts,
    };
  }
}

function signedRequest(
  request: HttpRequest,
): RedirectCase["expect"]["requests"][number] {
  const { authorization = "", "x-amz-s3session-token": token } =
    request.headers;
  const [, signedBy = "", , signingRegion = "", signingName = ""] =
    /Credential=([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\//.exec(authorization) ?? [];
  return {
    method: request.method,
    url: urlOf(request),
    signingRegion,
    signedBy,
    signingName,
    ...token === undefined ? {} : { "x-amz-s3session-token": token },
  };
}
