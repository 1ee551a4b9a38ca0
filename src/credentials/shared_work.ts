/**
 * One piece of work that many wait for.
 *
 * @module
 */

interface Run<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Work that is done once for all who ask for it while it runs. Whoever stops
 * waiting leaves it to the others; it ends when nobody waits any more.
 *
 * @typeParam T Type of the result.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  readonly #success: "asked again" | "kept";
  #run: Run<T> | undefined;

  /**
   * Starts nothing yet.
   *
   * @param work The work; its signal fires when nobody waits any more.
   * @param success Whether its result is kept for all who ask later. A failure
   * never is.
   */
  constructor(
    work: (signal: AbortSignal) => Promise<T>,
    success: "asked again" | "kept" = "asked again",
  ) {
    this.#work = work;
    this.#success = success;
  }

  /** Whether it is being done now. */
  get running(): boolean {
    return this.#run !== undefined;
  }

  /**
   * Waits for the result, and starts the work where it does not run.
   *
   * @param signal Ends this wait only, by throwing its reason.
   */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const run = this.#run ?? this.#start();
    run.waiting++;
    if (signal === undefined) return await run.result;

    const stopped = Promise.withResolvers<never>();
    const stop = (): void => {
      this.#leave(run, signal.reason);
      stopped.reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([run.result, stopped.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #start(): Run<T> {
    const controller = new AbortController();
    const result = this.#work(controller.signal);
    const run = { result, controller, waiting: 0 };
    const done = (): void => {
      if (this.#run === run) this.#run = undefined;
    };
    result.then(this.#success === "kept" ? () => {} : done, done);
    this.#run = run;
    return run;
  }

  #leave(run: Run<T>, reason: unknown): void {
    if (--run.waiting > 0 || this.#run !== run) return;
    // Whoever asks next must not be handed work that was given up.
    this.#run = undefined;
    run.controller.abort(reason);
  }
}
