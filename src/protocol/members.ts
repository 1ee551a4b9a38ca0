/**
 * How the members of a table are called on the wire, in XML and in forms.
 *
 * @module
 */
import type { Member, Shape, StructureShape } from "../ports/schema.ts";

/** The shape of a member; `undefined` for a scalar. */
export function shapeOf(member: Member): Shape | undefined {
  return typeof member.of === "function" ? member.of() : undefined;
}

/** Whether a member's items or entries stand without an element around them. */
export function isFlat(member: Member, shape: Shape | undefined): boolean {
  return member.flat === true ||
    shape !== undefined && shape.kind !== "structure" && shape.flat === true;
}

/**
 * The name of a member on the wire.
 *
 * Items of a list that is flat by its shape may have a name of their own. Where
 * only the member makes it flat, the items take the member's name (Smithy,
 * `xmlFlattened` trait).
 */
export function wireName(
  key: string,
  member: Member,
  shape: Shape | undefined,
): string {
  const item = shape?.kind === "list" && shape.flat && !member.flat
    ? shape.item.name
    : undefined;
  return item ?? member.name ?? key;
}

/** The member that is the whole body, and its name. */
export function payloadOf(
  shape: StructureShape,
): readonly [key: string, member: Member] | undefined {
  return Object.entries(shape.members)
    .find(([, member]) => member.at === "payload");
}

/** Whether a member stands in the body, beside others. */
export function inBody(member: Member): boolean {
  return member.at === undefined || member.at === "host";
}
