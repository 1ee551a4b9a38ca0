import { assertEquals, assertRejects } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import { HmacKey } from "../../src/foundation/digest.ts";
import type {
  BodySource,
  HttpMethod,
  HttpRequest,
} from "../../src/ports/http.ts";
import { signingKey, SigV4 } from "../../src/signing/request_signer.ts";
import { UNSIGNED_PAYLOAD } from "../../src/signing/steps.ts";
import { secondSignature } from "../second_signer.ts";
import {
  assertSigned,
  type Context,
  credentialsOf,
  fromHex,
  type HeaderPairs,
  headersOf,
  scopeOf,
  SMITHY_ORIGIN,
  type SmithyCase,
} from "./signing_cases.ts";
import { vectorTest } from "./suite.ts";

interface UnsignedHeaderCase {
  readonly name: string;
  readonly method: HttpMethod;
  readonly path: string;
  readonly headers: HeaderPairs;
  readonly unsignableHeaders: readonly string[];
  readonly context: Context;
  readonly canonicalRequest: string;
}

interface RejectedInput {
  readonly kind: "header" | "query";
  readonly name: string;
}

interface SigningKeyCase {
  readonly secret: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly key: string;
}

const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

const SCOPE = {
  service: "service",
  region: "us-east-1",
  at: new Date("2015-08-30T12:36:00Z"),
};

const BARE: HttpRequest = {
  method: "GET",
  origin: "https://example.amazonaws.com",
  path: "/",
  query: [],
  headers: {},
  body: undefined,
};

/** A body whose bytes no signer may ask for. */
const STREAM: BodySource = {
  length: undefined,
  replayable: false,
  open: () => {
    throw new Error("The body was opened");
  },
};

vectorTest<UnsignedHeaderCase>({
  file: "sigv4-extra.json",
  section: "headersNeverSigned",
  cases: (data) =>
    (data as { headersNeverSigned: UnsignedHeaderCase[] }).headersNeverSigned,
  name: ({ name }) => name,
  run: async (vector) => {
    const { method, path, headers, context } = vector;
    const signer = new SigV4({ unsignedHeaders: vector.unsignableHeaders });
    const scope = scopeOf(context);

    const signed = await signer.sign(
      { ...BARE, method, path, headers: headersOf(headers) },
      credentialsOf(context),
      scope,
    );

    const { host = "", "x-amz-date": timestamp = "" } = signed.headers;
    const expected = secondSignature({
      ...context,
      method,
      url: path,
      headers: [["host", host], ["x-amz-date", timestamp]],
      payloadHash: vector.canonicalRequest.slice(-64),
      secretAccessKey: context.credentials.secretAccessKey,
      timestamp,
    });
    assertEquals(expected.canonicalRequest, vector.canonicalRequest);
    assertSigned(signed, scope, expected);
    for (const [name, value] of headers) {
      assertEquals(signed.headers[name.toLowerCase()], value);
    }
  },
});

// A header is replaced, as botocore does it, and a payload hash is taken.
vectorTest<RejectedInput>({
  file: "sigv4-extra.json",
  section: "rejectedInputs",
  cases: (data) => (data as { rejectedInputs: RejectedInput[] }).rejectedInputs,
  name: ({ kind, name }) => `${kind} ${name}`,
  run: async ({ kind, name }) => {
    const signer = new SigV4({ payloadHeader: "always" });
    if (kind === "query") {
      const request: HttpRequest = { ...BARE, query: [[name, "x"]] };
      for (
        const attempt of [
          async () => await signer.sign(request, CREDENTIALS, SCOPE),
          async () => await signer.presign(request, CREDENTIALS, SCOPE, 60),
        ]
      ) {
        await assertRejects(attempt, TypeError, `its query holds "${name}"`);
      }
      return;
    }
    const header = name.toLowerCase();
    const plain = await signer.sign(BARE, CREDENTIALS, SCOPE);

    const again = await signer.sign(
      { ...BARE, headers: { [header]: plain.headers[header] ?? "" } },
      CREDENTIALS,
      SCOPE,
    );

    assertEquals(again, plain);
  },
});

vectorTest<SigningKeyCase>({
  file: "sigv4-extra.json",
  section: "signingKeys",
  cases: (data) => (data as { signingKeys: SigningKeyCase[] }).signingKeys,
  name: ({ date, region, service }) => `${date} ${region} ${service}`,
  run: ({ secret, date, region, service, key }) => {
    const scope = `${date}/${region}/${service}/aws4_request`;

    const derived = signingKey(secret, scope);

    // The key cannot be read, but what it signs can be compared.
    const expected = new HmacKey(fromHex(key));
    assertEquals(derived.signHex("text"), expected.signHex("text"));
  },
});

vectorTest<SmithyCase>({
  file: "sigv4-extra.json",
  section: "smithy",
  cases: (data) => (data as { smithy: SmithyCase[] }).smithy,
  name: ({ kind, name }) => `${kind} ${name}`,
  run: async (vector) => {
    const { kind, context } = vector;
    const signer = new SigV4({ payloadHeader: "always" });
    const request = smithyRequest(vector);
    const credentials = credentialsOf(context);
    const scope = scopeOf(context);

    const signed = kind === "header"
      ? await signer.sign(request, credentials, scope)
      : await signer.presign(
        request,
        credentials,
        scope,
        context.expiresIn ?? 3_600,
      );

    assertSigned(signed, scope, vector);
  },
});

function smithyRequest({ request, payloadHash }: SmithyCase): HttpRequest {
  const { method, path, body, bodyHex } = request;
  const headers = headersOf(request.headers);
  const unknown = payloadHash === UNSIGNED_PAYLOAD &&
    headers["x-amz-content-sha256"] === undefined;
  const bytes = bodyHex === undefined ? utf8(body ?? "") : fromHex(bodyHex);
  return {
    method,
    origin: SMITHY_ORIGIN,
    path,
    query: [],
    headers,
    body: unknown ? STREAM : bytes,
  };
}
