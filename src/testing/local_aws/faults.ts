/**
 * Faults on wish: answers that a test asks the server for.
 *
 * @module
 */
import { type Code, describeCode, S3Error } from "./s3_error.ts";

/** What goes wrong, and how often. */
export interface FaultOptions {
  /** How many requests it is for. Default: 1. */
  readonly times?: number;
  /** Error code, for example `"SlowDown"`; its status follows from it. */
  readonly code?: string;
  /** HTTP status of the error. Default: that of the code. */
  readonly status?: number;
  /** Message of the error. Default: that of the code. */
  readonly message?: string;
  /** Only requests for this bucket. */
  readonly bucket?: string;
  /** Only requests for this key. */
  readonly key?: string;
  /** The answer waits so long, in milliseconds. */
  readonly delayMs?: number;
  /** The connection is cut after so many bytes of the answer's body. */
  readonly cutAfterBytes?: number;
}

/** What goes wrong with a request. */
export interface Fault extends FaultOptions {
  /** The error, where there is one. */
  readonly error?: S3Error;
}

interface Pending {
  readonly operation: string;
  readonly options: FaultOptions;
  left: number;
}

/** The faults that are still to come. */
export class Faults {
  #pending: Pending[] = [];
  readonly #waits = new Set<() => void>();

  /** Asks for a fault. */
  add(operation: string, options: FaultOptions): void {
    const { times = 1 } = options;
    this.#pending.push({ operation, options, left: times });
  }

  /** The fault of a request, where one is pending. */
  take(
    operation: string,
    { bucket, key }: { readonly bucket: string; readonly key: string },
  ): Fault | undefined {
    const found = this.#pending.find(({ operation: name, options, left }) =>
      left > 0 && (name === operation || name === "*") &&
      (options.bucket ?? bucket) === bucket && (options.key ?? key) === key
    );
    if (found === undefined) return undefined;
    found.left--;
    const { options } = found;
    return options.code === undefined && options.status === undefined
      ? options
      : { ...options, error: errorOf(options) };
  }

  /** Waits as long as a fault says, or until the server ends. */
  async wait({ delayMs = 0 }: Fault): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#waits.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waits.delete(resolve);
  }

  /** Drops all faults and ends all waits. */
  clear(): void {
    this.#pending = [];
    for (const end of this.#waits) end();
  }
}

function errorOf(
  { code = "InternalError", status, message }: FaultOptions,
): S3Error {
  const [known, text] = describeCode(code);
  const error = new S3Error("InternalError", {}, message ?? text);
  // Tests may ask for codes that the server itself never answers with.
  return Object.assign(error, {
    code: code as Code,
    status: status ?? known,
  });
}
