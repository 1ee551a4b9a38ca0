/**
 * The command line: S3 and the caller's identity from a terminal, a script or a
 * pipe. Each verb prints with `--help` which permissions it needs.
 *
 * ```sh
 * deno run --allow-net --allow-env=AWS_*,HOME --allow-read=$HOME/.aws \
 *   jsr:@inia/aws/cli ls s3://photos
 * deno install --global --name inia -A jsr:@inia/aws/cli
 * ```
 *
 * @example In a program
 * ```ts
 * import { main } from "@inia/aws/cli";
 *
 * const code = await main(["ls", "s3://photos"]);
 * console.log(code); // 0
 * ```
 *
 * @module
 */
import { AwsError, ConfigError, ServiceError } from "../../mod.ts";
import {
  CliCall,
  type CliIo,
  type CliVerb,
  EXIT,
  helpOf,
  printable,
  UsageError,
} from "./command.ts";
import { IDENTITY_VERBS } from "./identity.ts";
import { OBJECT_VERBS } from "./objects.ts";
import { TRANSFER_VERBS } from "./transfers.ts";

export type { CliIo } from "./command.ts";

const VERBS: readonly CliVerb[] = [
  ...OBJECT_VERBS,
  ...TRANSFER_VERBS,
  ...IDENTITY_VERBS,
];

/**
 * Runs a command.
 *
 * @example Usage
 * ```ts ignore
 * import { main } from "@inia/aws/cli";
 *
 * const code = await main(["ls", "s3://photos"]);
 * ```
 *
 * @param args The command line, without the name of the program.
 * @param io The terminal and the pipes. Default: those of the process.
 * @returns The exit code: 0 done, 1 failed, 2 wrong command line, 3 done in part,
 * 130 interrupted, 141 nobody reads the output.
 * @throws {ConfigError} `"NotOnThisRuntime"` elsewhere than on Deno.
 */
export async function main(
  args: readonly string[],
  io?: CliIo,
): Promise<number> {
  if (typeof Deno === "undefined") {
    throw new ConfigError(
      "NotOnThisRuntime",
      "Cannot run the command line: not on this runtime, as it needs the terminal, the signals and the permissions of Deno; run it with deno run -A jsr:@inia/aws/cli",
    );
  }
  if (io !== undefined) return await runVerb(args, io);
  const interrupt = new AbortController();
  let pressed = 0;
  const onInterrupt = (): void => {
    pressed++;
    if (pressed > 1) Deno.exit(EXIT.interrupted);
    interrupt.abort(new DOMException("Interrupted by Ctrl-C", "AbortError"));
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    return await runVerb(args, processIo(interrupt.signal));
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
  }
}

async function runVerb(args: readonly string[], io: CliIo): Promise<number> {
  const [name = "", ...rest] = args;
  const isJson = rest.includes("--json");
  const interrupted = rest.includes("--resume")
    ? "Interrupted; the same command goes on where it ended"
    : "Interrupted; what was under way is cleaned up";
  try {
    if (["", "-h", "--help", "help"].includes(name)) {
      const verb = VERBS.find((verb) => verb.name === rest[0]);
      const text = verb === undefined ? overview() : helpOf(verb);
      await io.write(new TextEncoder().encode(`${text}\n`));
      return name === "" ? EXIT.usage : EXIT.done;
    }
    const verb = VERBS.find((verb) => verb.name === name);
    if (verb === undefined) {
      throw new UsageError(
        `no verb is called "${printable(name)}"; inia --help lists them`,
      );
    }
    const call = new CliCall(verb, rest, io);
    try {
      if (!call.flag("help")) return await verb.run(call);
      await io.write(new TextEncoder().encode(`${helpOf(verb)}\n`));
      return EXIT.done;
    } finally {
      call[Symbol.dispose]();
    }
  } catch (error) {
    return await failed(error, io, { isJson, interrupted });
  }
}

/** Tells what went wrong. */
async function failed(
  error: unknown,
  io: CliIo,
  { isJson, interrupted }: {
    readonly isJson: boolean;
    readonly interrupted: string;
  },
): Promise<number> {
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.unread;
  const isUsage = error instanceof UsageError;
  const code = io.signal.aborted
    ? EXIT.interrupted
    : isUsage
    ? EXIT.usage
    : EXIT.failed;
  const message = io.signal.aborted
    ? interrupted
    : error instanceof Error
    ? error.message
    : String(error);
  const name = error instanceof AwsError || isUsage ? error.name : "Error";
  const advice = error instanceof ServiceError && !io.signal.aborted
    ? error.advice
    : undefined;
  // A hint stands in the message.
  const isNew = advice !== undefined && !message.includes(advice);
  const known = error instanceof AwsError && "code" in error
    ? { code: error.code }
    : {};
  const text = isJson
    ? JSON.stringify({
      error: { name, ...known, message, ...advice && { advice } },
    })
    : [...message.split("\n"), ...isNew ? [advice] : []]
      .map(printable).join("\n");
  await io.writeError(`${isJson ? "" : "inia: "}${text}\n`);
  return code;
}

function overview(): string {
  const width = Math.max(...VERBS.map(({ name }) => name.length));
  return [
    "inia VERB [ARGUMENTS] [OPTIONS]",
    "",
    ...VERBS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "inia VERB --help shows its options, an example, and the flags it needs.",
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 done in part,",
    "130 interrupted, 141 nobody reads the output.",
  ].join("\n");
}

function processIo(signal: AbortSignal): CliIo {
  const isTerminal = Deno.stderr.isTerminal();
  return {
    write: async (bytes) => await writeAll(Deno.stdout, bytes),
    writeError: async (text) =>
      await writeAll(Deno.stderr, new TextEncoder().encode(text)),
    get stdin() {
      return Deno.stdin.readable;
    },
    isTerminal,
    columns: () => Deno.consoleSize().columns,
    ...isTerminal && Deno.stdin.isTerminal() && {
      confirm: (question: string) => confirmed(question, signal),
    },
    signal,
  };
}

/** Asks on standard error: standard output may be a pipe. */
async function confirmed(
  question: string,
  signal: AbortSignal,
): Promise<boolean> {
  await writeAll(Deno.stderr, new TextEncoder().encode(`${question} [y/N] `));
  const room = new Uint8Array(256);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const read = await Promise.race([Deno.stdin.read(room), aborted]);
    const line = new TextDecoder().decode(room.subarray(0, read ?? 0));
    return /^y(?:es)?$/i.test(line.trim());
  } catch (error) {
    // What comes next does not stand behind the question.
    if (signal.aborted) await writeAll(Deno.stderr, new Uint8Array([10]));
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function writeAll(
  writer: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await writer.write(bytes.subarray(written));
  }
}

if (import.meta.main) {
  const isDeno = typeof Deno !== "undefined";
  const code = await main(isDeno ? Deno.args : []);
  if (isDeno) Deno.exit(code);
}
