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
import { utf8 } from "../foundation/bytes.ts";
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

/** Where the texts of the structure that is read begin and end, in turn. */
const TEXTS = new Int32Array(LONGEST);

/** The markup of a structure, after its start tag. */
export interface Layout {
  /** Its tag. */
  readonly tag: string;
  /** Its start tag. */
  readonly open: Markup;
  /** What stands before each text, and after the last one. */
  readonly markup: readonly Markup[];
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
  /** Whether it is of a type that is read from bytes, or text. */
  readonly type: "integer" | "other" | "string" | "timestamp";
  /** What the text is; the item's where it is one of a list. */
  readonly member: Member | undefined;
  readonly isList: boolean;
  readonly inner: undefined;
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
  /** The next text of a structure, by its place in `TEXTS`. */
  #next = 0;
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
   * @param shape What they are.
   * @param path Where they are, for errors.
   * @param items Takes them.
   * @returns Whether it was all of them. If not, the start tag of one was read
   * that has none of the layouts.
   */
  read(
    tag: string,
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
    while (true) {
      const item = this.#read(tag, layouts, inner);
      if (item === undefined) return false;
      items.push(item);
      const open = layouts[0]?.open;
      if (!open?.isAt(this.#view, xml.at)) return true;
      xml.enter(xml.at + open.length);
    }
  }

  /**
   * Learns the layout of a structure that was just read.
   *
   * @param start Where it starts, after its start tag.
   */
  learn(tag: string, shape: StructureShape, start: number): void {
    const { text, at } = this.#xml;
    const isLong = at - start > LONGEST;
    if (isLong || this.#learnt >= MOST_LAYOUTS || tag.length < 2) return;
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
    for (let index = 0; index < layouts.length; index++) {
      const layout = layouts[index];
      if (layout?.tag !== tag || xml.depth + layout.depth > MAX_DEPTH + 1) {
        continue;
      }
      const end = this.#endOf(layout);
      if (end === undefined) continue;
      this.#next = 0;
      const output = this.#members(layout.members, path);
      xml.leave(end);
      // The next one mostly has the same, and its start tag is looked up there.
      if (index > 0) layouts.unshift(...layouts.splice(index, 1));
      return output;
    }
    return undefined;
  }

  /** Finds the texts; the end of a structure, where it has this layout. */
  #endOf({ markup }: Layout): number | undefined {
    const { at: start, text } = this.#xml;
    const view = this.#view;
    let end = start;
    for (let index = 0; index < markup.length; index++) {
      if (index > 0) {
        TEXTS[2 * index - 2] = end;
        end = text.indexOf("<", end);
        TEXTS[2 * index - 1] = end;
      }
      const piece = markup[index];
      if (piece === undefined || !piece.isAt(view, end)) return undefined;
      end += piece.length;
    }
    return end;
  }

  #members({ columns, prepared, shape, whole }: Members, path: string): Output {
    const output = prepared.blank();
    let lacks = !whole;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index];
      if (column === undefined) break;
      const { inner, slot } = column;
      const value = inner === undefined
        ? this.#scalar(column, path)
        : this.#members(inner, `${path}${slot.key}.`);
      if (slot === undefined) continue;
      const { key } = slot;
      if (value === undefined) lacks = true;
      else if (inner !== undefined || !column.isList) {
        // Written apart, as the engine keeps the way to one name for each place.
        if (index === 0) output[key] = value;
        else if (index === 1) output[key] = value;
        else if (index === 2) output[key] = value;
        else if (index === 3) output[key] = value;
        else if (index === 4) output[key] = value;
        else output[key] = value;
      } else {
        const items = output[key];
        if (Array.isArray(items)) items.push(value);
        else output[key] = [value];
      }
    }
    return lacks ? this.#reader.complete(output, shape, path) : output;
  }

  #scalar({ member, slot, type }: TextColumn, path: string): unknown {
    const next = this.#next;
    this.#next = next + 2;
    const start = TEXTS[next] ?? 0;
    const end = TEXTS[next + 1] ?? 0;
    const xml = this.#xml;
    if (type === "string") {
      return this.#quoted(start, end) ?? xml.between(start, end);
    }
    const value = type === "timestamp"
      ? plainTimeAt(this.#bytes, start, end)
      : type === "integer"
      ? wholeNumberAt(this.#bytes, start, end)
      : undefined;
    if (value !== undefined) return value;
    const text = xml.between(start, end);
    return member && this.#reader.scalar(text, member, path, slot?.key);
  }

  /** A text in quotes without other references, as most ETags are. */
  #quoted(start: number, end: number): string | undefined {
    const first = start + QUOTE.length;
    const last = end - QUOTE.length;
    const { text } = this.#xml;
    return QUOTE.isAt(this.#view, start) && last >= first &&
        text.indexOf("&", first) === last && QUOTE.isAt(this.#view, last)
      ? '"' + text.slice(first, last) + '"'
      : undefined;
  }
}

/** Takes the layout of one structure. */
class Learner {
  readonly #structure: string;
  readonly #bytes: DataView;
  readonly #markup: Markup[] = [];
  /** Where the last text ended. */
  #from = 0;
  #at = 0;
  #depth = 0;

  constructor(structure: string, bytes: DataView) {
    this.#structure = structure;
    this.#bytes = bytes;
  }

  /** The layout; `undefined` where the structure has more than plain elements. */
  layout(tag: string, shape: StructureShape): Layout | undefined {
    const { length } = this.#structure;
    const members = this.#members(tag, shape, 1);
    if (members === undefined || this.#at < length) return undefined;
    this.#endMarkup(length);
    const open = markupOf(`<${tag}>`);
    return { tag, open, markup: this.#markup, members, depth: this.#depth };
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
    const of = member?.of;
    const type = of === "string" || of === "timestamp"
      ? of
      : of === "integer" || of === "long"
      ? "integer"
      : "other";
    return { slot, type, member, isList, inner: undefined };
  }

  /** Ends the markup that stands before a text, or at the end. */
  #endMarkup(at: number): void {
    this.#markup.push(new Markup(this.#bytes, this.#from, at));
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

function markupOf(text: string): Markup {
  const { buffer, length } = utf8(text);
  return new Markup(new DataView(buffer, 0, length), 0, length);
}

/** A quote as it stands in most ETags. */
const QUOTE = markupOf("&quot;");
