/**
 * Values to the parameters of a form, led by a table.
 *
 * Source: Smithy 2.0, "AWS query protocol", shape serialization.
 *
 * @module
 */
import { encodeComponent } from "../foundation/bytes.ts";
import type { Member, StructureShape } from "../ports/schema.ts";
import { given, isValues, shapeOf, type Values } from "./members.ts";
import { memberText } from "./scalars.ts";

/** A parameter, not yet encoded. */
export type FormParam = readonly [name: string, value: string];

/** Writes parameters as `application/x-www-form-urlencoded`. */
export function encodeForm(params: readonly FormParam[]): string {
  return params.map((pair) => pair.map(encodeFormText).join("=")).join("&");
}

/**
 * Takes a structure apart into parameters.
 *
 * @param shape The structure.
 * @param values Its members, validated before.
 * @param prefix Put in front of their names.
 */
export function* formParams(
  shape: StructureShape,
  values: Values,
  prefix = "",
): Generator<FormParam> {
  for (const [key, member, value] of given(shape, values)) {
    yield* paramsOf(prefix + (member.name ?? key), member, value);
  }
}

function* paramsOf(
  name: string,
  member: Member,
  value: unknown,
): Generator<FormParam> {
  const shape = shapeOf(member);
  if (shape === undefined) {
    yield [name, memberText(member, value)];
  } else if (shape.kind === "structure") {
    yield* formParams(shape, isValues(value) ? value : {}, `${name}.`);
  } else if (shape.kind === "list") {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    if (items.length === 0) yield [name, ""];
    const stem = member.flat ? name : `${name}.${shape.item.name ?? "member"}`;
    for (const [index, item] of items.entries()) {
      yield* paramsOf(`${stem}.${index + 1}`, shape.item, item);
    }
  } else {
    const entries = Object.entries(isValues(value) ? value : {});
    const stem = member.flat ? name : `${name}.entry`;
    for (const [index, [key, item]] of entries.entries()) {
      const entry = `${stem}.${index + 1}`;
      yield [`${entry}.${shape.key.name ?? "key"}`, key];
      yield* paramsOf(
        `${entry}.${shape.value.name ?? "value"}`,
        shape.value,
        item,
      );
    }
  }
}

function encodeFormText(text: string): string {
  return encodeComponent(text).replaceAll("%20", "+");
}
