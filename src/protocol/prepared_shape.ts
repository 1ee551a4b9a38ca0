/**
 * Structures, prepared for reading and writing.
 *
 * @module
 */
import { withholding } from "../foundation/redact.ts";
import type { Member, Shape, StructureShape } from "../ports/schema.ts";
import { shapeOf } from "./members.ts";

/** A member, and what is asked about it with every message. */
export interface Slot {
  /** The member's name in the API. */
  readonly key: string;
  /** The member. */
  readonly member: Member;
  /** Its shape; `undefined` for a scalar. */
  readonly shape: Shape | undefined;
  /** Its name on the wire. */
  readonly name: string;
}

/**
 * The members of a structure, sorted by where they travel. The tables do not
 * change, so each structure is sorted once and not with every message.
 */
export class PreparedShape {
  static readonly #prepared = new WeakMap<StructureShape, PreparedShape>();

  /** The member that is the whole body. */
  readonly payload: Slot | undefined;
  /** Members in header fields, and the status; their names in lower case. */
  readonly head: readonly Slot[];
  /** Members in the document, by their name there without a prefix. */
  readonly document: ReadonlyMap<string, Slot>;
  /** Members that are the text of the document's root. */
  readonly text: readonly Slot[];
  /** Members that must be there. */
  readonly required: readonly Slot[];
  /** Members that are filled with a random id. */
  readonly tokens: readonly Slot[];

  readonly #prototype: object;

  private constructor({ members }: StructureShape) {
    const slots = Object.entries(members).map(([key, member]): Slot => ({
      key,
      member,
      shape: shapeOf(member),
      name: member.name ?? key,
    }));
    this.payload = slots.find(({ member }) => member.at === "payload");
    this.head = slots.filter(({ member }) => isInHead(member)).map((slot) => ({
      ...slot,
      name: slot.name.toLowerCase(),
    }));
    this.document = new Map(
      slots.filter(({ member }) => isInDocument(member))
        .map((slot) => [localName(slot.name), slot]),
    );
    this.text = slots.filter(({ member }) => member.at === "text");
    this.required = slots.filter(({ member }) => member.required);
    this.tokens = slots.filter(({ member }) => member.token);
    const secrets = slots.filter(({ member }) => member.secret);
    this.#prototype = secrets.length === 0
      ? Object.prototype
      : withholding(secrets.map(({ key }) => key));
  }

  /** Makes a value without members yet; printed, it will not show its secrets. */
  blank(): Record<string, unknown> {
    return Object.create(this.#prototype);
  }

  /** Prepares a structure, or finds it prepared. */
  static of(shape: StructureShape): PreparedShape {
    let prepared = this.#prepared.get(shape);
    if (prepared === undefined) {
      prepared = new PreparedShape(shape);
      this.#prepared.set(shape, prepared);
    }
    return prepared;
  }
}

/** An answer has neither path nor query: what would travel there is in its body. */
function isInDocument({ at }: Member): boolean {
  return at === undefined || at === "query" || at === "path";
}

function isInHead({ at }: Member): boolean {
  return at === "header" || at === "headers" || at === "status";
}

/** `xsi:type` → `type`, as the elements have it. */
function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
