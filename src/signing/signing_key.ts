/**
 * Signing keys, which stay the same for a day.
 *
 * @module
 */
import { utf8 } from "../foundation/bytes.ts";
import { HmacKey } from "../foundation/digest.ts";
import type { Credentials } from "../ports/credentials.ts";

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
    const { keys } = this.#keyring(credentials);
    let key = keys.get(scope);
    if (key === undefined) {
      const [oldest] = keys.keys();
      if (oldest !== undefined && keys.size >= CAPACITY) keys.delete(oldest);
      key = signingKey(credentials.secretAccessKey, scope);
      keys.set(scope, key);
    }
    return key;
  }

  #keyring(credentials: Credentials): Keyring {
    const secret = credentials.secretAccessKey;
    let keyring = this.#keyrings.get(credentials);
    if (keyring?.secret !== secret) {
      keyring = { secret, keys: new Map() };
      this.#keyrings.set(credentials, keyring);
    }
    return keyring;
  }
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
