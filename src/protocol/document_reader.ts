/**
 * XML documents to values, led by a table, in one pass over the text.
 *
 * @module
 */
import type { HttpResponse } from "../ports/http.ts";
import type {
  MapShape,
  Member,
  Shape,
  StructureShape,
} from "../ports/schema.ts";
import {
  isValues,
  localName,
  PreparedShape,
  shapeOf,
  type Slot,
} from "./prepared_shape.ts";
import type { Output, ValueReader } from "./response.ts";
import { LayoutReader } from "./xml_layout.ts";
import { XmlScanner } from "./xml_reader.ts";

/** The start of an error document, with what may stand before its root. */
const ERROR_ROOT =
  /^(?:<\?[^>]*>|<!--(?:[^-]|-[^-])*-->|\s)*<(?:[\w.-]+:)?(?:Error|ErrorResponse)(?=[\s/>])/;

/** How much of a body is searched for the root of an error, in characters. */
const MOST_SEARCHED = 64 * 1_024;

/** Whether a document is an error: its root is `<Error>` or `<ErrorResponse>`. */
export function isErrorDocument(document: string): boolean {
  // White space keeps a connection alive while the service works.
  return ERROR_ROOT.test(document.trimStart().slice(0, MOST_SEARCHED));
}

/** Documents up to this are read before they are asked for, into memory of their own. */
const SHORT = 64 * 1_024;

/** The most memory that is kept. */
const MOST_KEPT = 1_024 * 1_024;

/** Memory of a long document that was read, for the next one. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** How much the longest one needed. */
let needed = 0;

/**
 * Lends memory for a long document: to make it costs as much as to read into it.
 *
 * @returns The memory; `undefined` where the document is short, or is the first.
 */
export function lendRoom(
  { headers }: HttpResponse,
): Uint8Array<ArrayBuffer> | undefined {
  if (needed === 0 || Number(headers["content-length"] ?? needed) <= SHORT) {
    return undefined;
  }
  const room = spare ?? new Uint8Array(needed);
  spare = undefined;
  return room;
}

/**
 * Takes the memory back when nothing refers to the document any more.
 *
 * @param room What was lent.
 * @param document The document.
 */
export function returnRoom(
  room: Uint8Array<ArrayBuffer> | undefined,
  document: Uint8Array<ArrayBuffer>,
): void {
  const { buffer, length } = document;
  if (length > needed && length > SHORT && length <= MOST_KEPT) {
    needed = Math.ceil(length / SHORT) * SHORT;
    spare = undefined;
  } else if (room?.length === needed) spare = room;
  // The platform took it away, and made its bytes another object.
  else if (room?.length === 0 && buffer.byteLength === needed) {
    spare = new Uint8Array(buffer);
  }
}

/** What stands in a document besides the values. */
export interface DocumentFacts {
  /** Name of the root, without a prefix. */
  readonly root: string;
  /** Whether an element in the root was one that the table knows. */
  readonly known: boolean;
}

/**
 * Reads a document whose root is a structure. Required members that it lacks
 * stay absent, as other parts of the response may have them.
 *
 * @param document The text; an empty one is a structure without members.
 * @param shape The structure.
 * @param reader Reads the values, and notes what is wrong with them.
 * @param output Takes the members.
 * @param path Where the structure is, for errors; ends in a dot unless empty.
 * @param bytes The document's bytes, with which what repeats is read faster.
 * @throws {ProtocolError} If the text is no XML.
 */
export function readStructure(
  document: string,
  shape: StructureShape,
  reader: ValueReader,
  output: Output,
  path = "",
  bytes?: Uint8Array,
): DocumentFacts {
  const documents = new DocumentReader(document, reader, bytes);
  const tag = documents.open();
  documents.members(tag, shape, output, path);
  const { text } = PreparedShape.of(shape);
  if (documents.text !== "") {
    for (const { key } of text) output[key] = documents.text;
  }
  documents.end();
  return { root: localName(tag), known: documents.known };
}

/**
 * Reads a document whose root is the use of a shape.
 *
 * @param document The text; an empty one is an element with nothing in it.
 * @param member The use.
 * @param reader Reads the values, and notes what is wrong with them.
 * @param path Where the value is, for errors.
 * @param bytes The document's bytes, with which what repeats is read faster.
 * @throws {ProtocolError} If the text is no XML.
 */
export function readValue(
  document: string,
  member: Member,
  reader: ValueReader,
  path: string,
  bytes?: Uint8Array,
): DocumentFacts & { readonly value: unknown } {
  const documents = new DocumentReader(document, reader, bytes);
  const tag = documents.open();
  const shape = shapeOf(member);
  const value = documents.value(tag, member, shape, path);
  documents.end();
  const known = shape?.kind === "structure" && documents.known;
  return { root: localName(tag), known, value };
}

/**
 * Reads values from a document. A method that is given a tag is called when that
 * start tag was read, and reads to the end of the element.
 */
export class DocumentReader {
  /** Whether a child of the last structure was one that the table knows. */
  known = false;
  /** The text of the last structure that has a member for it. */
  text = "";

  readonly #xml: XmlScanner;
  readonly #reader: ValueReader;
  readonly #layouts: LayoutReader | undefined;

  /**
   * Starts before the root.
   *
   * @param document The text; an empty one is an element with nothing in it.
   * @param reader Reads the values, and notes what is wrong with them.
   * @param bytes The document's bytes, for speed.
   */
  constructor(document: string, reader: ValueReader, bytes?: Uint8Array) {
    this.#xml = new XmlScanner(document || "<_/>");
    this.#reader = reader;
    // Then all of it is ASCII, and bytes stand where their characters do.
    if (bytes?.length === this.#xml.text.length) {
      this.#layouts = new LayoutReader(this.#xml, bytes, reader);
    }
  }

  /** Reads the start tag of the root. */
  open(): string {
    return this.#xml.root();
  }

  /** Reads what stands after the root. */
  end(): void {
    this.#xml.end();
  }

  /** Reads the text of an element, that of its children aside. */
  leaf(tag: string): string {
    return this.#xml.leaf(tag);
  }

  /**
   * Reads the elements in an element.
   *
   * @param take Reads one to its end; it gets the name without a prefix, too.
   */
  children(tag: string, take: (child: string, name: string) => void): void {
    const xml = this.#xml;
    if (xml.empty) return;
    xml.content(tag);
    while (!xml.atEndTag) {
      const child = xml.startTag();
      take(child, localName(child));
      xml.content(tag);
    }
    xml.endTag(tag);
  }

  /** Reads a value. */
  value(
    tag: string,
    member: Member,
    shape: Shape | undefined,
    path: string,
  ): unknown {
    if (shape === undefined) {
      return this.#reader.scalar(this.#xml.leaf(tag), member, path);
    }
    if (shape.kind === "structure") {
      const inner = `${path}.`;
      const output = PreparedShape.of(shape).blank();
      const unknown = this.members(tag, shape, output, inner);
      return shape.union && unknown !== undefined
        ? { SDK_UNKNOWN_MEMBER: { name: unknown } }
        : this.#reader.complete(output, shape, inner);
    }
    if (shape.kind === "list") {
      const items: unknown[] = [];
      this.children(tag, (child) => {
        this.#items(child, `<${child}>`, shape.item, path, items);
      });
      return items;
    }
    const entries: Output = {};
    this.children(tag, (child) => this.#entry(child, shape, entries, path));
    return entries;
  }

  /**
   * Reads the members of a structure.
   *
   * @returns The name of the only child, where the table does not know it.
   */
  members(
    tag: string,
    shape: StructureShape,
    output: Output,
    path: string,
  ): string | undefined {
    const xml = this.#xml;
    const prepared = PreparedShape.of(shape);
    const { attributes } = xml;
    const isEmpty = xml.empty;
    let text = "";
    let count = 0;
    let unknown: string | undefined;
    let known = false;
    // Documents repeat themselves: a member mostly follows the one that it
    // followed before, and then needs no search by its name.
    let next = prepared.first;
    let before: Slot | undefined;
    while (!isEmpty) {
      text += xml.content(tag);
      if (xml.atEndTag) {
        xml.endTag(tag);
        break;
      }
      count++;
      let slot = next;
      let child: string;
      if (slot !== undefined && xml.takes(slot.open)) child = slot.name;
      else {
        child = xml.startTag();
        const name = localName(child);
        slot = prepared.document.get(name);
        if (slot === undefined) {
          unknown = name;
          xml.leaf(child);
          continue;
        }
        if (before === undefined) prepared.first = slot;
        else before.next = slot;
      }
      known = true;
      before = slot;
      next = slot.next;
      const { key, member, shape: inner } = slot;
      if (inner === undefined) {
        const text = xml.leafUpTo(slot.close, child);
        const value = this.#reader.scalar(text, member, path, key);
        if (value !== undefined) output[key] = value;
      } else if (!member.flat || inner.kind === "structure") {
        const value = this.value(child, member, inner, path + key);
        if (value !== undefined) output[key] = value;
      } else if (inner.kind === "list") {
        const found = output[key];
        const items = Array.isArray(found) ? found : [];
        const open = child === slot.name ? slot.open : `<${child}>`;
        this.#items(child, open, inner.item, path + key, items);
        if (items.length > 0) output[key] = items;
      } else {
        const entries = isValues(output[key]) ? output[key] : {};
        output[key] = entries;
        this.#entry(child, inner, entries, path + key);
      }
    }
    if (attributes !== undefined) {
      for (const [name, value] of attributes) {
        const slot = prepared.document.get(name);
        if (!slot?.member.attribute) continue;
        const { key, member } = slot;
        output[key] = this.#reader.scalar(value, member, path + key);
      }
    }
    this.known = known;
    this.text = text;
    return count === 1 ? unknown : undefined;
  }

  /** Reads an item of a list, and those after it that have the same start tag. */
  #items(
    tag: string,
    open: string,
    item: Member,
    path: string,
    items: unknown[],
  ): void {
    const xml = this.#xml;
    const shape = shapeOf(item);
    const structure = shape?.kind === "structure" ? shape : undefined;
    do {
      const layouts = this.#layouts;
      if (structure && layouts?.read(tag, structure, path, items)) return;
      const start = xml.at;
      const value = this.value(tag, item, shape, path);
      // Most structures come alone.
      if (structure && items.length > 0) layouts?.learn(tag, structure, start);
      if (value !== undefined) items.push(value);
    } while (xml.takes(open));
  }

  /** Reads an entry of a map; the first key and the first value count. */
  #entry(
    tag: string,
    { key, value }: MapShape,
    output: Output,
    path: string,
  ): void {
    const keyName = key.name ?? "key";
    const valueName = value.name ?? "value";
    let name: string | undefined;
    let hasValue = false;
    let found: unknown;
    this.children(tag, (child, local) => {
      if (name === undefined && local === keyName) name = this.#xml.leaf(child);
      else if (!hasValue && local === valueName) {
        hasValue = true;
        found = this.value(child, value, shapeOf(value), path);
      } else this.#xml.leaf(child);
    });
    // Not assigned, as a key may be `__proto__`.
    Object.defineProperty(output, name ?? "", {
      value: found,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}
