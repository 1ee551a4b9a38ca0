/**
 * Input members that travel in the path, the query or the header.
 *
 * Source: Smithy 2.0, "HTTP bindings".
 *
 * @module
 */
import { encodeComponent, encodePath } from "../foundation/bytes.ts";
import type { HeaderMap, QueryParam } from "../ports/http.ts";
import type { Member, StructureShape } from "../ports/schema.ts";
import { headerDates, headerJson, headerList } from "./header_values.ts";
import { given, isValues, shapeOf, type Values } from "./members.ts";
import { memberText } from "./scalars.ts";

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
  const [path = "", constants] = template.split("?", 2);
  const labels = new Map<string, string>();
  const query = constantParams(constants);
  const headers = new Map<string, string>();

  const members = given(shape, values);
  for (const [key, member, value] of members) {
    const name = member.name ?? key;
    if (member.at === "path") labels.set(name, memberText(member, value));
    if (member.at === "query" && !isMap(member)) {
      for (const text of textsOf(member, value)) query.push([name, text]);
    }
    const nothing = Array.isArray(value) && value.length === 0;
    if (member.at === "header" && !nothing) {
      headers.set(name.toLowerCase(), fieldOf(member, value));
    }
  }
  // Members go before the entries of maps that have the same name.
  for (const [, member, value] of members) {
    if (!isValues(value)) continue;
    if (member.at === "query" && isMap(member)) addParams(query, member, value);
    if (member.at === "headers") addFields(headers, member, value);
  }
  return {
    path: filled(path, labels),
    query,
    headers: Object.fromEntries(headers),
  };
}

function filled(path: string, labels: ReadonlyMap<string, string>): string {
  return path.replace(/\{([^}]+)\}/g, (_, label: string) => {
    const greedy = label.endsWith("+");
    const value = labels.get(greedy ? label.slice(0, -1) : label) ?? "";
    return greedy ? encodePath(value) : encodeComponent(value);
  });
}

/** `list-type=2&uploads` → parameters. */
function constantParams(constants: string | undefined): QueryParam[] {
  if (constants === undefined) return [];
  return constants.split("&").map((constant) => {
    const [name = "", value] = constant.split("=", 2);
    return value === undefined ? [name] : [name, value];
  });
}

function addParams(query: QueryParam[], member: Member, values: Values): void {
  const shape = shapeOf(member);
  if (shape?.kind !== "map") return;
  const taken = new Set(query.map(([name]) => name));
  for (const [name, value] of Object.entries(values)) {
    if (taken.has(name)) continue;
    for (const text of textsOf(shape.value, value)) query.push([name, text]);
  }
}

function addFields(
  headers: Map<string, string>,
  { name = "" }: Member,
  values: Values,
): void {
  for (const [key, value] of Object.entries(values)) {
    const field = (name + key).toLowerCase();
    if (!headers.has(field)) headers.set(field, String(value));
  }
}

function fieldOf(member: Member, value: unknown): string {
  if (member.json) return headerJson(value);
  const shape = shapeOf(member);
  if (shape?.kind !== "list") return memberText(member, value, "http-date");
  const { of, time } = shape.item;
  const texts = textsOf(member, value, "http-date");
  return of === "timestamp" && !time ? headerDates(texts) : headerList(texts);
}

/** A value, or the items of a list, as text. */
function textsOf(
  member: Member,
  value: unknown,
  habit?: "http-date",
): string[] {
  const shape = shapeOf(member);
  if (shape?.kind !== "list" || !Array.isArray(value)) {
    return [memberText(member, value, habit)];
  }
  return value.map((item) => memberText(shape.item, item, habit));
}

function isMap(member: Member): boolean {
  return shapeOf(member)?.kind === "map";
}
