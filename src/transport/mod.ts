/**
 * How requests get to a server: over `fetch`, with connections that are kept,
 * four named time limits, and errors that say what went wrong.
 *
 * A {@linkcode Transport} is one function; to add behaviour, wrap one.
 *
 * @example A transport that counts
 * ```ts
 * import { FetchTransport, type Transport } from "@inia/aws/transport";
 *
 * const inner = new FetchTransport();
 * let requests = 0;
 * const counting: Transport = {
 *   limits: inner.limits,
 *   send(request, options) {
 *     requests++;
 *     return inner.send(request, options);
 *   },
 *   [Symbol.dispose]: () => inner[Symbol.dispose](),
 * };
 * ```
 *
 * @module
 */
export type {
  TimeLimit,
  Timeline,
  TransportLocation,
  TransportPhase,
} from "../foundation/errors.ts";
export type { Clock } from "../ports/system.ts";
export type {
  BodySource,
  HeaderMap,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  QueryParam,
  RequestBody,
  ResponseBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
export type { LogFields, Logger, LogLevel } from "../ports/telemetry.ts";
export type { ClientCertificate, Dialer, PoolOptions } from "./connections.ts";
export { type DeadlineOptions, withDeadlines } from "./in_flight_request.ts";
export {
  FetchTransport,
  type FetchTransportOptions,
} from "./fetch_transport.ts";
export type { Address, Timing } from "./runtime.ts";
export {
  SocketTransport,
  type SocketTransportOptions,
} from "./socket/socket_transport.ts";
