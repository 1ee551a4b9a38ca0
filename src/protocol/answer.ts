/**
 * What was read, as the call gets it.
 *
 * @module
 */
import type { ParsedResponse } from "../ports/protocol.ts";
import type { Output as Read, ShapeReader } from "./shape_reader.ts";

/**
 * Makes the answer to a call.
 *
 * @param output What was read.
 * @param reader What it was read with.
 * @param requestId The service's id of the request, where the body tells it.
 */
export function answer<Output>(
  output: Read,
  { missing, unreadable }: Pick<ShapeReader, "missing" | "unreadable">,
  requestId?: string,
): ParsedResponse<Output> {
  return {
    // The table that led the reader was generated with the type.
    output: output as ParsedResponse<Output>["output"],
    ...requestId && { requestId },
    ...missing.size > 0 && { missing: [...missing] },
    ...unreadable.size > 0 && { unreadable: [...unreadable] },
  };
}
