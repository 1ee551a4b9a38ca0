/**
 * Small tables and responses for the tests of the protocols.
 *
 * @module
 */
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpResponse } from "../../src/ports/http.ts";
import type {
  Member,
  Operation,
  StructureShape,
} from "../../src/ports/schema.ts";

/** Values by the names of members. */
export type Values = Readonly<Record<string, unknown>>;

/** An operation of which any value can be asked. */
export type AnyOperation = Operation<Values, Values>;

/** A structure of these members. */
export function structure(
  members: Readonly<Record<string, Member>>,
): StructureShape {
  return { kind: "structure", members };
}

/** An operation named `GetThing` that differs in what is given. */
export function operation(given: Partial<AnyOperation> = {}): AnyOperation {
  return {
    name: "GetThing",
    method: "GET",
    path: "/",
    input: () => structure({}),
    output: () => structure({}),
    ...given,
  };
}

/** A response with this body, which tells whether it was cancelled. */
export function responseOf(
  body: string | Uint8Array<ArrayBuffer> | null,
  head: Partial<Pick<HttpResponse, "headers" | "status">> = {},
): HttpResponse & { readonly cancelled: () => boolean } {
  const bytes = typeof body === "string" ? utf8(body) : body;
  let cancelled = false;
  return {
    status: 200,
    headers: {},
    ...head,
    body: bytes && {
      open: () => new Blob([bytes]).stream(),
      bytes: () => Promise.resolve(bytes),
      cancel: () => {
        cancelled = true;
        return Promise.resolve();
      },
    },
    cancelled: () => cancelled,
  };
}
