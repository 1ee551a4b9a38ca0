/**
 * Elements to XML text.
 *
 * Source: Extensible Markup Language (XML) 1.0, fifth edition, section 2.4; the
 * further characters are those that the REST-XML protocol of Smithy names.
 *
 * @module
 */
import type { XmlNamespace } from "../ports/schema.ts";

/**
 * Characters that mean something, or that a reader would change or drop: line
 * ends become one line feed, control characters are not allowed as they are.
 */
const SPECIAL = /[&<>\u2028]|(?!\t)\p{Cc}/gu;

/**
 * Writes an element.
 *
 * @param name Its name.
 * @param attributes Its attributes, as written by {@linkcode xmlAttribute} and
 * {@linkcode xmlNamespace}.
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
