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
  Answer,
  Protocol,
  ReadOptions,
  RequestDraft,
} from "../ports/protocol.ts";
import type { Operation } from "../ports/schema.ts";
import { answer } from "./answer.ts";
import { checkedInput } from "./draft.ts";
import { encodeForm, formParams } from "./form.ts";
import { bodyBytes, bodyText } from "./response_body.ts";
import { serviceError } from "./service_error.ts";
import { ShapeReader } from "./shape_reader.ts";
import { childOf, readXml, type XmlElement } from "./xml_reader.ts";

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
    ): RequestDraft {
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
  options: ReadOptions,
): Promise<Answer<Output>> {
  const bytes = await bodyBytes(response);
  if (response.status >= 300) {
    throw serviceError(operation, response, text(bytes));
  }
  const shape = operation.output();
  const reader = new ShapeReader(operation.name, options);
  const root = bytes.length === 0 ? undefined : readXml(bodyText(bytes));
  const wrapper = operation.wrapper ?? `${operation.name}Result`;
  const result = root && (childOf(root, wrapper) ?? root);
  const output = result === undefined ? {} : reader.members(result, shape, "");
  return answer(
    reader.complete(output, shape, ""),
    reader,
    root && requestIdOf(root),
  );
}

function requestIdOf(root: XmlElement): string | undefined {
  const holder = childOf(root, "ResponseMetadata") ?? root;
  return childOf(holder, "RequestId")?.text;
}
