/**
 * Error documents to errors.
 *
 * Taken are `<Error>` (S3) and `<ErrorResponse><Error>` (query protocol, and
 * stores that imitate it), with a namespace or without. Any other body, none
 * included, leaves the status to speak.
 *
 * @module
 */
import { text } from "../foundation/bytes.ts";
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
const HIDDEN_ERROR = 500;

/** Longest part of an error inside a success that is read, as of a refusal. */
const MOST_BYTES = 64 * 1_024;

/** The start of an error document; what may stand before its root is passed over. */
const ERROR_ROOT =
  /^(?:<\?[^>]*>|<!--(?:[^-]|-[^-])*-->|\s)*<(?:[\w.-]+:)?(?:Error|ErrorResponse)(?=[\s/>])/;

/** What nginx, Apache and Go answer on a port for TLS to a request without it. */
const WANTS_TLS =
  /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server port|HTTP request to an HTTPS server/;

const WHITE_SPACE: ReadonlySet<number | undefined> = new Set([9, 10, 13, 32]);

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
  const isForTls = said === undefined && WANTS_TLS.test(document);
  const reason = isForTls
    ? "the server expects TLS on this port; use https:// in the endpoint"
    : undefined;
  return errorOf(operation, head, {
    code,
    said,
    root,
    ...reason && { reason },
  });
}

/**
 * Makes the error that stands inside a success, if there is one.
 *
 * The name of the root is looked at first, so that of a long one only the start
 * is ever read.
 *
 * @param operation The operation's table; its errors type their members.
 * @param headers Header fields of the response.
 * @param bytes The body.
 * @returns The error, or `undefined` where the body is no error document.
 */
export function hiddenError<Input, Output>(
  operation: Operation<Input, Output>,
  headers: HeaderMap,
  bytes: Uint8Array,
): ServiceError | undefined {
  // White space keeps a connection alive while the service works.
  const start = firstSign(bytes);
  const document = text(bytes.subarray(start, start + MOST_BYTES));
  if (!ERROR_ROOT.test(document)) return undefined;
  return serviceError(operation, { headers, status: HIDDEN_ERROR }, document);
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
    readonly payload: Uint8Array;
  },
): ServiceError {
  const { code = String(HIDDEN_ERROR), payload } = told;
  const said = rootOf(text(payload.subarray(0, MOST_BYTES)));
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
  const values = new Map<string, unknown[]>();
  for (const child of element.children) {
    const value = child.children.length > 0
      ? plainValues(child)
      : maskedElement(child.name, child.text);
    const before = values.get(child.name);
    if (before === undefined) values.set(child.name, [value]);
    else before.push(value);
  }
  return Object.fromEntries(
    [...values].map((
      [name, all],
    ) => [name, all.length === 1 ? all[0] : all]),
  );
}

function typedValues(
  said: XmlElement,
  traits: ErrorTraits | undefined,
  head: ResponseHead,
): Output {
  if (traits?.shape === undefined) return {};
  const shape = traits.shape();
  const reader = new ShapeReader(traits.code);
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

/**
 * Makes the error of a success that cannot be read. Like an error inside a
 * success it counts as a failure of the server, as an answer that was cut off
 * looks like this, and another attempt may bring a whole one.
 *
 * @param operation The operation's table.
 * @param headers Header fields of the response.
 * @param found What is wrong with the answer.
 */
export function unreadableError<Input, Output>(
  operation: Operation<Input, Output>,
  headers: HeaderMap,
  found: string,
): ServiceError {
  const { reason, detail } = serviceError(
    operation,
    { headers, status: HIDDEN_ERROR },
    "",
  );
  return new ServiceError(reason, { ...detail, found });
}

/** Where the first byte is that is neither white space nor a byte-order mark. */
function firstSign(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (WHITE_SPACE.has(bytes[at])) at++;
  return at;
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
