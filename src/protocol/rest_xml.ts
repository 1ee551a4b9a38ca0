/**
 * The REST-XML protocol, which S3 speaks.
 *
 * Source: Smithy 2.0, "AWS restXml protocol". As the service wants it and boto3
 * does it, documents go without a `Content-Type`.
 *
 * @module
 */
import { text } from "../foundation/bytes.ts";
import { StreamingBody } from "../foundation/streaming_body.ts";
import type { HttpResponse } from "../ports/http.ts";
import type {
  ParsedResponse,
  Protocol,
  SerializedRequest,
} from "../ports/protocol.ts";
import type { Member, Operation, StructureShape } from "../ports/schema.ts";
import { answer } from "./answer.ts";
import { checkedInput } from "./draft.ts";
import { eventStream } from "./events.ts";
import { isBodyInput } from "./kinds.ts";
import { given, shapeOf, type Values } from "./members.ts";
import { PreparedShape } from "./prepared_shape.ts";
import { requestHead } from "./request_head.ts";
import {
  answerInWords,
  bodyBytes,
  bodyText,
  NO_BODY,
  rootOf,
  wrongBody,
} from "./response_body.ts";
import { headValues } from "./response_head.ts";
import { hiddenError, serviceError, unreadableError } from "./service_error.ts";
import { type Output as Read, ShapeReader } from "./shape_reader.ts";
import { memberXml, structureXml } from "./shape_writer.ts";
import type { XmlElement } from "./xml_reader.ts";

/** Writes requests and reads responses as REST-XML. */
export const restXml: Protocol = {
  serialize<Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    uuid: () => string,
  ): SerializedRequest {
    const { shape, values, target } = checkedInput(operation, input, uuid);
    return {
      ...target,
      ...requestHead(operation.path, shape, values),
      ...requestBody(operation, shape, values),
    };
  },

  async deserialize<Input, Output>(
    operation: Operation<Input, Output>,
    response: HttpResponse,
  ): Promise<ParsedResponse<Output>> {
    if (response.status >= 300) {
      const document = text(await bodyBytes(response));
      throw serviceError(operation, response, document);
    }
    const shape = operation.output();
    const reader = new ShapeReader(operation.name);
    const output = headValues(response, shape, reader);
    const body = await responseBody(operation, response, { shape, reader });
    Object.assign(output, body);
    return answer(reader.complete(output, shape, ""), reader);
  },
};

function requestBody<Input, Output>(
  { root }: Operation<Input, Output>,
  shape: StructureShape,
  values: Values,
): Pick<SerializedRequest, "body" | "streamed"> {
  const { payload } = PreparedShape.of(shape);
  if (payload !== undefined) {
    const { key, member } = payload;
    const streamed = member.stream === true;
    return { body: payloadBody(key, member, values[key]), streamed };
  }
  const body = root !== undefined && hasMembers(shape, values)
    ? structureXml(root, shape, values)
    : undefined;
  return { body, streamed: false };
}

function hasMembers(shape: StructureShape, values: Values): boolean {
  return given(shape, values).some(([, { at }]) => at === undefined);
}

function payloadBody(
  key: string,
  member: Member,
  value: unknown,
): SerializedRequest["body"] {
  if (value === undefined) return undefined;
  if (shapeOf(member) !== undefined) {
    return memberXml(member.name ?? key, member, value);
  }
  return isBodyInput(value) ? value : undefined;
}

/** What is needed to read a body. */
interface Reading {
  readonly shape: StructureShape;
  readonly reader: ShapeReader;
}

async function responseBody<Input, Output>(
  operation: Operation<Input, Output>,
  response: HttpResponse,
  { shape, reader }: Reading,
): Promise<Read> {
  const { payload } = PreparedShape.of(shape);
  if (payload === undefined) {
    const root = documentOf(operation, response, await bodyBytes(response), {
      roots: operation.roots,
      shape,
    });
    return root === undefined ? {} : {
      ...rootText(root, shape),
      ...reader.members(root, shape, ""),
    };
  }
  const { key, member, shape: inner } = payload;
  if (member.stream) {
    return { [key]: new StreamingBody(response.body ?? NO_BODY) };
  }
  if (inner?.kind === "structure" && inner.events) {
    return {
      [key]: eventStream(operation, response, { shape: inner, reader }),
    };
  }
  const bytes = await bodyBytes(response);
  if (member.of === "string") return { [key]: bodyText(bytes) };
  if (inner === undefined) return bytes.length > 0 ? { [key]: bytes } : {};
  const root = documentOf(operation, response, bytes, {
    // The models name this root after the member or after its shape.
    roots: operation.errorInSuccess && [...new Set([key, payload.name])],
    ...inner.kind === "structure" ? { shape: inner } : {},
  });
  if (root !== undefined) return { [key]: reader.value(root, member, key) };
  // An empty structure can be meant; a union without a member cannot.
  return inner.kind !== "structure" || inner.union
    ? {}
    : { [key]: PreparedShape.of(inner).blank() };
}

/** What the document of an operation looks like. */
interface Expected {
  /** Names that its root can have; absent: any. */
  readonly roots: readonly string[] | undefined;
  /** What is in the root. */
  readonly shape?: StructureShape;
}

/**
 * The root of the document; `undefined` where the body is empty, or where the
 * operation has no use for it.
 *
 * @throws {ServiceError} If it is an error, or, where it could be one, no XML.
 * @throws {ProtocolError} If it is a document of something else.
 */
function documentOf<Input, Output>(
  operation: Operation<Input, Output>,
  response: HttpResponse,
  bytes: Uint8Array,
  expected: Expected,
): XmlElement | undefined {
  if (bytes.length === 0) {
    if (operation.bodyRequired !== true) return undefined;
    throw wrongBody(
      operation,
      `its body is empty (${answerInWords(operation, response, bytes)})`,
    );
  }
  const { errorInSuccess } = operation;
  const useful = hasDocument(operation.output());
  if (!errorInSuccess && !useful) return undefined;
  const error = errorInSuccess &&
    hiddenError(operation, response.headers, bytes);
  if (error) throw error;
  const root = rootOf(bytes);
  if (root === undefined) {
    const found = `its body is no XML document (${
      answerInWords(operation, response, bytes)
    })`;
    throw errorInSuccess
      ? unreadableError(operation, response.headers, found)
      : wrongBody(operation, found);
  }
  // Stores that are made from the model name the root after the operation.
  const ofModel = root.name === `${operation.name}Response`;
  if (!useful || ofModel || isExpected(root, expected)) return root;
  const roots = expected.roots?.map((name) => `<${name}>`).join(" or ");
  throw wrongBody(
    operation,
    `its document is <${root.name}>, expected ${roots} (${
      answerInWords(operation, response, bytes)
    })`,
  );
}

/** Stores that name a root in their own way are known by what is in it. */
function isExpected(root: XmlElement, { roots, shape }: Expected): boolean {
  if (roots === undefined || roots.includes(root.name)) return true;
  const slots = shape && PreparedShape.of(shape).document;
  return root.children.some(({ name }) => slots?.has(name));
}

function hasDocument(shape: StructureShape): boolean {
  const { document, payload, text } = PreparedShape.of(shape);
  return document.size > 0 || payload !== undefined || text.length > 0;
}

/** The member that is the root's own text, where the shape has one. */
function rootText(root: XmlElement, shape: StructureShape): Read {
  if (root.text === "") return {};
  return Object.fromEntries(
    PreparedShape.of(shape).text.map(({ key }) => [key, root.text]),
  );
}
