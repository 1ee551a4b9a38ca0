/**
 * Time limits over any transport.
 *
 * @module
 */
import type { TimeLimit } from "../foundation/errors.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import { InFlightRequest, type WaitLimits } from "./in_flight_request.ts";
import {
  type BodyParts,
  ForgottenBodies,
  IncomingBody,
} from "./response_body.ts";
import { checkLimit, type Timing } from "./runtime.ts";
import { UploadLine, WireBody } from "./wire_body.ts";

/** Settings of {@linkcode withDeadlines}. */
export interface DeadlineOptions {
  /**
   * Longest silence of the server, in milliseconds, where a call names none.
   * `Infinity`: no limit. Default: 60 000.
   */
  readonly readTimeoutMs?: number;
  /**
   * Longest time that one attempt waits for the server, in milliseconds, where a
   * call names none. Default: `Infinity`, no limit.
   */
  readonly attemptTimeoutMs?: number;
  /** Where it is told that a body was forgotten. Default: nowhere. */
  readonly logger?: Logger;
}

/** As in boto3. */
const READ_TIMEOUT_MS = 60_000;

/**
 * Some transports do not tell how far they are with a body of bytes. There the
 * server is excused while one goes out at 125 bytes per millisecond: 1 Mbit/s.
 */
const SLOWEST_UPLOAD = 125;

/** The two limits that need nothing from a transport. */
const LIMITS: readonly TimeLimit[] = ["attempt", "read"];

/** Of fewer bytes nothing can be seen on their way: they leave in one piece. */
const SHORT_UPLOAD = 64 * 1_024;

/**
 * Gives a transport the limits `read` and `attempt`, bodies that end complete
 * or with a {@linkcode TransportError}, and an end to bodies that are forgotten.
 *
 * @param transport The transport. It need not care about time, only for its signal.
 * @param clock Time.
 * @param options The limits.
 * @returns A transport; the same one, if it keeps these limits itself.
 */
export function withDeadlines(
  transport: Transport,
  clock: Timing,
  options: DeadlineOptions = {},
): Transport {
  const kept = transport.limits ?? [];
  return LIMITS.every((limit) => kept.includes(limit))
    ? transport
    : new Deadlines(transport, clock, options);
}

/** The head of a response, and its bytes as they come. */
export interface IncomingResponse extends Omit<HttpResponse, "body"> {
  /** The platform's stream, or the body of another transport. */
  readonly body: BodyParts["source"] | null;
}

/** What sends, and cares for its signal only. */
export interface Sender extends Disposable {
  /** The time limits that it keeps. */
  readonly limits?: readonly TimeLimit[];
  /** Sends a request. */
  send(request: HttpRequest, options: SendOptions): Promise<IncomingResponse>;
}

/** The transport of {@linkcode withDeadlines}. */
export class Deadlines implements Transport {
  /** The time limits that it keeps. */
  readonly limits: readonly TimeLimit[];
  readonly #inner: Sender;
  readonly #clock: Timing;
  readonly #defaults: WaitLimits;
  readonly #forgotten: ForgottenBodies;
  readonly #watchesBytes: boolean;
  readonly #lines = new Map<string, UploadLine>();

  /**
   * Wraps a transport.
   *
   * @param inner The transport.
   * @param clock Time.
   * @param options The limits.
   * @param watchesBytes Whether the transport takes bytes as a {@linkcode WireBody}.
   * @throws {ConfigError} If a limit is not more than 0.
   */
  constructor(
    inner: Sender,
    clock: Timing,
    options: DeadlineOptions,
    watchesBytes = false,
  ) {
    const {
      readTimeoutMs = READ_TIMEOUT_MS,
      attemptTimeoutMs = Infinity,
      logger,
    } = options;
    this.limits = [...inner.limits ?? [], ...LIMITS];
    this.#inner = inner;
    this.#clock = clock;
    this.#watchesBytes = watchesBytes;
    this.#defaults = checked({ readTimeoutMs, attemptTimeoutMs });
    this.#forgotten = new ForgottenBodies(logger);
  }

  async send(
    request: HttpRequest,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    return await this.start(request, options);
  }

  /**
   * Sends a request.
   *
   * @param request The request.
   * @param options Its signal and its limits.
   * @param onEnd Called once, when the last byte of the body was read or the
   * request failed: with the error, if there was one.
   * @throws At once, the signal's reason if it is aborted, and {@linkcode ConfigError}
   * if a limit makes no sense; then nothing was started.
   */
  start(
    request: HttpRequest,
    options: SendOptions,
    onEnd?: (error?: unknown) => void,
  ): Promise<HttpResponse> {
    const exchange = new InFlightRequest(
      request,
      this.#limitsOf(options),
      this.#clock,
      options.signal,
    );
    exchange.onEnd = onEnd;
    const { signal } = exchange;
    const upload = this.#watched(exchange, options.onSent);
    exchange.upload = upload;
    let sent: Promise<IncomingResponse>;
    try {
      sent = this.#inner.send(
        upload === undefined ? request : { ...request, body: upload },
        { ...options, signal, onDialled: exchange.dialled },
      );
    } catch (error) {
      sent = Promise.reject(error);
    }
    return exchange.follow(sent, (response) => {
      upload?.answered();
      return this.#guarded(response, exchange);
    }, {
      allowanceMs: upload === undefined ? allowanceMs(request.body) : 0,
      late: dropLate,
      endsByFailure: true,
    });
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }

  #watched(
    exchange: InFlightRequest,
    onSent: SendOptions["onSent"],
  ): WireBody | undefined {
    const { body, origin } = exchange.request;
    if (body === undefined || body.length === 0) return undefined;
    if (body instanceof Uint8Array) {
      const isShort = body.length <= SHORT_UPLOAD && onSent === undefined;
      if (isShort || !this.#watchesBytes) return undefined;
    }
    for (const [host, { bodies }] of this.#lines) {
      if (bodies.size === 0 && host !== origin) this.#lines.delete(host);
    }
    const line = this.#lines.get(origin) ?? new UploadLine(this.#clock);
    this.#lines.set(origin, line);
    return new WireBody(body, exchange, line, onSent);
  }

  #guarded(
    response: IncomingResponse,
    exchange: InFlightRequest,
  ): HttpResponse {
    const { status, headers, body: source, decoded = false } = response;
    if (source === null || hasNoBody(exchange.request, status)) {
      dropLate(response);
      exchange.end();
      return { status, headers, body: null };
    }
    const body = new IncomingBody({
      source,
      contentLength: decoded ? undefined : headers["content-length"],
      status,
      exchange,
      clock: this.#clock,
      forgotten: this.#forgotten,
    });
    return decoded
      ? { status, headers, body, decoded }
      : { status, headers, body };
  }

  #limitsOf(options: SendOptions): WaitLimits {
    const { readTimeoutMs, attemptTimeoutMs } = options;
    if (readTimeoutMs === undefined && attemptTimeoutMs === undefined) {
      return this.#defaults;
    }
    return checked({
      readTimeoutMs: readTimeoutMs ?? this.#defaults.readTimeoutMs,
      attemptTimeoutMs: attemptTimeoutMs ?? this.#defaults.attemptTimeoutMs,
    });
  }
}

/**
 * Whether an answer has no body, whatever length it names.
 *
 * Source: RFC 9112, section 6.3.
 */
export function hasNoBody(
  { method }: Pick<HttpRequest, "method">,
  status: number,
): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}

function checked(limits: WaitLimits): WaitLimits {
  checkLimit("readTimeoutMs", limits.readTimeoutMs);
  checkLimit("attemptTimeoutMs", limits.attemptTimeoutMs);
  return limits;
}

function allowanceMs(body: RequestBody): number {
  return body instanceof Uint8Array ? body.length / SLOWEST_UPLOAD : 0;
}

/** A transport that does not care for its signal may still answer. */
function dropLate(response: IncomingResponse): void {
  response.body?.cancel().catch(() => {});
}
