/**
 * The events of a response, as the caller gets them.
 *
 * @module
 */

/**
 * What an {@linkcode EventStream} reads from.
 *
 * @typeParam Event What an event is.
 */
export interface EventSource<Event> {
  /** Waits for the next event; `undefined` after the last one. */
  next(): Promise<Event | undefined>;
  /** Ends the exchange without reading the rest. */
  cancel(reason?: unknown): Promise<void>;
}

/**
 * The events of a response, read while you iterate, once.
 *
 * Iterate to the end, leave the loop, {@linkcode cancel} it, or declare it with
 * `await using`: until then it holds a connection. A stream that breaks off
 * throws: a loop that ends by itself has seen all events.
 *
 * @typeParam Event What an event is.
 * @example Usage
 * ```ts ignore
 * const { Payload } = await s3.selectObjectContent(query);
 * for await (const { Records } of Payload) {
 *   if (Records) console.log(new TextDecoder().decode(Records.Payload));
 * }
 * ```
 */
export class EventStream<Event>
  implements AsyncIterable<Event>, AsyncDisposable {
  readonly #source: EventSource<Event>;
  readonly #events: AsyncGenerator<Event, undefined>;
  #taken = false;

  /**
   * Wraps what the events come from.
   *
   * @param source Where they come from. The stream becomes its only user.
   */
  constructor(source: EventSource<Event>) {
    this.#source = source;
    this.#events = eventsOf(source);
  }

  /**
   * Ends the exchange without reading the rest. A stream that was read to its
   * end or cancelled before is left alone.
   */
  async cancel(reason?: unknown): Promise<void> {
    this.#taken = true;
    // A generator that has not started would end without a word to the source.
    await this.#source.cancel(reason);
    await this.#events.return(undefined);
  }

  /**
   * Yields the events in the order they arrive in.
   *
   * @throws {TypeError} If they were read or cancelled before.
   */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    if (this.#taken) {
      throw new TypeError(
        "Cannot read the events: they were read or cancelled before",
      );
    }
    this.#taken = true;
    return {
      next: async () => await this.#events.next(),
      return: async () => {
        await this.cancel();
        return { done: true, value: undefined };
      },
    };
  }

  /** Cancels what was not read. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }
}

/** A generator, since it puts requests for the next event in a row. */
async function* eventsOf<Event>(
  source: EventSource<Event>,
): AsyncGenerator<Event, undefined> {
  try {
    while (true) {
      const event = await source.next();
      if (event === undefined) return undefined;
      yield event;
    }
  } finally {
    await source.cancel();
  }
}
