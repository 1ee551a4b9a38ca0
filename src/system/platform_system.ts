/**
 * The operating system of whatever platform the script runs on.
 *
 * @module
 */
import type { System, WritableFiles } from "../ports/system.ts";
import { DenoSystem } from "./deno_system.ts";
import { nodeProcess, NodeSystem } from "./node_system.ts";
import { NoSystem } from "./no_system.ts";

/** The machine, where the platform shows it; else one that has nothing. */
export function platformSystem(): System & WritableFiles {
  if ("Deno" in globalThis) return new DenoSystem();
  const process = nodeProcess();
  return process === undefined ? new NoSystem() : new NodeSystem(process);
}
