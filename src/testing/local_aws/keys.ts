/**
 * Who may call: the keys of the accounts, and those that STS gives out.
 *
 * @module
 */
import type { ApiCredentials } from "../../ports/config.ts";

/** Who a call comes from. */
export interface Identity {
  /** Account, 12 digits. */
  readonly account: string;
  /** Name of the user or of the role's session, as an ARN. */
  readonly arn: string;
  /** Unique id of it. */
  readonly userId: string;
}

/** A key that requests can be signed with. */
export interface Key {
  /** Secret part. */
  readonly secretAccessKey: string;
  /** Token that must come with it; present on temporary keys. */
  readonly sessionToken?: string;
  /** When it stops working; present on temporary keys. */
  readonly expiration?: Date;
  /** Who it belongs to. */
  readonly identity: Identity;
  /** Whether its signatures are taken as they are. */
  readonly unchecked?: boolean;
}

/** Credentials of a user of the server. */
export interface LocalCredentials {
  /** Public part of the key. */
  readonly accessKeyId: string;
  /** Secret part of the key. */
  readonly secretAccessKey: string;
  /** Account of the user, 12 digits. Default: `"123456789012"`. */
  readonly account?: string;
  /** Name of the user. Default: `"local"`. */
  readonly user?: string;
}

/** All keys that the server knows. */
export class Keys {
  readonly #keys = new Map<string, Key>();
  readonly #accounts = new Set<string>();
  readonly #anyKey: boolean;

  /**
   * @param users The users.
   * @param anyKey Whether keys that nobody has belong to the first user.
   */
  constructor(users: readonly LocalCredentials[], anyKey = false) {
    this.#anyKey = anyKey;
    for (const [index, user] of users.entries()) {
      const { account = "123456789012", user: name = "local" } = user;
      this.#accounts.add(account);
      this.#keys.set(user.accessKeyId, {
        secretAccessKey: user.secretAccessKey,
        identity: {
          account,
          arn: `arn:aws:iam::${account}:user/${name}`,
          userId: `AIDA${String(index + 1).padStart(16, "0")}`,
        },
      });
    }
  }

  /** The key with a public part. */
  find(accessKeyId: string): Key | undefined {
    const found = this.#keys.get(accessKeyId);
    if (found !== undefined || !this.#anyKey) return found;
    const [first] = this.#keys.values();
    return first === undefined
      ? undefined
      : { secretAccessKey: "", identity: first.identity, unchecked: true };
  }

  /** Whether an account has a user, or has had a role. */
  isAccount(account: string): boolean {
    return this.#accounts.has(account);
  }

  /** Makes a temporary key. */
  issue(identity: Identity, expiration: Date): Required<ApiCredentials> {
    const AccessKeyId = `ASIA${
      random(16).toUpperCase().replace(/[^A-Z2-7]/g, "Q")
    }`;
    const SecretAccessKey = random(40);
    const SessionToken = `local/${random(120)}`;
    this.#accounts.add(identity.account);
    this.#keys.set(AccessKeyId, {
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration,
      identity,
    });
    return {
      AccessKeyId,
      SecretAccessKey,
      SessionToken,
      Expiration: expiration,
    };
  }
}

function random(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  const alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
}
