/**
 * What goes over the wire, told at the level `debug`. Loaded where anybody listens.
 *
 * @module
 */
import { encodeParam, text } from "../foundation/bytes.ts";
import {
  bodyCanHoldSecret,
  redactHeaders,
  redactPresigned,
  redactUrl,
} from "../foundation/wire_secrets.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  ResponseBody,
} from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import type { Operation, StructureShape } from "../ports/schema.ts";
import { bodyFacts } from "./response_bodies.ts";
import type { Secrets } from "./secrets.ts";

/** How much of a body is shown, in characters. */
const SHOWN = 512;

/**
 * Tells of requests and answers. A body that can hold a secret, by the
 * operation's table, is withheld; so are secret header fields and parameters.
 */
export class WireLog {
  readonly #requests: Logger;
  readonly #answers: Logger;
  readonly #showsBodies: boolean;

  /**
   * Makes the log of a client.
   *
   * @param logger The library's logger; its children `endpoint` and `parsers` are told.
   * @param showsBodies Whether the start of bodies is shown.
   */
  constructor(logger: Logger, showsBodies = true) {
    this.#showsBodies = showsBodies;
    this.#requests = logger.child("endpoint");
    this.#answers = logger.child("parsers");
  }

  /** Tells of a request that is about to be sent. */
  request<Input, Output>(
    operation: Operation<Input, Output>,
    request: HttpRequest,
    secrets: Secrets,
  ): void {
    if (!this.#requests.enabled("debug")) return;
    const { method, headers, body } = request;
    this.#requests.debug(`request ${operation.name}`, {
      method,
      url: hidden(redactUrl(urlOf(request)), secrets),
      headers: hidden(fields(headers), secrets),
      body: this.#requestBody(operation, body, secrets),
    });
  }

  /**
   * Tells of an answer.
   *
   * @returns The answer; its body tells of itself when it is read whole.
   */
  response<Input, Output>(
    operation: Operation<Input, Output>,
    response: HttpResponse,
    secrets: Secrets,
  ): HttpResponse {
    const { status, headers, body } = response;
    if (this.#requests.enabled("debug")) {
      this.#requests.debug(`answer to ${operation.name}`, {
        status,
        headers: hidden(fields(headers), secrets),
      });
    }
    if (
      body === null || !this.#answers.enabled("debug") ||
      bodyFacts(operation).streams
    ) return response;
    const tell = (bytes: Uint8Array): void =>
      this.#answers.debug(`body of the answer to ${operation.name}`, {
        body: this.#bytes(operation.output(), bytes, secrets),
      });
    return { status, headers, body: new LoggedBody(body, tell) };
  }

  #requestBody<Input, Output>(
    operation: Operation<Input, Output>,
    body: RequestBody,
    secrets: Secrets,
  ): string | undefined {
    if (body === undefined) return undefined;
    if (!(body instanceof Uint8Array)) return "<a stream>";
    return this.#bytes(operation.input(), body, secrets);
  }

  #bytes(shape: StructureShape, bytes: Uint8Array, secrets: Secrets): string {
    return this.#showsBodies && !bodyCanHoldSecret(shape)
      ? start(bytes, secrets)
      : `<${bytes.length} bytes withheld>`;
  }
}

/** A body that is told when it is read whole; one that is streamed is the user's. */
class LoggedBody implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #tell: (bytes: Uint8Array) => void;

  constructor(body: ResponseBody, tell: (bytes: Uint8Array) => void) {
    this.#body = body;
    this.#tell = tell;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#body.open();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#body.bytes();
    this.#tell(bytes);
    return bytes;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}

/** The secrets go before the text is cut: half of one would not be found. */
function start(bytes: Uint8Array, secrets: Secrets): string {
  const { longest } = secrets;
  const looked = bytes.subarray(0, 8 * SHOWN + longest);
  const shown = hidden(text(looked), secrets);
  if (bytes.length <= SHOWN) return shown;
  // What was looked at may end in the middle of one, too.
  const end = looked.length < bytes.length ? shown.length - longest : SHOWN;
  return `${shown.slice(0, Math.min(SHOWN, end))}... (${bytes.length} bytes)`;
}

function hidden(text: string, secrets: Secrets): string {
  return redactPresigned(secrets.hiddenIn(text));
}

function fields(headers: Readonly<Record<string, string>>): string {
  return Object.entries(redactHeaders(headers))
    .map(([name, value]) => `${name}: ${value}`).join("; ");
}

function urlOf({ origin, path, query }: HttpRequest): string {
  const params = query.map(encodeParam).join("&");
  return `${origin}${path}${params && `?${params}`}`;
}
