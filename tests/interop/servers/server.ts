/**
 * Servers that others wrote, started on loopback for the interop tests.
 *
 * @module
 */

/** A running server. */
export interface Server {
  /** Its name and version, for the report. */
  readonly name: string;
  /** Where it listens. */
  readonly endpoint: string;
  /** Keys that it accepts. */
  readonly accessKeyId: string;
  /** Their secret part. */
  readonly secretAccessKey: string;
  /** Ends it. */
  stop(): Promise<void>;
}

/** A server that this machine cannot have, and why. */
export interface Missing {
  /** Its name. */
  readonly name: string;
  /** What is not there. */
  readonly missing: string;
}

/** The output goes to a file, as a pipe would be read while tests run. */
const TO_FILE = 'log=$1; shift; exec "$@" >"$log" 2>&1';

/** A process in the background whose output is kept for the error of a failed start. */
export class Background {
  readonly #log: string;
  readonly #child: Deno.ChildProcess;
  #ended = false;

  /**
   * Starts a program.
   *
   * @param program The program.
   * @param args Its arguments.
   */
  constructor(program: string, args: readonly string[]) {
    this.#log = Deno.makeTempFileSync({ prefix: "server" });
    this.#child = new Deno.Command("sh", {
      args: ["-c", TO_FILE, "sh", this.#log, program, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#child.status.finally(() => {
      this.#ended = true;
    });
  }

  /** Whether it has ended by itself. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What it has printed so far. */
  async printed(): Promise<string> {
    return await Deno.readTextFile(this.#log);
  }

  /** Ends it and waits for its end. */
  async stop(): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.#log);
  }
}

/**
 * Waits until anything answers at a URL.
 *
 * @param url The URL.
 * @param processes What must go on running meanwhile.
 * @throws {Error} If one ends, or nothing answers within 30 seconds.
 */
export async function answering(
  url: string,
  processes: readonly Background[],
): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    for (const process of processes) {
      if (!process.ended) continue;
      const printed = await process.printed();
      await Promise.all(processes.map((one) => one.stop()));
      throw new Error(`a server ended while it started:\n${printed}`);
    }
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  await Promise.all(processes.map((process) => process.stop()));
  throw new Error(`nothing answers at ${url} after 30 seconds`);
}

/**
 * Runs a program to its end.
 *
 * @returns Whether it ended well, and what it printed; `undefined` if there is
 * no such program.
 */
export async function run(
  program: string,
  ...args: string[]
): Promise<{ readonly ok: boolean; readonly printed: string } | undefined> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      ok: success,
      printed: decoder.decode(stdout) + decoder.decode(stderr),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
