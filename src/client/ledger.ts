/**
 * One call's place in its retry budget, until its last byte is read.
 *
 * @module
 */
import { attachMetadata, type AwsError } from "../foundation/errors.ts";
import type { ResponseMetadata } from "../foundation/metadata.ts";
import type { RetryStrategy } from "../ports/retry.ts";
import type { Continuation, Looped } from "./retry_loop.ts";

/**
 * Keeps what a call holds of the retry budget. A body that can go on keeps the
 * place after the call has returned, and gives it back when it is read or
 * cancelled.
 */
export class Ledger {
  readonly #retry: RetryStrategy;
  #looped: Looped<unknown> | undefined;
  #metadata: ResponseMetadata | undefined;
  #kept = false;

  /**
   * Opens a ledger.
   *
   * @param retry Whose budget it is.
   */
  constructor(retry: RetryStrategy) {
    this.#retry = retry;
  }

  /** Notes whether a body will settle what the call holds. */
  set keptByBody(kept: boolean) {
    this.#kept = kept;
  }

  /** Notes that the call has succeeded so far. */
  enter(looped: Looped<unknown>): void {
    this.#looped = looped;
    this.#metadata = looped.metadata;
    if (!this.#kept) this.settle();
  }

  /**
   * Goes on with the call after its body broke.
   *
   * @param failure How it broke.
   * @param next What is sent to go on.
   * @returns What the successful attempt returned.
   * @throws What ends the call: the failure, if the budget is used up.
   */
  async goOn<Next>(
    failure: AwsError,
    next: Continuation<Next>,
  ): Promise<Next> {
    if (this.#looped === undefined) throw failure;
    const looped = await this.#looped.goOn(failure, next);
    this.#looped = looped;
    this.#metadata = looped.metadata;
    return looped.value;
  }

  /** Completes an error of the body with the facts of the call. */
  complete(error: AwsError): void {
    if (this.#metadata !== undefined) attachMetadata(error, this.#metadata);
  }

  /** Gives back what the call holds, once. */
  settle(): void {
    if (this.#looped === undefined) return;
    this.#retry.afterSuccess(this.#looped.ticket);
    this.#looped = undefined;
  }
}
