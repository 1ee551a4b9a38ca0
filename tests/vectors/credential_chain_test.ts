import { assertEquals } from "@std/assert";
import {
  type CaseOutcome,
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
      assertEquals(outcome.error, OUR_CODES[expect.error] ?? expect.error);
    }
    assertEquals(outcome.requests, expect.requests ?? []);
  },
});

/** Errors for which botocore has no name of its own. */
const OUR_CODES: Readonly<Record<string, string>> = {
  RuntimeError: "RefreshedCredentialsExpired",
};

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
