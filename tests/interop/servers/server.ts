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

/** A process in the background whose output is kept for the error of a failed start. */
export class Background {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<Deno.CommandOutput>;
  #ended = false;

  /**
   * Starts a program.
   *
   * @param program The program.
   * @param args Its arguments.
   * @param env Variables that it gets beside the inherited ones.
   */
  constructor(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#child.output();
    this.#output.finally(() => {
      this.#ended = true;
    });
  }

  /** Whether it has ended by itself. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What it has printed, once it has ended. */
  async printed(): Promise<string> {
    const { stdout, stderr } = await this.#output;
    const decoder = new TextDecoder();
    return decoder.decode(stdout) + decoder.decode(stderr);
  }

  /** Ends it and waits for its end. */
  async stop(): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.#output;
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
      if (process.ended) {
        throw new Error(
          `a server ended while it started:\n${await process.printed()}`,
        );
      }
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
