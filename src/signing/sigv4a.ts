/**
 * Signature Version 4A: signatures that are good in many regions, by elliptic
 * curves in place of HMAC.
 *
 * @module
 */
import { hex, utf8 } from "../foundation/bytes.ts";
import type { Credentials } from "../ports/credentials.ts";
import {
  RequestSigner,
  type SigningAlgorithm,
  type SigV4Options,
} from "./request_signer.ts";

/** Name of Signature Version 4A, as it stands in signatures. */
const ALGORITHM = "AWS4-ECDSA-P256-SHA256";

/** Order of the curve P-256: FIPS 186-5, section 3.2.1.3 of SP 800-186. */
const ORDER =
  0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n;

/** Highest counter that the derivation of a key may reach. */
const MAX_COUNTER = 254;

/**
 * What stands before a private key of P-256 without its point: PKCS 8 (RFC
 * 5208) around an ECPrivateKey (RFC 5915).
 */
// deno-fmt-ignore
const PKCS8_HEAD = Uint8Array.of(
  0x30, 0x41, 0x02, 0x01, 0x00, // version 0
  0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // ecPublicKey
  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, // prime256v1
  0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20, // the key, 32 bytes
);

/**
 * Signs requests with Signature Version 4A, and keeps the keys it derives. It
 * signs for the regions that the scope's `region` names: `"*"` for all, or some,
 * joined by commas. Each signature differs, as the algorithm is randomized.
 *
 * Multi-region access points of S3 want it; so may any other service.
 *
 * Source: the published implementation and tests of `awslabs/aws-c-auth`; the
 * derivation of keys is NIST SP 800-108, section 4.1 (counter mode).
 */
export class SigV4a extends RequestSigner {
  /**
   * Makes a signer that has no keys yet.
   *
   * @param options What differs from the defaults.
   */
  constructor(options: SigV4Options = {}) {
    super(ecdsaAlgorithm(), options);
  }
}

/** A key, and what it was derived from, should someone change the object. */
interface KeptKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly key: Promise<CryptoKey>;
}

function ecdsaAlgorithm(): SigningAlgorithm {
  const kept = new WeakMap<Credentials, KeptKey>();
  const keyOf = (credentials: Credentials): Promise<CryptoKey> => {
    const { accessKeyId, secretAccessKey } = credentials;
    const known = kept.get(credentials);
    if (
      known?.accessKeyId === accessKeyId &&
      known.secretAccessKey === secretAccessKey
    ) {
      return known.key;
    }
    const key = privateKey(credentials).then(importKey);
    kept.set(credentials, { accessKeyId, secretAccessKey, key });
    return key;
  };
  return {
    name: ALGORITHM,
    credentialScope: (time, { service }) =>
      `${time.slice(0, 8)}/${service}/aws4_request`,
    regionSet: ({ region }) => region,
    sign: async (text, credentials) => {
      const signature = await crypto.subtle.sign(
        { name: "ECDSA", hash: "SHA-256" },
        await keyOf(credentials),
        utf8(text),
      );
      return hex(derSignature(new Uint8Array(signature)));
    },
  };
}

/**
 * Derives the private key of a pair of credentials: the first number below the
 * order of the curve that the counter leads to, plus one.
 *
 * @returns 32 bytes, big-endian.
 */
export async function privateKey(
  { accessKeyId, secretAccessKey }: Pick<
    Credentials,
    "accessKeyId" | "secretAccessKey"
  >,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey(
    "raw",
    utf8(`AWS4A${secretAccessKey}`),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const label = utf8(`${ALGORITHM}\0${accessKeyId}`);
  for (let counter = 1; counter <= MAX_COUNTER; counter++) {
    // The counter of the mode, the label, ours as context, 256 bits.
    const input = Uint8Array.of(0, 0, 0, 1, ...label, counter, 0, 0, 1, 0);
    const output = await crypto.subtle.sign("HMAC", key, input);
    const candidate = BigInt(`0x${hex(new Uint8Array(output))}`);
    if (candidate <= ORDER - 2n) return bytesOf(candidate + 1n);
  }
  throw new TypeError(
    `Cannot derive a key for Signature Version 4A: no counter up to ${MAX_COUNTER} leads to one; use other credentials`,
  );
}

async function importKey(
  scalar: Uint8Array<ArrayBuffer>,
): Promise<CryptoKey> {
  const encoded = new Uint8Array(PKCS8_HEAD.length + scalar.length);
  encoded.set(PKCS8_HEAD);
  encoded.set(scalar, PKCS8_HEAD.length);
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  return await crypto.subtle.importKey("pkcs8", encoded, curve, false, [
    "sign",
  ]);
}

function bytesOf(number: bigint): Uint8Array<ArrayBuffer> {
  const digits = number.toString(16).padStart(64, "0");
  return Uint8Array.from(
    { length: 32 },
    (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/**
 * A signature as services read it: a DER sequence of two integers, where Web
 * Crypto gives 64 bytes.
 *
 * Source: ITU-T X.690, section 8.3.
 */
export function derSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const integers = [raw.subarray(0, 32), raw.subarray(32)].map(derInteger);
  const content = integers.flat();
  return Uint8Array.of(0x30, content.length, ...content);
}

function derInteger(bytes: Uint8Array): number[] {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? [0] : [...bytes.subarray(first)];
  // A first bit of 1 would make it negative.
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
