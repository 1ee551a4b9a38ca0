/**
 * Operations and shapes as data: the words that the generated tables are written
 * in, each flag named after the trait of the service models it stands for. And the
 * port between typed values and HTTP messages, which these tables lead.
 *
 * @module
 */
import type { ResponseBase } from "../foundation/metadata.ts";
import type {
  BodyInput,
  HttpMethod,
  HttpRequest,
  HttpResponse,
} from "./http.ts";

/** Types with no members, named as the service models name them. */
export type ScalarType =
  | "blob"
  | "boolean"
  | "double"
  | "float"
  | "integer"
  | "long"
  | "string"
  | "timestamp";

/**
 * Where a member of an input, output, error or event travels; in the body if
 * not said.
 *
 * - `"header"`: a header field (event: a header of its message);
 * - `"headers"`: a map, each entry a header field; `name` is their prefix;
 * - `"path"`: in the path template; S3's bucket, which the endpoint places, too;
 * - `"payload"`: the body is this member and nothing else; where it is a
 *   structure, `name` is the document's root;
 * - `"query"`: a query parameter, or a map of them;
 * - `"status"`: the HTTP status;
 * - `"text"`: the text of the document's root element.
 */
export type Location =
  | "header"
  | "headers"
  | "path"
  | "payload"
  | "query"
  | "status"
  | "text";

/** An XML namespace. */
export interface XmlNamespace {
  /** The namespace's name. */
  readonly uri: string;
  /** Prefix it is bound to; absent: the default namespace. */
  readonly prefix?: string;
}

/** A use of a shape: as structure member, list item, or map key or value. */
export interface Member {
  /** The type; a function, so that shapes can refer to each other freely. */
  readonly of: ScalarType | (() => Shape);
  /** Where it travels (`location`, `payload`, `eventheader`, `eventpayload`). */
  readonly at?: Location;
  /**
   * Its name on the wire, where it differs from the member's, or from `member`,
   * `key` and `value` for the parts of lists and maps (`locationName`).
   */
  readonly name?: string;
  /**
   * In an input: the call is refused locally without it (`required`). In an
   * output: it is always there, by the API reference.
   */
  readonly required?: true;
  /**
   * In an output: Amazon always sends it. Where an answer lacks it, a text, list
   * or map is empty and a boolean `false`, without a word; all else is absent.
   */
  readonly always?: true;
  /** Shortest length of a string or list, or least number (`min`), where above 0. */
  readonly min?: number;
  /** List or map without a wrapper element (`flattened`). */
  readonly flat?: true;
  /**
   * How a timestamp is written, where it differs from the location's default:
   * `"http-date"` in headers, `"iso8601"` elsewhere (`timestampFormat`).
   */
  readonly time?: "epoch" | "http-date" | "iso8601";
  /** Absent where the response has text of another form (S3's `Expires`). */
  readonly lenient?: true;
  /** Never shown in a log or an error (`sensitive`). */
  readonly secret?: true;
  /** A blob that is passed on as a stream (`streaming`). */
  readonly stream?: true;
  /** Written as an attribute of its parent (`xmlAttribute`). */
  readonly attribute?: true;
  /** Namespace declared on its element (`xmlNamespace`). */
  readonly namespace?: XmlNamespace;
  /** Filled with a random UUID where absent (`idempotencyToken`). */
  readonly token?: true;
  /** Put into the host, too, at its place in `hostPrefix` (`hostLabel`). */
  readonly label?: true;
  /** A header that holds JSON text in base64 (`jsonvalue`). */
  readonly json?: true;
  /** Name under which the endpoint rules know it (`contextParam`). */
  readonly context?: string;
}

/** Named members. */
export interface StructureShape {
  /** Tells the shapes apart. */
  readonly kind: "structure";
  /** The members by their name in the API. */
  readonly members: Readonly<Record<string, Member>>;
  /** Exactly one member is set (`union`). */
  readonly union?: true;
  /** The members are events of a stream (`eventstream`). */
  readonly events?: true;
  /** The event without which a stream is not whole; the models do not say it. */
  readonly lastEvent?: string;
}

/** Items of one type. */
export interface ListShape {
  /** Tells the shapes apart. */
  readonly kind: "list";
  /** What each item is. */
  readonly item: Member;
}

/** String keys to values of one type. */
export interface MapShape {
  /** Tells the shapes apart. */
  readonly kind: "map";
  /** What each key is. */
  readonly key: Member;
  /** What each value is. */
  readonly value: Member;
}

/** A type with parts. */
export type Shape = ListShape | MapShape | StructureShape;

/** A function that makes a shape when it is first called, and keeps it. */
export interface Lazy<Made extends Shape> {
  (): Made;
  /** The shape; absent before the first call. */
  made?: Made;
}

/** The checksums of an operation (`httpChecksum`). */
export interface ChecksumTraits {
  /** Input member that names the request's algorithm (`requestAlgorithmMember`). */
  readonly algorithmMember?: string;
  /** The service refuses the request without one (`requestChecksumRequired`). */
  readonly required?: true;
  /** Input member that asks for the response's checksum (`requestValidationModeMember`). */
  readonly modeMember?: string;
}

/** An error that a service's model names (`exception`). */
export interface ErrorTraits {
  /** Code on the wire (`error.code`, or the shape's name). */
  readonly code: string;
  /** It may be tried again (`retryable`), and whether because of throttling. */
  readonly retryable?: "throttling" | "transient";
  /** Its members, where it has any; `message` may be among them. */
  readonly shape?: () => StructureShape;
}

/**
 * One operation of a service, as data.
 *
 * @typeParam Input Type of the parameters. Known to the compiler only.
 * @typeParam Output Type of the result. Known to the compiler only.
 */
export interface Operation<Input, Output> {
  /** Name in the API, for example `"GetObject"`. */
  readonly name: string;
  /** HTTP method. */
  readonly method: HttpMethod;
  /**
   * Path template, for example `"/{Key+}?tagging"`. S3's `/{Bucket}` is left out,
   * so it may be `""` or begin with `?`.
   */
  readonly path: string;
  /** Shape of the parameters. */
  readonly input: () => StructureShape;
  /** Shape of the result. */
  readonly output: () => StructureShape;
  /**
   * Name and namespace of the request document's root; absent where no member
   * travels in a document of its own (`input.locationName`).
   */
  readonly root?: { readonly name: string; readonly namespace?: XmlNamespace };
  /**
   * Names of the root of the response document, where an answer with another
   * root, and without any element that the table knows, is refused. Of a payload
   * the table knows the name; there are those that it does not.
   */
  readonly roots?: readonly string[];
  /** An answer without a body is refused, as it cannot be told from an empty list. */
  readonly bodyRequired?: true;
  /** Element that wraps the result in the response document (`resultWrapper`). */
  readonly wrapper?: string;
  /** `"none"`: not signed; `"unsigned-body"`: signed without the body (`authtype`, `unsignedPayload`). */
  readonly auth?: "none" | "unsigned-body";
  /** Put in front of the host, with members in braces (`endpoint.hostPrefix`). */
  readonly hostPrefix?: string;
  /** Constants for the endpoint (`staticContextParams`). */
  readonly context?: Readonly<Record<string, string>>;
  /** Checksums it takes part in (`httpChecksum`). */
  readonly checksum?: ChecksumTraits;
  /** Errors of the service that have members or may be tried again. */
  readonly errors?: readonly ErrorTraits[];
  /** Sending it twice does what sending it once does. */
  readonly idempotent?: true;
  /**
   * Input members with which an idempotent operation is none: a repetition may
   * be refused although, or because, the first one was carried out.
   */
  readonly unlessGiven?: readonly string[];
  /** A 200 may carry an error document (S3; see retries, section 7). */
  readonly errorInSuccess?: true;
  /** Never set: carries the types from the table to the caller. */
  readonly types?: (input: Input) => Output;
}

/** A request that does not know its host yet. */
export interface SerializedRequest
  extends Omit<HttpRequest, "body" | "origin"> {
  /** The body as it was given; opened or read when the call prepares it. */
  readonly body: BodyInput | undefined;
  /** Whether the body is one that the operation streams: an object's content. */
  readonly streamed: boolean;
  /** Put in front of the endpoint's host, for example `"route."`. */
  readonly hostPrefix?: string;
  /** Input members that the endpoint depends on. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * What a response says.
 *
 * @typeParam Output Type of the operation's result.
 */
export interface ParsedResponse<Output> {
  /** The result, without what the call adds to it. */
  readonly output: Omit<Output, keyof ResponseBase>;
  /** The service's id of the request, where the body tells it. */
  readonly requestId?: string;
  /**
   * Members that should have been there, for example `"Contents.Key"`: texts,
   * lists and maps are empty instead, all else is absent.
   */
  readonly missing?: readonly string[];
  /** Members that are absent because their text is no time. */
  readonly unreadable?: readonly string[];
}

/** Turns typed values into HTTP messages and back, led by an operation's table. */
export interface Protocol {
  /**
   * Writes the request.
   *
   * @param operation The operation's table.
   * @param input The parameters.
   * @param uuid Makes the idempotency tokens that the caller did not give.
   * @throws {ValidationError} If the input does not fit the operation's shape.
   */
  serialize<Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    uuid: () => string,
  ): SerializedRequest;
  /**
   * Reads the response.
   *
   * @param operation The operation's table.
   * @param response The response; its body is read, unless it is the result.
   * @throws {ServiceError} If the service refused the request.
   * @throws {ProtocolError} If the response does not fit the operation's shape.
   */
  deserialize<Input, Output>(
    operation: Operation<Input, Output>,
    response: HttpResponse,
  ): Promise<ParsedResponse<Output>>;
  /**
   * Reads a response whose body is handed out as it comes, so that there is
   * nothing to wait for. Absent: each is read by {@linkcode deserialize}.
   *
   * @returns `undefined` where the response is another one.
   * @throws {ProtocolError} If its head does not fit the operation's shape.
   */
  readonly deserializeHead?: <Input, Output>(
    operation: Operation<Input, Output>,
    response: HttpResponse,
  ) => ParsedResponse<Output> | undefined;
}
