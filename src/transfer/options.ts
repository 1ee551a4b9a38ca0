/**
 * What transfers have in common: options, parts, how many at once, and progress.
 *
 * @module
 */
import { ConfigError, ValidationError } from "../foundation/errors.ts";
import {
  nearestName,
  type OptionKind,
  type OptionKinds,
} from "../foundation/options.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Operation } from "../ports/schema.ts";

/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes that are where they belong. It falls when bytes have to go again. */
  readonly bytes: number;
  /** Bytes there are in all. Absent: not known before the end. */
  readonly total?: number;
}

/** What may be said about any transfer. */
export interface TransferOptions {
  /** Ends the transfer early; what it had begun is cleaned up first. */
  readonly signal?: AbortSignal;
  /** Is told how far the transfer is. An error that it throws ends the transfer. */
  readonly onProgress?: (progress: TransferProgress) => void;
}

/** The options of any transfer. */
export const TRANSFER_OPTIONS: OptionKinds<TransferOptions> = {
  signal: "signal",
  onProgress: "function",
};

/** What may be said about a transfer in parts. */
export interface PartOptions extends TransferOptions {
  /**
   * Length of a part, in bytes, 5 MiB to 5 GiB. Default: 8 MiB. It grows where
   * an upload or a copy would have more than 10 000 parts.
   */
  readonly partSize?: number;
  /** Parts that are on their way at once, at least 1. Default: 10. */
  readonly concurrency?: number;
}

/** The options of a transfer in parts; numbers are checked by their ranges. */
export const PART_OPTIONS: OptionKinds<PartOptions> = {
  ...TRANSFER_OPTIONS,
  partSize: "any",
  concurrency: "any",
};

/** 8 MiB and 10 at once are what boto3 has. */
const PART_SIZE = 8 * 1_024 * 1_024;
const CONCURRENCY = 10;

/** The shortest part but for the last, in bytes: "Amazon S3 multipart upload limits", User Guide. */
export const MIN_PART_SIZE = 5 * 1_024 * 1_024;
/** The longest part, in bytes. */
export const MAX_PART_SIZE = 5 * 1_024 * 1_024 * 1_024;

/** Most parts of an upload. */
export const MAX_PARTS = 10_000;

/** Parts that grow do so in whole MiB. */
const PART_STEP = 1_024 * 1_024;

/**
 * Checks the options of a transfer in parts and fills in the defaults.
 *
 * @param options What was said.
 * @param partSize The default length of a part, in bytes.
 * @throws {ConfigError} If a number is out of its range.
 */
export function partSettings(
  options: PartOptions,
  partSize: number = PART_SIZE,
): { readonly partSize: number; readonly concurrency: number } {
  return {
    partSize: within(
      "partSize",
      options.partSize ?? partSize,
      [MIN_PART_SIZE, MAX_PART_SIZE],
    ),
    concurrency: within(
      "concurrency",
      options.concurrency ?? CONCURRENCY,
      [1, Infinity],
    ),
  };
}

/** What the input of a transfer may hold. */
export interface InputRules {
  /** The operation whose parameters it has. */
  readonly operation: Pick<Operation<never, unknown>, "input">;
  /** Parameters that only the transfer has. */
  readonly more?: readonly string[];
  /** Parameters that the transfer sets itself, and what to say of them. */
  readonly own?: Readonly<Record<string, string>>;
  /** The options of the transfer, which are no parameters. */
  readonly options: Readonly<Record<string, OptionKind>>;
}

/**
 * Refuses parameters that do not exist. A transfer gives each of its calls those
 * that it takes, so that no call would see the others.
 *
 * @param name Name of the transfer.
 * @param input Its input.
 * @param rules What it may hold.
 * @throws {ValidationError} With the names that were meant.
 */
export function checkInput(
  name: string,
  input: object,
  { operation, more = [], own = {}, options }: InputRules,
): void {
  const { members } = operation.input();
  const known = [...Object.keys(members), ...more]
    .filter((member) => !Object.hasOwn(own, member));
  const problems = Object.entries(input).flatMap(([path, value]) => {
    if (value === undefined || known.includes(path)) return [];
    if (Object.hasOwn(own, path)) return [{ path, problem: own[path] ?? "" }];
    if (Object.hasOwn(options, path)) {
      const problem = `is an option of ${name}: give it behind the input`;
      return [{ path, problem }];
    }
    const like = nearestName(path, known);
    const hint = like ? `: the nearest known name is "${like}"` : "";
    return [{ path, problem: `is unknown${hint}` }];
  });
  if (problems.length > 0) throw new ValidationError(name, problems);
}

/**
 * Checks a number of bytes or of things.
 *
 * @param name Name of the option.
 * @param value What was said.
 * @param range The least and the greatest value that are allowed.
 * @throws {ConfigError} If it is out of its range, or not whole.
 */
export function within(
  name: string,
  value: number,
  [least, most]: readonly [least: number, most: number],
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Infinity ? `>= ${least}` : `${least} to ${most}`;
  throw new ConfigError(
    "InvalidTransferOption",
    `Cannot transfer as ${name} must be a whole number, ${range}: current value is ${value}`,
  );
}

/**
 * The length of parts that 10 000 of are enough.
 *
 * @param length Length of the whole, in bytes.
 * @param partSize Length that was asked for, in bytes.
 * @param parts Most parts of an upload.
 */
export function fittingPartSize(
  length: number,
  partSize: number,
  parts: number = MAX_PARTS,
): number {
  const least = Math.ceil(length / parts);
  return least <= partSize
    ? partSize
    : Math.ceil(least / PART_STEP) * PART_STEP;
}

/**
 * The options of the calls of a transfer.
 *
 * @param options Those of the transfer.
 */
export function callOptions(
  { signal }: { readonly signal?: AbortSignal | undefined },
): CallOptions {
  return signal === undefined ? {} : { signal };
}

/**
 * The options of the calls that move parts: they line up behind each other where
 * the session has fewer connections than the transfer has parts under way, and
 * that is no reason to give up.
 *
 * @param options Those of the transfer.
 */
export function partOptions(
  options: { readonly signal?: AbortSignal | undefined },
): CallOptions {
  return { ...callOptions(options), queueTimeoutMs: Infinity };
}

/** Fewest bytes that are told at a time, but for the last. */
const STEP = 64 * 1_024;

/** Counts the bytes of a transfer and tells how many there are. */
export class Meter {
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  readonly #total: number | undefined;
  #bytes = 0;

  /**
   * Starts at 0.
   *
   * @param options Who is told.
   * @param total Bytes there are in all, where that is known.
   */
  constructor(options: TransferOptions, total?: number) {
    this.#tell = options.onProgress;
    this.#total = total;
  }

  /**
   * Counts bytes.
   *
   * @param bytes How many; less than 0 where some have to go again.
   */
  add(bytes: number): void {
    if (bytes === 0) return;
    this.#bytes += bytes;
    this.#tell?.({
      bytes: this.#bytes,
      ...this.#total === undefined ? {} : { total: this.#total },
    });
  }

  /**
   * Counts the bytes of a body as they leave, and anew when it is sent anew. The
   * rest counts once the service has it all.
   *
   * @param length Length of the body, in bytes.
   */
  sending(length: number): SendingMeter {
    let counted = 0;
    let watched = false;
    let leftAll = false;
    let failure: { readonly error: unknown } | undefined;
    const ends = new AbortController();
    const count = (bytes: number): void => {
      const change = bytes - counted;
      counted = bytes;
      this.add(change);
    };
    return {
      onTaken: (bytes) => {
        if (!watched) count(bytes);
      },
      onSent: (bytes) => {
        watched = true;
        leftAll = bytes >= length;
        // A body may be framed, and then more leaves than it has.
        const left = Math.min(bytes, length);
        if (left > counted && left - counted < STEP) return;
        try {
          count(left);
        } catch (error) {
          failure = { error };
          ends.abort(error);
        }
      },
      signal: ends.signal,
      done: () => {
        if (failure !== undefined) throw failure.error;
        count(length);
      },
      leftAll: () => leftAll,
    };
  }
}

/** Counts the bytes of one body on its way. */
export interface SendingMeter {
  /** Is told how many bytes were taken; they count where nobody tells what left. */
  readonly onTaken: (bytes: number) => void;
  /** Is told how many bytes have left. */
  readonly onSent: (bytes: number) => void;
  /** Ends the call when who is told throws. */
  readonly signal: AbortSignal;
  /** Counts what is left, once the service has it all. */
  readonly done: () => void;
  /** Whether all bytes have left; not known where nobody tells what left. */
  readonly leftAll: () => boolean;
}

/** A range of bytes, not empty. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly start: number;
  /** Position behind the last byte. */
  readonly end: number;
}

/**
 * Cuts a length into ranges.
 *
 * @param length The length, in bytes.
 * @param rangeSize Length of a range, in bytes; the last one may be shorter.
 */
export function* rangesOf(
  length: number,
  rangeSize: number,
): Generator<ByteRange, void, void> {
  for (let start = 0; start < length; start += rangeSize) {
    yield { start, end: Math.min(start + rangeSize, length) };
  }
}

/** A range as HTTP writes it, with the position of its last byte. */
export function rangeText({ start, end }: ByteRange): string {
  return `bytes=${start}-${end - 1}`;
}

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

/** Names of members, each with the same mark, so that none can be forgotten. */
export type Names<Name extends string> = Readonly<Record<Name, true>>;

/**
 * Takes over the members of these names that are there.
 *
 * @param from Where they are.
 * @param names Their names.
 */
export function pick<From extends object, Name extends keyof From & string>(
  from: From,
  names: Names<Name>,
): Pick<From, Name> {
  const members = Object.entries(from).filter(([name, value]) =>
    Object.hasOwn(names, name) && value !== undefined
  );
  // Entries know nothing of the names that they came from.
  return Object.fromEntries(members) as Pick<From, Name>;
}
