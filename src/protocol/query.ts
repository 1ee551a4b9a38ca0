/**
 * The query protocol, which STS speaks: forms go out, documents come back.
 *
 * Source: Smithy 2.0, "AWS query protocol".
 *
 * @module
 */
import { text } from "../foundation/bytes.ts";
import type { HttpResponse } from "../ports/http.ts";
import type {
  ParsedResponse,
  Protocol,
  SerializedRequest,
} from "../ports/protocol.ts";
import type { Operation } from "../ports/schema.ts";
import { answer } from "./answer.ts";
import { checkedInput } from "./draft.ts";
import { encodeForm, formParams } from "./form.ts";
import { PreparedShape } from "./prepared_shape.ts";
import {
  answerInWords,
  bodyBytes,
  rootOf,
  wrongBody,
} from "./response_body.ts";
import { hiddenError, serviceError } from "./service_error.ts";
import { ShapeReader } from "./shape_reader.ts";
import { childOf, type XmlElement } from "./xml_reader.ts";

/**
 * Makes the protocol of a service.
 *
 * @param version Version of the service's API, for example `"2011-06-15"`.
 */
export function queryProtocol(version: string): Protocol {
  return {
    serialize<Input, Output>(
      operation: Operation<Input, Output>,
      input: Input,
      uuid: () => string,
    ): SerializedRequest {
      const { shape, values, target } = checkedInput(operation, input, uuid);
      return {
        ...target,
        path: operation.path,
        query: [],
        headers: {
          "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        },
        body: encodeForm([
          ["Action", operation.name],
          ["Version", version],
          ...formParams(shape, values),
        ]),
        streamed: false,
      };
    },
    deserialize,
  };
}

async function deserialize<Input, Output>(
  operation: Operation<Input, Output>,
  response: HttpResponse,
): Promise<ParsedResponse<Output>> {
  const bytes = await bodyBytes(response);
  if (response.status >= 300) {
    throw serviceError(operation, response, text(bytes));
  }
  const error = hiddenError(operation, response.headers, bytes);
  if (error !== undefined) throw error;
  const shape = operation.output();
  const root = rootOf(bytes);
  const result = root && resultOf(operation, root);
  if (result === undefined && PreparedShape.of(shape).document.size > 0) {
    const lack = root === undefined
      ? "its body is no XML document"
      : `its document <${root.name}> has no <${wrapperOf(operation)}>`;
    const came = answerInWords(operation, response, bytes);
    throw wrongBody(operation, `${lack} (${came})`);
  }
  const reader = new ShapeReader(operation.name);
  const output = result === undefined ? {} : reader.members(result, shape, "");
  return answer(
    reader.complete(output, shape, ""),
    reader,
    root && requestIdOf(root),
  );
}

function wrapperOf<Input, Output>(
  { name, wrapper = `${name}Result` }: Operation<Input, Output>,
): string {
  return wrapper;
}

/** The element with the result; the root, where it has the members itself. */
function resultOf<Input, Output>(
  operation: Operation<Input, Output>,
  root: XmlElement,
): XmlElement | undefined {
  const result = childOf(root, wrapperOf(operation));
  if (result !== undefined) return result;
  const { document } = PreparedShape.of(operation.output());
  return root.children.some(({ name }) => document.has(name))
    ? root
    : undefined;
}

function requestIdOf(root: XmlElement): string | undefined {
  const holder = childOf(root, "ResponseMetadata") ?? root;
  return childOf(holder, "RequestId")?.text;
}
