/**
 * Elements to values, led by a table.
 *
 * @module
 */
import { ProtocolError } from "../foundation/errors.ts";
import type { MapShape, Member, StructureShape } from "../ports/schema.ts";
import { isValues, shapeOf } from "./members.ts";
import { PreparedShape, type Slot } from "./prepared_shape.ts";
import { parseScalar, type Scalar } from "./scalars.ts";
import type { XmlElement } from "./xml_reader.ts";

/** Values that are being put together. */
export type Output = Record<string, unknown>;

/**
 * What stands for a required value that an answer lacks. Nothing can stand for
 * numbers, times and structures: they stay absent.
 */
const EMPTY: Readonly<Record<string, () => unknown>> = {
  list: () => [],
  map: () => ({}),
  string: () => "",
};

/** Reads the document of one response. */
export class ShapeReader {
  /** Required members that the answer lacks. */
  readonly missing: Set<string> = new Set();
  /** Times that could not be read and are absent. */
  readonly unreadable: Set<string> = new Set();

  readonly #operation: string;

  /**
   * Makes a reader.
   *
   * @param operation Name of the operation, for errors.
   */
  constructor(operation: string) {
    this.#operation = operation;
  }

  /**
   * Reads the members of a structure that stand in the document.
   *
   * @param path Where the structure is, ending in a dot unless empty.
   */
  members(element: XmlElement, shape: StructureShape, path: string): Output {
    const prepared = PreparedShape.of(shape);
    const slots = prepared.document;
    const output: Output = prepared.blank();
    for (const child of element.children) {
      const slot = slots.get(child.name);
      if (slot !== undefined) this.#take(child, slot, output, path);
    }
    if (element.attributes === undefined) return output;
    for (const [name, text] of element.attributes) {
      const slot = slots.get(name);
      if (!slot?.member.attribute) continue;
      output[slot.key] = this.scalar(text, slot.member, path + slot.key);
    }
    return output;
  }

  /**
   * Fills in the required members of a structure that the answer lacks, where
   * something can stand for them.
   */
  complete(output: Output, shape: StructureShape, path: string): Output {
    for (const { key, member } of PreparedShape.of(shape).required) {
      if (output[key] !== undefined) continue;
      this.missing.add(path + key);
      const empty = EMPTY[
        typeof member.of === "string" ? member.of : member.of().kind
      ];
      if (empty !== undefined) output[key] = empty();
    }
    return output;
  }

  /** Reads the use of a shape; `undefined` where the element holds no value. */
  value(element: XmlElement, member: Member, path: string): unknown {
    return this.#value(element, { member, shape: shapeOf(member) }, path);
  }

  /**
   * Reads a value without members.
   *
   * @returns `undefined` where there is none: blank, or a time that cannot be
   * read. A time is said beside what was asked for; a page does not end with it.
   * @throws {ProtocolError} If the text is not of the member's type.
   */
  scalar(text: string, member: Member, path: string): Scalar | undefined {
    if (typeof member.of !== "string") return undefined;
    const value = parseScalar(member.of, text);
    if (value === undefined && !member.lenient && text.trim() !== "") {
      if (member.of === "timestamp") this.unreadable.add(path);
      else this.#fail(path, `it is no ${member.of}`);
    }
    return value;
  }

  #take(element: XmlElement, slot: Slot, output: Output, path: string): void {
    const { key, member, shape } = slot;
    if (member.flat && shape?.kind === "list") {
      const item = this.value(element, shape.item, path + key);
      if (item === undefined) return;
      const items = output[key];
      if (Array.isArray(items)) items.push(item);
      else output[key] = [item];
    } else if (member.flat && shape?.kind === "map") {
      const entries = output[key];
      const entry = this.#map([element], shape, path);
      if (!isValues(entries)) output[key] = entry;
      else {Object.defineProperties(
          entries,
          Object.getOwnPropertyDescriptors(entry),
        );}
    } else {
      const value = this.#value(element, slot, path + key);
      if (value !== undefined) output[key] = value;
    }
  }

  #value(
    element: XmlElement,
    { member, shape }: Pick<Slot, "member" | "shape">,
    path: string,
  ): unknown {
    switch (shape?.kind) {
      case undefined:
        return this.scalar(element.text, member, path);
      case "structure": {
        const inner = `${path}.`;
        const unknown = shape.union ? unknownMember(element, shape) : undefined;
        if (unknown !== undefined) return { SDK_UNKNOWN_MEMBER: unknown };
        return this.complete(this.members(element, shape, inner), shape, inner);
      }
      case "list":
        return element.children
          .map((child) => this.value(child, shape.item, path))
          .filter((item) => item !== undefined);
      case "map":
        return this.#map(element.children, shape, path);
    }
  }

  /** Entries by key; made without assignment, as a key may be `__proto__`. */
  #map(
    entries: readonly XmlElement[],
    { key, value }: MapShape,
    path: string,
  ): Output {
    const keyName = key.name ?? "key";
    const valueName = value.name ?? "value";
    return Object.fromEntries(entries.map(({ children }) => {
      const keyElement = children.find(({ name }) => name === keyName);
      const valueElement = children.find(({ name }) => name === valueName);
      return [
        keyElement?.text ?? "",
        valueElement && this.value(valueElement, value, path),
      ];
    }));
  }

  #fail(path: string, why: string): never {
    throw new ProtocolError(
      `Cannot read ${path} of the response to ${this.#operation}: ${why}`,
    );
  }
}

/** The only member of a union, where the table does not know it. */
function unknownMember(
  { children }: XmlElement,
  shape: StructureShape,
): { readonly name: string } | undefined {
  const [child, ...more] = children;
  if (child === undefined || more.length > 0) return undefined;
  const { name } = child;
  return PreparedShape.of(shape).document.has(name) ? undefined : { name };
}
