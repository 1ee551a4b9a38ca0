/**
 * S3 and STS on a port, as a program that any client can use:
 *
 * ```sh
 * deno run --allow-net=127.0.0.1 jsr:@inia/aws/local --port 9000
 * ```
 *
 * | option            | meaning                                                        |
 * | ----------------- | -------------------------------------------------------------- |
 * | `--port N`        | port to listen on; 9000                                        |
 * | `--host NAME`     | address to listen on; 127.0.0.1                                |
 * | `--folder PATH`   | folder that keeps the data (needs `--allow-read`, `--allow-write`) |
 * | `--user ID:SECRET`| a user; may be given several times; Amazon's example key       |
 * | `--region NAME`   | a region; may be given several times; us-east-1                |
 * | `--any-key`       | takes keys that nobody has, on the loopback interface only     |
 * | `--log`           | prints a line for each request, with its kind of signature     |
 *
 * @example The same server in a program
 * ```ts
 * import { readLocalArguments } from "@inia/aws/local";
 * import { LocalAws } from "@inia/aws/testing";
 *
 * await using local = await LocalAws.start(
 *   readLocalArguments(["--port", "0", "--region", "eu-west-1"]),
 * );
 * console.log(local.endpointUrl);
 * ```
 *
 * @module
 */
import { AwsError } from "../foundation/errors.ts";
import { requestLine } from "./local_aws/request.ts";
import type { LocalCredentials } from "./local_aws/access.ts";
import { LocalAws, type LocalAwsServeOptions } from "./local_aws/local_aws.ts";

const USAGE =
  "usage: local [--port N] [--host NAME] [--folder PATH] [--user ID:SECRET]… [--region NAME]… [--any-key] [--log]";

/** The port where none is given. */
const DEFAULT_PORT = 9_000;

/**
 * Reads the arguments of the program.
 *
 * @param args The arguments.
 * @returns The options that they stand for.
 * @throws {TypeError} If one is unknown, or lacks its value.
 */
export function readLocalArguments(
  args: readonly string[],
): LocalAwsServeOptions {
  const users: LocalCredentials[] = [];
  const regions: string[] = [];
  let options: LocalAwsServeOptions = { port: DEFAULT_PORT };
  for (let at = 0; at < args.length; at++) {
    const [name = "", joined] = (args[at] ?? "").split(/=(.*)/s);
    if (name === "--any-key") {
      options = { ...options, anyKey: true };
      continue;
    }
    if (name === "--log") {
      options = {
        ...options,
        onRequest: (request) => console.log(requestLine(request)),
      };
      continue;
    }
    if (!name.startsWith("--")) {
      // What is no option may be a secret: it is not shown.
      throw new TypeError(
        `Cannot read the arguments: number ${at + 1} is no option; ${USAGE}`,
      );
    }
    const value = joined ?? args[++at];
    if (value === undefined || value === "") {
      throw new TypeError(`Cannot read the arguments: ${name} has no value`);
    }
    switch (name) {
      case "--port":
        if (!/^\d{1,5}$/.test(value)) {
          throw new TypeError(
            `Cannot read the arguments: --port must be a number, got "${value}"`,
          );
        }
        options = { ...options, port: Number(value) };
        break;
      case "--host":
        options = { ...options, hostname: value };
        break;
      case "--folder":
        options = { ...options, folder: value };
        break;
      case "--region":
        regions.push(value);
        break;
      case "--user":
        users.push(readUser(value));
        break;
      default:
        throw new TypeError(
          `Cannot read the arguments: ${name} is unknown; ${USAGE}`,
        );
    }
  }
  return {
    ...options,
    ...users.length > 0 ? { credentials: users } : {},
    ...regions.length > 0 ? { regions } : {},
  };
}

/** A user as `ID:SECRET`, or `ID:SECRET:ACCOUNT`. */
function readUser(value: string): LocalCredentials {
  const [accessKeyId, secretAccessKey, account] = value.split(":");
  if (!accessKeyId || !secretAccessKey) {
    throw new TypeError(
      "Cannot read the arguments: --user must be ID:SECRET or ID:SECRET:ACCOUNT",
    );
  }
  return {
    accessKeyId,
    secretAccessKey,
    ...account === undefined ? {} : { account },
  };
}

if (import.meta.main) {
  try {
    const args = typeof Deno === "undefined" ? [] : Deno.args;
    const local = await LocalAws.start(readLocalArguments(args));
    // Secrets of users that were given are not repeated.
    console.log(`S3 and STS at ${local.endpointUrl}`);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => {
        void local[Symbol.asyncDispose]().then(() => Deno.exit(0));
      });
    }
  } catch (error) {
    const isKnown = error instanceof AwsError || error instanceof TypeError;
    if (!isKnown || typeof Deno === "undefined") throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
