/**
 * Bodies that the platform writes to files. Loaded with the first of them.
 *
 * @module
 */
import type { BodyTarget } from "../ports/http.ts";
import type { InFlightRequest } from "./in_flight_request.ts";
import type { ByteCounter } from "./response_body.ts";

/** How often it is looked in one silence whether more has come. */
const LOOKS = 8;

/**
 * Writes a stream of the platform to a file, under the limits of its request.
 * Nobody sees its bytes, so it is looked now and then how far the file is.
 *
 * @param source The stream.
 * @param target Where it is written to.
 * @param exchange The request that it is the answer to.
 * @param counter Is told how many bytes have come.
 */
export async function writeSource(
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
    await exchange.wait(target.take(source));
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
