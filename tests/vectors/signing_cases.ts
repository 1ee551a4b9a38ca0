/**
 * What the recorded cases about signatures have in common.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import { amzDate } from "../../src/foundation/timestamps.ts";
import type {
  Credentials,
  SigningRules,
  SigningScope,
} from "../../src/ports/credentials.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  QueryParam,
} from "../../src/ports/http.ts";
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  credentialScope,
  rulesOf,
  stringToSign,
} from "../../src/signing/steps.ts";

/** Header fields as they stand in a case: in order, names in any case. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** Who signs, when and where. */
export interface Context {
  readonly credentials: Credentials;
  readonly region: string;
  readonly service: string;
  readonly timestamp: string;
  readonly normalizePath?: boolean;
  readonly doubleEncode?: boolean;
}

/** A signature and the texts on the way to it. */
export interface Texts {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly signature: string;
}

/** The credentials of a case, without members that are absent by `null`. */
export function credentialsOf({ credentials }: Context): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    accessKeyId,
    secretAccessKey,
    ...sessionToken ? { sessionToken } : {},
  };
}

/** The scope of a case. */
export function scopeOf(context: Context): SigningScope {
  const { region, service, timestamp } = context;
  return { region, service, at: new Date(timestamp), rules: rules(context) };
}

function rules(
  { normalizePath = true, doubleEncode = true }: Context,
): SigningRules {
  if (!doubleEncode) return "s3";
  return normalizePath ? "general" : "unresolved";
}

/** Header fields as a map; those of one name are joined, each trimmed. */
export function headersOf(pairs: HeaderPairs): HeaderMap {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined
      ? value
      : `${before.trim()},${value.trim()}`;
  }
  return headers;
}

/** A query text as parameters. */
export function queryOf(text: string): QueryParam[] {
  return text.split("&").filter((param) => param !== "").map((param) => {
    const [name = "", ...value] = param.split("=");
    return [decodeURIComponent(name), decodeURIComponent(value.join("="))];
  });
}

/**
 * Checks a signed request: its signature, and the texts that it is made of.
 *
 * @param signed The request, signed in the header fields or in the query.
 * @param scope The scope it was signed for.
 * @param expected What the case wants.
 */
export function assertSigned(
  signed: HttpRequest,
  scope: SigningScope,
  expected: Texts,
): void {
  assertTexts(signed, scope, expected);
  assertEquals(signatureOf(signed), expected.signature);
}

/** Checks the texts that a signature is made of, and not the signature. */
export function assertTexts(
  signed: HttpRequest,
  scope: SigningScope,
  expected: Texts,
): void {
  const canonical = canonicalOf(signed, scope, expected);
  const time = amzDate(scope.at);
  const [algorithm = ""] = expected.stringToSign.split("\n");
  const text = stringToSign(
    algorithm,
    canonical,
    time,
    algorithm === "AWS4-HMAC-SHA256"
      ? credentialScope(time, scope)
      : `${time.slice(0, 8)}/${scope.service}/aws4_request`,
  );

  assertEquals(canonical, expected.canonicalRequest);
  assertEquals(text, expected.stringToSign);
}

/** The canonical request as the server makes it: of the names that it is told. */
function canonicalOf(
  { method, origin, path, query, headers }: HttpRequest,
  scope: SigningScope,
  { canonicalRequest: expected }: Texts,
): string {
  const names = signedNames(query, headers);
  const added = headers.authorization === undefined ? ["X-Amz-Signature"] : [];
  // A token that was added after signing is in the URL, yet not in the text.
  if (!expected.includes("X-Amz-Security-Token")) {
    added.push("X-Amz-Security-Token");
  }
  return canonicalRequest({
    method,
    path: canonicalPath(path, rulesOf(scope)),
    query: canonicalQuery(query.filter(([name]) => !added.includes(name))),
    headers: canonicalHeaders(
      origin,
      headers,
      new Set(Object.keys(headers).filter((name) => !names.includes(name))),
    ),
    payloadHash: expected.slice(expected.lastIndexOf("\n") + 1),
  });
}

function signedNames(
  query: readonly QueryParam[],
  headers: HeaderMap,
): readonly string[] {
  const listed = headers.authorization === undefined
    ? parameter(query, "X-Amz-SignedHeaders")
    : headers.authorization.match(/SignedHeaders=([^,]*)/)?.[1];
  return listed?.split(";") ?? [];
}

/** The signature of a request, in hexadecimal. */
export function signatureOf(
  { query, headers }: HttpRequest,
): string | undefined {
  return headers.authorization === undefined
    ? parameter(query, "X-Amz-Signature")
    : headers.authorization.match(/Signature=([0-9a-f]+)$/)?.[1];
}

function parameter(
  query: readonly QueryParam[],
  wanted: string,
): string | undefined {
  return query.find(([name]) => name === wanted)?.[1];
}

/** A case of one of the suites that several projects share. */
export interface Sigv4Case {
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

/** The request of such a case. */
export function requestOf(
  { source, request, context }: Sigv4Case,
): HttpRequest {
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

/** A case of smithy-typescript. */
export interface SmithyCase extends Texts {
  readonly name: string;
  readonly kind: "header" | "query";
  readonly request: {
    readonly method: HttpMethod;
    readonly path: string;
    readonly headers: HeaderPairs;
    readonly body?: string;
    readonly bodyHex?: string;
  };
  readonly context: Context & { readonly expiresIn?: number };
  readonly payloadHash: string;
}

/** Where the requests of these cases go. */
export const SMITHY_ORIGIN = "https://foo.us-bar-1.amazonaws.com";

/** Bytes from hexadecimal. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (byte) => Number.parseInt(byte, 16),
  );
}
