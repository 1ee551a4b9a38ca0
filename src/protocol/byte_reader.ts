/**
 * Bytes of a body in the amounts that are asked for.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import type { ResponseBody } from "../ports/http.ts";

/** Reads a body piece by piece; keeps no more than what the next amount needs. */
export class ByteReader {
  readonly #body: ResponseBody;
  #pieces: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #left: Uint8Array<ArrayBuffer> = new Uint8Array();
  #ended = false;

  /**
   * Wraps a body, which is opened when it is first read.
   *
   * @param body The body. The reader becomes its only user.
   */
  constructor(body: ResponseBody) {
    this.#body = body;
  }

  /**
   * Waits for an amount of bytes.
   *
   * @param count How many.
   * @returns So many bytes; fewer only at the end of the body.
   */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#left.length === 0 && !await this.#fill()) break;
      const part = this.#left.subarray(0, missing);
      this.#left = this.#left.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const [first] = parts;
    return first?.length === count ? first : concat(parts);
  }

  /** Gives the connection back without reading the rest; not after the end. */
  async cancel(reason?: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await (this.#pieces ?? this.#body).cancel(reason);
  }

  async #fill(): Promise<boolean> {
    this.#pieces ??= this.#body.open().getReader();
    try {
      const { value } = await this.#pieces.read();
      if (value !== undefined) this.#left = value;
      else this.#ended = true;
      return value !== undefined;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }
}
