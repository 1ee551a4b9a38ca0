/**
 * Listings of many pages, one after the other.
 *
 * @module
 */
import { ProtocolError } from "../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  type OptionKinds,
} from "../foundation/options.ts";
import type { Caller, CallOptions } from "../ports/caller.ts";
import type { Operation } from "../ports/schema.ts";

/** Input members that say where a page starts. */
export type PageStart = Readonly<Record<string, number | string | undefined>>;

/**
 * How the pages of a listing hang together.
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of a page.
 * @typeParam Item Type of what a page lists.
 */
export interface Paging<Input, Output, Item> {
  /** The operation that gets one page. */
  readonly operation: Operation<Input, Output>;
  /** Where the page after this one starts; `undefined` after the last one. */
  readonly next: (page: Output) => PageStart | undefined;
  /** What a page lists. */
  readonly items: (page: Output) => readonly Item[];
}

/** What you may say about a walk through the items of a listing. */
export interface ItemOptions extends CallOptions {
  /** Most items that are handed out. Default: all there are. */
  readonly limit?: number;
}

const ITEM_KINDS: OptionKinds<ItemOptions> = {
  ...CALL_OPTION_KINDS,
  limit: "number",
};

/** What a walk is made of. */
interface Walk<Input, Output, Item> {
  readonly paging: Paging<Input, Output, Item>;
  readonly input: Input;
  readonly options: CallOptions | undefined;
}

/**
 * The pages of a listing, got one at a time, when they are asked for. Leave the
 * loop early and no further page is got.
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of a page.
 * @typeParam Item Type of what a page lists.
 *
 * @example Go on later
 * ```ts ignore
 * const pages = s3.listObjectsV2Pages({ Bucket: "photos" });
 * for await (const page of pages) {
 *   if (isLate()) break;
 * }
 * // Later: s3.listObjectsV2Pages({ Bucket: "photos", ...pages.resume })
 * ```
 */
export class Pages<Input, Output, Item> implements AsyncIterable<Output> {
  readonly #call: Caller;
  readonly #walk: Walk<Input, Output, Item>;
  #resume: PageStart | undefined;

  /**
   * Prepares the walk. Nothing is sent yet.
   *
   * @param call Makes the calls.
   * @param walk The listing, the parameters of its pages, and the calls' options.
   */
  constructor(call: Caller, walk: Walk<Input, Output, Item>) {
    this.#call = call;
    this.#walk = walk;
  }

  /**
   * Where the page after the last one that was handed out starts, as input
   * members; `undefined` before the first page and after the last.
   */
  get resume(): PageStart | undefined {
    return this.#resume;
  }

  /**
   * Gets the pages, from the start at each walk.
   *
   * @throws {ProtocolError} If the service says that there are more and not
   * where, or sends the walk in a circle.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Output, void, void> {
    const { paging, input, options } = this.#walk;
    let start: PageStart | undefined;
    let page: Output | undefined;
    do {
      page = await this.#call(
        paging.operation,
        { ...input, ...start },
        options,
      );
      start = this.#startAfter(page, start);
      this.#resume = start;
      yield page;
      // A generator that waits for the next page would keep this one.
      page = undefined;
    } while (start !== undefined);
  }

  /**
   * Gets the items of all pages.
   *
   * @param limit Most items that are handed out.
   */
  async *items(limit = Infinity): AsyncGenerator<Item, void, void> {
    let left = limit;
    if (left <= 0) return;
    const pages = this[Symbol.asyncIterator]();
    try {
      while (true) {
        let items = await this.#nextItems(pages);
        if (items === undefined) return;
        for (const item of items) {
          yield item;
          left--;
          if (left <= 0) return;
        }
        // Else they would be kept while the next page is got.
        items = undefined;
      }
    } finally {
      await pages.return();
    }
  }

  /** What the next page lists; `undefined` after the last one. */
  async #nextItems(
    pages: AsyncGenerator<Output, void, void>,
  ): Promise<readonly Item[] | undefined> {
    const { done, value } = await pages.next();
    return done ? undefined : this.#walk.paging.items(value);
  }

  /** Where the next page starts, without the members that the service left out. */
  #startAfter(
    page: Output,
    before: PageStart | undefined,
  ): PageStart | undefined {
    const { operation: { name }, next } = this.#walk.paging;
    const start = next(page);
    if (start === undefined) return undefined;
    const given = Object.entries(start)
      .filter(([, value]) => value !== undefined && value !== "");
    if (given.length === 0) {
      throw new ProtocolError(
        `Cannot go on with ${name}: the answer says that there are more pages and not where the next one starts`,
      );
    }
    if (before && given.every(([key, value]) => before[key] === value)) {
      throw new ProtocolError(
        `Cannot go on with ${name}: the answer names the same next page twice`,
      );
    }
    return Object.fromEntries(given);
  }
}

/**
 * Gets the items of all pages of a listing.
 *
 * @param call Makes the calls.
 * @param walk The listing, the parameters of its pages, and what the caller said.
 * @param method Name of the caller's method, for errors.
 * @throws {ConfigError} If an option does not exist, or has a wrong value.
 */
export async function* itemsOf<Input, Output, Item>(
  call: Caller,
  walk: Walk<Input, Output, Item> & {
    readonly options: ItemOptions | undefined;
  },
  method: string,
): AsyncGenerator<Item, void, void> {
  checkOptions(`call ${method}`, walk.options, ITEM_KINDS);
  const { limit, ...options } = walk.options ?? {};
  yield* new Pages(call, { ...walk, options }).items(limit);
}
