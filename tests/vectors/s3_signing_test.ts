import { assertEquals } from "@std/assert";
import { base64, hex, utf8 } from "../../src/foundation/bytes.ts";
import { sha256 } from "../../src/foundation/digest.ts";
import type { HttpMethod, HttpRequest } from "../../src/ports/http.ts";
import type { SigningScope } from "../../src/ports/credentials.ts";
import { SigV4 } from "../../src/signing/request_signer.ts";
import { chunkToSign, trailerToSign } from "../../src/signing/steps.ts";
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

interface HeaderCase {
  readonly kind: "header";
  readonly name: string;
  readonly request: PlainRequest & { readonly body: string };
  readonly context: Context;
  readonly payloadHash: string;
  readonly expect: Texts & { readonly authorization: string };
}

interface QueryCase {
  readonly kind: "query";
  readonly name: string;
  readonly request: {
    readonly method: HttpMethod;
    readonly url: string;
    readonly extraQuery: readonly (readonly [string, string])[];
  };
  readonly context: Context & { readonly expiresIn: number };
  readonly expect: Texts & {
    readonly queryUnordered: Readonly<Record<string, string>>;
  };
}

interface ChunkedCase {
  readonly kind: "chunked";
  readonly name: string;
  readonly request: PlainRequest;
  readonly context: Context;
  readonly payloadHash: string;
  readonly expect: Omit<Texts, "signature"> & {
    readonly seedSignature: string;
    readonly chunks: readonly {
      readonly data: { readonly repeat: string; readonly times: number };
      readonly stringToSign: string;
      readonly signature: string;
    }[];
    readonly trailer?: {
      readonly canonical: string;
      readonly stringToSign: string;
      readonly signature: string;
    };
  };
}

interface PlainRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderPairs;
}

interface PostPolicyCase extends Omit<Context, "timestamp"> {
  readonly name: string;
  readonly date: string;
  readonly policyText: string;
  readonly policyBase64: string;
  readonly signature: string;
}

vectorTest<HeaderCase | QueryCase | ChunkedCase>({
  file: "s3-signing.json",
  section: "cases",
  cases: (data) =>
    (data as { cases: (HeaderCase | QueryCase | ChunkedCase)[] }).cases,
  name: ({ name }) => name,
  run: async (vector) => {
    const scope = scopeOf(vector.context);
    switch (vector.kind) {
      case "header":
        return await assertHeaderCase(vector, scope);
      case "query":
        return await assertQueryCase(vector, scope);
      case "chunked":
        return await assertChunkedCase(vector, scope);
    }
  },
});

vectorTest<PostPolicyCase>({
  file: "s3-signing.json",
  section: "postPolicies",
  cases: (data) => (data as { postPolicies: PostPolicyCase[] }).postPolicies,
  name: ({ name }) => name,
  run: async (vector) => {
    const { date, region, service, policyText, policyBase64 } = vector;
    const day = date.replace(/(....)(..)(..)/, "$1-$2-$3");

    const signature = await new SigV4().signText(
      base64(utf8(policyText)),
      vector.credentials,
      { region, service, at: new Date(day) },
    );

    assertEquals(base64(utf8(policyText)), policyBase64);
    assertEquals(signature, vector.signature);
  },
});

async function assertHeaderCase(
  { request, context, payloadHash, expect }: HeaderCase,
  scope: SigningScope,
): Promise<void> {
  const signed = await new SigV4().sign(
    { ...requestOf(request), body: utf8(request.body) },
    credentialsOf(context),
    scope,
  );

  assertEquals(signed.headers["x-amz-content-sha256"], payloadHash);
  assertSigned(signed, scope, expect);
  assertEquals(signed.headers.authorization, expect.authorization);
}

async function assertQueryCase(
  { request, context, expect }: QueryCase,
  scope: SigningScope,
): Promise<void> {
  const { origin, pathname, search } = new URL(request.url);

  const signed = await new SigV4().presign(
    {
      method: request.method,
      origin,
      path: pathname,
      query: [...queryOf(search.slice(1)), ...request.extraQuery],
      headers: {},
      body: undefined,
    },
    credentialsOf(context),
    scope,
    context.expiresIn,
  );

  assertSigned(signed, scope, expect);
  assertEquals(
    Object.fromEntries(signed.query.map(([name, value = ""]) => [name, value])),
    expect.queryUnordered,
  );
}

async function assertChunkedCase(
  { request, context, payloadHash, expect }: ChunkedCase,
  scope: SigningScope,
): Promise<void> {
  const signer = new SigV4();
  const credentials = credentialsOf(context);

  const signed = await signer.sign(
    requestOf({
      ...request,
      headers: [...request.headers, ["x-amz-content-sha256", payloadHash]],
    }),
    credentials,
    scope,
  );

  let previous = expect.seedSignature;
  assertSigned(signed, scope, { ...expect, signature: previous });
  for (const { data, stringToSign, signature } of expect.chunks) {
    const bytes = utf8(data.repeat.repeat(data.times));
    const text = chunkToSign(previous, hex(await sha256(bytes)), scope);
    assertEquals(text, stringToSign);
    previous = await signer.signText(text, credentials, scope);
    assertEquals(previous, signature);
  }
  if (expect.trailer !== undefined) {
    const { canonical, stringToSign, signature } = expect.trailer;
    const text = trailerToSign(
      previous,
      hex(await sha256(utf8(canonical))),
      scope,
    );
    assertEquals(text, stringToSign);
    assertEquals(await signer.signText(text, credentials, scope), signature);
  }
}

function requestOf(
  { method, path, query, headers }: PlainRequest,
): HttpRequest {
  return {
    method,
    origin: "https://s3.amazonaws.com",
    path,
    query: queryOf(query),
    headers: headersOf(headers),
    body: undefined,
  };
}
