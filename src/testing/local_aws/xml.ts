/**
 * The little XML that the server reads and writes.
 *
 * @module
 */
import { strictText, utf8 } from "../../foundation/bytes.ts";
import { S3Error } from "./s3_error.ts";

/** An element to write. */
export interface Element {
  /** Its name. */
  readonly name: string;
  /** What is in it, in order. */
  readonly content: readonly Content[];
}

/** Text, an element, or several of them. */
export type Content = Element | string | readonly Content[];

/** An element that was read. */
export interface Node {
  /** Its name, without a prefix. */
  readonly name: string;
  /** Its own text, entities resolved. */
  readonly text: string;
  /** The elements in it, in order. */
  readonly children: readonly Node[];
  /** Its attributes by name without a prefix, where it has any. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What a document begins with. */
export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

const REFERENCES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

/** An element with content. */
export function element(name: string, ...content: Content[]): Element {
  return { name, content };
}

/** One element with a text per entry; entries without a value are left out. */
export function fields(
  values: Readonly<Record<string, boolean | number | string | undefined>>,
): Element[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [element(name, String(value))]
  );
}

/** A whole document, as UTF-8. */
export function writeXml(
  root: Element,
  namespace?: string,
): Uint8Array<ArrayBuffer> {
  const attribute = namespace === undefined ? "" : ` xmlns="${namespace}"`;
  const { name, content } = root;
  return utf8(
    `${xmlDeclaration}<${name}${attribute}>${written(content)}</${name}>`,
  );
}

function written(content: Content): string {
  if (typeof content === "string") return escaped(content);
  if (!("name" in content)) return content.map(written).join("");
  return `<${content.name}>${written(content.content)}</${content.name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

/**
 * Text of an element. Quotes stay as they are: several clients read ETags
 * without an XML parser. Control characters become references.
 */
export function escaped(text: string): string {
  // Nearly all texts are as they are.
  if (/^[ -%'-;=?-~\u00a0-\uffff]*$/.test(text)) return text;
  return text.replace(
    /[<>&]|[^\P{Cc}\n]/gu,
    (character) =>
      ENTITIES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

/**
 * Reads a document.
 *
 * @param bytes The document.
 * @param root Name that its root must have.
 * @throws {S3Error} MalformedXML, if it is not well formed or has another root.
 */
export function readXml(bytes: Uint8Array, root: string): Node {
  const text = decoded(bytes)
    .replace(/^\uFEFF/, "")
    .replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->/g, "");
  const stack: { name: string; text: string; children: Node[] }[] = [
    { name: "", text: "", children: [] },
  ];
  const pattern = /<(\/?)([^\s<>/]+)([^<>]*?)(\/?)>|([^<]+)|(<)/g;
  for (
    const [, closing, tag = "", more, empty, run, stray] of text.matchAll(
      pattern,
    )
  ) {
    const top = stack.at(-1);
    if (
      top === undefined || stray !== undefined || tag.startsWith("!")
    ) throw malformed();
    const name = tag.replace(/^.*:/, "");
    if (run !== undefined) {
      top.text += resolved(run);
    } else if (closing) {
      if (stack.length < 2 || top.name !== name) throw malformed();
      stack.pop();
    } else {
      const attributes = attributesOf(more ?? "");
      const node = {
        name,
        text: "",
        children: [],
        ...attributes === undefined ? {} : { attributes },
      };
      top.children.push(node);
      if (!empty) stack.push(node);
    }
  }
  const [top, open] = stack;
  const [found, second] = top?.children ?? [];
  if (
    open !== undefined || second !== undefined || found?.name !== root ||
    top?.text.trim()
  ) {
    throw malformed();
  }
  return found;
}

function attributesOf(text: string): Record<string, string> | undefined {
  const pairs = [...text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)]
    .filter(([, name = ""]) => !/^xmlns(?::|$)/.test(name))
    .map(([, name = "", one, other]) =>
      [name.replace(/^.*:/, ""), resolved(one ?? other ?? "")] as const
    );
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** The elements of a name that lie directly in another. */
export function children(node: Node, name: string): readonly Node[] {
  return node.children.filter((child) => child.name === name);
}

function decoded(bytes: Uint8Array): string {
  try {
    return strictText(bytes);
  } catch {
    throw malformed();
  }
}

function resolved(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const [, hex, decimal] = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name) ?? [];
    const code = hex ? parseInt(hex, 16) : Number(decimal ?? NaN);
    if (code >= 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    const known = REFERENCES[name];
    if (known === undefined || !whole.endsWith(";")) throw malformed();
    return known;
  });
}

function malformed(): S3Error {
  return new S3Error("MalformedXML");
}
