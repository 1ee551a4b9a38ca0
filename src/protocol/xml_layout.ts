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
import { concat, text, utf8 } from "../foundation/bytes.ts";
import type { Member, StructureShape } from "../ports/schema.ts";
import { PreparedShape, type Slot } from "./prepared_shape.ts";
import type { Output, ValueReader } from "./response.ts";
import { parseScalar, plainTimeAt, wholeNumberAt } from "./scalars.ts";
import { MAX_DEPTH, type XmlScanner } from "./xml_reader.ts";

/** A start or an end tag without attributes or prefix, and the text after it. */
const TAG = /<(\/?)([A-Za-z_][\w.-]*)>([^<]*)/y;

/** How long a structure may be that a layout is learnt from, in characters. */
const LONGEST = 2_048;

/** How many layouts a shape has, and how many are learnt from one document. */
const MOST_LAYOUTS = 4;

/** Where the texts of the structure that is read begin and end, in turn. */
const TEXTS = new Int32Array(LONGEST);

/** Stands for the beginning of a text that was not looked at. */
const REPEATED = -1;

/** The markup of a structure. */
export interface Layout {
  /** Its tag. */
  readonly tag: string;
  /** What stands between its start tag and its first text. */
  readonly first: Markup;
  /** The same, with the start tag before it. */
  readonly next: Markup;
  /** What stands behind each text. */
  readonly behind: readonly Markup[];
  /** What the texts are, in turn. */
  readonly texts: readonly TextColumn[];
  /** The texts that two structures had, with what stands behind them. */
  readonly repeated: (Markup | undefined)[];
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
  /** Which text it is. */
  readonly place: number;
  /** The value of the text that two structures had. */
  value: unknown;
}

interface StructureColumn {
  readonly slot: Slot;
  readonly inner: Members;
}

/** A layout, and where the texts were that it was learnt from. */
interface Learnt {
  readonly layout: Layout;
  readonly texts: readonly number[];
}

/** Reads structures of one document by their layouts. */
export class LayoutReader {
  readonly #xml: XmlScanner;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #reader: ValueReader;
  #learnt = 0;
  /** Where the structure ends whose layout was found. */
  #end = 0;
  /** The last layout, until it is used. */
  #fresh: Learnt | undefined;

  /**
   * Makes a reader.
   *
   * @param xml The document.
   * @param bytes The same, a byte for each character.
   * @param reader Reads the values, and notes what is wrong with them.
   */
  constructor(xml: XmlScanner, bytes: Uint8Array, reader: ValueReader) {
    this.#xml = xml;
    this.#bytes = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const { buffer, byteOffset, length } = this.#bytes;
    this.#words = new Int32Array(buffer, byteOffset, length >> 2);
    this.#reader = reader;
  }

  /**
   * Reads structures that follow each other, after the first one's start tag.
   *
   * @param tag The tag of each.
   * @param shape What they are.
   * @param path Where they are, for errors.
   * @param items Takes them.
   * @returns Whether it was one or more. Then the end tag of the last one was
   * read, and something else may follow, or one that has another layout.
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
    const words = this.#words;
    const layout = this.#layoutOf(tag, layouts);
    if (layout === undefined) return false;
    let end = this.#end;
    while (true) {
      items.push(this.#members(layout.members, inner));
      if (this.#fresh?.layout === layout) this.#repeat(this.#fresh);
      if (!isAt(words, end, layout.next)) break;
      const next = this.#endOf(layout, end + lengthOf(layout.next));
      if (next < 0) break;
      end = next;
    }
    xml.leave(end);
    return true;
  }

  /**
   * Learns the layout of a structure that was just read.
   *
   * @param start Where it starts, after its start tag.
   */
  learn(tag: string, shape: StructureShape, start: number): void {
    const { at, text } = this.#xml;
    const isLong = at - start > LONGEST;
    if (isLong || this.#learnt >= MOST_LAYOUTS || tag.length < 2) return;
    this.#learnt++;
    const learner = new Learner(text.slice(start, at), this.#bytes, start);
    const layout = LITTLE_ENDIAN ? learner.layout(tag, shape) : undefined;
    if (layout === undefined) return;
    this.#fresh = { layout, texts: learner.texts };
    const { layouts } = PreparedShape.of(shape);
    layouts.unshift(layout);
    if (layouts.length > MOST_LAYOUTS) layouts.pop();
  }

  /** Finds the layout of a structure, and its end. */
  #layoutOf(tag: string, layouts: Layout[]): Layout | undefined {
    const { at, depth } = this.#xml;
    for (let index = 0; index < layouts.length; index++) {
      const layout = layouts[index];
      if (
        layout?.tag !== tag || depth + layout.depth > MAX_DEPTH + 1 ||
        !isAt(this.#words, at, layout.first)
      ) continue;
      this.#end = this.#endOf(layout, at + lengthOf(layout.first));
      if (this.#end < 0) continue;
      // The next one mostly has the same.
      if (index > 0) layouts.unshift(...layouts.splice(index, 1));
      return layout;
    }
    return undefined;
  }

  /** Finds the texts from the first one on; the end of the structure, or -1. */
  #endOf({ behind, repeated }: Layout, at: number): number {
    const words = this.#words;
    for (let place = 0; place < behind.length; place++) {
      let markup = repeated[place];
      if (markup !== undefined && isAt(words, at, markup)) {
        TEXTS[2 * place] = REPEATED;
      } else {
        TEXTS[2 * place] = at;
        const end = endOfText(words, at);
        TEXTS[2 * place + 1] = end;
        at = end < 0 ? ~end : end;
        markup = behind[place];
        if (markup === undefined || !isAt(words, at, markup)) return -1;
      }
      at += lengthOf(markup);
    }
    return at;
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

  #scalar(column: TextColumn, path: string): unknown {
    const { member, place, slot, type } = column;
    const start = TEXTS[2 * place] ?? 0;
    if (start === REPEATED) {
      const { value } = column;
      // Times can be changed: each structure has its own.
      return value instanceof Date ? new Date(value) : value;
    }
    const found = TEXTS[2 * place + 1] ?? 0;
    const end = found < 0 ? ~found : found;
    const xml = this.#xml;
    if (type === "string") {
      return found < 0
        ? this.#quoted(start, end) ?? xml.between(start, end)
        : xml.text.slice(start, end);
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
    const first = start + lengthOf(QUOTE);
    const last = end - lengthOf(QUOTE);
    const { text } = this.#xml;
    return isAt(this.#words, start, QUOTE) && last >= first &&
        text.indexOf("&", first) === last && isAt(this.#words, last, QUOTE)
      ? '"' + text.slice(first, last) + '"'
      : undefined;
  }

  /**
   * Notes which texts of a structure are those of the one before, as owners and
   * storage classes are: they are then compared with the markup, not read.
   */
  #repeat({ layout, texts }: Learnt): void {
    this.#fresh = undefined;
    const { text } = this.#xml;
    for (const column of layout.texts) {
      const { member, place } = column;
      const of = member?.of;
      const start = TEXTS[2 * place] ?? 0;
      const found = TEXTS[2 * place + 1] ?? 0;
      const end = found < 0 ? ~found : found;
      const shown = text.slice(start, end);
      const behind = layout.behind[place];
      if (
        behind === undefined || typeof of !== "string" || of === "blob" ||
        shown !== text.slice(texts[2 * place], texts[2 * place + 1])
      ) continue;
      const value = found < 0
        ? (of === "string" ? this.#quoted(start, end) : undefined)
        : parseScalar(of, shown);
      if (value === undefined) continue;
      // A copy, as a part of a text keeps all of it.
      column.value = typeof value === "string" ? copied(value) : value;
      layout.repeated[place] = markupOf(
        this.#bytes.subarray(start, end + lengthOf(behind)),
      );
    }
  }
}

/** Where a text ends; inverted where it may have references. */
function endOfText(words: Int32Array, start: number): number {
  let index = start >> 2;
  // What stands before it is made to be no markup.
  let word = (words[index] ?? 0) | (1 << ((start & 3) << 3)) - 1;
  let references = 0;
  while (true) {
    const found = bytesOf(word ^ 0x3c_3c_3c_3c);
    references |= bytesOf(word ^ 0x26_26_26_26);
    if (found !== 0) {
      const end = (index << 2) + (31 - Math.clz32(found & -found) >> 3);
      return references === 0 ? end : ~end;
    }
    if (++index >= words.length) return ~(index << 2);
    word = words[index] ?? 0;
  }
}

/**
 * The highest bits of the bytes of a word that are zero; those above the lowest
 * such byte may be wrong. Source: "Determine if a word has a zero byte", Bit
 * Twiddling Hacks.
 */
function bytesOf(word: number): number {
  return (word - 0x01_01_01_01) & ~word & 0x80_80_80_80;
}

/** Takes the layout of one structure. */
class Learner {
  /** Where the texts begin and end in the document, in turn. */
  readonly texts: number[] = [];

  readonly #structure: string;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #markup: Uint8Array[] = [];
  readonly #columns: TextColumn[] = [];
  /** Where the last text ended. */
  #from = 0;
  #at = 0;
  #depth = 0;

  /**
   * Starts.
   *
   * @param structure The text of the structure, after its start tag.
   * @param bytes The document.
   * @param start Where the structure stands in it.
   */
  constructor(structure: string, bytes: Uint8Array, start: number) {
    this.#structure = structure;
    this.#bytes = bytes;
    this.#start = start;
  }

  /** The layout; `undefined` where the structure has more than plain elements. */
  layout(tag: string, shape: StructureShape): Layout | undefined {
    const { length } = this.#structure;
    const members = this.#members(tag, shape, 1);
    if (members === undefined || this.#at < length) return undefined;
    this.#endMarkup(length);
    const [first, ...behind] = this.#markup;
    if (first === undefined) return undefined;
    return {
      // A copy, as a part of a text keeps all of it.
      tag: copied(tag),
      first: markupOf(first),
      next: markupOf(concat([utf8(`<${tag}>`), first])),
      behind: behind.map(markupOf),
      texts: this.#columns,
      repeated: behind.map(() => undefined),
      members,
      depth: this.#depth,
    };
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
    this.texts.push(this.#start + end - text.length, this.#start + end);
    const of = member?.of;
    const type = of === "string" || of === "timestamp"
      ? of
      : of === "integer" || of === "long"
      ? "integer"
      : "other";
    const place = this.#columns.length;
    const column: TextColumn = {
      slot,
      type,
      member,
      isList,
      inner: undefined,
      place,
      value: undefined,
    };
    this.#columns.push(column);
    return column;
  }

  /** Ends the markup that stands before a text, or at the end. */
  #endMarkup(at: number): void {
    const start = this.#start;
    this.#markup.push(this.#bytes.subarray(start + this.#from, start + at));
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

/**
 * Bytes that are to come: for each of the four places in a word where they may
 * begin, the words with them, and which bits of the last one count. Before these
 * stand the places where they begin, the end, and the number of bytes.
 */
type Markup = Int32Array;

/** Takes five bytes or more; fewer are found at some places only. */
function markupOf(bytes: Uint8Array): Markup {
  const markup = [0, 0, 0, 0, 0, bytes.length];
  for (let place = 0; place < 4; place++) {
    markup[place] = markup.length;
    const end = place + bytes.length;
    const padded = new Uint8Array(end + 3 & ~3);
    padded.set(bytes, place);
    markup.push(...new Int32Array(padded.buffer), -1 >>> (-end & 3) * 8);
  }
  markup[4] = markup.length;
  return Int32Array.from(markup);
}

function lengthOf(markup: Markup): number {
  return markup[5] ?? 0;
}

function isAt(words: Int32Array, at: number, markup: Markup): boolean {
  const place = at & 3;
  let index = markup[place] ?? 0;
  let word = at >> 2;
  // What stands before the bytes is shifted out of the first word.
  const first = (words[word] ?? 0) ^ (markup[index] ?? 0);
  if (first >> (place << 3) !== 0) return false;
  const last = (markup[place + 1] ?? 0) - 2;
  while (++index < last) {
    if (words[++word] !== markup[index]) return false;
  }
  const rest = (words[word + 1] ?? 0) ^ (markup[last] ?? 0);
  return (rest & (markup[last + 1] ?? 0)) === 0;
}

/** The same text, that is no part of another. */
function copied(part: string): string {
  return text(utf8(part));
}

/** A quote as it stands in most ETags. */
const QUOTE = markupOf(utf8("&quot;"));

/** Whether the first byte of a word is its lowest. Elsewhere nothing is learnt. */
const LITTLE_ENDIAN = new Int32Array(utf8("\x01\0\0\0").buffer)[0] === 1;
