import { assert, assertEquals } from "@std/assert";
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { privateKey, SigV4a } from "../../src/signing/sigv4a.ts";
import {
  assertTexts,
  credentialsOf,
  fromHex,
  headersOf,
  queryOf,
  requestOf,
  scopeOf,
  signatureOf,
  type Sigv4Case,
} from "./signing_cases.ts";
import { vectorTest } from "./suite.ts";

interface PublicKey {
  readonly x: string;
  readonly y: string;
}

interface Sigv4aCase extends Sigv4Case {
  readonly publicKey: PublicKey;
}

interface DerivedKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly privateKey: string;
}

// Signatures are random: the texts are compared, ours is verified.
vectorTest<Sigv4aCase>({
  file: "sigv4a.json",
  section: "cases",
  cases: (data) => (data as { cases: Sigv4aCase[] }).cases,
  name: ({ name }) => name,
  run: async (vector) => {
    const { context, expect, publicKey } = vector;
    const signer = new SigV4a({
      payloadHeader: context.signBody ? "always" : "s3",
      sessionToken: context.omitSessionToken ? "added" : "signed",
    });
    const request = requestOf(vector);
    const credentials = credentialsOf(context);
    const scope = scopeOf(context);

    const sent = await signer.sign(request, credentials, scope);

    assertTexts(sent, scope, expect.header);
    assertEquals(
      withoutSignature(sent.headers),
      withoutSignature(headersOf(expect.header.headers ?? [])),
    );
    assert(await verifies(sent, expect.header.stringToSign, publicKey));

    assert(expect.query !== undefined);
    const presigned = await signer.presign(request, credentials, scope, 3_600);

    assertTexts(presigned, scope, expect.query);
    const [, query = ""] = expect.query.signedTarget.split("?");
    assertEquals(namesOf(presigned.query), namesOf(queryOf(query)));
    assert(await verifies(presigned, expect.query.stringToSign, publicKey));
  },
});

vectorTest<DerivedKey>({
  file: "sigv4a.json",
  section: "derivedKeys",
  cases: (data) => (data as { derivedKeys: DerivedKey[] }).derivedKeys,
  name: ({ accessKeyId }) => accessKeyId,
  run: async (vector) => {
    assertEquals(hex(await privateKey(vector)), vector.privateKey);
  },
});

function withoutSignature(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { authorization = "" } = headers;
  return {
    ...headers,
    authorization: authorization.replace(/Signature=[0-9a-f]+$/, ""),
  };
}

function namesOf(query: HttpRequest["query"]): readonly string[] {
  return query.map(([name]) => name).sort();
}

/** Verifies a signature by Web Crypto, which reads 64 bytes and no DER. */
async function verifies(
  signed: HttpRequest,
  text: string,
  { x, y }: PublicKey,
): Promise<boolean> {
  const key = await crypto.subtle.importKey(
    "raw",
    fromHex(`04${x}${y}`),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["verify"],
  );
  return await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    rawSignature(fromHex(signatureOf(signed) ?? "")),
    utf8(text),
  );
}

/** The two integers of a DER sequence, 32 bytes each. */
function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const integer = der.subarray(at + 2, at + 2 + length);
    const digits = integer.subarray(Math.max(0, length - 32));
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  assertEquals(at, der.length);
  return raw;
}
