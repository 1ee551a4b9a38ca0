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
 * - bytes and `Blob`: sent as they are;
 * - `URL` with the scheme `file:`: the file's content;
 * - `ReadableStream`: sent once, so a large one makes the call impossible to
 *   retry; its length comes from `ContentLength`;
 * - {@linkcode BodySource}: opened anew for each attempt.
 */
export type BodyInput =
  | Blob
  | BodySource
  | ReadableStream<Uint8Array>
  | string
  | Uint8Array
  | URL;
