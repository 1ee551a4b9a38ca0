/**
 * Output members that travel in the header or are the status.
 *
 * Source: Smithy 2.0, "HTTP bindings".
 *
 * @module
 */
import type { HttpResponse } from "../ports/http.ts";
import type { StructureShape } from "../ports/schema.ts";
import {
  parseHeaderJson,
  splitHeaderDates,
  splitHeaderList,
} from "./header_values.ts";
import { PreparedShape, type Slot } from "./prepared_shape.ts";
import type { Output, ShapeReader } from "./shape_reader.ts";

/** The part of a response that comes before its body. */
export type ResponseHead = Pick<HttpResponse, "headers" | "status">;

/**
 * Reads the members that travel before the body.
 *
 * @param response The response.
 * @param shape The operation's output, or an error's members.
 * @param reader Reads the values.
 */
export function headValues(
  response: ResponseHead,
  shape: StructureShape,
  reader: ShapeReader,
): Output {
  const prepared = PreparedShape.of(shape);
  const output: Output = prepared.blank();
  for (const slot of prepared.head) {
    const value = headValue(response, slot, reader);
    if (value !== undefined) output[slot.key] = value;
  }
  return output;
}

function headValue(
  { headers, status }: ResponseHead,
  { key, member, name, shape }: Slot,
  reader: ShapeReader,
): unknown {
  switch (member.at) {
    case "status":
      return status;
    case "header": {
      const field = headers[name];
      if (field === undefined) return undefined;
      if (member.json) return parseHeaderJson(field);
      if (shape?.kind !== "list") return reader.scalar(field, member, key);
      const texts = shape.item.of === "timestamp" && !shape.item.time
        ? splitHeaderDates(field)
        : splitHeaderList(field);
      return texts.map((text) => reader.scalar(text, shape.item, key));
    }
    case "headers":
      return Object.fromEntries(
        Object.entries(headers)
          .filter(([field]) => field.startsWith(name))
          .map(([field, text]) => [field.slice(name.length), text]),
      );
  }
}
