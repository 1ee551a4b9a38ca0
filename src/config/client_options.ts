/**
 * The options of clients, by name.
 *
 * @module
 */
import type { ClientConfig } from "../ports/config.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import { refuseUnknown } from "./unknown_option.ts";

/** Names of all options of {@linkcode ClientConfig}, by the compiler's word. */
export const CLIENT_OPTIONS: readonly string[] = Object.keys(
  {
    region: 0,
    endpointUrl: 0,
    credentials: 0,
    retry: 0,
    connectTimeoutMs: 0,
    readTimeoutMs: 0,
    attemptTimeoutMs: 0,
    totalTimeoutMs: 0,
    maxConnections: 0,
    queueTimeoutMs: 0,
    maxIdleConnections: 0,
    proxy: 0,
    caCerts: 0,
    useDualstackEndpoint: 0,
    useFipsEndpoint: 0,
  } satisfies Record<keyof ClientConfig, number>,
);

/**
 * Names of all options of a client of a service.
 *
 * @param service The service.
 */
export function clientOptionNames(
  { settings }: Pick<ServiceDefinition, "settings">,
): readonly string[] {
  const own = settings.map(({ name }) => name);
  return [...new Set([...CLIENT_OPTIONS, ...own])];
}

/**
 * Refuses options of a client that do not exist.
 *
 * @param service The service.
 * @param options The options given in code.
 * @throws {ConfigError} `"UnknownOption"`, with the nearest name.
 */
export function checkClientOptions(
  service: Pick<ServiceDefinition, "id" | "settings">,
  options: object,
): void {
  const known = clientOptionNames(service);
  refuseUnknown(`a client of ${service.id}`, options, known);
}
