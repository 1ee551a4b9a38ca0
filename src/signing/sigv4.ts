/**
 * Signature Version 4.
 *
 * @module
 */
import { utf8 } from "../foundation/bytes.ts";
import { HmacKey } from "../foundation/digest.ts";
import type { Credentials } from "../ports/credentials.ts";
import {
  RequestSigner,
  type SigningAlgorithm,
  type SigV4Options,
} from "./request_signer.ts";
import { ALGORITHM, credentialScope } from "./steps.ts";

/**
 * Signs requests with Signature Version 4 and keeps the keys it derives, so one
 * signer should sign all requests.
 *
 * `host` is signed always and left to the transport to send, unless the request
 * has it among its header fields.
 *
 * Source: "Create a signed AWS API request", IAM User Guide; for S3
 * "Authenticating Requests (AWS Signature Version 4)", S3 API Reference.
 */
export class SigV4 extends RequestSigner {
  /**
   * Makes a signer that has no keys yet.
   *
   * @param options What differs from the defaults.
   */
  constructor(options: SigV4Options = {}) {
    super(hmacAlgorithm(), options);
  }
}

function hmacAlgorithm(): SigningAlgorithm {
  const keys = new KeyCache();
  return {
    name: ALGORITHM,
    credentialScope,
    regionSet: () => undefined,
    sign: (text, credentials, scope) =>
      keys.get(credentials, scope).signHex(text),
  };
}

/** Most keys that are kept for one pair of credentials. */
const CAPACITY = 64;

/** The keys of one pair of credentials. */
interface Keyring {
  /** What they were derived from, should someone change the object. */
  readonly secret: string;
  /** The keys by credential scope, the oldest first. */
  readonly keys: Map<string, HmacKey>;
}

/**
 * Derives signing keys and keeps them as long as their credentials live.
 *
 * It recognizes credentials as an object: equal ones in another object get keys
 * of their own.
 */
export class KeyCache {
  readonly #keyrings = new WeakMap<Credentials, Keyring>();

  /**
   * Gets the key for a scope.
   *
   * @param credentials Whose secret it is derived from.
   * @param scope The credential scope, for example
   * `"20130524/us-east-1/s3/aws4_request"`.
   */
  get(credentials: Credentials, scope: string): HmacKey {
    const secret = credentials.secretAccessKey;
    let keyring = this.#keyrings.get(credentials);
    if (keyring === undefined || keyring.secret !== secret) {
      keyring = { secret, keys: new Map() };
      this.#keyrings.set(credentials, keyring);
    }
    return keyring.keys.get(scope) ?? derived(keyring, scope);
  }
}

/** Derives a key and keeps it in place of the oldest one. */
function derived({ secret, keys }: Keyring, scope: string): HmacKey {
  const [oldest] = keys.keys();
  if (oldest !== undefined && keys.size >= CAPACITY) keys.delete(oldest);
  const key = signingKey(secret, scope);
  keys.set(scope, key);
  return key;
}

/**
 * Derives a key: one HMAC for each part of the scope.
 *
 * Source: "Create a signed AWS API request", IAM User Guide, step 3.
 *
 * @param secret Secret access key.
 * @param scope The credential scope.
 */
export function signingKey(secret: string, scope: string): HmacKey {
  let key = new HmacKey(utf8(`AWS4${secret}`));
  for (const part of scope.split("/")) key = new HmacKey(key.sign(part));
  return key;
}
