/**
 * Elements to values, led by a table.
 *
 * @module
 */
import { ProtocolError } from "../foundation/errors.ts";
import type { MapShape, Member, StructureShape } from "../ports/schema.ts";
import { shapeOf } from "./members.ts";
import { PreparedShape, type Slot } from "./prepared_shape.ts";
import { parseScalar, type Scalar } from "./scalars.ts";
import type { XmlElement } from "./xml_reader.ts";

/** Values that are being put together. */
export type Output = Record<string, unknown>;

/** What stands for a required value that a lax store leaves out. */
const EMPTY: Readonly<Record<string, () => unknown>> = {
  boolean: () => false,
  double: () => 0,
  float: () => 0,
  integer: () => 0,
  list: () => [],
  long: () => 0,
  map: () => ({}),
  string: () => "",
};

/** Reads the document of one response. */
export class ShapeReader {
  /** Required members that were absent and are empty instead. */
  readonly missing: Set<string> = new Set();

  readonly #operation: string;
  readonly #strict: boolean;

  /**
   * Makes a reader.
   *
   * @param operation Name of the operation, for errors.
   * @param options Whether an absent required member is an error.
   */
  constructor(operation: string, options: { readonly strict: boolean }) {
    this.#operation = operation;
    this.#strict = options.strict;
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
   * Sees to the required members of a structure.
   *
   * @throws {ProtocolError} If one is absent and nothing can stand for it.
   */
  complete(output: Output, shape: StructureShape, path: string): Output {
    for (const { key, member } of PreparedShape.of(shape).required) {
      if (output[key] !== undefined) continue;
      const empty = EMPTY[
        typeof member.of === "string" ? member.of : member.of().kind
      ];
      if (this.#strict || empty === undefined) {
        this.#fail(path + key, "it is missing");
      }
      this.missing.add(path + key);
      output[key] = empty();
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
   * @returns `undefined` where there is none: blank, or lenient and unreadable.
   * @throws {ProtocolError} If the text is not of the member's type.
   */
  scalar(text: string, member: Member, path: string): Scalar | undefined {
    if (typeof member.of !== "string") return undefined;
    const value = parseScalar(member.of, text);
    if (value === undefined && !member.lenient && text.trim() !== "") {
      this.#fail(path, `it is no ${member.of}`);
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
      output[key] = {
        ...output[key] ?? {},
        ...this.#map([element], shape, path),
      };
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
