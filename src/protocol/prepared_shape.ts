/**
 * Structures, prepared for reading and writing, and questions about their
 * members.
 *
 * @module
 */
import { withholding } from "../foundation/redact.ts";
import type { QueryParam } from "../ports/http.ts";
import type { Member, Shape, StructureShape } from "../ports/schema.ts";
import { READ_SCALAR, type ReadScalar } from "./scalars.ts";
import type { Layout } from "./xml_layout.ts";

/** Values by the names of members. */
export type Values = Readonly<Record<string, unknown>>;

/** A path template, taken apart. */
export interface PathTemplate {
  /** The template. */
  readonly text: string;
  /** What stands before the first label. */
  readonly start: string;
  /** The labels. */
  readonly labels: readonly PathLabel[];
  /** Query parameters that are constants. */
  readonly query: readonly QueryParam[];
}

/** A label of a path template. */
export interface PathLabel {
  /** The member that it names; absent where there is none. */
  readonly slot: Slot | undefined;
  /** Slashes in it are kept. */
  readonly greedy: boolean;
  /** What stands between it and the next one. */
  readonly after: string;
}

/** A member, and what every message needs to know of it. */
export interface Slot {
  /** The member's name in the API. */
  readonly key: string;
  /** The member. */
  readonly member: Member;
  /** Its shape; `undefined` for a scalar. */
  readonly shape: Shape | undefined;
  /** Its name on the wire; that of a header field in lower case. */
  readonly name: string;
  /** Its start tag without attributes. */
  readonly open: string;
  /** Its end tag without blanks. */
  readonly close: string;
  /** The shortest length, or the least number, that an input may have. */
  readonly least: number | undefined;
  /** Reads it from a header field; absent: it is the text itself. */
  readonly read: ReadScalar | undefined;
  /** Another member that is read from the same header field. */
  also: Slot | undefined;
  /** The member that followed it in the last document. */
  next: Slot | undefined;
}

/**
 * The members of a structure, sorted by where they travel. The tables do not
 * change, so each structure is sorted once and not with every message.
 */
export class PreparedShape {
  /** All members, by their name in the API. */
  readonly slots: ReadonlyMap<string, Slot>;
  /** The member that is the whole body. */
  readonly payload: Slot | undefined;
  /** Members in header fields, and the status; their names in lower case. */
  readonly head: readonly Slot[];
  /** Those in header fields, by the names of these. */
  readonly fields: ReadonlyMap<string, Slot>;
  /** Those that are maps of header fields. */
  readonly maps: readonly Slot[];
  /** What the names of fields that are entries of a map begin with. */
  readonly prefix: string | undefined;
  /** The first text behind all that begin so. */
  readonly prefixEnd: string;
  /** The member that is the status. */
  readonly status: Slot | undefined;
  /** Members in the document, by their name there without a prefix. */
  readonly document: ReadonlyMap<string, Slot>;
  /** Members that are the text of the document's root. */
  readonly text: readonly Slot[];
  /** Members that must be there. */
  readonly required: readonly Slot[];
  /** Members that Amazon always sends, and other stores do not. */
  readonly always: readonly Slot[];
  /** Members that are filled with a random id. */
  readonly tokens: readonly Slot[];
  /** The member that came first in the last document. */
  first: Slot | undefined;
  /** Layouts of the structure in a list, the last one first. */
  readonly layouts: Layout[] = [];

  /** The last path template that was filled from the structure. */
  template: PathTemplate | undefined;

  readonly #prototype?: object;

  private constructor({ members }: StructureShape) {
    const slots = new Map<string, Slot>();
    const document = new Map<string, Slot>();
    const head: Slot[] = [];
    const fields = new Map<string, Slot>();
    const text: Slot[] = [];
    const required: Slot[] = [];
    const always: Slot[] = [];
    const tokens: Slot[] = [];
    const secrets: string[] = [];
    for (const key of Object.keys(members)) {
      const member = members[key];
      if (member === undefined) continue;
      const { at } = member;
      const inHead = at === "header" || at === "headers" || at === "status";
      const wire = member.name ?? key;
      const name = inHead ? wire.toLowerCase() : wire;
      const slot: Slot = {
        key,
        member,
        shape: shapeOf(member),
        name,
        open: `<${name}>`,
        close: `</${name}>`,
        // An empty part of a path would name something else.
        least: member.min ?? (at === "path" ? 1 : undefined),
        read: member.of === "string" && !member.json
          ? undefined
          : typeof member.of === "string" && !member.json
          ? READ_SCALAR[member.of]
          : notScalar,
        also: undefined,
        next: undefined,
      };
      slots.set(key, slot);
      if (inHead) {
        head.push(slot);
        if (at === "header") {
          slot.also = fields.get(name);
          fields.set(name, slot);
        }
      } else if (at === "text") text.push(slot);
      else if (at === "payload") this.payload ??= slot;
      // An answer has neither path nor query: these members are in its body.
      else document.set(localName(name), slot);
      if (member.required) required.push(slot);
      if (member.always) always.push(slot);
      if (member.token) tokens.push(slot);
      if (member.secret) secrets.push(key);
    }
    this.slots = slots;
    this.head = head;
    this.fields = fields;
    this.maps = head.filter(({ member }) => member.at === "headers");
    const [map, ...others] = this.maps;
    this.prefix = others.length === 0 ? map?.name : "";
    this.prefixEnd = `${this.prefix}\uffff`;
    this.status = head.find(({ member }) => member.at === "status");
    this.document = document;
    this.text = text;
    this.required = required;
    this.always = always;
    this.tokens = tokens;
    const { payload } = this;
    const holds = payload?.member.stream ||
      payload?.shape?.kind === "structure" && payload.shape.events;
    if (secrets.length > 0 || holds) {
      this.#prototype = withholding(secrets);
      if (payload !== undefined && holds) disposing(this.#prototype, payload);
    }
  }

  /**
   * Makes a value without members yet. Printed, it will not show its secrets;
   * where its payload holds a connection, it can be declared with `await using`,
   * as the payload can.
   */
  blank(): Record<string, unknown> {
    return this.#prototype === undefined ? {} : Object.create(this.#prototype);
  }

  /** Prepares a structure, or finds it prepared. */
  static of(shape: StructureShape): PreparedShape {
    let prepared = PREPARED.get(shape);
    if (prepared === undefined) {
      prepared = new PreparedShape(shape);
      PREPARED.set(shape, prepared);
    }
    return prepared;
  }
}

const PREPARED = new WeakMap<StructureShape, PreparedShape>();

/** Lets values give back the connection that their payload holds. */
function disposing(prototype: object, { key }: Slot): void {
  Object.defineProperty(prototype, Symbol.asyncDispose, {
    async value(
      this: Record<string, Partial<AsyncDisposable> | undefined>,
    ): Promise<void> {
      await this[key]?.[Symbol.asyncDispose]?.();
    },
  });
}

/** Reads a list or JSON as no scalar at all. */
function notScalar(): undefined {
  return undefined;
}

/** The shape of a member; `undefined` for a scalar. */
export function shapeOf(member: Member): Shape | undefined {
  return typeof member.of === "function" ? member.of() : undefined;
}

/** A value that is set, with its member. */
export type SetMember = readonly [slot: Slot, value: unknown];

/** The values that are set, with their members, in the order of the values. */
export function setMembers(
  shape: StructureShape,
  values: Values,
): readonly SetMember[] {
  const { slots } = PreparedShape.of(shape);
  const found: SetMember[] = [];
  for (const key of Object.keys(values)) {
    const slot = slots.get(key);
    const value = values[key];
    if (slot !== undefined && value !== undefined) found.push([slot, value]);
  }
  return found;
}

/** Whether a value has members of its own: no list, map, set, bytes or time. */
export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null &&
    !(Symbol.iterator in value) && !(value instanceof Date);
}

/** `xsi:type` to `type`, as the elements have it. */
export function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
