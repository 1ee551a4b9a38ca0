/**
 * Output members that travel in the header or are the status.
 *
 * Source: Smithy 2.0, "HTTP bindings".
 *
 * @module
 */
import type { HttpResponse } from "../ports/http.ts";
import type { Member, StructureShape } from "../ports/schema.ts";
import {
  parseHeaderJson,
  splitHeaderDates,
  splitHeaderList,
} from "./header_values.ts";
import { shapeOf } from "./members.ts";
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
  const output: Output = {};
  for (const [key, member] of Object.entries(shape.members)) {
    const value = headValue(response, [key, member], reader);
    if (value !== undefined) output[key] = value;
  }
  return output;
}

function headValue(
  { headers, status }: ResponseHead,
  [key, member]: readonly [key: string, member: Member],
  reader: ShapeReader,
): unknown {
  const name = (member.name ?? key).toLowerCase();
  switch (member.at) {
    case "status":
      return status;
    case "header": {
      const field = headers[name];
      if (field === undefined) return undefined;
      if (member.json) return parseHeaderJson(field);
      const shape = shapeOf(member);
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
