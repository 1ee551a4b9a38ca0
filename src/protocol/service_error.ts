/**
 * Error documents to errors, and errors of responses that are none to their
 * operation. Secrets that a service repeats are withheld: S3 answers a wrong
 * signature with the canonical request, token included, and an expired token
 * with the token.
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
import { WITHHELD } from "../foundation/redact.ts";
import {
  bodyCanHoldSecret,
  isSecretParam,
  redactHeader,
} from "../foundation/wire_secrets.ts";
import type { HeaderMap, HttpResponse } from "../ports/http.ts";
import type { ErrorTraits, Operation } from "../ports/schema.ts";
import { DocumentReader } from "./document_reader.ts";
import { PreparedShape } from "./prepared_shape.ts";
import {
  type Output,
  readHead,
  type ResponseHead,
  ValueReader,
} from "./response.ts";
import { childOf, readXml, type XmlElement } from "./xml_reader.ts";

/** Status that an error inside a success counts as, as botocore has it. */
const HIDDEN_ERROR = 500;

/** Longest part of an error inside a success that is read, in bytes or characters. */
const MOST_BYTES = 64 * 1_024;

/** What nginx, Apache and Go answer on a port for TLS to a request without it. */
const WANTS_TLS =
  /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server port|HTTP request to an HTTPS server/;

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
    document,
    said,
    root,
    ...reason && { reason },
  });
}

/**
 * Makes the error that stands inside a success. Of a long one only the start is
 * read.
 *
 * @param operation The operation's table; its errors type their members.
 * @param headers Header fields of the response.
 * @param document The body, decoded.
 */
export function hiddenError<Input, Output>(
  operation: Operation<Input, Output>,
  headers: HeaderMap,
  document: string,
): ServiceError {
  return serviceError(
    operation,
    { headers, status: HIDDEN_ERROR },
    document.trimStart().slice(0, MOST_BYTES),
  );
}

/**
 * Makes the error that a message in an event stream tells.
 *
 * @param operation The operation's table; its errors type their members.
 * @param headers Header fields of the response.
 * @param message The code, and the message or the document that has it.
 */
export function eventError<Input, Output>(
  operation: Operation<Input, Output>,
  headers: HeaderMap,
  message: {
    readonly code?: string;
    readonly reason?: string;
    readonly payload: Uint8Array;
  },
): ServiceError {
  const { code = String(HIDDEN_ERROR), payload, reason } = message;
  const document = text(payload.subarray(0, MOST_BYTES));
  const said = rootOf(document);
  const head = { headers, status: HIDDEN_ERROR };
  return errorOf(operation, head, {
    code,
    document,
    said,
    root: said,
    ...reason === undefined ? {} : { reason },
  });
}

/** What a response says about an error. */
interface Said {
  readonly code: string;
  /** The text that was read. */
  readonly document: string;
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
  { code, document, said, root, ...message }: Said,
): ServiceError {
  const traits = operation.errors?.find((known) => known.code === code);
  const reason = message.reason ?? textOf(said, "Message") ??
    textOf(said, "message") ?? statusPhrase(head.status);
  return new ServiceError(maskedText(reason), {
    code,
    operation: operation.name,
    status: head.status,
    ...ids(head, said, root),
    headers: head.headers,
    fields: said === undefined ? {} : withoutPlaced({
      ...plainValues(said),
      ...typedValues(document, traits, head, said === root),
    }),
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

function withoutPlaced(values: Output): Output {
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

/** The members that the model knows; in the root, or in the `<Error>` in it. */
function typedValues(
  document: string,
  traits: ErrorTraits | undefined,
  head: ResponseHead,
  inRoot: boolean,
): Output {
  if (traits?.shape === undefined) return {};
  const shape = traits.shape();
  const reader = new ValueReader(traits.code);
  try {
    const { output } = readHead(traits.code, head, PreparedShape.of(shape));
    const documents = new DocumentReader(document, reader);
    const root = documents.open();
    let wanted = true;
    if (inRoot) documents.members(root, shape, output, "");
    else {
      documents.children(root, (child, name) => {
        if (wanted && name === "Error") {
          wanted = false;
          documents.members(child, shape, output, "");
        } else documents.leaf(child);
      });
    }
    reader.settle();
    return output;
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

/** How much of a body that was not expected is shown, in characters. */
const SHOWN = 80;

/** Control characters that JSON leaves as they are. */
const CONTROLS = /[\x7f-\x9f\u2028\u2029]/g;

/**
 * Makes the error of a response that is none to the operation.
 *
 * @param operation The operation's table.
 * @param found What is wrong with it, and what came.
 */
export function wrongBody<Input, Output>(
  { name }: Operation<Input, Output>,
  found: string,
): ProtocolError {
  return new ProtocolError(`Cannot read the answer to ${name}: ${found}`);
}

/**
 * Says what came: the status, the type and the first bytes. These are withheld
 * where the right answer could have had a secret there.
 *
 * @param operation The operation's table.
 * @param response The response.
 * @param bytes Its body.
 */
export function answerInWords<Input, Output>(
  operation: Operation<Input, Output>,
  { status, headers }: HttpResponse,
  bytes: Uint8Array,
): string {
  const type = headers["content-type"];
  const facts = [
    `status ${status}`,
    type === undefined ? "no content type" : `content type ${shown(type)}`,
  ];
  if (bytes.length > 0) {
    const secret = bodyCanHoldSecret(operation.output());
    // Masked before it is cut: half of a secret would not be found.
    const start = maskedText(text(bytes.subarray(0, 8 * SHOWN)));
    facts.push(
      secret
        ? `${bytes.length} bytes, withheld`
        : `${bytes.length} bytes that begin with ${shown(start)}`,
    );
  }
  return facts.join(", ");
}

/** The start of a text of a server, in quotes and in one line. */
function shown(words: string): string {
  return JSON.stringify(words.slice(0, SHOWN)).replace(
    CONTROLS,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Elements that are a secret, or the bytes of a text that may hold one. */
const SECRET_ELEMENT =
  /^(?:Token-\d+|(?:CanonicalRequest|StringToSign)Bytes|SignatureProvided)$/;

/**
 * A line of a header, or a parameter of a query. It starts where a word starts:
 * else a long word without a sign would be looked through from each of its letters.
 */
const PAIR = /(?<![\w-])([\w-]+)(:|=)([^\s&,;'"<>]+)/g;

/** A text of a service, its secrets withheld. */
function maskedText(text: string): string {
  return text.replace(
    PAIR,
    (pair, name: string, sign: string, value: string) => {
      const secret = sign === "="
        ? isSecretParam(name)
        : redactHeader(name, value) === WITHHELD;
      return secret ? name + sign + WITHHELD : pair;
    },
  );
}

/** The text of an element, withheld as a whole where it is a secret. */
function maskedElement(name: string, text: string): string {
  return SECRET_ELEMENT.test(name) ? WITHHELD : maskedText(text);
}

/**
 * What a status means, for responses that say nothing else.
 *
 * Source: IANA, "HTTP Status Code Registry"; 413, 414 and 416 in the words of
 * RFC 2616, which S3 still sends.
 */
const PHRASES: ReadonlyMap<number, string> = new Map([
  [300, "Multiple Choices"],
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [407, "Proxy Authentication Required"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [411, "Length Required"],
  [412, "Precondition Failed"],
  [413, "Request Entity Too Large"],
  [414, "Request-URI Too Long"],
  [415, "Unsupported Media Type"],
  [416, "Requested Range Not Satisfiable"],
  [417, "Expectation Failed"],
  [421, "Misdirected Request"],
  [422, "Unprocessable Entity"],
  [425, "Too Early"],
  [426, "Upgrade Required"],
  [428, "Precondition Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
  [507, "Insufficient Storage"],
]);

/** The phrase of a status. */
function statusPhrase(status: number): string {
  return PHRASES.get(status) ?? `HTTP status ${status}`;
}
