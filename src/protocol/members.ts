/**
 * Questions that all readers of a table ask about its members.
 *
 * @module
 */
import type { Member, Shape, StructureShape } from "../ports/schema.ts";

/** Values by the names of members, whatever they are. */
export type Values = Readonly<Record<string, unknown>>;

/** The shape of a member; `undefined` for a scalar. */
export function shapeOf(member: Member): Shape | undefined {
  return typeof member.of === "function" ? member.of() : undefined;
}

/** The member that is the whole body, and its name. */
export function payloadOf(
  shape: StructureShape,
): readonly [key: string, member: Member] | undefined {
  return Object.entries(shape.members)
    .find(([, member]) => member.at === "payload");
}

/** The values that are there, with their members, in the order given. */
export function* given(
  shape: StructureShape,
  values: Values,
): Generator<readonly [key: string, member: Member, value: unknown]> {
  for (const [key, value] of Object.entries(values)) {
    const member = Object.hasOwn(shape.members, key)
      ? shape.members[key]
      : undefined;
    if (member !== undefined && value !== undefined) yield [key, member, value];
  }
}

/** Whether a value has members of its own: no list, map, set, bytes or time. */
export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null &&
    !(Symbol.iterator in value) && !(value instanceof Date);
}
