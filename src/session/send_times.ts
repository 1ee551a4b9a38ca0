/**
 * The times that a client's requests are sent with.
 *
 * @module
 */
import type { ClientSettings } from "../config/client_settings.ts";
import type { SendOptions } from "../ports/http.ts";

/** The times of a transport that a client can set. */
export type SendTimes = Pick<
  SendOptions,
  "attemptTimeoutMs" | "connectTimeoutMs" | "readTimeoutMs"
>;

/**
 * The times that somebody has set. One that nobody has is left to the transport:
 * a user's own may have been told another.
 */
export function sendTimes(
  settings: Pick<ClientSettings, keyof SendTimes>,
): SendTimes {
  const { attemptTimeoutMs, connectTimeoutMs, readTimeoutMs } = settings;
  const rows = { attemptTimeoutMs, connectTimeoutMs, readTimeoutMs };
  return Object.fromEntries(
    Object.entries(rows).flatMap(([name, { value, source }]) =>
      value === undefined || source.kind === "default" ? [] : [[name, value]]
    ),
  );
}
