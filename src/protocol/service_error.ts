/**
 * Error documents to errors.
 *
 * Taken are `<Error>` (S3) and `<ErrorResponse><Error>` (query protocol, and
 * stores that imitate it), with a namespace or without. Any other body, none
 * included, leaves the status to speak.
 *
 * @module
 */
import {
  ProtocolError,
  ServiceError,
  type ServiceErrorDetail,
} from "../foundation/errors.ts";
import type { HeaderMap } from "../ports/http.ts";
import type { ErrorTraits, Operation } from "../ports/schema.ts";
import { maskedElement, maskedText } from "./mask.ts";
import { headValues, type ResponseHead } from "./response_head.ts";
import { type Output, ShapeReader } from "./shape_reader.ts";
import { statusPhrase } from "./status_phrases.ts";
import { childOf, readXml, type XmlElement } from "./xml_reader.ts";

/** Status that an error inside a success counts as (specs/retries, section 7). */
export const HIDDEN_ERROR = 500;

/** What has a place of its own in the error. */
const PLACED = new Set(["code", "message", "requestid", "hostid"]);

/**
 * Makes the error that a response tells.
 *
 * @param operation The operation's table; its errors type their members.
 * @param head Status and header fields.
 * @param document The body, decoded.
 */
export function serviceError<Input, Output>(
  operation: Operation<Input, Output>,
  head: ResponseHead,
  document: string,
): ServiceError {
  const root = rootOf(document);
  const error = root?.name === "ErrorResponse" ? childOf(root, "Error") : root;
  const said = error?.name === "Error" ? error : undefined;
  const code = textOf(said, "Code") ?? String(head.status);
  return errorOf(operation, head, { code, said, root });
}

/**
 * Makes the error that a message in an event stream tells.
 *
 * @param operation The operation's table; its errors type their members.
 * @param headers Header fields of the response.
 * @param told The code, and the message or the document that has it.
 */
export function eventError<Input, Output>(
  operation: Operation<Input, Output>,
  headers: HeaderMap,
  told: {
    readonly code?: string;
    readonly reason?: string;
    readonly document: string;
  },
): ServiceError {
  const { code = String(HIDDEN_ERROR), document } = told;
  const said = rootOf(document);
  const head = { headers, status: HIDDEN_ERROR };
  return errorOf(operation, head, { ...told, code, said, root: said });
}

/** What an answer tells about an error. */
interface Told {
  readonly code: string;
  /** The message, where it does not stand in the element. */
  readonly reason?: string;
  /** The element that has the details. */
  readonly said: XmlElement | undefined;
  /** The document that has the element. */
  readonly root: XmlElement | undefined;
}

function errorOf<Input, Output>(
  operation: Operation<Input, Output>,
  head: ResponseHead,
  { code, said, root, ...told }: Told,
): ServiceError {
  const traits = operation.errors?.find((known) => known.code === code);
  const reason = told.reason ?? textOf(said, "Message") ??
    textOf(said, "message") ?? statusPhrase(head.status);
  return new ServiceError(maskedText(reason), {
    code,
    operation: operation.name,
    status: head.status,
    ...ids(head, said, root),
    headers: head.headers,
    fields: said === undefined ? {} : fieldsOf(said, traits, head),
    ...traits?.retryable && { retryable: traits.retryable },
  });
}

/** The ids that support asks for, and the region that S3 names. */
function ids(
  { headers }: ResponseHead,
  said: XmlElement | undefined,
  root: XmlElement | undefined,
): Pick<ServiceErrorDetail, "hostId" | "region" | "requestId"> {
  const requestId = headers["x-amz-request-id"] ??
    headers["x-amzn-requestid"] ?? textOf(said, "RequestId") ??
    textOf(root, "RequestId");
  const hostId = headers["x-amz-id-2"] ?? textOf(said, "HostId");
  const region = headers["x-amz-bucket-region"] ?? textOf(said, "Region");
  return {
    ...requestId && { requestId },
    ...hostId && { hostId },
    ...region && { region },
  };
}

function fieldsOf(
  said: XmlElement,
  traits: ErrorTraits | undefined,
  head: ResponseHead,
): Output {
  const values = { ...plainValues(said), ...typedValues(said, traits, head) };
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => !PLACED.has(name.toLowerCase()))
      .map(([name, value]) => [
        name,
        typeof value === "string" ? maskedElement(name, value) : value,
      ]),
  );
}

/** Elements by name, as text; those that repeat a name as a list. */
function plainValues(element: XmlElement): Output {
  const values = new Map<string, unknown>();
  for (const child of element.children) {
    const value = child.children.length > 0
      ? plainValues(child)
      : maskedElement(child.name, child.text);
    const before = values.get(child.name);
    values.set(
      child.name,
      before === undefined ? value : [before, value].flat(),
    );
  }
  return Object.fromEntries(values);
}

function typedValues(
  said: XmlElement,
  traits: ErrorTraits | undefined,
  head: ResponseHead,
): Output {
  if (traits?.shape === undefined) return {};
  const shape = traits.shape();
  const reader = new ShapeReader(traits.code, { strict: false });
  try {
    return {
      ...headValues(head, shape, reader),
      ...reader.members(said, shape, ""),
    };
  } catch (error) {
    // A detail that cannot be typed must not hide the error it belongs to.
    if (error instanceof ProtocolError) return {};
    throw error;
  }
}

function rootOf(document: string): XmlElement | undefined {
  try {
    return readXml(document);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function textOf(
  element: XmlElement | undefined,
  name: string,
): string | undefined {
  const text = element && childOf(element, name)?.text.trim();
  return text === "" ? undefined : text;
}
