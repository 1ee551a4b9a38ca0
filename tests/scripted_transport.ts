/**
 * A transport that answers from a list.
 *
 * @module
 */
import type {
  HeaderMap,
  HttpRequest,
  ResponseBody,
  Transport,
} from "../src/ports/http.ts";

/** An answer, or what is thrown in its place. */
export type ScriptedAnswer =
  | Error
  | {
    readonly status: number;
    readonly headers?: HeaderMap;
    readonly body?: Uint8Array<ArrayBuffer>;
  };

/**
 * Makes a transport.
 *
 * @param answers What it answers, in order.
 * @param sent Gets the requests.
 * @throws {Error} From `send`, where there is no answer left.
 */
export function scripted(
  answers: readonly ScriptedAnswer[],
  sent: HttpRequest[] = [],
): Transport {
  let next = 0;
  return {
    send: (request) => {
      sent.push(request);
      const answer = answers[next++] ?? new Error("there is no answer left");
      if (answer instanceof Error) return Promise.reject(answer);
      const { status, headers = {}, body } = answer;
      return Promise.resolve({
        status,
        headers,
        body: body === undefined || request.method === "HEAD"
          ? null
          : bodyOf(body),
      });
    },
    [Symbol.dispose]: () => {},
  };
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>): ResponseBody {
  return {
    open: () => ReadableStream.from([bytes]),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  };
}
