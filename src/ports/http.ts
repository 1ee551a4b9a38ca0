/**
 * HTTP messages as values, what a caller may hand over as their body, and the port
 * that sends them.
 *
 * @module
 */
import type { TimeLimit } from "../foundation/errors.ts";
import type { BodyTarget } from "../foundation/streaming_body.ts";

export type { BodyTarget };

/** Header fields by lower-case name. Never mutated: a change is a new object. */
export type HeaderMap = Readonly<Record<string, string>>;

/**
 * One query parameter, not yet percent-encoded. Without a value it is sent bare
 * (`?uploads`) and signed as `uploads=`.
 */
export type QueryParam = readonly [name: string, value?: string];

/** The methods that the services use. */
export type HttpMethod = "DELETE" | "GET" | "HEAD" | "PATCH" | "POST" | "PUT";

/**
 * A body that is opened once per attempt.
 *
 * A body that can be opened only once makes the call impossible to retry.
 */
export interface BodySource {
  /** Length in bytes, or `undefined` where only the end of the stream tells. */
  readonly length: number | undefined;
  /** Whether {@linkcode open} may be called again. */
  readonly replayable: boolean;
  /** Starts the body from its first byte. */
  open(): ReadableStream<Uint8Array>;
  /**
   * Gives up what it holds: called when a call that it was given to has failed,
   * whether it was opened or not. What was opened is cancelled besides.
   */
  cancel?(reason?: unknown): void;
}

/** What a request carries. */
export type RequestBody = Uint8Array<ArrayBuffer> | BodySource | undefined;

/**
 * A request as it goes over the wire.
 *
 * It is a value, not a `Request`: the platform class normalizes URLs, hides
 * header fields and can be read only once, and a signature is over exact bytes.
 */
export interface HttpRequest {
  /** HTTP method in capitals. */
  readonly method: HttpMethod;
  /** Scheme, host and port, for example `"https://s3.eu-west-1.amazonaws.com"`. */
  readonly origin: string;
  /** Path, percent-encoded, exactly as it is sent and signed. */
  readonly path: string;
  /** Query parameters in the order given. */
  readonly query: readonly QueryParam[];
  /** Header fields. */
  readonly headers: HeaderMap;
  /** The body, if any. */
  readonly body: RequestBody;
}

/** The body of a response, read once: as a stream or whole. */
export interface ResponseBody {
  /**
   * Hands out the bytes in the pieces they arrive in, never decompressed.
   *
   * @throws {TypeError} If the body was opened or read before.
   */
  open(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Reads the whole body into memory.
   *
   * @param room Memory that it may be read into, if that is enough: all of an
   * `ArrayBuffer`. It is used up: the bytes may stand at the start of memory that
   * was taken from it.
   * @throws {TransportError} If it is cut or falls silent.
   */
  bytes(room?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads the whole body into memory, unless it is too long. Absent: it is read
   * as a stream.
   *
   * @param maxBytes The longest that is read.
   * @param room Memory that it may be read into, as above.
   * @returns The bytes; `undefined` where there are more, which are not read.
   * @throws {TransportError} If it is cut or falls silent.
   */
  bytesWithin?(
    maxBytes: number,
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Reads the next piece, without a stream in between. Absent: bodies are read as
   * streams.
   *
   * @param room Memory to read into. It is used up: the piece may be in memory
   * that was taken from it.
   * @returns The piece; `undefined` at the end.
   * @throws {TypeError} If the body was opened or read otherwise before.
   */
  readInto?(
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Has the platform write all of it to a file, without a look at its bytes.
   * Absent: the platform cannot.
   *
   * @param target Where it is written to; it tells how far that came.
   * @returns `false` where the rest, or all of it, is to be read otherwise.
   * @throws {TransportError} If it is cut or falls silent.
   * @throws {TypeError} If the body was opened or read before.
   */
  writeTo?(target: BodyTarget): Promise<boolean>;
  /** Gives the connection back without reading the rest. */
  cancel(reason?: unknown): Promise<void>;
}

/** A response whose body has not been read. */
export interface HttpResponse {
  /** HTTP status, 200 to 599. */
  readonly status: number;
  /** Header fields. */
  readonly headers: HeaderMap;
  /** The body; `null` where the response can have none. */
  readonly body: ResponseBody | null;
  /**
   * Whether the platform has decompressed the body, so that the length and the
   * checksum of the header fields are not those of its bytes. Default: `false`.
   */
  readonly decoded?: boolean;
}

/**
 * What may be said about one exchange. Times are in milliseconds, `Infinity`
 * for no limit; one left out is the transport's own.
 */
export interface SendOptions {
  /** Ends the exchange early. What it throws is passed on as is. */
  readonly signal?: AbortSignal;
  /** Longest time to reach the server. */
  readonly connectTimeoutMs?: number;
  /** Longest silence of the server, while it is waited for: head and body. */
  readonly readTimeoutMs?: number;
  /** Longest time that is spent waiting for the server in all: head and body. */
  readonly attemptTimeoutMs?: number;
  /** Longest wait for a connection, where their number is limited. */
  readonly queueTimeoutMs?: number;
  /**
   * Whether the request must not go through a proxy, whatever names one: it
   * carries a token for a service of this machine. Default: `false`.
   */
  readonly direct?: boolean;
  /**
   * Set where the exchange gets credentials for a call and is no part of it. A
   * transport that keeps what it sends leaves such exchanges out.
   */
  readonly purpose?: "credentials";
  /**
   * Replaces the secrets of the call in a text: its secret members and the keys
   * that it was signed with. For a transport that keeps what it sends.
   */
  readonly replaceSecrets?: (text: string, mark: string) => string;
  /**
   * Whether the request may be sent twice without harm. Where it may not, the
   * transport sends it over a connection on which the platform does not repeat
   * it by itself. Default: what the method promises, so `GET` and `HEAD` only.
   */
  readonly repeatable?: boolean;
  /**
   * Whether the platform may ask on the terminal for a permission that is
   * missing. Default: `true`. `false`: a host that is not allowed is denied.
   */
  readonly mayPrompt?: boolean;
  /** Called when a connection to the host is seen to be open, where that can be told. */
  readonly onDialled?: () => void;
  /**
   * Told how many bytes of the body have left, in steps of 64 KiB or more, where
   * that can be seen; 0 when the body begins.
   */
  readonly onSent?: (bytes: number) => void;
}

/**
 * Sends one request and gives back the response, whatever its status.
 *
 * A transport does not retry, redirect, sign or read the body. To add behaviour
 * (recording, tracing, a proxy), wrap one transport in another.
 */
export interface Transport extends Disposable {
  /** The time limits that it keeps by itself. Default: none. */
  readonly limits?: readonly TimeLimit[];
  /**
   * Sends a request.
   *
   * @param request The request, complete and signed.
   * @param options The signal that ends the exchange, and its time limits.
   * @returns The response, as soon as its header fields are in.
   * @throws {TransportError} If the exchange failed.
   * @throws {EndpointError} If the request cannot be sent as it is written.
   */
  send(request: HttpRequest, options?: SendOptions): Promise<HttpResponse>;
}

/**
 * A body to send.
 *
 * - `string`: always text, sent as UTF-8, never a path;
 * - bytes, in an array, a buffer or a view of one, and `Blob`: sent as they are;
 * - `URL` with the scheme `file:`: the file's content, as long as it is when it is
 *   opened;
 * - `ReadableStream`, asynchronous iterable, `Response`, `Request`: sent once, so
 *   a large one makes the call impossible to retry; its pieces are bytes or text,
 *   its length comes from `ContentLength`, or from the header of a response;
 * - {@linkcode BodySource}: opened anew for each attempt.
 *
 * When a call fails, what it was given to read is cancelled.
 */
export type BodyInput =
  | ArrayBuffer
  | ArrayBufferView
  | AsyncIterable<ArrayBuffer | ArrayBufferView | string>
  | Blob
  | BodySource
  | ReadableStream<ArrayBuffer | ArrayBufferView | string>
  | Request
  | Response
  | string
  | URL;
