/**
 * Requests and answers by the service's own tables: which operation a request
 * is, its input as a value, and an output as a response.
 *
 * @module
 */
import { strictText, utf8 } from "../../foundation/bytes.ts";
import { httpDate, parseTimestamp } from "../../foundation/timestamps.ts";
import type { HeaderMap } from "../../ports/http.ts";
import type {
  Member,
  Operation,
  Shape,
  StructureShape,
} from "../../ports/schema.ts";
import * as tables from "../../services/s3/generated/operations.ts";
import { invalidArgument, S3Error } from "./s3_error.ts";
import { type Query, valueOf } from "./request.ts";
import {
  children,
  escaped,
  type Node,
  readXml,
  xmlDeclaration,
} from "./xml.ts";

/** The operations of S3. */
export type Tables = typeof tables;

/** Name of an operation of S3. */
export type OperationName = keyof Tables;

/** Type of an operation's input. */
export type InputOf<Name extends OperationName> = Tables[Name] extends
  Operation<infer Input, unknown> ? Input : never;

/** Type of an operation's output. */
export type OutputOf<Name extends OperationName> = Tables[Name] extends
  Operation<never, infer Output> ? Output : never;

/** An operation whose types do not matter. */
type AnyOperation = Operation<never, unknown>;

/** Names and values of a structure. */
export type Members = Readonly<Record<string, unknown>>;

/** What the tables are asked about. */
export interface TableRequest {
  /** HTTP method in capitals. */
  readonly method: string;
  /** Name of the bucket, or `""`. */
  readonly bucket: string;
  /** Key of the object, or `""`. */
  readonly key: string;
  /** The query, decoded. */
  readonly query: Query;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body, decoded. */
  readonly body: Uint8Array<ArrayBuffer>;
}

type Level = "bucket" | "object" | "service";

/** What a request must have to be an operation. */
interface Route {
  readonly name: OperationName;
  readonly operation: AnyOperation;
  /** Names in the query, with the value where the template has one. */
  readonly query: readonly (readonly [name: string, value?: string])[];
  readonly headers: readonly string[];
}

/** Operations that another one answers, or that are not of S3's own endpoint. */
const UNROUTED = new Set([
  "GetBucketLifecycle",
  "GetBucketNotification",
  "ListDirectoryBuckets",
  "PutBucketLifecycle",
  "PutBucketNotification",
  "WriteGetObjectResponse",
]);

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
const XSI = "http://www.w3.org/2001/XMLSchema-instance";

/** Names in a query that select an operation, by level. */
const SELECTORS: Record<Level, Set<string>> = {
  bucket: new Set(),
  object: new Set(),
  service: new Set(),
};

const ROUTES = routes();

function routes(): ReadonlyMap<string, readonly Route[]> {
  const all = new Map<string, Route[]>();
  for (const [name, table] of Object.entries(tables)) {
    if (UNROUTED.has(name)) continue;
    const operation: AnyOperation = table;
    const [path = "", template = ""] = operation.path.split("?");
    const level = path === "/" ? "service" : path === "" ? "bucket" : "object";
    const query = template.split("&")
      .filter((part) => part !== "" && !part.startsWith("x-id"))
      .map((part) => part.split("=") as [string, string?]);
    for (const [selector] of query) SELECTORS[level].add(selector);
    const headers: string[] = [];
    for (const [key, member] of Object.entries(operation.input().members)) {
      if (!member.required) continue;
      const wire = member.name ?? key;
      if (member.at === "query") query.push([wire]);
      if (member.at === "header" && wire === "x-amz-copy-source") {
        headers.push(wire);
      }
    }
    // An entry of the tables is named by its operation.
    const route = { name: name as OperationName, operation, query, headers };
    const place = `${level} ${operation.method}`;
    all.set(place, [...all.get(place) ?? [], route]);
  }
  for (const list of all.values()) {
    list.sort((one, other) =>
      other.query.length + other.headers.length -
      (one.query.length + one.headers.length)
    );
  }
  return all;
}

/**
 * The operation that a request is.
 *
 * @throws {S3Error} MethodNotAllowed, if it is none.
 */
export function operationOf(request: TableRequest): OperationName {
  const level = request.bucket === ""
    ? "service"
    : request.key === ""
    ? "bucket"
    : "object";
  const found = ROUTES.get(`${level} ${request.method}`)
    ?.find((route) => fits(route, request));
  const stray = request.query.find(([name]) =>
    SELECTORS[level].has(name) && name !== "list-type" &&
    !found?.query.some(([other]) => other === name)
  );
  if (found === undefined || stray !== undefined) {
    throw new S3Error("MethodNotAllowed", {
      Method: request.method,
      ResourceType: stray?.[0].toUpperCase() ?? level.toUpperCase(),
    });
  }
  return found.name;
}

function fits({ query, headers }: Route, request: TableRequest): boolean {
  return query.every(([name, value]) => {
    const found = valueOf(request.query, name);
    return found !== undefined && (value === undefined || found === value);
  }) && headers.every((name) => request.headers[name] !== undefined);
}

/**
 * The input of an operation, read from a request.
 *
 * @throws {S3Error} If something in it is not as the tables have it.
 */
export function readInput(
  name: OperationName,
  request: TableRequest,
): Members {
  const operation: AnyOperation = tables[name];
  const { members } = operation.input();
  const input: Record<string, unknown> = {};
  let document: Node | undefined;
  const inBody = Object.values(members).some(({ at }) => at === undefined);
  if (inBody && operation.root && request.body.length > 0) {
    document = readXml(request.body, operation.root.name);
  }
  for (const [key, member] of Object.entries(members)) {
    const value = readMember(key, member, request, document);
    if (value !== undefined) input[key] = value;
    else if (member.required && member.at === "payload") {
      throw new S3Error("MalformedXML");
    }
  }
  return input;
}

function readMember(
  key: string,
  member: Member,
  request: TableRequest,
  document: Node | undefined,
): unknown {
  const wire = member.name ?? key;
  switch (member.at) {
    case "path":
      return key === "Bucket" ? request.bucket : request.key;
    case "query":
      if (typeof member.of !== "string") return undefined;
      return readText(member, wire, valueOf(request.query, wire));
    case "header": {
      const found = request.headers[wire.toLowerCase()];
      if (typeof member.of === "string") return readText(member, wire, found);
      return found?.split(",").map((item) => item.trim());
    }
    case "headers": {
      const prefix = wire.toLowerCase();
      return Object.fromEntries(
        Object.entries(request.headers)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => [name.slice(prefix.length), value]),
      );
    }
    case "payload":
      if (typeof member.of === "string") {
        return member.of === "blob" ? request.body : strictText(request.body);
      }
      if (request.body.length === 0) return undefined;
      return readNode(member, readXml(request.body, wire));
    default:
      return document === undefined
        ? undefined
        : readChild(key, member, document);
  }
}

/** A value from a header field or a query. */
function readText(
  { of, time }: Member,
  name: string,
  found: string | undefined,
): unknown {
  if (found === undefined) return undefined;
  switch (of) {
    case "integer":
    case "long":
      if (found === "") return undefined;
      if (!/^\d{1,15}$/.test(found)) {
        throw invalidArgument(
          name,
          found,
          `Provided ${name} not an integer or within integer range`,
        );
      }
      return Number(found);
    case "boolean":
      return found.toLowerCase() === "true";
    case "timestamp":
      // A date that cannot be read is as if it were not there.
      return time === "epoch"
        ? new Date(Number(found) * 1_000)
        : parseTimestamp(found);
    default:
      return found;
  }
}

function readChild(key: string, member: Member, parent: Node): unknown {
  const wire = member.name ?? key;
  if (member.attribute) {
    return parent.attributes?.[wire.replace(/^.*:/, "")];
  }
  const found = children(parent, wire);
  if (typeof member.of !== "string") {
    const shape = member.of();
    if (shape.kind === "list" && member.flat) {
      return found.length === 0
        ? undefined
        : found.map((node) => readNode(shape.item, node));
    }
  }
  const [node] = found;
  return node === undefined ? undefined : readNode(member, node);
}

function readNode(member: Member, node: Node): unknown {
  if (typeof member.of === "string") return readScalar(member, node);
  const shape = member.of();
  if (shape.kind === "list") {
    const item = shape.item.name ?? "member";
    return children(node, item).map((child) => readNode(shape.item, child));
  }
  if (shape.kind === "map") return {};
  const value: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(shape.members)) {
    const found = readChild(key, inner, node);
    if (found !== undefined) value[key] = found;
    else if (inner.required && !inner.attribute) {
      throw new S3Error("MalformedXML");
    }
  }
  return value;
}

function readScalar({ of }: Member, { text }: Node): unknown {
  const trimmed = text.trim();
  switch (of) {
    case "integer":
    case "long":
      if (!/^-?\d{1,15}$/.test(trimmed)) throw new S3Error("MalformedXML");
      return Number(trimmed);
    case "boolean":
      if (!/^(?:true|false)$/i.test(trimmed)) throw new S3Error("MalformedXML");
      return trimmed.toLowerCase() === "true";
    case "timestamp": {
      const time = parseTimestamp(trimmed);
      if (time === undefined) throw new S3Error("MalformedXML");
      return time;
    }
    default:
      return text;
  }
}

/** The head of a response, and its document. */
export interface WrittenOutput {
  /** Header fields by lower-case name. */
  readonly headers: Record<string, string>;
  /** The document; absent where the operation has none. */
  readonly document?: Uint8Array<ArrayBuffer>;
}

/**
 * Entries of two lists of a document in one order, as ListObjectVersions has
 * them: the name of each element's member, and its value.
 */
export type Mixed = readonly (readonly [member: string, value: Members])[];

/** Writes an output by the table of its operation. */
export function writeOutput(
  name: OperationName,
  output: Members,
  mixed: Mixed = [],
): WrittenOutput {
  const operation: AnyOperation = tables[name];
  const { members } = operation.output();
  const headers: Record<string, string> = {};
  let payload: Uint8Array<ArrayBuffer> | undefined;
  for (const [key, member] of Object.entries(members)) {
    const value = output[key];
    if (value === undefined) continue;
    const wire = (member.name ?? key).toLowerCase();
    if (member.at === "header") {
      headers[wire] = headerText(member, value);
    } else if (member.at === "headers") {
      for (const [entry, text] of Object.entries(value as Members)) {
        headers[wire + entry] = String(text);
      }
    } else if (member.at === "payload" && typeof member.of !== "string") {
      payload = document(member.name ?? key, written(member.of(), value));
    } else if (member.at === "payload" && member.of === "string") {
      payload = utf8(String(value));
    }
  }
  const [root] = operation.roots ?? [];
  if (payload === undefined && root !== undefined) {
    const text = Object.entries(members).find(([, { at }]) => at === "text");
    payload = document(
      root,
      text === undefined
        ? written(operation.output(), output, mixed)
        : escaped(String(output[text[0]] ?? "")),
    );
  }
  return payload === undefined ? { headers } : { headers, document: payload };
}

function headerText({ of, time }: Member, value: unknown): string {
  if (value instanceof Date) {
    return time === "iso8601" ? documentTime(value) : httpDate(value);
  }
  return of === "string" || typeof of === "string" ? String(value) : "";
}

function document(root: string, content: string): Uint8Array<ArrayBuffer> {
  return utf8(
    `${xmlDeclaration}<${root} xmlns="${NAMESPACE}">${content}</${root}>`,
  );
}

/** Writes a value as it stands in a document, its element included. */
type Writer = (value: unknown) => string;

/** A structure, prepared for writing: listings write the same one often. */
interface PreparedShape {
  /** The members that stand in documents, in order. */
  readonly members: readonly (readonly [key: string, write: Writer])[];
  /** Writes the attributes; absent where there are none. */
  readonly attributes?: Writer;
}

const PREPARED = new WeakMap<StructureShape, PreparedShape>();

function prepared(shape: StructureShape): PreparedShape {
  const known = PREPARED.get(shape);
  if (known !== undefined) return known;
  const all = Object.entries(shape.members);
  const attributes = all.some(([, { attribute }]) => attribute)
    ? (value: unknown) => attributesOf(shape, value as Members)
    : undefined;
  const made: PreparedShape = {
    members: all
      .filter(([, { at, attribute }]) => at === undefined && !attribute)
      .map(([key, member]) => [key, memberWriter(key, member)]),
    ...attributes === undefined ? {} : { attributes },
  };
  PREPARED.set(shape, made);
  return made;
}

function written(shape: Shape, value: unknown, mixed: Mixed = []): string {
  if (shape.kind !== "structure") return "";
  const members = value as Members;
  let out = "";
  for (const [key, write] of prepared(shape).members) {
    if (mixed.some(([name]) => name === key)) {
      if (mixed[0]?.[0] === key) out += mixedElements(shape, mixed);
      continue;
    }
    const member = members[key];
    if (member !== undefined) out += write(member);
  }
  return out;
}

function mixedElements(shape: StructureShape, mixed: Mixed): string {
  const writers = new Map(prepared(shape).members);
  return mixed.map(([key, value]) => writers.get(key)?.([value]) ?? "")
    .join("");
}

function memberWriter(key: string, member: Member): Writer {
  const name = member.name ?? key;
  const shape = typeof member.of === "string" ? undefined : member.of();
  if (shape?.kind !== "list") return itemWriter(name, member);
  const item = member.flat ? name : shape.item.name ?? "member";
  const write = itemWriter(item, shape.item);
  const items: Writer = (value) => {
    let out = "";
    for (const one of value as readonly unknown[]) out += write(one);
    return out;
  };
  return member.flat ? items : (value) => `<${name}>${items(value)}</${name}>`;
}

function itemWriter(name: string, member: Member): Writer {
  const end = `</${name}>`;
  if (typeof member.of === "string") {
    return (value) => `<${name}>${escaped(scalarText(value))}${end}`;
  }
  const shape = member.of();
  if (shape.kind !== "structure") return () => `<${name}>${end}`;
  return (value) => {
    const attributes = prepared(shape).attributes?.(value) ?? "";
    return `<${name}${attributes}>${written(shape, value)}${end}`;
  };
}

function attributesOf(shape: StructureShape, value: Members): string {
  return Object.entries(shape.members)
    .filter(([key, { attribute }]) => attribute && value[key] !== undefined)
    .map(([key, { name = key }]) =>
      ` xmlns:xsi="${XSI}" ${name}="${escaped(String(value[key]))}"`
    ).join("");
}

function scalarText(value: unknown): string {
  return value instanceof Date ? documentTime(value) : String(value);
}

/** A time as documents show it: with milliseconds, even where they are zero. */
function documentTime(time: Date): string {
  return time.toISOString();
}
