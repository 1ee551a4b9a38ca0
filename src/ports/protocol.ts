/**
 * The port between typed values and HTTP messages.
 *
 * @module
 */
import type { ResponseBase } from "../foundation/metadata.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import type { Operation } from "./schema.ts";
import type { BodyInput } from "./body.ts";

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
}
