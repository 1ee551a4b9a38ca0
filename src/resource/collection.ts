/**
 * Many things of one kind, got page by page when they are asked for.
 *
 * @module
 */
import { ConfigError, ValidationError } from "../foundation/errors.ts";
import { CALL_OPTION_KINDS, checkOptions } from "../foundation/options.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { DeleteResult } from "../transfer/mod.ts";

/** How many are wanted, and how many with one request. */
export interface PageOptions {
  /** Most items of a page; the service has an upper bound of its own. */
  readonly pageSize?: number;
  /** What differs for the calls. */
  readonly options?: CallOptions;
}

/**
 * Where the items of a collection come from.
 *
 * @typeParam Filter What narrows the collection.
 * @typeParam Item What it holds.
 */
export interface CollectionSource<Filter, Item> {
  /** Gets the pages, one at a time, when they are asked for. */
  pages(
    filter: Partial<Filter>,
    wish: PageOptions,
  ): AsyncIterable<readonly Item[]>;
}

/** A source whose items can be deleted many at a time. */
export interface DeletableSource<Filter, Item>
  extends CollectionSource<Filter, Item> {
  /** Deletes items. */
  delete(
    items: AsyncIterable<Item>,
    options?: Pick<CallOptions, "signal">,
  ): Promise<readonly DeleteResult[]>;
}

/**
 * What was chosen of a collection.
 *
 * @typeParam Filter What narrows the collection.
 */
export interface CollectionChoice<Filter> extends PageOptions {
  /** What narrows it. */
  readonly filter: Partial<Filter>;
  /** Most items that are handed out. Default: all there are. */
  readonly limit?: number;
}

/**
 * Many things of one kind. Nothing is sent before they are asked for, by
 * `for await` or by a method that returns a promise; leave the loop early and no
 * further page is got.
 *
 * @typeParam Filter What narrows the collection.
 * @typeParam Item What it holds.
 */
export class Collection<Filter, Item> implements AsyncIterable<Item> {
  readonly #source: CollectionSource<Filter, Item>;
  readonly #choice: CollectionChoice<Filter>;

  /**
   * Makes a collection of everything there is.
   *
   * @param source Where the items come from.
   * @param choice What is chosen of them.
   */
  constructor(
    source: CollectionSource<Filter, Item>,
    choice: CollectionChoice<Filter> = { filter: {} },
  ) {
    this.#source = source;
    this.#choice = choice;
  }

  /**
   * The same things, narrowed; later filters add to earlier ones.
   *
   * @throws {ValidationError} If a value is missing: it would narrow nothing.
   */
  filter(filter: Partial<Filter>): Collection<Filter, Item> {
    checkFilter(filter);
    return this.#with({ filter: { ...this.#choice.filter, ...filter } });
  }

  /**
   * The first ones only.
   *
   * @throws {ConfigError} If it is no whole number of at least 0.
   */
  limit(limit: number): Collection<Filter, Item> {
    checkCount("limit", limit, 0);
    return this.#with({ limit });
  }

  /**
   * The same things, so many with one request.
   *
   * @throws {ConfigError} If it is no whole number of at least 1.
   */
  pageSize(pageSize: number): Collection<Filter, Item> {
    checkCount("pageSize", pageSize, 1);
    return this.#with({ pageSize });
  }

  /** The same things, got by calls with these options; later ones add to earlier ones. */
  withOptions(options: CallOptions): Collection<Filter, Item> {
    checkOptions("call withOptions", options, CALL_OPTION_KINDS);
    return this.#with({ options: { ...this.#choice.options, ...options } });
  }

  /** Gets the items by the page, as the service hands them out. */
  async *pages(): AsyncGenerator<readonly Item[], void, void> {
    const { filter, limit = Infinity, ...wish } = this.#choice;
    let left = limit;
    if (left <= 0) return;
    for await (const page of this.#source.pages(filter, wish)) {
      yield page.slice(0, left);
      left -= page.length;
      if (left <= 0) return;
    }
  }

  /**
   * Gets them all into an array.
   *
   * @param options What differs for the calls.
   */
  async toArray(options?: CallOptions): Promise<Item[]> {
    return await Array.fromAsync(this.#under(options));
  }

  /** Gets the items one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, void> {
    for await (const page of this.pages()) yield* page;
  }

  /** The same things, under options that add to those that were chosen. */
  #under(options: CallOptions | undefined): Collection<Filter, Item> {
    if (options === undefined) return this;
    return this.withOptions(options);
  }

  #with(change: Partial<CollectionChoice<Filter>>): Collection<Filter, Item> {
    return new Collection(this.#source, { ...this.#choice, ...change });
  }
}

/**
 * A {@linkcode Collection} whose things can be deleted.
 *
 * @typeParam Filter What narrows the collection.
 * @typeParam Item What it holds.
 */
export class DeletableCollection<Filter, Item> implements AsyncIterable<Item> {
  readonly #source: DeletableSource<Filter, Item>;
  readonly #items: Collection<Filter, Item>;

  /**
   * Makes a collection of everything there is.
   *
   * @param source Where the items come from.
   * @param items What is chosen of them.
   */
  constructor(
    source: DeletableSource<Filter, Item>,
    items: Collection<Filter, Item> = new Collection(source),
  ) {
    this.#source = source;
    this.#items = items;
  }

  /** The same things, narrowed; later filters add to earlier ones. */
  filter(filter: Partial<Filter>): DeletableCollection<Filter, Item> {
    return this.#of(this.#items.filter(filter));
  }

  /** The first ones only. */
  limit(limit: number): DeletableCollection<Filter, Item> {
    return this.#of(this.#items.limit(limit));
  }

  /** The same things, so many with one request. */
  pageSize(pageSize: number): DeletableCollection<Filter, Item> {
    return this.#of(this.#items.pageSize(pageSize));
  }

  /** The same things, got by calls with these options; later ones add to earlier ones. */
  withOptions(options: CallOptions): DeletableCollection<Filter, Item> {
    return this.#of(this.#items.withOptions(options));
  }

  /** Gets the items by the page, as the service hands them out. */
  pages(): AsyncGenerator<readonly Item[], void, void> {
    return this.#items.pages();
  }

  /**
   * Gets them all into an array.
   *
   * @param options What differs for the calls.
   */
  async toArray(options?: CallOptions): Promise<Item[]> {
    return await this.#items.toArray(options);
  }

  /**
   * Deletes them all, up to 1 000 with one request. There is no way back in a
   * bucket without versions.
   *
   * @param options Ends the listing and the deletes early.
   * @returns What became of each: a refusal of single items is no error of the
   * whole.
   */
  async delete(
    options?: Pick<CallOptions, "signal">,
  ): Promise<readonly DeleteResult[]> {
    checkOptions("call delete", options, { signal: "signal" });
    const { signal } = options ?? {};
    if (signal === undefined) return await this.#source.delete(this);
    return await this.#source.delete(this.withOptions({ signal }), { signal });
  }

  /** Gets the items one by one. */
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, void> {
    return this.#items[Symbol.asyncIterator]();
  }

  #of(items: Collection<Filter, Item>): DeletableCollection<Filter, Item> {
    return new DeletableCollection(this.#source, items);
  }
}

/** A filter that is missing by accident must not delete everything. */
function checkFilter(filter: object): void {
  const isObject = typeof filter === "object" && filter !== null;
  const problems = isObject
    ? Object.entries(filter).flatMap(([path, value]) =>
      value === undefined || value === null
        ? [{
          path,
          problem:
            `is ${value}, which would narrow nothing: leave it out if all are meant`,
        }]
        : []
    )
    : [{
      path: "The filter",
      problem: 'must be an object, as in { Prefix: "2026/" }',
    }];
  if (problems.length > 0) throw new ValidationError("filter", problems);
}

function checkCount(name: string, count: number, least: number): void {
  const unlimited = least === 0 && count === Infinity;
  if (unlimited || (Number.isInteger(count) && count >= least)) return;
  throw new ConfigError(
    "InvalidOption",
    `Cannot set the ${name} of a collection: expected a whole number >= ${least}, got ${
      typeof count === "number" ? count : typeof count
    }`,
  );
}
