/**
 * Values to XML, led by a table. Members are written in the order in which the
 * caller gives them.
 *
 * @module
 */
import type {
  MapShape,
  Member,
  StructureShape,
  XmlNamespace,
} from "../ports/schema.ts";
import { given, isValues, shapeOf, type Values } from "./members.ts";
import { memberText } from "./scalars.ts";
import {
  xmlAttribute,
  xmlElement,
  xmlNamespace,
  xmlText,
} from "./xml_writer.ts";

/**
 * Writes the use of a shape as an element; a flat list or map as several.
 *
 * @param name Name of the element.
 * @param member The use.
 * @param value The value, validated before.
 */
export function memberXml(
  name: string,
  member: Member,
  value: unknown,
): string {
  const shape = shapeOf(member);
  if (shape === undefined) {
    return xmlElement(
      name,
      xmlNamespace(member.namespace),
      xmlText(memberText(member, value)),
    );
  }
  if (shape.kind === "list") {
    return listXml(name, member, { item: shape.item, value });
  }
  const values = isValues(value) ? value : {};
  if (shape.kind === "map") return mapXml(name, member, { shape, values });
  return structureXml({ name, namespace: member.namespace }, shape, values);
}

/**
 * Writes a structure as an element; members that travel elsewhere are left out.
 *
 * @param element Name and namespace of the element.
 * @param shape The structure.
 * @param values Its members, validated before.
 */
export function structureXml(
  element: {
    readonly name: string;
    readonly namespace?: XmlNamespace | undefined;
  },
  shape: StructureShape,
  values: Values,
): string {
  let attributes = xmlNamespace(element.namespace);
  let content = "";
  for (const [key, member, value] of given(shape, values)) {
    if (member.at !== undefined) continue;
    const name = member.name ?? key;
    if (member.attribute) {
      attributes += xmlAttribute(name, memberText(member, value));
    } else {
      content += memberXml(name, member, value);
    }
  }
  return xmlElement(element.name, attributes, content);
}

function listXml(
  name: string,
  member: Member,
  { item, value }: { readonly item: Member; readonly value: unknown },
): string {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  if (member.flat) {
    const use = member.namespace && item.namespace === undefined
      ? { ...item, namespace: member.namespace }
      : item;
    return items.map((one) => memberXml(name, use, one)).join("");
  }
  const content = items.map((one) =>
    memberXml(item.name ?? "member", item, one)
  );
  return xmlElement(name, xmlNamespace(member.namespace), content.join(""));
}

function mapXml(
  name: string,
  member: Member,
  { shape, values }: { readonly shape: MapShape; readonly values: Values },
): string {
  const namespace = xmlNamespace(member.namespace);
  const entries = Object.entries(values).map(([key, value]) =>
    memberXml(shape.key.name ?? "key", shape.key, key) +
    memberXml(shape.value.name ?? "value", shape.value, value)
  );
  if (member.flat) {
    return entries.map((entry) => xmlElement(name, namespace, entry)).join("");
  }
  const content = entries.map((entry) => xmlElement("entry", "", entry));
  return xmlElement(name, namespace, content.join(""));
}
