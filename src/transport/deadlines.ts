/**
 * Time limits over any transport.
 *
 * @module
 */
import type { TimeLimit } from "../foundation/errors.ts";
import type {
  HeaderMap,
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  type ExchangeParts,
  InFlightRequest,
  timersOf,
  type WaitLimits,
} from "./in_flight_request.ts";
import {
  type BodyParts,
  ForgottenBodies,
  IncomingBody,
} from "./response_body.ts";
import { checkLimit, type Timing } from "./runtime.ts";
import type { UploadLine, WireBody } from "./wire_body.ts";

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
export const LIMITS: readonly TimeLimit[] = ["attempt", "read"];

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

/** The transport of {@linkcode withDeadlines}. */
class Deadlines implements Transport {
  readonly limits: readonly TimeLimit[];
  readonly #inner: Transport;
  readonly #exchanges: Exchanges;

  constructor(inner: Transport, clock: Timing, options: DeadlineOptions) {
    this.limits = [...inner.limits ?? [], ...LIMITS];
    this.#inner = inner;
    this.#exchanges = new Exchanges(options, {
      timers: timersOf(clock),
      heedsSignal: false,
      watchesBytes: false,
    });
  }

  async send(
    request: HttpRequest,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    const { body: content } = request;
    // Of bytes a transport does not tell how far it is.
    if (content !== undefined && !(content instanceof Uint8Array)) {
      uploads ??= await import("./wire_body.ts");
    }
    const exchange = this.#exchanges.begin(request, options, uploads);
    try {
      const { signal, upload } = exchange;
      const sent = this.#inner.send(
        upload === undefined ? request : { ...request, body: upload },
        { ...options, signal, onDialled: () => exchange.onDialled() },
      );
      exchange.start();
      const { status, headers, body, decoded } = await exchange.wait(
        sent,
        dropLate,
      );
      exchange.heard();
      return this.#exchanges.answer(exchange, status, headers, body, decoded);
    } catch (error) {
      throw exchange.fail(error);
    }
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

/** What watches over the bodies of requests. */
export type Uploads = typeof import("./wire_body.ts");

/** What only requests with a body need; loaded with the first. */
let uploads: Uploads | undefined;

/** A transport that does not care for its signal may still answer. */
function dropLate({ body }: HttpResponse): void {
  body?.cancel().catch(() => {});
}

/** What the exchanges of one transport have in common. */
interface Traits extends ExchangeParts {
  /** Whether the transport takes bytes as a {@linkcode WireBody}, where the platform sends such. */
  readonly watchesBytes: boolean;
}

/** The exchanges of one transport: gives them their limits and their bodies. */
export class Exchanges {
  readonly #traits: Traits;
  readonly #defaults: WaitLimits;
  readonly #forgotten: ForgottenBodies;
  readonly #lines = new Map<string, UploadLine>();

  /**
   * Starts without any.
   *
   * @param options The limits where a call names none.
   * @param traits What they have in common.
   * @throws {ConfigError} If a limit is not more than 0.
   */
  constructor(options: DeadlineOptions, traits: Traits) {
    const {
      readTimeoutMs = READ_TIMEOUT_MS,
      attemptTimeoutMs = Infinity,
      logger,
    } = options;
    this.#traits = traits;
    this.#defaults = checked({ readTimeoutMs, attemptTimeoutMs });
    this.#forgotten = new ForgottenBodies(logger);
  }

  /**
   * Begins an exchange, which does not wait yet.
   *
   * @param request The request.
   * @param options Its signal and its limits.
   * @param uploads What watches over its body. Absent: it has none.
   * @throws The signal's reason if it is aborted, and {@linkcode ConfigError} if a
   * limit makes no sense; then nothing was started.
   */
  begin(
    request: HttpRequest,
    options: SendOptions,
    uploads?: Uploads,
  ): InFlightRequest {
    const { signal, readTimeoutMs, attemptTimeoutMs, onSent } = options;
    let limits = this.#defaults;
    if (readTimeoutMs !== undefined || attemptTimeoutMs !== undefined) {
      limits = checked({
        readTimeoutMs: readTimeoutMs ?? limits.readTimeoutMs,
        attemptTimeoutMs: attemptTimeoutMs ?? limits.attemptTimeoutMs,
      });
    }
    const exchange = new InFlightRequest(request, limits, this.#traits, signal);
    const { body } = request;
    if (body === undefined || body.length === 0) return exchange;
    const isWatched = uploads !== undefined && (
      !(body instanceof Uint8Array) ||
      this.#traits.watchesBytes && uploads.sendsSizedBodies() &&
        (body.length > SHORT_UPLOAD || onSent !== undefined)
    );
    if (isWatched) {
      exchange.upload = this.#watched(uploads, exchange, body, onSent);
    } else if (body instanceof Uint8Array) {
      exchange.allowanceMs = body.length / SLOWEST_UPLOAD;
    }
    return exchange;
  }

  /**
   * What becomes of an answer.
   *
   * @param exchange The exchange, which has heard of it and still waits.
   * @param status Its status.
   * @param headers Its header fields.
   * @param source Its bytes as they come.
   * @param decoded Whether they are not those that the header fields tell of.
   */
  answer(
    exchange: InFlightRequest,
    status: number,
    headers: HeaderMap,
    source: BodyParts["source"] | null,
    decoded = false,
  ): HttpResponse {
    exchange.upload?.answered();
    // Whatever length it names: RFC 9112, section 6.3.
    const { method } = exchange.request;
    const isBare = method === "HEAD" || status === 204 || status === 304;
    if (source === null || isBare) {
      // In browsers an answer to HEAD has one, which is empty.
      source?.cancel().catch(() => {});
      exchange.end();
      return { status, headers, body: null };
    }
    const contentLength = decoded ? undefined : headers["content-length"];
    const body = new IncomingBody(
      { source, contentLength, status },
      exchange,
      this.#forgotten,
    );
    return decoded
      ? { status, headers, body, decoded }
      : { status, headers, body };
  }

  #watched(
    { UploadLine, WireBody }: Uploads,
    exchange: InFlightRequest,
    body: NonNullable<RequestBody>,
    onSent: SendOptions["onSent"],
  ): WireBody {
    const { origin } = exchange.request;
    for (const [host, { bodies }] of this.#lines) {
      if (bodies.size === 0 && host !== origin) this.#lines.delete(host);
    }
    const line = this.#lines.get(origin) ??
      new UploadLine(this.#traits.timers);
    this.#lines.set(origin, line);
    return new WireBody(body, exchange, line, onSent);
  }
}

function checked(limits: WaitLimits): WaitLimits {
  checkLimit("readTimeoutMs", limits.readTimeoutMs);
  checkLimit("attemptTimeoutMs", limits.attemptTimeoutMs);
  return limits;
}
