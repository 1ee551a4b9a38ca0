/**
 * All servers that this machine can have.
 *
 * @module
 */
import { startMoto } from "./moto.ts";
import { findRadosgw } from "./radosgw.ts";
import type { Missing, Server } from "./server.ts";
import { startSwift } from "./swift.ts";

/** The ports are fixed, since they are part of the recordings. */
export const PORTS = { moto: 5055, swift: 8095 } as const;

/** A server, or why it is missing, by the name that flows call it. */
export type Servers = Readonly<
  Record<keyof typeof PORTS | "radosgw", Missing | Server>
>;

/**
 * Starts them.
 *
 * @throws {Error} If one is installed and does not start.
 */
export async function startServers(): Promise<Servers> {
  const [moto, swift] = await Promise.all([
    startMoto(PORTS.moto),
    startSwift(PORTS.swift),
  ]);
  return { moto, swift, radosgw: findRadosgw() };
}

/** Which servers run, in one line. */
export function told(servers: Servers): string {
  return Object.values(servers).map((server) =>
    "endpoint" in server
      ? `${server.name} runs`
      : `${server.name} is missing (needs ${server.missing})`
  ).join(", ");
}

/** Ends those that run. */
export async function stopServers(servers: Servers): Promise<void> {
  await Promise.all(
    Object.values(servers).map((server) =>
      "endpoint" in server ? server.stop() : undefined
    ),
  );
}
