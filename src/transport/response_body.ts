/**
 * The body of a response, complete or an error.
 *
 * @module
 */
import type { Logger } from "../ports/logger.ts";
import type { ResponseBody } from "../ports/http.ts";
import type { Intake } from "./intake.ts";
import { describe } from "./request_url.ts";

/**
 * Notices bodies that were thrown away unread, and gives their connections
 * back. It says so once; a program that does this does it often.
 */
export class ForgottenBodies {
  readonly #logger: Logger | undefined;
  readonly #registry = new FinalizationRegistry<Intake>((intake) =>
    this.#release(intake)
  );
  #told = false;

  /**
   * Starts with none.
   *
   * @param logger Where it says so.
   */
  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  /** Watches what leads to an intake; it must not be reachable from there. */
  watch(owner: object, intake: Intake): void {
    this.#registry.register(owner, intake, intake);
  }

  /** Stops watching. */
  dismiss(intake: Intake): void {
    this.#registry.unregister(intake);
  }

  #release(intake: Intake): void {
    if (!intake.abandon() || this.#told) return;
    this.#told = true;
    this.#logger?.error(
      "A response body was neither read nor cancelled and held a connection until it was garbage-collected. Read it, cancel it, or declare it with `await using`. Said once.",
      { request: describe(intake.request) },
    );
  }
}

/** A body that ends with its last byte or with an error, and in time. */
export class GuardedBody implements ResponseBody {
  readonly #intake: Intake;
  readonly #forgotten: ForgottenBodies | undefined;
  #spent = false;

  /**
   * Takes charge of a body.
   *
   * @param intake Where the bytes come from.
   * @param forgotten Who looks after it if nobody reads it; nobody need, where
   * the bytes come in by themselves.
   */
  constructor(intake: Intake, forgotten: ForgottenBodies | undefined) {
    this.#intake = intake;
    this.#forgotten = forgotten;
    forgotten?.watch(this, intake);
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#spend();
    const stream = streamOf(this.#intake);
    // From now on the stream is what somebody may forget.
    this.#forgotten?.watch(stream, this.#intake);
    return stream;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.#spend();
    return await this.#intake.all();
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#spent = true;
    this.#forgotten?.dismiss(this.#intake);
    await this.#intake.cancel(reason);
  }

  #spend(): void {
    if (this.#spent) {
      throw new TypeError(
        "Cannot read the body: it was read or cancelled before",
      );
    }
    this.#spent = true;
    this.#forgotten?.dismiss(this.#intake);
  }
}

/** A function of its own, so that the stream refers to nothing but the intake. */
function streamOf(intake: Intake): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const piece = await intake.next();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    async cancel(reason): Promise<void> {
      await intake.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
