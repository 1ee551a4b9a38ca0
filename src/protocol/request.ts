/**
 * Inputs to requests: what is checked and filled in first, and the members that
 * travel in the path, the query, the header or the host.
 *
 * Source: Smithy 2.0, "HTTP bindings".
 *
 * @module
 */
import { ValidationError } from "../foundation/errors.ts";
import { encodeComponent, encodePath } from "../foundation/bytes.ts";
import type { HeaderMap, QueryParam } from "../ports/http.ts";
import type { ListShape, Member, StructureShape } from "../ports/schema.ts";
import {
  isValues,
  type PathLabel,
  type PathTemplate,
  PreparedShape,
  type Slot,
  type Values,
} from "./prepared_shape.ts";
import { headerDates, headerJson, headerList, memberText } from "./scalars.ts";
import { fits, validated } from "./validate.ts";

/** A name or several, as a host takes them (RFC 1123, section 2.1). */
const HOST_NAME = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;

/**
 * Fills in the idempotency tokens that an input lacks.
 *
 * @param tokens The members that are tokens.
 * @param input What the caller gave.
 * @param uuid Makes the tokens.
 */
export function withTokens(
  tokens: readonly Slot[],
  input: unknown,
  uuid: () => string,
): unknown {
  if (!isValues(input)) return input;
  const made = tokens
    .filter(({ key }) => input[key] === undefined)
    .map(({ key }) => [key, uuid()] as const);
  return made.length === 0 ? input : { ...input, ...Object.fromEntries(made) };
}

/**
 * Writes what is put in front of the host.
 *
 * @param operation Name of the operation, for the error.
 * @param template The text, with members in braces.
 * @param values The input, validated before.
 * @throws {ValidationError} If a member in it cannot be part of a host.
 */
export function filledPrefix(
  operation: string,
  template: string,
  values: Values,
): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const label = String(values[key] ?? "");
    if (HOST_NAME.test(label)) return label;
    throw new ValidationError(operation, [{
      path: key,
      problem:
        "must be letters, digits, hyphens and dots, as it is part of the host",
    }]);
  });
}

/** The parts of a request that come before its body. */
export interface RequestHead {
  /** Path, percent-encoded. */
  readonly path: string;
  /** Query parameters, those of the template first. */
  readonly query: readonly QueryParam[];
  /** Header fields. */
  readonly headers: HeaderMap;
}

/**
 * Checks an input, fills an operation's path template, and puts the other
 * members where they travel. A member of the path that the template does not
 * name is left to the endpoint.
 *
 * @param template For example `"/{Key+}?tagging"`.
 * @param shape The operation's input.
 * @param input What the caller gave, and the tokens.
 * @param operation Name of the operation, for the error.
 * @param context Takes the members that the endpoint depends on.
 * @throws {ValidationError} If the input does not fit.
 */
export function requestHead(
  template: string,
  shape: StructureShape,
  input: unknown,
  operation = "",
  context: Record<string, string> = {},
): RequestHead {
  const prepared = PreparedShape.of(shape);
  const { slots } = prepared;
  const values = isValues(input) ? input : validated(operation, shape, input);
  let isChecked = false;
  let required = 0;
  let hasMaps = false;
  let filled = prepared.template;
  if (filled?.text !== template) {
    prepared.template = filled = templateOf(template, slots.values());
  }
  const query = filled.query.slice();
  const headers: Record<string, string> = {};

  const keys = Object.keys(values);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? "";
    const value = values[key];
    if (value === undefined) continue;
    const slot = slots.get(key);
    if (!isChecked && (slot === undefined || !fits(slot, value))) {
      validated(operation, shape, values);
      isChecked = true;
    }
    if (slot === undefined) continue;
    const { member, name, shape: inner } = slot;
    if (member.required) required++;
    if (member.context !== undefined) context[member.context] = String(value);
    switch (member.at) {
      case "header":
        if (inner === undefined && !member.json) {
          headers[name] = memberText(member, value, "http-date");
        } else if (!Array.isArray(value) || value.length > 0) {
          headers[name] = fieldText(slot, value);
        }
        break;
      case "query":
        if (inner === undefined) query.push([name, memberText(member, value)]);
        else if (inner.kind === "list") {
          for (const text of texts(inner, value)) query.push([name, text]);
        } else hasMaps = true;
        break;
      case "headers":
        hasMaps = true;
    }
  }
  if (!isChecked && (required < prepared.required.length || shape.union)) {
    validated(operation, shape, values);
  }
  if (hasMaps) addMaps(slots, values, query, headers);

  let path = filled.start;
  for (let i = 0; i < filled.labels.length; i++) {
    const label = filled.labels[i];
    if (label === undefined) continue;
    const { slot, greedy, after } = label;
    const value = slot === undefined ? undefined : values[slot.key];
    if (slot !== undefined && value !== undefined) {
      const text = memberText(slot.member, value);
      path += greedy ? encodePath(text) : encodeComponent(text);
    }
    path += after;
  }
  return { path, query, headers };
}

/** The parts of `/{Key+}?list-type=2&uploads`. */
function templateOf(template: string, slots: Iterable<Slot>): PathTemplate {
  const [path = "", constants] = template.split("?", 2);
  const [start = "", ...pieces] = path.split(/\{([^}]+)\}/);
  const members = [...slots].filter(({ member }) => member.at === "path");
  const labels: PathLabel[] = [];
  for (let i = 0; i < pieces.length; i += 2) {
    const [label = "", after = ""] = pieces.slice(i, i + 2);
    const greedy = label.endsWith("+");
    const wanted = greedy ? label.slice(0, -1) : label;
    const slot = members.find(({ name }) => name === wanted);
    labels.push({ slot, greedy, after });
  }
  return {
    text: template,
    start,
    labels,
    query: (constants?.split("&") ?? []).map((constant) => {
      const [name = "", value] = constant.split("=", 2);
      return value === undefined ? [name] : [name, value];
    }),
  };
}

/** Adds the entries of maps; members go before entries of the same name. */
function addMaps(
  slots: ReadonlyMap<string, Slot>,
  values: Values,
  query: QueryParam[],
  headers: Record<string, string>,
): void {
  for (const key of Object.keys(values)) {
    const slot = slots.get(key);
    const entries = values[key];
    if (slot === undefined || !isValues(entries)) continue;
    const { member, shape } = slot;
    if (member.at === "query" && shape?.kind === "map") {
      const taken = new Set(query.map(([name]) => name));
      for (const [name, value] of Object.entries(entries)) {
        if (taken.has(name)) continue;
        const { of } = shape.value;
        const inner = typeof of === "function" ? of() : undefined;
        const all = inner?.kind === "list"
          ? texts(inner, value)
          : [memberText(shape.value, value)];
        for (const text of all) query.push([name, text]);
      }
    } else if (member.at === "headers") {
      for (const [name, value] of Object.entries(entries)) {
        const field = ((member.name ?? "") + name).toLowerCase();
        if (Object.hasOwn(headers, field)) continue;
        // Not assigned, as a field may be called `__proto__`.
        Object.defineProperty(headers, field, {
          value: String(value),
          configurable: true,
          enumerable: true,
          writable: true,
        });
      }
    }
  }
}

/** The text of a field that is JSON or a list. */
function fieldText({ member, shape }: Slot, value: unknown): string {
  if (member.json) return headerJson(value);
  if (shape?.kind !== "list") return memberText(member, value, "http-date");
  const { of, time } = shape.item;
  const items = texts(shape, value, "http-date");
  return of === "timestamp" && !time ? headerDates(items) : headerList(items);
}

/** The items of a list as text. */
function texts(
  { item }: ListShape,
  value: unknown,
  fallback?: Member["time"],
): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.map((one) => memberText(item, one, fallback));
}
