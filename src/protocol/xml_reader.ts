/**
 * The part of XML that services send, read strictly: tag by tag by a caller that
 * knows what a document holds, and as a tree of elements.
 *
 * One root, matched tags, a limited depth; no DOCTYPE and so no entities but
 * the five that XML names. White space is kept. References to control
 * characters (`&#x1;`) are taken, since S3 writes them for such keys.
 *
 * Source: Extensible Markup Language (XML) 1.0, fifth edition.
 *
 * @module
 */
import { ProtocolError } from "../foundation/errors.ts";
import { localName } from "./prepared_shape.ts";

/** One element of a document. */
export interface XmlElement {
  /** Its name without a prefix. */
  readonly name: string;
  /** Attributes by their name without a prefix; absent where it has none. */
  readonly attributes: ReadonlyMap<string, string> | undefined;
  /** The elements in it, in order. */
  readonly children: readonly XmlElement[];
  /** The text in it, that of its children aside. */
  readonly text: string;
}

/** Elements within elements; the deepest answer of S3 has seven. */
export const MAX_DEPTH = 100;

const NO_CHILDREN: readonly XmlElement[] = [];

const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["apos", "'"],
  ["gt", ">"],
  ["lt", "<"],
  ["quot", '"'],
]);

const TAB = 9;
const LINE_FEED = 10;
const SPACE = 32;
const BANG = 33;
const SLASH = 47;
const LESS = 60;
const EQUALS = 61;
const GREATER = 62;
const QUESTION = 63;

/**
 * Reads a document.
 *
 * @param document The text; a byte-order mark is passed over.
 * @returns Its root element.
 * @throws {ProtocolError} If it is not well-formed, or beyond the limits above.
 */
export function readXml(document: string): XmlElement {
  const xml = new XmlScanner(document);
  const root = elementOf(xml, xml.root());
  xml.end();
  return root;
}

/** The first child of a name. */
export function childOf(
  element: XmlElement,
  name: string,
): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** The element whose start tag was read. */
function elementOf(xml: XmlScanner, tag: string): XmlElement {
  const { attributes } = xml;
  const name = localName(tag);
  if (xml.empty) return { name, attributes, children: NO_CHILDREN, text: "" };
  let children: XmlElement[] | undefined;
  let text = "";
  while (true) {
    text += xml.content(tag);
    if (xml.atEndTag) break;
    (children ??= []).push(elementOf(xml, xml.startTag()));
  }
  xml.endTag(tag);
  return { name, attributes, children: children ?? NO_CHILDREN, text };
}

/**
 * A document, read tag by tag. Tags have their names as they stand, prefixes
 * included. Any method throws a {@linkcode ProtocolError} where the document is
 * not well-formed.
 */
export class XmlScanner {
  /** The document, its line ends normalized. */
  readonly text: string;
  /** The position in it. */
  at = 0;
  /** Whether the start tag read last is the whole element. */
  empty = false;
  /** Attributes of the start tag read last. */
  attributes: XmlElement["attributes"];

  #depth = 0;
  /** The next reference at or after the last one that was searched for. */
  #reference = -1;

  /**
   * Starts before the root.
   *
   * @param document The text; a byte-order mark is passed over.
   */
  constructor(document: string) {
    // Line ends are normalised before references are resolved (section 2.11).
    this.text = document.includes("\r")
      ? document.replace(/\r\n?/g, "\n")
      : document;
  }

  /** Reads the start tag of the root, and what stands before it. */
  root(): string {
    if (this.text.startsWith("\uFEFF")) this.at = 1;
    this.#skipMisc();
    return this.startTag();
  }

  /** Reads what stands after the root. */
  end(): void {
    this.#skipMisc();
    if (this.at < this.text.length) this.#fail("something follows the root");
  }

  /** Reads a start tag. */
  startTag(): string {
    if (this.#depth > MAX_DEPTH) {
      this.#fail("its elements are nested too deeply");
    }
    if (this.text.charCodeAt(this.at) !== LESS) this.#fail("a tag is missing");
    this.at++;
    const tag = this.#name();
    if (this.text.charCodeAt(this.at) === GREATER) {
      this.attributes = undefined;
      this.empty = false;
    } else {
      this.attributes = this.#attributes();
      this.empty = this.text.charCodeAt(this.at) === SLASH;
      if (this.empty) this.at++;
    }
    this.#expect(GREATER, ">");
    if (!this.empty) this.#depth++;
    return tag;
  }

  /**
   * Reads a start tag without attributes if it comes next.
   *
   * @param open The tag as it would stand.
   */
  takes(open: string): boolean {
    if (this.#depth > MAX_DEPTH || !this.text.startsWith(open, this.at)) {
      return false;
    }
    this.at += open.length;
    this.#depth++;
    this.empty = false;
    this.attributes = undefined;
    return true;
  }

  /** Elements that were entered and not left. */
  get depth(): number {
    return this.#depth;
  }

  /** Enters an element whose start tag was read by other means, up to here. */
  enter(at: number): void {
    this.at = at;
    this.#depth++;
  }

  /** Leaves an element that was read by other means, up to here. */
  leave(at: number): void {
    this.at = at;
    this.#depth--;
  }

  /** Whether an end tag comes next. */
  get atEndTag(): boolean {
    return this.text.charCodeAt(this.at + 1) === SLASH;
  }

  /** Reads the end tag of an element. */
  endTag(tag: string): void {
    if (!this.text.startsWith(tag, this.at + 2)) {
      this.#fail(`another tag ends <${tag}>`);
    }
    this.at += 2 + tag.length;
    if (this.text.charCodeAt(this.at) !== GREATER) this.#skipSpace();
    this.#expect(GREATER, ">");
    this.#depth--;
  }

  /** Reads the text of an element up to the next tag in it. */
  content(tag: string): string {
    const code = this.text.charCodeAt(this.at + 1);
    if (
      (code === SLASH || code > QUESTION) &&
      this.text.charCodeAt(this.at) === LESS
    ) return "";
    let text = "";
    while (true) {
      const next = this.text.indexOf("<", this.at);
      if (next < 0) this.#fail(`<${tag}> has no end`);
      if (next > this.at) text += this.between(this.at, next);
      this.at = next;
      const code = this.text.charCodeAt(next + 1);
      if (code === BANG) text += this.#commentOrCdata();
      else if (code === QUESTION) this.#skipPast("?>");
      else return text;
    }
  }

  /**
   * Does what {@linkcode leaf} does, faster where the element has nothing but
   * text in it.
   *
   * @param close Its end tag as it mostly stands.
   */
  leafUpTo(close: string, tag: string): string {
    const { at, text } = this;
    const end = text.indexOf("<", at);
    if (end < 0 || this.empty || !text.startsWith(close, end)) {
      return this.leaf(tag);
    }
    const value = end === at ? "" : this.between(at, end);
    this.at = end + close.length;
    this.#depth--;
    return value;
  }

  /**
   * Reads an element to its end, after its start tag.
   *
   * @returns The text in it, that of its children aside.
   */
  leaf(tag: string): string {
    if (this.empty) return "";
    let text = this.content(tag);
    while (!this.atEndTag) {
      this.leaf(this.startTag());
      text += this.content(tag);
    }
    this.endTag(tag);
    return text;
  }

  /** A comment is no text; a CDATA section is, as it stands. */
  #commentOrCdata(): string {
    if (this.text.startsWith("<!--", this.at)) {
      this.at += 4;
      this.#skipPast("-->");
      return "";
    }
    if (!this.text.startsWith("<![CDATA[", this.at)) {
      this.#fail("it has a declaration");
    }
    const start = this.at + 9;
    this.#skipPast("]]>");
    return this.text.slice(start, this.at - 3);
  }

  /** Comments, instructions and white space around the root. */
  #skipMisc(): void {
    while (true) {
      this.#skipSpace();
      if (this.text.startsWith("<?", this.at)) this.#skipPast("?>");
      else if (this.text.startsWith("<!--", this.at)) this.#skipPast("-->");
      else return;
    }
  }

  #attributes(): XmlElement["attributes"] {
    let attributes: Map<string, string> | undefined;
    while (true) {
      const spaced = this.#skipSpace();
      const code = this.text.charCodeAt(this.at);
      if (code === GREATER || code === SLASH) return attributes;
      if (!spaced) this.#fail("a blank is missing before an attribute");
      const name = this.#name();
      this.#skipSpace();
      this.#expect(EQUALS, "=");
      this.#skipSpace();
      const value = this.#attributeValue();
      if (name === "xmlns" || name.startsWith("xmlns:")) continue;
      attributes ??= new Map();
      if (attributes.has(localName(name))) this.#fail(`${name} stands twice`);
      attributes.set(localName(name), value);
    }
  }

  #attributeValue(): string {
    const quote = this.text.charAt(this.at);
    if (quote !== '"' && quote !== "'") this.#fail("a quote is missing");
    const start = this.at + 1;
    const end = this.text.indexOf(quote, start);
    if (end < 0) this.#fail("an attribute has no end");
    const value = this.between(start, end);
    this.at = end + 1;
    return value;
  }

  /** Reads a name; only that it cannot be confused with markup is checked. */
  #name(): string {
    const start = this.at;
    let at = start;
    while (isNameCode(this.text.charCodeAt(at))) at++;
    if (at === start || !isNameStart(this.text.charCodeAt(start))) {
      this.#fail("a name is missing");
    }
    this.at = at;
    return this.text.slice(start, at);
  }

  /** Reads a stretch of text, its references resolved (section 4.1). */
  between(start: number, end: number): string {
    const all = this.text;
    let amp = this.#reference;
    if (amp < start) this.#reference = amp = nextReference(all, start);
    if (amp >= end) return all.slice(start, end);
    this.at = start;
    let text = "";
    let done = start;
    do {
      if (amp > done) text += all.slice(done, amp);
      // Each ETag has two.
      if (all.startsWith("&quot;", amp)) {
        text += '"';
        done = amp + 6;
      } else {
        const semicolon = all.indexOf(";", amp);
        if (semicolon < 0 || semicolon >= end) {
          this.#fail("a reference has no end");
        }
        const resolved = reference(all.slice(amp + 1, semicolon));
        if (resolved === undefined) this.#fail("a reference is unknown");
        text += resolved;
        done = semicolon + 1;
      }
      amp = nextReference(all, done);
    } while (amp < end);
    this.#reference = amp;
    return done < end ? text + all.slice(done, end) : text;
  }

  #skipSpace(): boolean {
    const start = this.at;
    while (isSpace(this.text.charCodeAt(this.at))) this.at++;
    return this.at > start;
  }

  #skipPast(end: string): void {
    const found = this.text.indexOf(end, this.at);
    if (found < 0) this.#fail(`"${end}" is missing`);
    this.at = found + end.length;
  }

  #expect(code: number, shown: string): void {
    if (this.text.charCodeAt(this.at) !== code) {
      this.#fail(`"${shown}" is missing`);
    }
    this.at++;
  }

  #fail(why: string): never {
    throw new ProtocolError(
      `Cannot read the XML document: ${why} (character ${this.at} of ${this.text.length})`,
    );
  }
}

/** Where the next reference stands; at the end of all where there is none. */
function nextReference(text: string, from: number): number {
  const at = text.indexOf("&", from);
  return at < 0 ? text.length : at;
}

function reference(name: string): string | undefined {
  if (!name.startsWith("#")) return NAMED.get(name);
  const code = /^#\d{1,7}$/.test(name)
    ? Number(name.slice(1))
    : /^#x[\da-fA-F]{1,6}$/.test(name)
    ? Number.parseInt(name.slice(2), 16)
    : 0;
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code === 0 || code > 0x10ffff || surrogate
    ? undefined
    : String.fromCodePoint(code);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === LINE_FEED || code === TAB;
}

function isNameStart(code: number): boolean {
  return code >= 97 && code <= 122 || // a to z
    code >= 65 && code <= 90 || // A to Z
    code === 95 || code === 58 || // _ :
    code >= 128;
}

function isNameCode(code: number): boolean {
  return isNameStart(code) ||
    code >= 48 && code <= 57 || // 0 to 9
    code === 45 || code === 46; // - .
}
