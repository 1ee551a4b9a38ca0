/**
 * Calls that are made again and again: listings, page by page and item by item, and
 * waiting until something is so.
 *
 * @module
 */
import {
  ConfigError,
  ProtocolError,
  ServiceError,
  TimeoutError,
} from "../foundation/errors.ts";
import type { ResponseBase } from "../foundation/metadata.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  isMilliseconds,
  MILLISECONDS,
  type OptionKinds,
} from "../foundation/options.ts";
import type { Caller, CallOptions, ClientCore } from "../ports/caller.ts";
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

/** What an answer of a certain HTTP status means. */
export interface Acceptor {
  /** The status. */
  readonly status: number;
  /** Whether it ends the wait well, ends it badly, or lets it go on. */
  readonly state: "failure" | "retry" | "success";
}

/**
 * What is waited for, and what shows it.
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of its result.
 */
export interface Waiting<Input, Output extends ResponseBase> {
  /** What is waited for, for errors, for example `"ObjectExists"`. */
  readonly name: string;
  /** The operation that is called. */
  readonly operation: Operation<Input, Output>;
  /** Wait between two calls, in milliseconds. */
  readonly delayMs: number;
  /** Looks in all. */
  readonly maxAttempts: number;
  /** What the answers mean; the first that fits counts. */
  readonly acceptors: readonly Acceptor[];
}

/** What you may say about a wait. */
export interface WaitOptions extends CallOptions {
  /** Wait between two calls, in milliseconds. Default: 5 000. */
  readonly delayMs?: number;
  /** Looks in all, at least 1. Default: 20. */
  readonly maxAttempts?: number;
}

const WAIT_OPTIONS: OptionKinds<WaitOptions> = {
  ...CALL_OPTION_KINDS,
  delayMs: "any",
  maxAttempts: "any",
};

/**
 * Looks until the answer is the one that is waited for.
 *
 * An error that says nothing about it ends the wait; a success that says nothing
 * lets it go on (botocore's waiters).
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of its result.
 * @param core Makes the calls, and waits.
 * @param waiting What is waited for.
 * @param request The parameters of the operation, and how to wait.
 * @throws {TimeoutError} If it is not so after all calls.
 * @throws {ConfigError} `"InvalidWaitOption"`, if a number makes no sense.
 */
export async function waitUntil<Input, Output extends ResponseBase>(
  core: ClientCore,
  waiting: Waiting<Input, Output>,
  request: { readonly input: Input; readonly options?: WaitOptions },
): Promise<void> {
  checkOptions(`wait for ${waiting.name}`, request.options, WAIT_OPTIONS);
  const {
    delayMs = waiting.delayMs,
    maxAttempts = waiting.maxAttempts,
    ...options
  } = request.options ?? {};
  checkWait(waiting.name, { delayMs, maxAttempts });
  for (let attempt = 1; true; attempt++) {
    const { status, error } = await poll(
      () => core.call(waiting.operation, request.input, options),
    );
    const known = waiting.acceptors.find((one) => one.status === status);
    if (known?.state === "success") return;
    const hopeless = known === undefined || known.state === "failure";
    if (error !== undefined && hopeless) throw error;
    if (attempt >= maxAttempts) {
      throw new TimeoutError(
        "total",
        delayMs * (maxAttempts - 1),
        `Cannot wait any longer for ${waiting.name}: it was not so at any of ${maxAttempts} looks, ${delayMs} ms apart; maxAttempts and delayMs make the wait longer`,
        { maybeSent: true, cause: error },
      );
    }
    await core.clock.sleep(delayMs, options.signal);
  }
}

function checkWait(
  name: string,
  { delayMs, maxAttempts }: { delayMs: unknown; maxAttempts: unknown },
): void {
  const problem = delayMs !== 0 && !isMilliseconds(delayMs)
    ? `delayMs must be 0 or ${MILLISECONDS}: current value is ${delayMs}`
    : !Number.isSafeInteger(maxAttempts) || Number(maxAttempts) < 1
    ? `maxAttempts must be a whole number, >= 1: current value is ${maxAttempts}`
    : undefined;
  if (problem === undefined) return;
  throw new ConfigError(
    "InvalidWaitOption",
    `Cannot wait for ${name} as ${problem}`,
  );
}

/** The status of one answer, and the error where it is one. */
async function poll(
  call: () => Promise<ResponseBase>,
): Promise<{ readonly status?: number; readonly error?: ServiceError }> {
  try {
    const { HTTPStatusCode: status } = (await call()).ResponseMetadata;
    return status === undefined ? {} : { status };
  } catch (error) {
    if (error instanceof ServiceError) return { status: error.status, error };
    throw error;
  }
}
