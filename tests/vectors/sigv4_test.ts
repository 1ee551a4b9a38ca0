import { assertEquals } from "@std/assert";
import type { HttpRequest } from "../../src/ports/http.ts";
import type { SigningScope } from "../../src/ports/credentials.ts";
import { SigV4 } from "../../src/signing/request_signer.ts";
import {
  assertSigned,
  credentialsOf,
  headersOf,
  queryOf,
  requestOf,
  scopeOf,
  type Sigv4Case,
  type Texts,
} from "./signing_cases.ts";
import { vectorTest } from "./suite.ts";

vectorTest<Sigv4Case>({
  file: "sigv4.json",
  cases: (data) => data as Sigv4Case[],
  name: ({ source, name }) => `${source} ${name}`,
  run: async (vector) => {
    const { context, expect } = vector;
    const signer = new SigV4({
      payloadHeader: context.signBody ? "always" : "s3",
      sessionToken: context.omitSessionToken ? "added" : "signed",
    });
    const request = requestOf(vector);
    const scope = scopeOf(context);

    await assertHeaderForm(signer, request, scope, vector);
    if (expect.query !== undefined) {
      await assertQueryForm(signer, request, scope, vector, expect.query);
    }
  },
});

async function assertHeaderForm(
  signer: SigV4,
  request: HttpRequest,
  scope: SigningScope,
  { context, expect }: Sigv4Case,
): Promise<void> {
  const signed = await signer.sign(request, credentialsOf(context), scope);

  assertSigned(signed, scope, expect.header);
  assertEquals(signed.headers.authorization, expect.header.authorization);
  if (expect.header.headers !== undefined) {
    assertEquals(signed.headers, headersOf(expect.header.headers));
  }
}

async function assertQueryForm(
  signer: SigV4,
  request: HttpRequest,
  scope: SigningScope,
  { context }: Sigv4Case,
  expected: Texts & { readonly signedTarget: string },
): Promise<void> {
  const signed = await signer.presign(
    request,
    credentialsOf(context),
    scope,
    context.expiresIn ?? 3_600,
  );

  assertSigned(signed, scope, expected);
  const [, query = ""] = expected.signedTarget.split("?");
  assertEquals(
    signed.query.toSorted(),
    queryOf(query).toSorted(),
  );
}
