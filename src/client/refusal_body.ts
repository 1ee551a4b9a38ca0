/**
 * The bodies of refusals, which nobody needs at any length.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";

/** Error documents are a thousandth of this. */
const MOST = 64 * 1_024;

/**
 * Makes sure that the body of a refusal is short: of a longer one the start is
 * read, and the rest cancelled.
 *
 * @param response Any response.
 * @returns The response; the same one, where its body cannot be long.
 */
export function withShortRefusal(response: HttpResponse): HttpResponse {
  const { status, headers, body, decoded } = response;
  if (status < 300 || body === null) return response;
  const isShort = Number(headers["content-length"]) <= MOST;
  if (isShort && !decoded) return response;
  return { status, headers, body: new StartOfBody(body) };
}

class StartOfBody implements ResponseBody {
  readonly #body: ResponseBody;

  constructor(body: ResponseBody) {
    this.#body = body;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#body.open();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const reader = this.#body.open().getReader();
    const pieces: Uint8Array[] = [];
    let length = 0;
    while (length <= MOST) {
      const { done, value } = await reader.read();
      if (done) return concat(pieces);
      pieces.push(value);
      length += value.length;
    }
    await reader.cancel();
    return concat(pieces);
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}
