/**
 * Proof of possession of a key, for requests to AWS Sign-In.
 *
 * Source: RFC 9449, sections 4.2 and 4.3; RFC 7518, section 3.4 (ES256).
 *
 * @module
 */
import { base64, concat, fromBase64, utf8 } from "../foundation/bytes.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** What a proof says. */
export interface DpopClaims {
  /** URL of the request; its method is always POST. */
  readonly url: string;
  /** When the proof is made. */
  readonly at: Date;
  /** What makes it unique. */
  readonly id: string;
}

/**
 * Makes a proof: the value of the header field `DPoP`.
 *
 * @param pem The private key as PEM, either `EC PRIVATE KEY` (RFC 5915) or
 * `PRIVATE KEY` (RFC 5958).
 * @param claims What it says.
 * @throws {DOMException | TypeError} If the key is none of the curve P-256.
 */
export async function dpopProof(
  pem: string,
  { url, at, id }: DpopClaims,
): Promise<string> {
  const key = await importKey(pem);
  const { x, y } = await crypto.subtle.exportKey("jwk", key);
  const header = {
    typ: "dpop+jwt",
    alg: "ES256",
    jwk: { kty: "EC", x, y, crv: "P-256" },
  };
  const payload = {
    htm: "POST",
    htu: url,
    iat: Math.floor(at.getTime() / 1_000),
    jti: id,
  };
  const text = `${base64Url(utf8(JSON.stringify(header)))}.${
    base64Url(utf8(JSON.stringify(payload)))
  }`;
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    utf8(text),
  );
  return `${text}.${base64Url(new Uint8Array(signature))}`;
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = fromBase64(pem.replace(/-----[^-]*-----/g, ""));
  const pkcs8 = /BEGIN EC PRIVATE KEY/.test(pem) ? wrapped(der) : der;
  return await crypto.subtle.importKey("pkcs8", pkcs8, P256, true, ["sign"]);
}

/**
 * The older form of a key inside the newer one, which Web Crypto takes: version 0,
 * the algorithm "EC key, P-256", and the old form as an octet string.
 */
function wrapped(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const version = [0x02, 0x01, 0x00];
  // OID 1.2.840.10045.2.1 and OID 1.2.840.10045.3.1.7 (RFC 5480, section 2.1.1).
  const algorithm = [
    ...[0x30, 0x13],
    ...[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
    ...[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
  ];
  const head = Uint8Array.from([...version, ...algorithm]);
  return tagged(0x30, concat([head, tagged(0x04, der)]));
}

/** Tag, length and content (X.690, sections 8.1.2 and 8.1.3). */
function tagged(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return concat([Uint8Array.from([tag, ...size]), content]);
}

/** Source: RFC 7515, section 2. */
function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}
