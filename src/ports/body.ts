/**
 * What a caller may hand over as the body of a request.
 *
 * @module
 */
import type { BodySource } from "./http.ts";

/**
 * A body to send.
 *
 * - `string`: always text, sent as UTF-8, never a path;
 * - bytes, in an array, a buffer or a view of one, and `Blob`: sent as they are;
 * - `URL` with the scheme `file:`: the file's content, as long as it is when it is
 *   opened;
 * - `ReadableStream`, asynchronous iterable, `Response`, `Request`: sent once, so
 *   a large one makes the call impossible to retry; its pieces are bytes or text,
 *   its length comes from `ContentLength`, or from the header of a response;
 * - {@linkcode BodySource}: opened anew for each attempt.
 *
 * When a call fails, what it was given to read is cancelled.
 */
export type BodyInput =
  | ArrayBuffer
  | ArrayBufferView
  | AsyncIterable<ArrayBuffer | ArrayBufferView | string>
  | Blob
  | BodySource
  | ReadableStream<ArrayBuffer | ArrayBufferView | string>
  | Request
  | Response
  | string
  | URL;
