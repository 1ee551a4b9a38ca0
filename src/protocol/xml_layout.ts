/**
 * Structures that repeat themselves in a document, as the entries of a listing
 * do: read by the markup of one before.
 *
 * A layout is the markup of a structure without its texts. Where the next
 * structure has the same bytes of markup, only its texts are left to read, and
 * the markup is compared four bytes at a time. Where a byte differs, nothing is
 * taken, and the reader that knows all of XML reads the structure.
 *
 * @module
 */
import type { Member, StructureShape } from "../ports/schema.ts";
import { PreparedShape, type Slot } from "./prepared_shape.ts";
import type { Output, ValueReader } from "./response.ts";
import { plainTimeAt, wholeNumberAt } from "./scalars.ts";
import { MAX_DEPTH, type XmlScanner } from "./xml_reader.ts";

/** A start or an end tag without attributes or prefix, and the text after it. */
const TAG = /<(\/?)([A-Za-z_][\w.-]*)>([^<]*)/y;

/** How long a structure may be that a layout is learnt from, in characters. */
const LONGEST = 2_048;

/** How many layouts a shape has, and how many are learnt from one document. */
const MOST_LAYOUTS = 4;

/** The markup of a structure, after its start tag. */
export interface Layout {
  /** Its tag. */
  readonly tag: string;
  /** What stands before the first text. */
  readonly start: Markup;
  readonly members: Members;
  /** Levels of elements in it. */
  readonly depth: number;
}

/** The members of a structure in the order of the document. */
interface Members {
  readonly shape: StructureShape;
  readonly prepared: PreparedShape;
  readonly columns: readonly Column[];
  /** Whether none is lacking that something could stand for. */
  readonly whole: boolean;
}

/** A member, or an element that the table does not know. */
type Column = TextColumn | StructureColumn;

interface TextColumn {
  /** Absent where the table does not know it. */
  readonly slot: Slot | undefined;
  /** What the text is; the item's where it is one of a list. */
  readonly member: Member | undefined;
  readonly isList: boolean;
  readonly inner: undefined;
  /** What stands between the text and the next one. */
  after: Markup | undefined;
}

interface StructureColumn {
  readonly slot: Slot;
  readonly inner: Members;
}

/** Reads structures of one document by their layouts. */
export class LayoutReader {
  readonly #xml: XmlScanner;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #reader: ValueReader;
  #at = 0;
  #learnt = 0;

  /**
   * Makes a reader.
   *
   * @param xml The document.
   * @param bytes The same, a byte for each character.
   * @param reader Reads the values, and notes what is wrong with them.
   */
  constructor(xml: XmlScanner, bytes: Uint8Array, reader: ValueReader) {
    this.#xml = xml;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#reader = reader;
  }

  /**
   * Reads structures that follow each other, after the first one's start tag.
   *
   * @param tag The tag of each.
   * @param open Its start tag as it stands.
   * @param shape What they are.
   * @param path Where they are, for errors.
   * @param items Takes them.
   * @returns Whether it was all of them. If not, the start tag of one was read
   * that has none of the layouts.
   */
  read(
    tag: string,
    open: string,
    shape: StructureShape,
    path: string,
    items: unknown[],
  ): boolean {
    const xml = this.#xml;
    const { layouts } = PreparedShape.of(shape);
    const inner = `${path}.`;
    if (layouts.length === 0 || xml.empty || xml.attributes !== undefined) {
      return false;
    }
    do {
      const item = this.#read(tag, layouts, inner);
      if (item === undefined) return false;
      items.push(item);
    } while (xml.takes(open));
    return true;
  }

  /**
   * Learns the layout of a structure that was just read.
   *
   * @param start Where it starts, after its start tag.
   */
  learn(tag: string, shape: StructureShape, start: number): void {
    const { text, at } = this.#xml;
    if (this.#learnt >= MOST_LAYOUTS || at - start > LONGEST) return;
    this.#learnt++;
    const structure = text.slice(start, at);
    const bytes = new DataView(
      this.#bytes.buffer,
      this.#bytes.byteOffset + start,
      at - start,
    );
    const layout = new Learner(structure, bytes).layout(tag, shape);
    if (layout === undefined) return;
    const { layouts } = PreparedShape.of(shape);
    layouts.unshift(layout);
    if (layouts.length > MOST_LAYOUTS) layouts.pop();
  }

  /** Reads one structure; `undefined` where it has none of the layouts. */
  #read(tag: string, layouts: Layout[], path: string): Output | undefined {
    const xml = this.#xml;
    const { at } = xml;
    for (let index = 0; index < layouts.length; index++) {
      const layout = layouts[index];
      if (
        layout === undefined || layout.tag !== tag ||
        xml.depth + layout.depth > MAX_DEPTH + 1 ||
        !layout.start.isAt(this.#view, at)
      ) continue;
      this.#at = at + layout.start.length;
      const output = this.#members(layout.members, path);
      if (output === undefined) {
        xml.rewind(at);
        continue;
      }
      xml.leave(this.#at);
      // The next one mostly has the same.
      if (index > 0) layouts.unshift(...layouts.splice(index, 1));
      return output;
    }
    return undefined;
  }

  #members(
    { columns, prepared, shape, whole }: Members,
    path: string,
  ): Output | undefined {
    const { text } = this.#xml;
    const output = prepared.blank();
    let lacks = !whole;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index];
      if (column === undefined) break;
      const { slot } = column;
      let value: unknown;
      if (column.inner !== undefined) {
        value = this.#members(column.inner, `${path}${slot?.key}.`);
        if (value === undefined) return undefined;
      } else {
        const start = this.#at;
        const end = text.indexOf("<", start);
        const { after } = column;
        if (after === undefined || !after.isAt(this.#view, end)) {
          return undefined;
        }
        this.#at = end + after.length;
        value = this.#scalar(column, start, end, path);
      }
      if (slot === undefined) continue;
      const { key } = slot;
      if (value === undefined) lacks = true;
      else if (column.inner !== undefined || !column.isList) {
        output[key] = value;
      } else {
        const items = output[key];
        if (Array.isArray(items)) items.push(value);
        else output[key] = [value];
      }
    }
    return lacks ? this.#reader.complete(output, shape, path) : output;
  }

  #scalar(
    { member, slot }: TextColumn,
    start: number,
    end: number,
    path: string,
  ): unknown {
    const xml = this.#xml;
    xml.at = start;
    switch (member?.of) {
      case "string":
        return xml.between(start, end);
      case "integer":
      case "long": {
        const number = wholeNumberAt(this.#bytes, start, end);
        if (number !== undefined) return number;
        break;
      }
      case "timestamp": {
        const time = plainTimeAt(this.#bytes, start, end);
        if (time !== undefined) return time;
      }
    }
    const text = xml.between(start, end);
    return member && this.#reader.scalar(text, member, path, slot?.key);
  }
}

/** Takes the layout of one structure. */
class Learner {
  readonly #structure: string;
  readonly #bytes: DataView;
  #at = 0;
  /** What stood before the first text. */
  #start: Markup | undefined;
  /** The member whose text came last. */
  #last: TextColumn | undefined;
  /** Where that text ended. */
  #from = 0;
  #depth = 0;

  constructor(structure: string, bytes: DataView) {
    this.#structure = structure;
    this.#bytes = bytes;
  }

  /** The layout; `undefined` where the structure has more than plain elements. */
  layout(tag: string, shape: StructureShape): Layout | undefined {
    const { length } = this.#structure;
    const members = this.#members(tag, shape, 1);
    this.#endMarkup(length);
    const start = this.#start;
    return members && start && this.#last && this.#at === length
      ? { tag, start, members, depth: this.#depth }
      : undefined;
  }

  #members(
    tag: string,
    shape: StructureShape,
    depth: number,
  ): Members | undefined {
    if (shape.union) return undefined;
    const prepared = PreparedShape.of(shape);
    this.#depth = Math.max(this.#depth, depth);
    const columns: Column[] = [];
    while (true) {
      const start = this.#tag();
      if (start === undefined) return undefined;
      const { isEnd, name } = start;
      if (isEnd) {
        const { always, required } = prepared;
        const whole = [...always, ...required].every((slot) =>
          columns.some((column) => column.slot === slot)
        );
        return name === tag ? { shape, prepared, columns, whole } : undefined;
      }
      const slot = prepared.document.get(name);
      const column = slot?.shape?.kind === "structure"
        ? this.#structureColumn(slot, slot.shape, start, depth)
        : this.#textColumn(slot, start);
      if (column === undefined) return undefined;
      columns.push(column);
    }
  }

  #structureColumn(
    slot: Slot,
    shape: StructureShape,
    { name, text }: Tag,
    depth: number,
  ): StructureColumn | undefined {
    if (text.trim() !== "") return undefined;
    const inner = this.#members(name, shape, depth + 1);
    return inner && { slot, inner };
  }

  #textColumn(
    slot: Slot | undefined,
    { name, text }: Tag,
  ): TextColumn | undefined {
    const inner = slot?.shape;
    const isList = inner?.kind === "list";
    if (inner !== undefined && !(isList && slot?.member.flat)) return undefined;
    const member = isList ? inner.item : slot?.member;
    if (typeof member?.of === "function") return undefined;
    const end = this.#at;
    const close = this.#tag();
    if (!close?.isEnd || close.name !== name) return undefined;
    this.#endMarkup(end - text.length);
    this.#from = end;
    this.#last = { slot, member, isList, inner: undefined, after: undefined };
    return this.#last;
  }

  /** Ends the markup that stands before a text, or at the end. */
  #endMarkup(at: number): void {
    const markup = new Markup(this.#bytes, this.#from, at);
    if (this.#last === undefined) this.#start = markup;
    else this.#last.after = markup;
  }

  /** Takes a tag and the text after it. After an end tag, there may be blanks. */
  #tag(): Tag | undefined {
    TAG.lastIndex = this.#at;
    const found = TAG.exec(this.#structure);
    if (found === null) return undefined;
    const [all, slash, name = "", text = ""] = found;
    this.#at += all.length;
    const isEnd = slash !== "";
    return isEnd && text.trim() !== "" ? undefined : { isEnd, name, text };
  }
}

/** A tag, and the text after it. */
interface Tag {
  readonly isEnd: boolean;
  readonly name: string;
  readonly text: string;
}

/** Bytes that are to come. */
class Markup {
  readonly length: number;

  readonly #words: Int32Array;
  /** The last four bytes, some of which may be in the last word, too. */
  readonly #last: number;

  /** Takes four bytes or more. */
  constructor(bytes: DataView, start: number, end: number) {
    this.length = end - start;
    this.#words = new Int32Array(this.length >> 2);
    for (let index = 0; index < this.#words.length; index++) {
      this.#words[index] = bytes.getInt32(start + 4 * index, true);
    }
    this.#last = bytes.getInt32(end - 4, true);
  }

  isAt(bytes: DataView, at: number): boolean {
    const { length } = this;
    const words = this.#words;
    if (at < 0 || at + length > bytes.byteLength) return false;
    for (let index = 0; index < words.length; index++) {
      if (bytes.getInt32(at + 4 * index, true) !== words[index]) return false;
    }
    return bytes.getInt32(at + length - 4, true) === this.#last;
  }
}
