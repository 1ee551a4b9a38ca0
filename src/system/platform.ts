/**
 * The machine of the platform that the script runs on, its time and its terminal.
 *
 * @module
 */
import { startLimit } from "../foundation/deadline_timer.ts";
import { ConfigError, fileFailure } from "../foundation/errors.ts";
import type {
  Clock,
  FileFacts,
  Found,
  OpenedFile,
  ProcessResult,
  System,
  WritableFiles,
} from "../ports/system.ts";
import { DenoSystem } from "./deno_system.ts";
import { nodeProcess, NodeSystem } from "./node_system.ts";

/** The machine, where the platform shows it; else one that has nothing. */
export function platformSystem(): System & WritableFiles {
  if ("Deno" in globalThis) return new DenoSystem();
  const process = nodeProcess();
  return process === undefined ? new NoSystem() : new NodeSystem(process);
}

const ABSENT = { kind: "absent" } as const;

/** A machine that has nothing: all settings come from code. */
export class NoSystem implements System, WritableFiles {
  readonly blind = true;

  env(_name: string): Found<string> {
    return ABSENT;
  }

  readText(_path: string): Promise<Found<string>> {
    return Promise.resolve(ABSENT);
  }

  stat(_path: string): Promise<Found<FileFacts>> {
    return Promise.resolve(ABSENT);
  }

  writePrivate(_path: string, _text: string): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }

  run(
    _command: string,
    _args: readonly string[],
  ): Promise<Found<ProcessResult>> {
    return Promise.resolve(ABSENT);
  }

  open(path: string | URL): Promise<Found<OpenedFile>> {
    return Promise.reject(noFiles("read", path));
  }

  write(
    path: string | URL,
    _from: number,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return Promise.reject(noFiles("write", path));
  }

  cut(path: string | URL, _length: number): Promise<Found<true>> {
    return Promise.reject(noFiles("write", path));
  }

  rename(_from: string | URL, to: string | URL): Promise<Found<true>> {
    return Promise.reject(noFiles("write", to));
  }

  remove(_path: string | URL): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }
}

function noFiles(act: "read" | "write", path: string | URL): ConfigError {
  return new ConfigError(
    "NotOnThisRuntime",
    `${fileFailure(act, path)}: files are not on this runtime; ${
      act === "read"
        ? "give bytes, text, a Blob or a stream"
        : "use downloadBytes or downloadStream"
    }`,
  );
}

/** Time by `Date` and the timers of the platform. */
export class SystemClock implements Clock {
  now(): Date {
    return new Date();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wake = setTimeout(resolve, ms);
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(wake);
      signal?.removeEventListener("abort", abort);
    }
  }

  timer(ms: number, fn: () => void): Disposable {
    return startLimit(ms, fn);
  }
}

/**
 * Makes the function that asks for a code of an MFA device on the terminal.
 *
 * @returns The function, or `undefined` where the program has no terminal.
 */
export function terminalMfaCode():
  | ((serialNumber: string) => Promise<string>)
  | undefined {
  if (!("Deno" in globalThis) || !Deno.stdin.isTerminal()) return undefined;
  return (serialNumber) => {
    const answer = prompt(`Enter MFA code for ${serialNumber}:`);
    return Promise.resolve((answer ?? "").trim());
  };
}
