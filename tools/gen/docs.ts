/**
 * Facts of members and shapes, in words.
 *
 * @module
 */
import type { Member } from "../../src/ports/schema.ts";
import type { ModelShape, ShapeUse } from "./model.ts";
import { shapesUsedBy } from "./names.ts";
import type { Service } from "./service.ts";

/** What is to be said of a member. */
export function memberDoc(
  name: string,
  use: ShapeUse,
  member: Member | undefined,
  { corrections, model }: Service,
): readonly string[] {
  const shape = model.shapes[use.shape] ?? { type: "" };
  const wire = member?.name ?? name;
  const facts = [
    corrections.members[`${name}@${member?.at ?? "body"}`] ??
      corrections.members[name],
    placeOf(member, wire, model.metadata.protocol),
    limitsOf(shape),
    member?.token && "A random UUID where absent.",
    member?.lenient && "Absent where it is no date.",
    member?.secret && "Never shown in logs.",
  ];
  const sentence = facts.filter((fact) => fact).join(" ");
  return use.deprecated
    ? [sentence, "@deprecated S3 keeps it for old programs."]
    : [sentence];
}

/** Two of the structures that use a shape, be it through lists or maps. */
export function usersOf(shape: string, service: Service): string {
  const { model, names } = service;
  const users = Object.entries(model.shapes)
    .filter(([, user]) => shapesUsedBy(user).includes(shape));
  const structures = users
    .filter(([, user]) => user.type === "structure")
    .map(([name]) => names.of(name));
  if (structures.length > 0) return structures.slice(0, 2).join("`, `");
  const [list] = users;
  return list === undefined ? names.of(shape) : usersOf(list[0], service);
}

function placeOf(
  member: Member | undefined,
  wire: string,
  protocol: string,
): string | undefined {
  switch (member?.at) {
    case "header":
      return `Header \`${wire}\`.`;
    case "headers":
      return `Headers \`${wire}*\`.`;
    case "path":
      return "In the path.";
    case "query":
      return `Query parameter \`${wire}\`.`;
    case "payload":
      return "The body.";
    case "status":
      return "The HTTP status.";
    case "text":
      return "Text of the document.";
    default:
      return protocol === "query"
        ? `Field \`${wire}\`.`
        : member?.attribute
        ? `Attribute \`${wire}\`.`
        : `Element \`${wire}\`.`;
  }
}

function limitsOf({ type, min, max }: ModelShape): string | undefined {
  const unit = type === "string"
    ? " characters"
    : type === "list"
    ? " items"
    : "";
  const least = min === undefined || (min === 0 && unit !== "")
    ? undefined
    : min;
  if (least !== undefined && max !== undefined) {
    return least === max
      ? `${grouped(max)}${unit}.`
      : `${grouped(least)} to ${grouped(max)}${unit}.`;
  }
  if (max !== undefined) return `At most ${grouped(max)}${unit}.`;
  if (least !== undefined) {
    const one = least === 1 ? unit.replace(/s$/, "") : unit;
    return `At least ${grouped(least)}${one}.`;
  }
}

/** `10 000` for 10000: the style of the house. */
function grouped(number: number): string {
  return `${number}`.replace(/(?<=\d)(?=(\d{3})+$)/g, " ");
}
