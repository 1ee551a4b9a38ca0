/**
 * Requests for the tests of this folder.
 *
 * @module
 */
import type { HttpRequest, HttpResponse } from "../../src/ports/http.ts";

/** A GET of `/`, but for what is given. */
export function requestTo(
  origin: string,
  parts: Partial<HttpRequest> = {},
): HttpRequest {
  return {
    method: "GET",
    origin,
    path: "/",
    query: [],
    headers: {},
    body: undefined,
    ...parts,
  };
}

/** The whole body; none is an empty one. */
export async function bytesOf({ body }: HttpResponse): Promise<Uint8Array> {
  return body === null ? new Uint8Array() : await body.bytes();
}

/** The whole body, read piece by piece. */
export async function piecesOf({ body }: HttpResponse): Promise<Uint8Array[]> {
  return body === null ? [] : await Array.fromAsync(body.open());
}

/** What is thrown; `"nothing"` where nothing is. */
export async function caught(fn: () => Promise<unknown>): Promise<unknown> {
  try {
    await fn();
    return "nothing";
  } catch (error) {
    return error;
  }
}
