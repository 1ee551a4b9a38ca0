/**
 * Work on many things, on a few of them at once.
 *
 * @module
 */

/** How much is done at once, and what ends it. */
export interface Bounds {
  /** Things that are worked on at once. */
  readonly concurrency: number;
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Works on each item. The first failure ends the work on the others, and the
 * promise settles when all of it has ended: nothing goes on behind its back.
 * One further item is got while there is no room for it.
 *
 * @param items Gets the items; under the signal that ends the work.
 * @param work What is done with one.
 * @param bounds How much at once.
 * @throws What failed first, or the reason of the signal.
 */
export async function eachAtMost<Item>(
  items: (signal: AbortSignal) => AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
  { concurrency, signal }: Bounds,
): Promise<void> {
  const failure = new AbortController();
  const bound = AbortSignal.any([failure.signal, ...signal ? [signal] : []]);
  const running = new Set<Promise<void>>();
  const start = async (item: Item): Promise<void> => {
    try {
      await work(item, bound);
    } catch (error) {
      failure.abort(error);
    }
  };
  try {
    bound.throwIfAborted();
    for await (const item of items(bound)) {
      while (running.size >= concurrency) await Promise.race(running);
      bound.throwIfAborted();
      const task: Promise<void> = start(item).then(() => {
        running.delete(task);
      });
      running.add(task);
    }
  } catch (error) {
    failure.abort(error);
  }
  await Promise.all(running);
  bound.throwIfAborted();
}
