import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpMethod, HttpRequest } from "../../src/ports/http.ts";
import type { SigningScope } from "../../src/ports/signer.ts";
import { SigV4 } from "../../src/signing/sigv4.ts";
import {
  assertSigned,
  type Context,
  credentialsOf,
  type HeaderPairs,
  headersOf,
  queryOf,
  scopeOf,
  type Texts,
} from "./signing_cases.ts";
import { vectorTest } from "./suite.ts";

interface Sigv4Case {
  readonly name: string;
  readonly source: string;
  readonly request: {
    readonly method: HttpMethod;
    readonly path: string;
    readonly query: string | null;
    readonly headers: HeaderPairs;
    readonly body: string;
  };
  readonly context: Context & {
    readonly signBody: boolean;
    readonly omitSessionToken: boolean;
    readonly expiresIn: number | null;
  };
  readonly expect: {
    readonly header: Texts & {
      readonly authorization: string;
      readonly headers?: HeaderPairs;
    };
    readonly query?: Texts & { readonly signedTarget: string };
  };
}

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

  await assertSigned(signed, scope, expect.header);
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

  await assertSigned(signed, scope, expected);
  const [, query = ""] = expected.signedTarget.split("?");
  assertEquals(
    signed.query.toSorted(),
    queryOf(query).toSorted(),
  );
}

function requestOf({ source, request, context }: Sigv4Case): HttpRequest {
  const { method, path, query, headers, body } = request;
  // Without signBody the cases of aws-c-auth take the hash of an empty body.
  const covered = context.signBody || source !== "aws-c-auth";
  return {
    method,
    path,
    origin: "https://example.amazonaws.com",
    query: queryOf(query ?? ""),
    headers: headersOf(headers),
    body: covered ? utf8(body) : undefined,
  };
}
