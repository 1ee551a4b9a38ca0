/**
 * Values to XML, led by a table. Members are written in the order in which the
 * caller gives them.
 *
 * Source: Extensible Markup Language (XML) 1.0, fifth edition, section 2.4; the
 * further characters are those that the REST-XML protocol of Smithy names.
 *
 * @module
 */
import type {
  MapShape,
  Member,
  StructureShape,
  XmlNamespace,
} from "../ports/schema.ts";
import {
  isValues,
  setMembers,
  shapeOf,
  type Values,
} from "./prepared_shape.ts";
import { memberText } from "./scalars.ts";

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
  for (const [{ key, member }, value] of setMembers(shape, values)) {
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

/**
 * Characters that mean something, or that a reader would change or drop: line
 * ends become one line feed, control characters are not allowed as they are.
 */
const SPECIAL = /[&<>\u2028]|(?!\t)\p{Cc}/gu;

/**
 * Writes an element.
 *
 * @param name Its name.
 * @param attributes Its attributes, as XML.
 * @param content What is in it, as XML.
 */
export function xmlElement(
  name: string,
  attributes: string,
  content: string,
): string {
  return content === ""
    ? `<${name}${attributes} />`
    : `<${name}${attributes}>${content}</${name}>`;
}

/** Writes an attribute, with the blank before it. */
export function xmlAttribute(name: string, value: string): string {
  return ` ${name}="${xmlText(value).replaceAll('"', "&quot;")}"`;
}

/** Declares a namespace, if there is one. */
export function xmlNamespace(namespace: XmlNamespace | undefined): string {
  if (namespace === undefined) return "";
  const { prefix, uri } = namespace;
  return xmlAttribute(prefix === undefined ? "xmlns" : `xmlns:${prefix}`, uri);
}

/** Writes text. Lone surrogates become U+FFFD. */
export function xmlText(value: string): string {
  return value.toWellFormed().replace(SPECIAL, escape);
}

function escape(character: string): string {
  if (character === "&") return "&amp;";
  if (character === "<") return "&lt;";
  if (character === ">") return "&gt;";
  return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
}
