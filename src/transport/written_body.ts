/**
 * Bodies that the platform writes to files. Loaded with the first of them.
 *
 * @module
 */
import { AwsError } from "../foundation/errors.ts";
import type { BodyTarget, ResponseBody } from "../ports/http.ts";
import type { InFlightRequest } from "./in_flight_request.ts";
import { bodyFault } from "./request_url.ts";
import type { ByteCounter } from "./response_body.ts";

/** How often it is looked in one silence whether more has come. */
const LOOKS = 8;

/** A body of which nothing was read. */
export interface UnreadBody {
  /** The bytes. */
  readonly source: ResponseBody | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The request that it is the answer to. */
  readonly exchange: InFlightRequest;
  /** Is told how many bytes have come. */
  readonly counter: ByteCounter;
  /**
   * Says that it is read now.
   *
   * @throws {TypeError} If it was before.
   */
  spend(): void;
}

/**
 * Has the platform write a body to a file, under the limits of its request. Nobody
 * sees its bytes, so it is looked now and then how far the file is. Over TLS bytes
 * come 16 KiB at a time, which are better gathered than written one by one.
 *
 * @param target Where it is written to.
 * @param body The body.
 * @returns `false`, with nothing read, where it has to be read otherwise.
 */
export async function writeSource(
  target: BodyTarget,
  { source, exchange, counter, spend }: UnreadBody,
): Promise<boolean> {
  const { request, signal } = exchange;
  if (
    !(source instanceof ReadableStream) || request.origin.startsWith("https") ||
    counter.expected !== target.length
  ) return false;
  spend();
  try {
    await pipe(source, target, exchange, counter);
    // What an abort has cancelled ends like what is complete.
    if (signal.aborted || counter.isShort) {
      throw bodyFault(undefined, request, `${counter}`);
    }
  } catch (error) {
    const fault = signal.aborted
      ? signal.reason
      : error instanceof AwsError
      ? error
      : bodyFault(error, request, `${counter}`);
    exchange.end(fault);
    throw fault;
  }
  exchange.end();
  return true;
}

async function pipe(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  target: BodyTarget,
  exchange: InFlightRequest,
  counter: ByteCounter,
): Promise<void> {
  const { timers } = exchange;
  exchange.start();
  const stepMs = (exchange.dueMs - timers.now()) / LOOKS;
  const look = {
    dueMs: timers.now() + stepMs,
    expire: () => {
      if (target.written > counter.received) exchange.heard();
      counter.received = target.written;
      look.dueMs = timers.now() + stepMs;
      timers.start(look);
    },
  };
  if (stepMs < Infinity) timers.start(look);
  try {
    // The signal of the `fetch` may be forgotten, and who pipes has the stream.
    await exchange.wait(target.take(source, exchange.signal));
    exchange.heard();
  } catch (error) {
    // A file that takes no more bytes leaves some that nobody wants.
    source.cancel(error).catch(() => {});
    throw error;
  } finally {
    timers.stop(look);
    counter.received = target.written;
    exchange.stop();
  }
}
