/**
 * The REST-XML protocol, which S3 speaks.
 *
 * Source: Smithy 2.0, "AWS restXml protocol". As the service wants it and boto3
 * does it, documents go without a `Content-Type`.
 *
 * @module
 */
import { text } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";
import { StreamingBody } from "../foundation/streaming_body.ts";
import type { HttpResponse } from "../ports/http.ts";
import type {
  MapShape,
  Member,
  Operation,
  ParsedResponse,
  Protocol,
  SerializedRequest,
  StructureShape,
  XmlNamespace,
} from "../ports/schema.ts";
import {
  isValues,
  PreparedShape,
  setMembers,
  shapeOf,
  type Slot,
  type Values,
} from "./prepared_shape.ts";
import { filledPrefix, requestHead, withTokens } from "./request.ts";
import {
  bodyBytes,
  bodyText,
  completed,
  type Mutable,
  NO_BODY,
  type Output,
  readHead,
  ValueReader,
} from "./response.ts";
import { memberText } from "./scalars.ts";
import { isBodyInput } from "./validate.ts";

/** Writes requests and reads responses as REST-XML. */
export const restXml: Protocol = {
  serialize<Input, Result>(
    operation: Operation<Input, Result>,
    input: Input,
    uuid: () => string,
  ): SerializedRequest {
    const shape = operation.input();
    const { payload, tokens } = PreparedShape.of(shape);
    const { hostPrefix, method, name, root } = operation;
    const given = tokens.length === 0 ? input : withTokens(tokens, input, uuid);
    const context: Record<string, string> = { ...operation.context };
    const { path, query, headers } = requestHead(
      operation.path,
      shape,
      given,
      name,
      context,
    );
    // Else it would have been refused.
    const values = given as Values;
    const request: Mutable<SerializedRequest> = {
      method,
      context,
      path,
      query,
      headers,
      body: payload === undefined && root === undefined
        ? undefined
        : requestBody(operation, shape, payload, values),
      streamed: payload?.member.stream === true,
    };
    if (hostPrefix !== undefined) {
      request.hostPrefix = filledPrefix(name, hostPrefix, values);
    }
    return request;
  },

  async deserialize<Input, Result>(
    operation: Operation<Input, Result>,
    response: HttpResponse,
  ): Promise<ParsedResponse<Result>> {
    if (response.status >= 300) {
      const document = text(await bodyBytes(response));
      const { serviceError } = await import("./service_error.ts");
      throw serviceError(operation, response, document);
    }
    const shape = operation.output();
    const prepared = PreparedShape.of(shape);
    const { payload } = prepared;
    if (response.body === null || payload?.member.stream) {
      const parsed = deserializeHead(operation, response);
      if (parsed !== undefined) return parsed;
    }
    const head = readHead(operation.name, response, prepared);
    // What is handed out as it came keeps its memory.
    const room = payload?.member.of === "blob"
      ? undefined
      : documents?.lendRoom(response);
    const bytes = payload !== undefined && hasEvents(payload)
      ? undefined
      : await bodyBytes(response, room);
    if (
      bytes?.length === 0 && payload === undefined && !operation.bodyRequired
    ) return completed(head, prepared);
    const reader = new ValueReader(operation.name);
    const { output } = head;
    await readBody(operation, response, bytes, { shape, reader, output });
    if (bytes !== undefined && payload?.member.of !== "blob") {
      documents?.returnRoom(room, bytes);
    }
    return completed(head, prepared, reader);
  },

  deserializeHead,
};

/** The body of a request: a document, or what the caller gave. */
function requestBody<Input, Result>(
  { root }: Operation<Input, Result>,
  shape: StructureShape,
  payload: Slot | undefined,
  values: Values,
): SerializedRequest["body"] {
  if (payload === undefined) {
    return root !== undefined &&
        setMembers(shape, values).some(([slot]) => slot.member.at === undefined)
      ? structureXml(root, shape, values)
      : undefined;
  }
  const { key, member, name, shape: inner } = payload;
  const value = values[key];
  if (value === undefined) return undefined;
  if (inner !== undefined) return memberXml(name, member, value);
  return value instanceof Uint8Array || isBodyInput(value) ? value : undefined;
}

/**
 * Writes the use of a shape as an element; a flat list or map as several.
 *
 * @param name Name of the element.
 * @param member The use.
 * @param value The value, validated before.
 */
export function memberXml(
  name: string,
  member: Member,
  value: unknown,
): string {
  const shape = shapeOf(member);
  if (shape === undefined) {
    return xmlElement(
      name,
      xmlNamespace(member.namespace),
      xmlText(memberText(member, value)),
    );
  }
  if (shape.kind === "list") {
    return listXml(name, member, { item: shape.item, value });
  }
  const values = isValues(value) ? value : {};
  if (shape.kind === "map") return mapXml(name, member, { shape, values });
  return structureXml({ name, namespace: member.namespace }, shape, values);
}

/**
 * Writes a structure as an element; members that travel elsewhere are left out.
 *
 * @param element Name and namespace of the element.
 * @param shape The structure.
 * @param values Its members, validated before.
 */
export function structureXml(
  element: {
    readonly name: string;
    readonly namespace?: XmlNamespace | undefined;
  },
  shape: StructureShape,
  values: Values,
): string {
  let attributes = xmlNamespace(element.namespace);
  let content = "";
  for (const [{ key, member }, value] of setMembers(shape, values)) {
    if (member.at !== undefined) continue;
    const name = member.name ?? key;
    if (member.attribute) {
      attributes += xmlAttribute(name, memberText(member, value));
    } else {
      content += memberXml(name, member, value);
    }
  }
  return xmlElement(element.name, attributes, content);
}

function listXml(
  name: string,
  member: Member,
  { item, value }: { readonly item: Member; readonly value: unknown },
): string {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  if (member.flat) {
    const use = member.namespace && item.namespace === undefined
      ? { ...item, namespace: member.namespace }
      : item;
    return items.map((one) => memberXml(name, use, one)).join("");
  }
  const content = items.map((one) =>
    memberXml(item.name ?? "member", item, one)
  );
  return xmlElement(name, xmlNamespace(member.namespace), content.join(""));
}

function mapXml(
  name: string,
  member: Member,
  { shape, values }: { readonly shape: MapShape; readonly values: Values },
): string {
  const namespace = xmlNamespace(member.namespace);
  const entries = Object.entries(values).map(([key, value]) =>
    memberXml(shape.key.name ?? "key", shape.key, key) +
    memberXml(shape.value.name ?? "value", shape.value, value)
  );
  if (member.flat) {
    return entries.map((entry) => xmlElement(name, namespace, entry)).join("");
  }
  const content = entries.map((entry) => xmlElement("entry", "", entry));
  return xmlElement(name, namespace, content.join(""));
}

/**
 * Characters that mean something, or that a reader would change or drop: line
 * ends become one line feed, control characters are not allowed as they are.
 *
 * Source: Extensible Markup Language (XML) 1.0, fifth edition, section 2.4; the
 * further characters are those that the REST-XML protocol of Smithy names.
 */
const SPECIAL = /[&<>\u2028]|(?!\t)\p{Cc}/gu;

/**
 * Writes an element.
 *
 * @param name Its name.
 * @param attributes Its attributes, as XML.
 * @param content What is in it, as XML.
 */
export function xmlElement(
  name: string,
  attributes: string,
  content: string,
): string {
  return content === ""
    ? `<${name}${attributes} />`
    : `<${name}${attributes}>${content}</${name}>`;
}

/** Writes an attribute, with the blank before it. */
export function xmlAttribute(name: string, value: string): string {
  return ` ${name}="${xmlText(value).replaceAll('"', "&quot;")}"`;
}

/** Declares a namespace, if there is one. */
export function xmlNamespace(namespace: XmlNamespace | undefined): string {
  if (namespace === undefined) return "";
  const { prefix, uri } = namespace;
  return xmlAttribute(prefix === undefined ? "xmlns" : `xmlns:${prefix}`, uri);
}

/** Writes text. Lone surrogates become U+FFFD. */
export function xmlText(value: string): string {
  return value.toWellFormed().replace(SPECIAL, escape);
}

function escape(character: string): string {
  if (character === "&") return "&amp;";
  if (character === "<") return "&lt;";
  if (character === ">") return "&gt;";
  return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
}

/** Reads a response that is all there, or handed out as it comes. */
function deserializeHead<Input, Result>(
  operation: Operation<Input, Result>,
  response: HttpResponse,
): ParsedResponse<Result> | undefined {
  const { body, status } = response;
  if (status >= 300) return undefined;
  const prepared = PreparedShape.of(operation.output());
  const { payload } = prepared;
  if (
    payload === undefined
      ? body !== null || operation.bodyRequired
      : !payload.member.stream
  ) return undefined;
  const parsed = readHead(operation.name, response, prepared);
  if (payload !== undefined) {
    parsed.output[payload.key] = new StreamingBody(body ?? NO_BODY, response);
  }
  return completed(parsed, prepared);
}

/** Whether a body is handed out event by event. */
function hasEvents({ shape }: Slot): boolean {
  return shape?.kind === "structure" && shape.events === true;
}

/** What is needed to read a body. */
interface Reading {
  readonly shape: StructureShape;
  readonly reader: ValueReader;
  /** Takes the members. */
  readonly output: Output;
}

/**
 * Reads a body.
 *
 * @param bytes All of it; absent: it is handed out event by event.
 */
async function readBody<Input, Result>(
  operation: Operation<Input, Result>,
  response: HttpResponse,
  bytes: Uint8Array<ArrayBuffer> | undefined,
  { shape, reader, output }: Reading,
): Promise<void> {
  const { document, payload, text } = PreparedShape.of(shape);
  const inner = payload?.shape;
  if (bytes === undefined) {
    if (payload === undefined || inner?.kind !== "structure") return;
    const { eventStream } = await import("./event_stream.ts");
    output[payload.key] = eventStream(operation, response, {
      shape: inner,
      reader,
    });
    return;
  }
  if (payload !== undefined && inner === undefined) {
    if (payload.member.of === "string") output[payload.key] = bodyText(bytes);
    else if (bytes.length > 0) output[payload.key] = bytes;
  } else if (bytes.length > 0) {
    const isUsed = document.size > 0 || payload !== undefined ||
      text.length > 0;
    if (isUsed || operation.errorInSuccess) {
      await readDocument(operation, response, bytes, { shape, reader, output });
    }
  } else if (operation.bodyRequired) {
    const { answerInWords, wrongBody } = await import("./service_error.ts");
    const came = answerInWords(operation, response, bytes);
    throw wrongBody(operation, `its body is empty (${came})`);
  } else if (
    payload !== undefined && inner?.kind === "structure" && !inner.union
  ) {
    // An empty structure can be meant; a union without a member cannot.
    output[payload.key] = PreparedShape.of(inner).blank();
  }
}

/**
 * Reads a document.
 *
 * @throws {ServiceError} If it is an error, or, where it could be one, no XML.
 * @throws {ProtocolError} If it is a document of something else.
 */
async function readDocument<Input, Result>(
  operation: Operation<Input, Result>,
  response: HttpResponse,
  bytes: Uint8Array,
  { shape, reader, output }: Reading,
): Promise<void> {
  documents ??= await import("./document_reader.ts");
  const { isErrorDocument, readStructure, readValue } = documents;
  const { errorInSuccess, name } = operation;
  const document = orUndefined(() => bodyText(bytes));
  if (errorInSuccess && isErrorDocument(document ?? text(bytes))) {
    const { hiddenError } = await import("./service_error.ts");
    throw hiddenError(operation, response.headers, document ?? text(bytes));
  }
  const { document: members, payload, text: texts } = PreparedShape.of(shape);
  const read = document === undefined
    ? undefined
    : orUndefined(() =>
      payload === undefined
        ? readStructure(document, shape, reader, output, "", bytes)
        : readValue(document, payload.member, reader, payload.key, bytes)
    );
  if (read === undefined) {
    const { answerInWords, unreadableError, wrongBody } = await import(
      "./service_error.ts"
    );
    const came = answerInWords(operation, response, bytes);
    const found = `its body is no XML document (${came})`;
    throw errorInSuccess
      ? unreadableError(operation, response.headers, found)
      : wrongBody(operation, found);
  }
  const roots = payload === undefined
    ? operation.roots
    // The models name this root after the member or after its shape.
    : errorInSuccess && [...new Set([payload.key, payload.name])];
  const isUsed = members.size > 0 || payload !== undefined || texts.length > 0;
  // Stores that are made from the model name the root after the operation;
  // others name it in their own way and are known by what is in it.
  if (
    isUsed && roots && !read.known && !roots.includes(read.root) &&
    read.root !== `${name}Response`
  ) {
    const { answerInWords, wrongBody } = await import("./service_error.ts");
    const expected = roots.map((root) => `<${root}>`).join(" or ");
    const came = answerInWords(operation, response, bytes);
    throw wrongBody(
      operation,
      `its document is <${read.root}>, expected ${expected} (${came})`,
    );
  }
  reader.settle();
  if (payload !== undefined && "value" in read) {
    output[payload.key] = read.value;
  }
}

let documents: typeof import("./document_reader.ts") | undefined;

/** What a reader returns; `undefined` where the text is not what it reads. */
function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
