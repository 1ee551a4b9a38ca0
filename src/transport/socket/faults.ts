/**
 * What a socket or a response that is none means, as this library's errors.
 *
 * @module
 */
import {
  AwsError,
  TimeoutError,
  TransportError,
  type TransportFault,
  type TransportLocation,
} from "../../foundation/errors.ts";
import type { HttpRequest } from "../../ports/http.ts";
import { PROXY_PASSWORD, tlsHint } from "../faults.ts";
import { describe } from "../request_url.ts";
import { type DialProgress, type Route, TunnelRefused } from "./dial.ts";
import { MalformedResponse } from "./http1.ts";

/** What became of the body of an answer. */
export interface BodyProgress {
  /** Bytes that came. */
  readonly received: number;
  /** Its length, where it is known. */
  readonly expected: number | undefined;
  /** Status of the answer. */
  readonly status: number;
}

/** The end of a message: what was being done, and between which addresses. */
function located(location: TransportLocation): string {
  const { phase, localAddress, remoteAddress } = location;
  const addresses = remoteAddress === undefined
    ? ""
    : `, ${localAddress} to ${remoteAddress}`;
  return ` (phase ${phase}${addresses})`;
}

/** Where a dial failed, or an exchange over what it has opened. */
export function locationOf(
  { phase: dialling, local, remote }: DialProgress,
  phase = dialling,
): TransportLocation {
  return {
    phase,
    ...local === undefined ? {} : { localAddress: local },
    ...remote === undefined ? {} : { remoteAddress: remote },
  };
}

/** What a connection that could not be made means. */
export function dialFault(
  error: unknown,
  request: HttpRequest,
  route: Route,
  progress: DialProgress,
  connectTimeoutMs: number,
): AwsError {
  if (error instanceof AwsError) return error;
  const location = locationOf(progress);
  const where = located(location);
  const options = { maybeSent: false, location };
  if (progress.timedOut) {
    const what = progress.phase === "dns"
      ? "its name was not resolved"
      : progress.phase === "tls"
      ? "no secure connection"
      : route.proxy === undefined
      ? `no connection${triedWords(progress)}`
      : `no connection by ${route.proxy.words}${triedWords(progress)}`;
    return new TimeoutError(
      "connect",
      connectTimeoutMs,
      `Cannot send ${
        describe(request)
      }: ${what} after ${connectTimeoutMs} ms (connectTimeoutMs)${where}`,
      options,
    );
  }
  const [kind, words] = dialWords(error, request, route, progress);
  return new TransportError(
    kind,
    `Cannot send ${describe(request)}: ${words}${where}`,
    { ...options, cause: error },
  );
}

function dialWords(
  error: unknown,
  { origin }: HttpRequest,
  { proxy }: Route,
  progress: DialProgress,
): [TransportFault, string] {
  const { phase } = progress;
  const text = error instanceof Error
    ? `${error.name}: ${error.message}`
    : String(error);
  if (isDenied(error)) return ["denied", deniedWords(origin)];
  if (error instanceof TunnelRefused) {
    return ["refused", tunnelWords(error, proxy?.words ?? "the proxy")];
  }
  const remedy =
    "correct the option proxy or the variable, or name the host in NO_PROXY";
  if (phase === "dns") {
    return [
      "dns",
      proxy === undefined
        ? "the name of the host cannot be resolved"
        : `the name of ${proxy.words} cannot be resolved; ${remedy}`,
    ];
  }
  if (phase === "tls") {
    return [
      "tls",
      `no secure connection could be made${tlsHint(tlsText(text), origin)}`,
    ];
  }
  if (error instanceof MalformedResponse) {
    return ["refused", `${proxy?.words} answered with ${error.message}`];
  }
  return [
    isReset(error) ? "reset" : "refused",
    proxy === undefined
      ? `the server cannot be reached${triedWords(progress)}`
      : `${proxy.words} cannot be reached${triedWords(progress)}; ${remedy}`,
  ];
}

/** The addresses of a name that were all in vain. */
function triedWords({ tried }: DialProgress): string {
  return tried.length === 0 ? "" : ` at any of ${tried.join(", ")}`;
}

/** The hints know the words of `fetch`. */
function tlsText(text: string): string {
  return /UnexpectedEof|ConnectionReset|BrokenPipe/.test(text)
    ? "tls handshake eof"
    : text;
}

function tunnelWords({ status }: TunnelRefused, proxy: string): string {
  if (status === 407) return PROXY_PASSWORD;
  const answer = status === 0
    ? "it closed the connection"
    : `it answered ${status}`;
  return `${proxy} made no connection to the host: ${answer}; see whether it allows that host and port, or name the host in NO_PROXY`;
}

function isDenied(error: unknown): boolean {
  return error instanceof Error &&
    /^(?:NotCapable|PermissionDenied)$/.test(error.name);
}

function deniedWords(origin: string): string {
  return `this program may not connect to that host; allow it with --allow-net=${
    URL.parse(origin)?.host ?? origin
  }`;
}

/** The refusal of a host that this program may not connect to, without a dial. */
export function permissionMissing(request: HttpRequest): TransportError {
  return new TransportError(
    "denied",
    `Cannot send ${describe(request)}: ${deniedWords(request.origin)}`,
    { maybeSent: false, location: { phase: "connect" } },
  );
}

function isReset(error: unknown): boolean {
  return error instanceof Error &&
    /^(?:ConnectionReset|BrokenPipe|ConnectionAborted)$/.test(error.name);
}

/** What a connection that broke before the head of an answer means. */
export function sendFault(
  error: unknown,
  request: HttpRequest,
  location: TransportLocation,
): TransportError {
  const where = located(location);
  if (error instanceof MalformedResponse) {
    return malformed(error, request, location);
  }
  const isClosed = error instanceof ConnectionEnded || isEof(error);
  // With TLS 1.3 a server refuses the client's certificate after the handshake.
  const isAlert = error instanceof Error &&
    error.message.includes("fatal alert");
  const kind = isClosed
    ? "closed"
    : isReset(error)
    ? "reset"
    : isAlert
    ? "tls"
    : "unknown";
  const words = isAlert
    ? `the server ended the secure connection${
      tlsHint(error.message, request.origin)
    }`
    : isClosed
    ? `the server closed the connection before it answered${plainHint(request)}`
    : kind === "reset"
    ? "the connection was reset"
    : "the exchange failed";
  return new TransportError(
    kind,
    `Cannot send ${describe(request)}: ${words}${where}`,
    { cause: error, maybeSent: true, location },
  );
}

function malformed(
  error: MalformedResponse,
  request: HttpRequest,
  location: TransportLocation,
): TransportError {
  return new TransportError(
    "not-http",
    `Cannot read the answer to ${
      describe(request)
    }: it is not HTTP as RFC 9112 has it, or more than is read of it; found ${error.message}${
      plainHint(request)
    }${located(location)}`,
    { cause: error, maybeSent: true, final: error.tooLarge, location },
  );
}

function plainHint({ origin }: HttpRequest): string {
  return origin.startsWith("http:")
    ? "; if this port expects TLS, use https://"
    : "";
}

/** What a body that broke off means. */
export function bodyFault(
  error: unknown,
  request: HttpRequest,
  progress: BodyProgress,
  location: TransportLocation,
): TransportError {
  if (error instanceof MalformedResponse) {
    return new TransportError(
      "cut",
      `Cannot read the answer to ${describe(request)}: after ${
        progressWords(progress)
      } came ${error.message}${located(location)}`,
      { cause: error, maybeSent: true, location },
    );
  }
  return new TransportError(
    "cut",
    `Cannot read the answer to ${describe(request)}: it ended after ${
      progressWords(progress)
    }${located(location)}`,
    {
      ...error instanceof ConnectionEnded ? {} : { cause: error },
      maybeSent: true,
      location,
    },
  );
}

function progressWords(
  { received, expected, status }: BodyProgress,
): string {
  const bytes = expected === undefined
    ? `${received} bytes`
    : `${received} of ${expected} bytes`;
  return status < 300 ? bytes : `${bytes} of an answer with status ${status}`;
}

/** What a silence means. */
export function waitFault(
  limit: "attempt" | "read",
  limitMs: number,
  request: HttpRequest,
  location: TransportLocation,
  progress: BodyProgress | undefined,
): TimeoutError {
  const why = limit === "read"
    ? `the server was silent for ${limitMs} ms`
    : `the attempt took more than ${limitMs} ms`;
  const after = progress === undefined
    ? ""
    : ` after ${progressWords(progress)}`;
  const setting = limit === "read" ? "readTimeoutMs" : "attemptTimeoutMs";
  return new TimeoutError(
    limit,
    limitMs,
    `Cannot finish ${describe(request)}: ${why}${after} (${setting})${
      located(location)
    }`,
    { maybeSent: true, location },
  );
}

/** The server has closed its side of the connection. */
export class ConnectionEnded extends Error {}

function isEof(error: unknown): boolean {
  return error instanceof Error && error.name === "UnexpectedEof";
}
