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

/** A value that is there, with its member. */
export type Given = readonly [key: string, member: Member, value: unknown];

/** The values that are there, with their members, in the order given. */
export function given(
  { members }: StructureShape,
  values: Values,
): readonly Given[] {
  const found: Given[] = [];
  for (const key of Object.keys(values)) {
    const member = Object.hasOwn(members, key) ? members[key] : undefined;
    const value = values[key];
    if (member !== undefined && value !== undefined) {
      found.push([key, member, value]);
    }
  }
  return found;
}

/** Whether a value has members of its own: no list, map, set, bytes or time. */
export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null &&
    !(Symbol.iterator in value) && !(value instanceof Date);
}
