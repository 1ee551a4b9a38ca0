import { assertEquals } from "@std/assert";
import {
  type CaseExpectation,
  type CaseOutcome,
  type CaseRequest,
  type CredentialCase,
  isAccident,
  runCase,
} from "./credential_cases.ts";
import { vectorTest } from "./suite.ts";

vectorTest<CredentialCase>({
  file: "credential-chain.json",
  cases: (data) => (data as { cases?: CredentialCase[] }).cases,
  name: ({ name }) => name,
  run: async (vector) => {
    const outcome = await runCase(vector);
    const { expect } = vector;
    if (expect.error === undefined) {
      assertEquals(outcome.error, undefined);
      assertEquals(withoutRequests(outcome), withoutRequests(expected(vector)));
    } else if (isAccident(expect.error)) {
      // Any clear error will do: one of ours, which has a code.
      assertEquals(
        /^[A-Za-z]+$/.test(outcome.error ?? ""),
        true,
        outcome.error,
      );
    } else {
      assertEquals(outcome.error, ourName(expect));
    }
    assertEquals(outcome.requests, (expect.requests ?? []).map(withFields));
  },
});

/** The request with what stands beside its headers among them. */
function withFields({ authorization, ...request }: CaseRequest): CaseRequest {
  const { headers } = request;
  return authorization === undefined
    ? request
    : { ...request, headers: { ...headers, authorization } };
}

/** Errors that have another name here, or in botocore none of their own. */
function ourName({ error = "", message = "" }: CaseExpectation): string {
  // Errors of services have the service's code, in botocore a class of their own.
  const [, code] = /^An error occurred \((\w+)\)/.exec(message) ?? [];
  if (code !== undefined && !/^\d+$/.test(code)) return code;
  switch (error) {
    case "RuntimeError":
      return "RefreshedCredentialsExpired";
    case "ParamValidationError":
      return "ValidationError";
    case "ClientError":
      return "CredentialRetrievalError";
    default:
      return error;
  }
}

function expected({ expect }: CredentialCase): CaseOutcome {
  const { method, credentials, expiration } = expect;
  return {
    ...method !== undefined && { method },
    ...credentials !== undefined && { credentials },
    ...expiration !== undefined && { expiration },
    requests: [],
  };
}

function withoutRequests(outcome: CaseOutcome): CaseOutcome {
  return { ...outcome, requests: [] };
}
