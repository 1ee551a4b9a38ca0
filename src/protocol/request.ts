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
import type {
  ListShape,
  Member,
  Operation,
  SerializedRequest,
  StructureShape,
} from "../ports/schema.ts";
import {
  isValues,
  PreparedShape,
  type Slot,
  type Values,
} from "./prepared_shape.ts";
import { headerDates, headerJson, headerList, memberText } from "./scalars.ts";
import { validated } from "./validate.ts";

/** A name or several, as a host takes them (RFC 1123, section 2.1). */
const HOST_NAME = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;

/** An input that is ready to be written. */
export interface CheckedInput {
  /** The operation's input. */
  readonly shape: StructureShape;
  /** The values, tokens included. */
  readonly values: Values;
  /** Input members that the endpoint depends on. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Checks an input and finds what the host depends on.
 *
 * @param operation The operation's table.
 * @param input What the caller gave.
 * @param uuid Makes the idempotency tokens that the input lacks.
 * @throws {ValidationError} If the input does not fit.
 */
export function checkedInput<Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  uuid: () => string,
): CheckedInput {
  const { name } = operation;
  const shape = operation.input();
  const { slots, tokens } = PreparedShape.of(shape);
  const values = validated(
    name,
    shape,
    tokens.length === 0 ? input : withTokens(tokens, input, uuid),
  );
  const context: Record<string, string> = { ...operation.context };
  for (const key of Object.keys(values)) {
    const param = slots.get(key)?.member.context;
    if (param !== undefined && values[key] !== undefined) {
      context[param] = String(values[key]);
    }
  }
  return { shape, values, context };
}

/**
 * What is put in front of the host, where the operation's table says so.
 *
 * @throws {ValidationError} If a member in it cannot be part of a host.
 */
export function hostPrefixOf<Input, Output>(
  { name, hostPrefix }: Operation<Input, Output>,
  values: Values,
): Pick<SerializedRequest, "hostPrefix"> | undefined {
  return hostPrefix === undefined
    ? undefined
    : { hostPrefix: filledPrefix(name, hostPrefix, values) };
}

function withTokens(
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

function filledPrefix(
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

/** A path template, taken apart. */
interface Template {
  /** Text before and between the labels; one more than there are labels. */
  readonly literals: readonly string[];
  readonly labels: readonly string[];
  readonly query: readonly QueryParam[];
}

/** There are as many as operations in the tables. */
const TEMPLATES = new Map<string, Template>();

/**
 * Fills an operation's path template, and puts the other members where they
 * travel. A member of the path that the template does not name is left to the
 * endpoint.
 *
 * @param template For example `"/{Key+}?tagging"`.
 * @param shape The operation's input.
 * @param values The input, validated before.
 */
export function requestHead(
  template: string,
  shape: StructureShape,
  values: Values,
): RequestHead {
  const { slots } = PreparedShape.of(shape);
  let parts = TEMPLATES.get(template);
  if (parts === undefined) {
    parts = templateOf(template);
    TEMPLATES.set(template, parts);
  }
  const labels: Record<string, string> = {};
  const query = [...parts.query];
  const headers: Record<string, string> = {};
  let hasMaps = false;

  for (const key of Object.keys(values)) {
    const slot = slots.get(key);
    const value = values[key];
    if (slot === undefined || value === undefined) continue;
    const { member, name, shape: inner } = slot;
    switch (member.at) {
      case "path":
        labels[name] = memberText(member, value);
        break;
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
  if (hasMaps) addMaps(slots, values, query, headers);

  let path = parts.literals[0] ?? "";
  for (const [index, label] of parts.labels.entries()) {
    const greedy = label.endsWith("+");
    const value = labels[greedy ? label.slice(0, -1) : label] ?? "";
    path += (greedy ? encodePath(value) : encodeComponent(value)) +
      parts.literals[index + 1];
  }
  return { path, query, headers };
}

/** `/{Key+}?list-type=2&uploads` → its parts. */
function templateOf(template: string): Template {
  const [path = "", constants] = template.split("?", 2);
  const pieces = path.split(/\{([^}]+)\}/);
  return {
    literals: pieces.filter((_, index) => index % 2 === 0),
    labels: pieces.filter((_, index) => index % 2 === 1),
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
