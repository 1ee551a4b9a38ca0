/**
 * The query protocol, which STS speaks: forms go out, documents come back.
 *
 * Source: Smithy 2.0, "AWS query protocol".
 *
 * @module
 */
import { encodeComponent, text } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";
import type { HttpResponse } from "../ports/http.ts";
import type {
  Member,
  Operation,
  ParsedResponse,
  Protocol,
  SerializedRequest,
  StructureShape,
} from "../ports/schema.ts";
import {
  DocumentReader,
  isErrorDocument,
  readStructure,
} from "./document_reader.ts";
import {
  isValues,
  localName,
  PreparedShape,
  setMembers,
  shapeOf,
  type Values,
} from "./prepared_shape.ts";
import { filledPrefix, requestHead, withTokens } from "./request.ts";
import {
  bodyBytes,
  bodyText,
  completed,
  type Output,
  type Parsed,
  ValueReader,
} from "./response.ts";
import { memberText } from "./scalars.ts";

/**
 * Makes the protocol of a service.
 *
 * @param version Version of the service's API, for example `"2011-06-15"`.
 */
export function queryProtocol(version: string): Protocol {
  return {
    serialize<Input, Result>(
      operation: Operation<Input, Result>,
      input: Input,
      uuid: () => string,
    ): SerializedRequest {
      const { hostPrefix, method, name } = operation;
      const shape = operation.input();
      const { tokens } = PreparedShape.of(shape);
      const given = withTokens(tokens, input, uuid);
      const context: Record<string, string> = { ...operation.context };
      const { path } = requestHead(operation.path, shape, given, name, context);
      // Else it would have been refused.
      const values = given as Values;
      return {
        method,
        context,
        ...hostPrefix === undefined
          ? {}
          : { hostPrefix: filledPrefix(name, hostPrefix, values) },
        path,
        query: [],
        headers: {
          "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        },
        body: encodeForm([
          ["Action", name],
          ["Version", version],
          ...formParams(shape, values),
        ]),
        streamed: false,
      };
    },
    deserialize,
  };
}

async function deserialize<Input, Result>(
  operation: Operation<Input, Result>,
  response: HttpResponse,
): Promise<ParsedResponse<Result>> {
  const bytes = await bodyBytes(response);
  const document = text(bytes);
  if (response.status >= 300) {
    const { serviceError } = await import("./service_error.ts");
    throw serviceError(operation, response, document);
  }
  if (isErrorDocument(document)) {
    const { hiddenError } = await import("./service_error.ts");
    throw hiddenError(operation, response.headers, document);
  }
  const shape = operation.output();
  const reader = new ValueReader(operation.name);
  const wrapper = operation.wrapper ?? `${operation.name}Result`;
  const { output, requestId, root } = readResult(shape, bytes, reader, wrapper);
  if (output === undefined && PreparedShape.of(shape).document.size > 0) {
    const { answerInWords, wrongBody } = await import("./service_error.ts");
    const lack = root === undefined
      ? "its body is no XML document"
      : `its document <${root}> has no <${wrapper}>`;
    const came = answerInWords(operation, response, bytes);
    throw wrongBody(operation, `${lack} (${came})`);
  }
  reader.settle();
  const parsed: Parsed = { output: output ?? {} };
  if (requestId) parsed.requestId = requestId;
  return completed(parsed, PreparedShape.of(shape), reader);
}

/** What a document holds. */
interface ResultDocument {
  /** Name of the root; absent where the body is no document. */
  root?: string;
  /** The members of the result; absent where it has none. */
  output?: Output;
  /** The service's id of the request. */
  requestId?: string;
}

/** Reads the element with the result, or the root where that has the members. */
function readResult(
  shape: StructureShape,
  bytes: Uint8Array,
  reader: ValueReader,
  wrapper: string,
): ResultDocument {
  const found: ResultDocument = {};
  let metadata: ResultDocument | undefined;
  try {
    const document = bodyText(bytes);
    const documents = new DocumentReader(document || " ", reader);
    const readId = (holder: ResultDocument, tag: string): void => {
      const id = documents.leaf(tag);
      holder.requestId ??= id;
    };
    const root = documents.open();
    documents.children(root, (child, name) => {
      if (name === wrapper && found.output === undefined) {
        found.output = PreparedShape.of(shape).blank();
        documents.members(child, shape, found.output, "");
      } else if (name === "ResponseMetadata" && metadata === undefined) {
        const ids: ResultDocument = {};
        metadata = ids;
        documents.children(child, (inner, name) => {
          if (name === "RequestId") readId(ids, inner);
          else documents.leaf(inner);
        });
      } else if (name === "RequestId") readId(found, child);
      else documents.leaf(child);
    });
    documents.end();
    found.root = localName(root);
    if (metadata !== undefined) Object.assign(found, metadata);
    if (found.output === undefined) {
      const output = PreparedShape.of(shape).blank();
      const { known } = readStructure(document, shape, reader, output);
      if (known) found.output = output;
    }
    return found;
  } catch (error) {
    if (error instanceof ProtocolError) return {};
    throw error;
  }
}

/** A parameter, not yet encoded. */
type FormParam = readonly [name: string, value: string];

/** Writes parameters as `application/x-www-form-urlencoded`. */
function encodeForm(params: readonly FormParam[]): string {
  return params.map((pair) => pair.map(encodeFormText).join("=")).join("&");
}

/**
 * Takes a structure apart into parameters.
 *
 * @param shape The structure.
 * @param values Its members, validated before.
 * @param prefix Put in front of their names.
 */
function* formParams(
  shape: StructureShape,
  values: Values,
  prefix = "",
): Generator<FormParam> {
  for (const [{ member, name }, value] of setMembers(shape, values)) {
    yield* paramsOf(prefix + name, member, value);
  }
}

function* paramsOf(
  name: string,
  member: Member,
  value: unknown,
): Generator<FormParam> {
  const shape = shapeOf(member);
  if (shape === undefined) {
    yield [name, memberText(member, value)];
  } else if (shape.kind === "structure") {
    yield* formParams(shape, isValues(value) ? value : {}, `${name}.`);
  } else if (shape.kind === "list") {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    if (items.length === 0) yield [name, ""];
    const stem = member.flat ? name : `${name}.${shape.item.name ?? "member"}`;
    for (const [index, item] of items.entries()) {
      yield* paramsOf(`${stem}.${index + 1}`, shape.item, item);
    }
  } else {
    const entries = Object.entries(isValues(value) ? value : {});
    const stem = member.flat ? name : `${name}.entry`;
    for (const [index, [key, item]] of entries.entries()) {
      const entry = `${stem}.${index + 1}`;
      yield [`${entry}.${shape.key.name ?? "key"}`, key];
      yield* paramsOf(
        `${entry}.${shape.value.name ?? "value"}`,
        shape.value,
        item,
      );
    }
  }
}

function encodeFormText(text: string): string {
  return encodeComponent(text).replaceAll("%20", "+");
}
