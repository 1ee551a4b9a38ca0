/**
 * Many things of one kind, got page by page when they are asked for.
 *
 * @module
 */
import type { CallOptions } from "../ports/caller.ts";
import type { DeleteResult } from "../transfer/mod.ts";

/** How many are wanted, and how many with one request. */
export interface PageWish {
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
    wish: PageWish,
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
export interface CollectionChoice<Filter> extends PageWish {
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

  /** The same things, narrowed; later filters add to earlier ones. */
  filter(filter: Partial<Filter>): Collection<Filter, Item> {
    return this.#with({ filter: { ...this.#choice.filter, ...filter } });
  }

  /** The first ones only. */
  limit(limit: number): Collection<Filter, Item> {
    return this.#with({ limit });
  }

  /** The same things, so many with one request. */
  pageSize(pageSize: number): Collection<Filter, Item> {
    return this.#with({ pageSize });
  }

  /** The same things, got by calls with these options. */
  withOptions(options: CallOptions): Collection<Filter, Item> {
    return this.#with({ options });
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

  /** Gets them all into an array. */
  async toArray(): Promise<Item[]> {
    return await Array.fromAsync(this);
  }

  /** Gets the items one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, void> {
    for await (const page of this.pages()) yield* page;
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

  /** The same things, got by calls with these options. */
  withOptions(options: CallOptions): DeletableCollection<Filter, Item> {
    return this.#of(this.#items.withOptions(options));
  }

  /** Gets the items by the page, as the service hands them out. */
  pages(): AsyncGenerator<readonly Item[], void, void> {
    return this.#items.pages();
  }

  /** Gets them all into an array. */
  async toArray(): Promise<Item[]> {
    return await this.#items.toArray();
  }

  /**
   * Deletes them all, up to 1 000 with one request. There is no way back in a
   * bucket without versions.
   *
   * @param options Ends the deletes early.
   * @returns What became of each: a refusal of single items is no error of the
   * whole.
   */
  async delete(
    options?: Pick<CallOptions, "signal">,
  ): Promise<readonly DeleteResult[]> {
    return await this.#source.delete(this, options);
  }

  /** Gets the items one by one. */
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, void> {
    return this.#items[Symbol.asyncIterator]();
  }

  #of(items: Collection<Filter, Item>): DeletableCollection<Filter, Item> {
    return new DeletableCollection(this.#source, items);
  }
}
