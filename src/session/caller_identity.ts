/**
 * Who a session is.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { Credentials, CredentialSource } from "../ports/credentials.ts";
import { SharedWork } from "../credentials/shared_work.ts";
import { type CoreAs, withSts } from "./assume_role.ts";

/** Who calls are made as, in the service's own words. */
export interface CallerIdentity {
  /** Account, 12 digits. */
  readonly account: string;
  /** ARN of the user or the assumed role. */
  readonly arn: string;
  /** Unique id of the user or the role session. */
  readonly userId: string;
  /** Partition of the account, for example `"aws"` or `"aws-cn"`. */
  readonly partition: string;
  /** Name of the source that the credentials came from, for example `"env"`. */
  readonly source?: string;
}

/**
 * Asks STS who some credentials belong to.
 *
 * @param core Makes the core of a client.
 * @param identity The credentials.
 * @param signal Ends the question early.
 */
export async function callerIdentity(
  core: CoreAs,
  identity: CredentialSource,
  signal?: AbortSignal,
): Promise<CallerIdentity> {
  const { source } = await identity.get(signal);
  const { Account, Arn, UserId } = await withSts(
    core,
    identity,
    (sts) => sts.getCallerIdentity({}, signal ? { signal } : {}),
  );
  return {
    account: Account,
    arn: Arn,
    userId: UserId,
    partition: Arn.split(":")[1] ?? "",
    ...source === undefined ? {} : { source },
  };
}

/**
 * Credentials of one account and no other. Where their source does not tell the
 * account, STS is asked, once for each new key.
 */
export class ExpectedAccount implements CredentialSource {
  readonly #source: CredentialSource;
  readonly #expected: string;
  readonly #core: CoreAs;
  /** The question about each key, asked once for all calls that wait for it. */
  readonly #checks = new WeakMap<Credentials, SharedWork<void>>();

  /**
   * Guards a source of credentials.
   *
   * @param source The source.
   * @param expected The account, 12 digits.
   * @param core Makes the core of a client, to ask STS.
   */
  constructor(source: CredentialSource, expected: string, core: CoreAs) {
    this.#source = source;
    this.#expected = expected;
    this.#core = core;
  }

  async get(signal?: AbortSignal): Promise<Credentials> {
    const credentials = await this.#source.get(signal);
    const check = this.#checks.get(credentials) ??
      new SharedWork((ends) => this.#check(credentials, ends), "kept");
    this.#checks.set(credentials, check);
    await check.join(signal);
    return credentials;
  }

  invalidate(refused: Credentials): void {
    this.#source.invalidate(refused);
  }

  async #check(
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<void> {
    const account = credentials.accountId ??
      (await callerIdentity(this.#core, this.#source, signal)).account;
    if (account === this.#expected) return;
    throw new ConfigError(
      "UnexpectedAccount",
      `Cannot call as account ${account}: the session's option expectedAccount is ${this.#expected}; the credentials came from ${
        credentials.source ?? "code"
      }`,
    );
  }
}
