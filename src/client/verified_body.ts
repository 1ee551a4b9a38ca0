/**
 * Bodies that are checked against the checksum they came with.
 *
 * @module
 */
import { base64 } from "../foundation/bytes.ts";
import {
  checksum,
  checksumToVerify,
  type ExpectedChecksum,
  startChecksum,
} from "../foundation/checksums.ts";
import { ChecksumError } from "../foundation/errors.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";

/**
 * Makes the body of a response check itself, where it came with a checksum of
 * all its bytes. A range of an object comes without one, or with that of the
 * whole; a part that was asked for by its number comes with its own.
 *
 * @param response The response to a request that asked for the checksum.
 * @param complete Completes the error before it is thrown.
 * @param byNumber Whether the request named a part by its number, and no range.
 * @returns The response; reading its body to the end fails with a
 * {@linkcode ChecksumError} if it is not what the service has.
 */
export function verified(
  response: HttpResponse,
  complete: (error: ChecksumError) => void,
  byNumber = false,
): HttpResponse {
  const { status, headers, body, decoded } = response;
  if (
    (status !== 200 && !(byNumber && status === 206)) || body === null ||
    decoded
  ) return response;
  const expected = checksumToVerify(headers);
  return expected === undefined
    ? response
    : { status, headers, body: new VerifiedBody(body, expected, complete) };
}

class VerifiedBody implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #expected: ExpectedChecksum;
  readonly #complete: (error: ChecksumError) => void;

  constructor(
    body: ResponseBody,
    expected: ExpectedChecksum,
    complete: (error: ChecksumError) => void,
  ) {
    this.#body = body;
    this.#expected = expected;
    this.#complete = complete;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#body.bytes();
    this.#check(await checksum(this.#expected.algorithm, bytes));
    return bytes;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = this.#body.open().getReader();
    const started = startChecksum(this.#expected.algorithm);
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller): Promise<void> => {
        const { value } = await reader.read();
        const running = await started;
        if (value !== undefined) {
          running.update(value);
          controller.enqueue(value);
          return;
        }
        this.#check(base64(running.digest()));
        controller.close();
      },
      cancel: async (reason): Promise<void> => await reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }

  #check(actual: string): void {
    const { algorithm, value } = this.#expected;
    if (actual === value) return;
    const error = new ChecksumError(algorithm, value, actual);
    this.#complete(error);
    throw error;
  }
}
