/**
 * One connection: sends a request, reads its response, waits for the next.
 *
 * @module
 */
import {
  AwsError,
  type Timeline,
  type TimeoutError,
  type TransportLocation,
  type TransportPhase,
} from "../../foundation/errors.ts";
import type {
  BodySource,
  HttpRequest,
  HttpResponse,
  RequestBody,
} from "../../ports/http.ts";
import { closeQuietly, type DialProgress, type Route } from "./dial.ts";
import {
  bodyFault,
  type BodyProgress,
  ConnectionEnded,
  locationOf,
  sendFault,
  waitFault,
} from "./faults.ts";
import {
  MalformedResponse,
  type ResponseHead,
  ResponseReader,
} from "./http1.ts";
import { writeLatin1 } from "./request_head.ts";
import {
  BufferedBody,
  type ForgottenBodies,
  SocketBody,
  Upload,
} from "./body.ts";
import { type Timers, Wait } from "./timers.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A body up to here goes out behind its head by one write. */
const COALESCED = 16 * 1_024;

/** How long a server may take to say that it wants the body. */
const CONTINUE_MS = 1_000;

/** A connection that idled as long as that is looked at before it is used. */
const LOOKED_MS = 100;

/** Promises between the platform's read and whoever waits for it, and one more. */
const STEPS = 3;

/** To wait for it takes a step, and no memory. */
const SETTLED = Promise.resolve();

/** The limits that are numbers of milliseconds. */
export interface Times {
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly queueTimeoutMs: number;
}

/** One request on its way, over one connection or, where that was stale, two. */
export interface Call {
  /** What is sent. */
  readonly request: HttpRequest;
  /** The way that it takes. */
  readonly route: Route;
  /** Its head, as text, until it is sent: while an answer is waited for, it takes no room. */
  head: string;
  /** Whether the head asks the server whether it wants the body. */
  readonly expects: boolean;
  /** How long may be waited for what. */
  readonly limits: Times;
  /** What is left of the time for the attempt, in milliseconds. */
  attemptLeftMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal | undefined;
  /** When it left the queue, by the timers' clock. */
  startMs: number;
  /** How far it came. */
  readonly timeline: { -readonly [Stage in keyof Timeline]: Timeline[Stage] };
  /** Told how many bytes of the body have left. */
  readonly onSent: ((bytes: number) => void) | undefined;
  /** Told that a connection was opened for it. */
  readonly onDialled: (() => void) | undefined;
  /** Whether it may be sent twice without harm. */
  readonly mayRepeat: boolean;
  /** How long ago its connection may have been used last, in milliseconds; 0: never. */
  maxIdleMs: number;
  /** Whether its body was opened, so that it cannot be opened again. */
  opened: boolean;
}

/** What a {@linkcode Connection} is made from. */
export interface ConnectionParts {
  /** Time. */
  readonly timers: Timers;
  /** Notices bodies that nobody reads. */
  readonly forgotten: ForgottenBodies;
  /** Takes it back after a complete response, or `false`: it is of no more use. */
  readonly release: (connection: Connection, keep: boolean) => void;
  /** Told that it is closed. */
  readonly closed: (connection: Connection) => void;
  /** Sends a call over another connection, or throws the error why not. */
  readonly again: (
    call: Call,
    failed?: { readonly connection: Connection; readonly error: unknown },
  ) => Promise<HttpResponse>;
  /** Sees to an answer that is about the way, not the call: 407 or 417. */
  readonly refused: (
    call: Call,
    connection: Connection,
    response: HttpResponse,
  ) => Promise<HttpResponse>;
  /** Told of a time limit that passed. */
  readonly timedOut: (route: Route, error: TimeoutError) => void;
}

/** A connection to a server, or through a proxy. */
export class Connection {
  /** The platform's connection. */
  readonly socket: Deno.Conn;
  /** The way that it takes. */
  readonly route: Route;
  /** The wait for the server. */
  readonly wait: Wait;
  /** Reads what comes. */
  readonly reader = new ResponseReader();
  /** Whether it can be used. */
  isOpen = true;
  /** Whether it carried a whole exchange before. */
  reused = false;
  /** When it was given back, by the timers' clock. */
  idleSinceMs = 0;
  /** Whether the last exchange failed as those on connections that the server has closed do. */
  stale = false;

  readonly #parts: ConnectionParts;
  readonly #dialled: DialProgress;
  /** The head and a small body on their way out. */
  #out: Bytes = new Uint8Array(2 * 1_024);
  /** What of it is sent: one request is often as long as the next. */
  #sending: Bytes = this.#out;
  /** The read that is under way: of an idle connection, it notices the end. */
  #reading: Promise<number | null> | undefined;
  #call: Call | undefined;
  #phase: TransportPhase = "connect";
  #isIdle = false;
  /** Whether the request did not leave to its end. */
  #unsent = false;
  /** Whether a byte of the response came. */
  #heard = false;
  #keepAlive = false;
  #failure: { readonly reason: unknown } | undefined;
  /** A body on its way. */
  #uploading: Upload | undefined;
  #mayGoAhead = false;

  constructor(
    socket: Deno.Conn,
    route: Route,
    dialled: DialProgress,
    parts: ConnectionParts,
  ) {
    this.socket = socket;
    this.route = route;
    this.#dialled = dialled;
    this.#parts = parts;
    this.wait = new Wait(parts.timers, (limit) => this.#timeout(limit));
  }

  /** Whether it reads by the records of TLS. */
  get isTls(): boolean {
    return "handshake" in this.socket;
  }

  /**
   * Sends a request.
   *
   * @returns The response; the connection is given back with the end of its body.
   */
  async exchange(call: Call): Promise<HttpResponse> {
    if (this.#isIdle && !await this.take(call.startMs)) {
      return await this.#parts.again(call);
    }
    let response: HttpResponse;
    const { request: { method, body }, limits, signal } = call;
    this.#call = call;
    this.#phase = "write";
    this.#heard =
      this.#unsent =
      this.#mayGoAhead =
      this.stale =
        false;
    this.#failure = undefined;
    signal?.addEventListener("abort", this.#onAbort);
    this.reader.begin(method);
    this.wait.limit(limits.readTimeoutMs, call.attemptLeftMs);
    this.wait.start();
    try {
      signal?.throwIfAborted();
      const isShort = body === undefined ||
        body instanceof Uint8Array && body.length <= COALESCED;
      let head: ResponseHead | undefined;
      if (!isShort) head = await this.#sendLong(call, body);
      else {
        // In one function, as each that waits costs what a small call feels.
        if (body !== undefined) call.onSent?.(0);
        let left = this.#compose(call, body);
        // A reading that fails does so for whoever waits for it.
        if (this.#reading === undefined) this.#read().catch(ignore);
        try {
          for (;;) {
            const count = await this.socket.write(left);
            if (count === left.length) break;
            left = left.subarray(count);
          }
        } catch (error) {
          head = await this.#answeredEarly(error, this.#receiveHead());
        }
        if (body !== undefined) call.onSent?.(body.length);
        this.#sent(call);
        while (head === undefined) {
          head = this.#took(await (this.#reading ?? this.#read()));
        }
      }
      this.#phase = "body";
      response = this.#respond(call, head);
    } catch (error) {
      const failed = { connection: this, error: this.fail(error) };
      return await this.#parts.again(call, failed);
    }
    return response.status === 407 || response.status === 417
      ? await this.#parts.refused(call, this, response)
      : response;
  }

  /** Ends the exchange with its response complete. */
  finish(now = this.#parts.timers.now()): void {
    const call = this.#call;
    if (call === undefined) return;
    this.wait.stop();
    call.signal?.removeEventListener("abort", this.#onAbort);
    this.#call = undefined;
    this.reused = true;
    this.idleSinceMs = now;
    // What stands behind the response belongs to nobody.
    const keep = this.#keepAlive && !this.#unsent && this.isOpen &&
      this.reader.done && this.reader.buffered === 0;
    this.#parts.release(this, keep);
  }

  /**
   * Ends the exchange and the connection.
   *
   * @returns What is to be thrown.
   */
  fail(error: unknown, progress?: BodyProgress): unknown {
    const call = this.#call;
    if (call === undefined) return this.#failure?.reason ?? error;
    call.attemptLeftMs = this.wait.leftMs;
    this.stale = this.reused && !this.#heard && this.#failure === undefined &&
      !(error instanceof MalformedResponse);
    const reason = this.#failure !== undefined
      ? this.#failure.reason
      : error instanceof AwsError
      ? error
      : progress === undefined
      ? sendFault(error, call.request, this.location())
      : bodyFault(error, call.request, progress, this.location());
    this.abort(reason);
    return reason;
  }

  /** Ends the exchange and the connection at once. */
  abort(reason: unknown): void {
    this.#failure ??= { reason };
    const call = this.#call;
    this.#call = undefined;
    call?.signal?.removeEventListener("abort", this.#onAbort);
    this.close();
    this.#uploading?.stop(reason);
  }

  /** Closes it. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.wait.close();
    closeQuietly(this.socket);
    this.#parts.closed(this);
  }

  /** Waits for the next request, and notices if the server ends it meanwhile. */
  rest(): void {
    this.#isIdle = true;
    // An idle connection does not keep the program alive.
    this.socket.unref();
    this.#read().then(this.#gone, this.#gone);
  }

  /**
   * Takes it for a request.
   *
   * @returns `false` where the server has ended it, or has sent something
   * unasked: that is no answer to what comes now.
   */
  async take(now = this.#parts.timers.now()): Promise<boolean> {
    // What came while the program was busy is seen at the next turn of the event
    // loop only.
    if (now - this.idleSinceMs >= LOOKED_MS) await nextTurn();
    // What was seen in this turn may still be on its way through promises.
    else for (let step = 0; step < STEPS; step++) await SETTLED;
    if (!this.isOpen) return false;
    this.#isIdle = false;
    this.socket.ref();
    return true;
  }

  /** Says whether what is waited for keeps the program alive. */
  keepAlive(isWanted: boolean): void {
    if (isWanted) this.socket.ref();
    else this.socket.unref();
  }

  /**
   * Waits on, for another longest silence.
   *
   * @param readTimeoutMs The silence; `undefined`: that of the call.
   */
  waitOn(readTimeoutMs?: number): void {
    const call = this.#call;
    if (call === undefined) return;
    const { leftMs } = this.wait;
    this.wait.limit(readTimeoutMs ?? call.limits.readTimeoutMs, leftMs);
    this.wait.start();
  }

  /**
   * Reads more of the response.
   *
   * @throws {ConnectionEnded} If the response ends too early.
   */
  async fill(): Promise<void> {
    const count = await this.socket.read(this.reader.room());
    if (count !== null) this.reader.filled(count);
    else if (!this.reader.ended()) throw new ConnectionEnded();
    this.heard();
  }

  /** Notes that something of the body came. */
  heard(): void {
    this.wait.heard();
  }

  /** Where the exchange is now. */
  location(): TransportLocation {
    return locationOf(this.#dialled, this.#phase);
  }

  /** How far the body came, set by its reader. */
  progress: BodyProgress | undefined;

  readonly #gone = (): void => {
    // Also what comes unasked ends it: the server gives up by 408.
    if (this.#isIdle) this.close();
  };

  readonly #onAbort = (): void => {
    this.abort(this.#call?.signal?.reason);
  };

  #timeout(limit: "attempt" | "read"): void {
    const call = this.#call;
    if (call === undefined) return;
    const limitMs = limit === "read"
      ? this.wait.readTimeoutMs
      : call.limits.attemptTimeoutMs;
    const error = waitFault(
      limit,
      limitMs,
      call.request,
      this.location(),
      this.#phase === "body" ? this.progress : undefined,
    );
    if (this.#heard) {
      call.timeline.lastByteMs = this.wait.heardMs - call.startMs;
    }
    error.place(call.timeline);
    const { route } = this;
    this.abort(error);
    this.#parts.timedOut(route, error);
  }

  async #receiveHead(): Promise<ResponseHead> {
    for (;;) {
      const head = this.#took(await (this.#reading ?? this.#read()));
      if (head !== undefined) return head;
    }
  }

  #read(): Promise<number | null> {
    const reading = this.socket.read(this.reader.room());
    this.#reading = reading;
    return reading;
  }

  /** Takes what was read of the head; returns the last one, where it has come. */
  #took(count: number | null): ResponseHead | undefined {
    this.#reading = undefined;
    if (count === null) throw new ConnectionEnded();
    this.reader.filled(count);
    this.wait.heard();
    const call = this.#call;
    if (!this.#heard && call !== undefined) {
      this.#heard = true;
      call.timeline.firstByteMs = this.wait.heardMs - call.startMs;
    }
    for (;;) {
      const head = this.reader.head();
      if (head === undefined || head.status >= 200) return head;
      if (head.status === 100) {
        this.#mayGoAhead = true;
        this.#uploading?.wake();
      }
    }
  }

  #sent(call: Call): void {
    if (this.#phase === "write") this.#phase = "head";
    call.timeline.sentMs = this.#parts.timers.now() - call.startMs;
  }

  /** Sends head and body; an answer that comes meanwhile may end that. */
  async #sendLong(
    call: Call,
    body: Bytes | BodySource,
  ): Promise<ResponseHead> {
    const answer = this.#receiveHead();
    // Its reader gets the error; a failed write may come first.
    answer.catch(ignore);
    try {
      await this.#upload(call, body, answer);
    } catch (error) {
      await this.#answeredEarly(error, answer);
    }
    this.#sent(call);
    return await answer;
  }

  /** The server may have said why it reads no further. */
  async #answeredEarly(
    error: unknown,
    answer: Promise<ResponseHead>,
  ): Promise<ResponseHead> {
    if (this.#failure !== undefined) {
      answer.catch(ignore);
      throw error;
    }
    this.#unsent = true;
    return await answer.catch(() => {
      throw error;
    });
  }

  #compose(call: Call, body?: Bytes): Bytes {
    const { head } = call;
    call.head = "";
    const length = head.length + (body?.length ?? 0);
    if (length > this.#out.length) {
      this.#out = this.#sending = new Uint8Array(length * 2);
    }
    writeLatin1(head, this.#out);
    if (body !== undefined) this.#out.set(body, head.length);
    if (length !== this.#sending.length) {
      this.#sending = this.#out.subarray(0, length);
    }
    return this.#sending;
  }

  async #upload(
    call: Call,
    body: Bytes | BodySource,
    answer: Promise<ResponseHead>,
  ): Promise<void> {
    const upload = new Upload(
      this.socket,
      this.wait,
      this.#parts.timers,
    );
    this.#uploading = upload;
    answer.then((head) => {
      // The rest of a body that was refused is not wanted.
      if (head.status >= 300) upload.stop();
    }, () => upload.stop());
    try {
      await upload.write(this.#compose(call));
      if (call.expects) await this.#askFirst(upload);
      if (!upload.isStopped) {
        call.opened = true;
        call.onSent?.(0);
        await upload.send(
          body,
          (reason) => this.abort(reason),
          (bytes) => call.onSent?.(bytes),
        );
      }
    } finally {
      this.#uploading = undefined;
      this.#unsent ||= upload.isStopped;
    }
    if (this.#failure !== undefined) throw this.#failure.reason;
    this.wait.stop();
    this.wait.start(Math.min(upload.hiddenMs(), call.limits.readTimeoutMs));
  }

  /** Holds the body back until the server wants it, answers, or takes too long. */
  async #askFirst(upload: Upload): Promise<void> {
    const { timers } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = timers.after(CONTINUE_MS, resolve);
    try {
      if (!this.#mayGoAhead) await upload.orWoken(promise);
    } finally {
      stop();
    }
  }

  #respond(call: Call, head: ResponseHead): HttpResponse {
    const { status, headers } = head;
    const { method } = call.request;
    this.#keepAlive = head.keepAlive;
    if (method === "HEAD" || status === 204 || status === 304) {
      this.finish(this.wait.heardMs);
      return { status, headers, body: null };
    }
    const bytes = this.reader.whole();
    if (bytes !== undefined) {
      this.finish(this.wait.heardMs);
      return { status, headers, body: new BufferedBody(bytes) };
    }
    this.wait.stop();
    const body = new SocketBody(
      this,
      call.request,
      head,
      this.#parts.forgotten,
    );
    return { status, headers, body };
  }
}

/** Ends when all that has come over the network by now was seen. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function ignore(): void {}

/** Whether a body may be sent once more. */
export function isResendable(body: RequestBody, opened: boolean): boolean {
  return body === undefined || body instanceof Uint8Array || !opened ||
    body.replayable;
}
