/**
 * One `fetch`, between our messages and the platform's.
 *
 * @module
 */
import {
  AwsError,
  ProtocolError,
  TransportError,
} from "../foundation/errors.ts";
import type {
  HeaderMap,
  HttpRequest,
  HttpResponse,
  ResponseBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { ConnectionPool } from "./connection_pool.ts";
import type { ConnectProbe } from "./connect_probe.ts";
import { hasNoBody } from "./deadlines.ts";
import { proxyRefusal, sendFault } from "./faults.ts";
import { describe, requestUrl } from "./request_url.ts";
import { decompresses } from "./runtime.ts";
import { fetchBody } from "./wire_body.ts";

/** What a {@linkcode FetchExchange} is made from. */
export interface FetchParts {
  /** Sends. */
  readonly pool: ConnectionPool;
  /** Keeps the connect limit, where that can be kept. */
  readonly dials: ConnectProbe | undefined;
  /** The connect limit where a call names none, in milliseconds. */
  readonly connectTimeoutMs: number;
}

/** What every request says, whatever else it says. */
const OURS: HeaderMap = {
  // Or the platform unpacks bodies: then lengths, checksums and copies are wrong.
  "accept-encoding": "identity",
};

/** The part of the transport that sends; it keeps no time but the connect limit. */
export class FetchExchange implements Transport {
  readonly #parts: FetchParts;

  /**
   * Joins the parts.
   *
   * @param parts What it is made from.
   */
  constructor(parts: FetchParts) {
    this.#parts = parts;
  }

  async send(
    request: HttpRequest,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    const { pool, dials, connectTimeoutMs } = this.#parts;
    const { signal, connectTimeoutMs: limitMs = connectTimeoutMs } = options;
    if (pool.closed) {
      throw new TypeError("Cannot send: the transport is closed");
    }
    const url = requestUrl(request);
    const watch = dials?.watch(request, limitMs, options);
    const ends = watch?.signal ?? signal;
    try {
      const response = await pool.fetch(
        url,
        initOf(request, ends),
        {
          direct: options.direct ?? false,
          once: isRepeated(request, options),
        },
      );
      dials?.reached(request.origin);
      return responseOf(response, request);
    } catch (error) {
      if (ends?.aborted) throw ends.reason;
      if (error instanceof AwsError) throw error;
      throw sendFault(error, request, pool.proxyOf(url, options.direct));
    } finally {
      watch?.[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#parts.pool[Symbol.dispose]();
  }
}

function initOf(
  { method, headers, body }: HttpRequest,
  signal: AbortSignal | undefined,
): RequestInit {
  const init: RequestInit = {
    method,
    headers: { ...headers, ...OURS },
    redirect: "manual",
    signal: signal ?? null,
  };
  if (body === undefined) return init;
  // The platform sends an empty stream, or Blob, without its length.
  if (body.length === 0) return { ...init, body: new Uint8Array() };
  // "duplex" is what Node asks for; Deno's types do not know it.
  return { ...init, body: fetchBody(body), ...{ duplex: "half" } };
}

/**
 * Whether the platform would send a request twice that may not be: it does so
 * with bytes, or none, where a kept connection breaks before the answer.
 */
function isRepeated(
  { method, body }: HttpRequest,
  { repeatable = method === "GET" || method === "HEAD" }: SendOptions,
): boolean {
  return !repeatable &&
    (body === undefined || body.length === 0 || body instanceof Uint8Array);
}

function responseOf(response: Response, request: HttpRequest): HttpResponse {
  const { status, body } = response;
  if (status === 0) {
    throw new TransportError(
      "unknown",
      `Cannot read the answer to ${
        describe(request)
      }: it is a redirect, which this platform hides`,
      { maybeSent: true },
    );
  }
  if (status === 407) {
    body?.cancel().catch(() => {});
    throw proxyRefusal(request);
  }
  const headers: Record<string, string> = {};
  // Several times faster than Object.fromEntries.
  response.headers.forEach((value, name) => {
    headers[name] = value;
  });
  if (body === null || hasNoBody(request, status)) {
    // In browsers an answer to HEAD has one, which is empty.
    body?.cancel().catch(() => {});
    return { status, headers, body: null };
  }
  if (!decompresses(headers["content-encoding"])) {
    return { status, headers, body: new FetchBody(response, body) };
  }
  if (status === 206) {
    body.cancel().catch(() => {});
    throw new ProtocolError(
      `Cannot read the answer to ${
        describe(request)
      }: it is a part of a body with content-encoding "${
        headers["content-encoding"]
      }", which this platform can only decompress whole; leave the range out, or use Deno or Bun`,
    );
  }
  const decoded = new FetchBody(response, body);
  return { status, headers, body: decoded, decoded: true };
}

/** The platform's body as it is; who hands it out guards it. */
class FetchBody implements ResponseBody {
  readonly #response: Response;
  readonly #stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(
    response: Response,
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ) {
    this.#response = response;
    this.#stream = stream;
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#response.arrayBuffer());
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#stream.cancel(reason);
  }
}
