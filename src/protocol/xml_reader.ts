/**
 * XML text to elements: the part of XML that services send, read strictly.
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
const MAX_DEPTH = 100;

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
  // Line ends are normalised before references are resolved (section 2.11).
  const text = document.includes("\r")
    ? document.replace(/\r\n?/g, "\n")
    : document;
  return new XmlReader(text).read();
}

/** The first child of a name. */
export function childOf(
  element: XmlElement,
  name: string,
): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

class XmlReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): XmlElement {
    if (this.#text.startsWith("\uFEFF")) this.#at = 1;
    this.#skipMisc();
    const root = this.#element(0);
    this.#skipMisc();
    if (this.#at < this.#text.length) this.#fail("something follows the root");
    return root;
  }

  #element(depth: number): XmlElement {
    if (depth > MAX_DEPTH) this.#fail("its elements are nested too deeply");
    if (this.#text.charCodeAt(this.#at) !== LESS) {
      this.#fail("a tag is missing");
    }
    this.#at++;
    const tag = this.#name();
    const attributes = this.#attributes();
    const name = local(tag);
    if (this.#text.charCodeAt(this.#at) === SLASH) {
      this.#at++;
      this.#expect(GREATER, ">");
      return { name, attributes, children: NO_CHILDREN, text: "" };
    }
    this.#expect(GREATER, ">");
    return this.#content(tag, name, attributes, depth);
  }

  /** What stands between the tags of an element, and its end tag. */
  #content(
    tag: string,
    name: string,
    attributes: XmlElement["attributes"],
    depth: number,
  ): XmlElement {
    let children: XmlElement[] | undefined;
    let text = "";
    while (true) {
      const next = this.#text.indexOf("<", this.#at);
      if (next < 0) this.#fail(`<${tag}> has no end`);
      if (next > this.#at) text += this.#resolve(this.#at, next);
      this.#at = next;
      switch (this.#text.charCodeAt(next + 1)) {
        case SLASH:
          this.#endTag(tag);
          return { name, attributes, children: children ?? NO_CHILDREN, text };
        case BANG:
          text += this.#commentOrCdata();
          break;
        case QUESTION:
          this.#skipPast("?>");
          break;
        default:
          (children ??= []).push(this.#element(depth + 1));
      }
    }
  }

  #endTag(tag: string): void {
    if (!this.#text.startsWith(tag, this.#at + 2)) {
      this.#fail(`another tag ends <${tag}>`);
    }
    this.#at += 2 + tag.length;
    this.#skipSpace();
    this.#expect(GREATER, ">");
  }

  /** A comment is no text; a CDATA section is, as it stands. */
  #commentOrCdata(): string {
    if (this.#text.startsWith("<!--", this.#at)) {
      this.#at += 4;
      this.#skipPast("-->");
      return "";
    }
    if (!this.#text.startsWith("<![CDATA[", this.#at)) {
      this.#fail("it has a declaration");
    }
    const start = this.#at + 9;
    this.#skipPast("]]>");
    return this.#text.slice(start, this.#at - 3);
  }

  /** Comments, instructions and white space around the root. */
  #skipMisc(): void {
    while (true) {
      this.#skipSpace();
      if (this.#text.startsWith("<?", this.#at)) this.#skipPast("?>");
      else if (this.#text.startsWith("<!--", this.#at)) this.#skipPast("-->");
      else return;
    }
  }

  #attributes(): XmlElement["attributes"] {
    let attributes: Map<string, string> | undefined;
    while (true) {
      const spaced = this.#skipSpace();
      const code = this.#text.charCodeAt(this.#at);
      if (code === GREATER || code === SLASH) return attributes;
      if (!spaced) this.#fail("a blank is missing before an attribute");
      const name = this.#name();
      this.#skipSpace();
      this.#expect(EQUALS, "=");
      this.#skipSpace();
      const value = this.#attributeValue();
      if (name === "xmlns" || name.startsWith("xmlns:")) continue;
      attributes ??= new Map();
      if (attributes.has(local(name))) this.#fail(`${name} stands twice`);
      attributes.set(local(name), value);
    }
  }

  #attributeValue(): string {
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'") this.#fail("a quote is missing");
    const start = this.#at + 1;
    const end = this.#text.indexOf(quote, start);
    if (end < 0) this.#fail("an attribute has no end");
    const value = this.#resolve(start, end);
    this.#at = end + 1;
    return value;
  }

  /** Reads a name; only that it cannot be confused with markup is checked. */
  #name(): string {
    const start = this.#at;
    let at = start;
    while (isNameCode(this.#text.charCodeAt(at))) at++;
    if (at === start || !isNameStart(this.#text.charCodeAt(start))) {
      this.#fail("a name is missing");
    }
    this.#at = at;
    return this.#text.slice(start, at);
  }

  /** A stretch of text with its references resolved (section 4.1). */
  #resolve(start: number, end: number): string {
    const raw = this.#text.slice(start, end);
    let amp = raw.indexOf("&");
    if (amp < 0) return raw;
    let text = "";
    let done = 0;
    for (; amp >= 0; amp = raw.indexOf("&", done)) {
      const semicolon = raw.indexOf(";", amp);
      if (semicolon < 0) this.#fail("a reference has no end");
      const resolved = reference(raw.slice(amp + 1, semicolon));
      if (resolved === undefined) this.#fail("a reference is unknown");
      text += raw.slice(done, amp) + resolved;
      done = semicolon + 1;
    }
    return text + raw.slice(done);
  }

  #skipSpace(): boolean {
    const start = this.#at;
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#at > start;
  }

  #skipPast(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    if (found < 0) this.#fail(`"${end}" is missing`);
    this.#at = found + end.length;
  }

  #expect(code: number, shown: string): void {
    if (this.#text.charCodeAt(this.#at) !== code) {
      this.#fail(`"${shown}" is missing`);
    }
    this.#at++;
  }

  #fail(why: string): never {
    throw new ProtocolError(
      `Cannot read the XML document: ${why} (character ${this.#at} of ${this.#text.length})`,
    );
  }
}

function local(name: string): string {
  return name.slice(name.indexOf(":") + 1);
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
