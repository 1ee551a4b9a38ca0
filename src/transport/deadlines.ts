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
import type { Logger } from "../ports/logger.ts";
import { InFlightRequest, type WaitLimits } from "./in_flight_request.ts";
import { ForgottenBodies, GuardedBody, Intake } from "./response_body.ts";
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

/** A response whose body knows when it ends. */
export interface GuardedResponse extends HttpResponse {
  /** The exchange; it is over at once where there is no body. */
  readonly exchange: InFlightRequest;
}

/** The transport of {@linkcode withDeadlines}. */
export class Deadlines implements Transport {
  /** The time limits that it keeps. */
  readonly limits: readonly TimeLimit[];
  readonly #inner: Transport;
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
    inner: Transport,
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
  ): Promise<GuardedResponse> {
    const exchange = new InFlightRequest({
      request,
      limits: this.#limitsOf(options),
      clock: this.#clock,
      signal: options.signal,
    });
    try {
      return await this.#response(exchange, options);
    } catch (error) {
      const { signal } = exchange;
      const reason = signal.aborted ? signal.reason : error;
      if (!signal.aborted) exchange.place(reason);
      exchange.end(reason);
      throw reason;
    }
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }

  #response(
    exchange: InFlightRequest,
    options: SendOptions,
  ): Promise<GuardedResponse> {
    const { request, signal } = exchange;
    const upload = this.#watched(exchange, options.onSent);
    exchange.upload = upload;
    const sent = this.#inner.send(
      upload === undefined ? request : { ...request, body: upload },
      { ...options, signal, onDialled: exchange.dialled },
    );
    return exchange.follow(sent, (response) => {
      upload?.answered();
      return this.#guarded(response, exchange);
    }, {
      allowanceMs: upload === undefined ? allowanceMs(request.body) : 0,
      late: dropLate,
    });
  }

  #watched(
    exchange: InFlightRequest,
    onSent: SendOptions["onSent"],
  ): WireBody | undefined {
    const { body, origin } = exchange.request;
    if (body === undefined || body.length === 0) return undefined;
    if (body instanceof Uint8Array && !this.#watchesBytes) return undefined;
    for (const [host, { bodies }] of this.#lines) {
      if (bodies.size === 0 && host !== origin) this.#lines.delete(host);
    }
    const line = this.#lines.get(origin) ?? new UploadLine(this.#clock);
    this.#lines.set(origin, line);
    return new WireBody(body, exchange, line, onSent);
  }

  #guarded(response: HttpResponse, exchange: InFlightRequest): GuardedResponse {
    const { status, headers, decoded = false } = response;
    if (response.body === null || hasNoBody(exchange.request, status)) {
      if (response.body !== null) dropLate(response);
      exchange.end();
      return { status, headers, body: null, exchange };
    }
    const contentLength = decoded ? undefined : headers["content-length"];
    const head = {
      status,
      ...contentLength === undefined ? {} : { contentLength },
    };
    const intake = new Intake(response.body, head, exchange, this.#clock);
    // What is read at once holds no connection, so it may be forgotten.
    const forgotten = intake.prefetch() ? undefined : this.#forgotten;
    const body = new GuardedBody(intake, forgotten);
    return { status, headers, body, exchange, ...decoded && { decoded } };
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
function dropLate(response: HttpResponse): void {
  response.body?.cancel().catch(() => {});
}
