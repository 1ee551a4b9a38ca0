/**
 * A transport that writes down what passes through it.
 *
 * @module
 */
import { text } from "../foundation/bytes.ts";
import type {
  HttpRequest,
  HttpResponse,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import { inFolder, type PlainExchange, writeFolder } from "./fixture_folder.ts";
import {
  httpResponse,
  type MessageFiles,
  plainRequest,
  writeRequest,
  writeResponse,
} from "./http_message.ts";
import { Scrubber } from "./scrub.ts";

/** The call that a recording is of, as it is written to `call.json`. */
export interface RecordedCall {
  /** Where the recording comes from, for example `"recorded 2026-11-22 from moto 5.2"`. */
  readonly origin: string;
  /** Id of the service, for example `"s3"`. */
  readonly service: string;
  /** Name of the operation, for example `"GetObject"`. */
  readonly operation: string;
  /** Region of the client. */
  readonly region: string;
  /** Its parameters. */
  readonly input: unknown;
  /** Its result, where it had one. */
  readonly output?: unknown;
  /** Its error, where it failed. */
  readonly error?: unknown;
}

/** What may be said about a {@linkcode RecordingTransport}. */
export interface RecordingOptions {
  /**
   * Values that must not be written, beside those that are found: host names,
   * names of people. At least 6 characters long.
   */
  readonly secrets?: readonly string[];
}

/**
 * Sends through another transport, keeps the exchanges, and writes them as a
 * folder that `ReplayTransport` reads: for small messages, as all are held in
 * memory.
 *
 * Key ids, secrets, tokens, account ids and ids of requests are replaced by
 * examples; signatures and times are left out. What looks like a secret after
 * that is not written at all. Read a recording before you share it.
 *
 * @example Usage
 * ```ts
 * import { RecordingTransport, type Transport } from "@inia/aws/testing";
 *
 * async function record(real: Transport, calls: (through: Transport) => Promise<void>) {
 *   using transport = new RecordingTransport(real);
 *   await calls(transport);
 *   await transport.save("fixtures/list_photos", {
 *     origin: "recorded 2026-11-22 from S3",
 *     service: "s3",
 *     operation: "ListObjectsV2",
 *     region: "eu-west-1",
 *     input: { Bucket: "photos" },
 *   });
 * }
 * ```
 */
export class RecordingTransport implements Transport {
  readonly #inner: Transport;
  readonly #secrets: readonly string[];
  #exchanges: PlainExchange[] = [];

  /**
   * Wraps a transport.
   *
   * @param inner What sends. It is disposed of with this one.
   * @param options What else is secret.
   * @throws {RangeError} If a secret is too short to be replaced.
   */
  constructor(inner: Transport, options: RecordingOptions = {}) {
    const { secrets = [] } = options;
    if (secrets.some((secret) => secret.length < 6)) {
      throw new RangeError(
        "Cannot record: secrets must have at least 6 characters each",
      );
    }
    this.#inner = inner;
    this.#secrets = secrets;
  }

  async send(
    request: HttpRequest,
    options?: SendOptions,
  ): Promise<HttpResponse> {
    const sent = await plainRequest(request);
    const { body } = request;
    // A source may be spent now, so its bytes are sent.
    const again = body === undefined
      ? request
      : { ...request, body: sent.body };
    const { status, headers, body: answer } = await this.#inner.send(
      again,
      options,
    );
    const bytes = await answer?.bytes() ?? new Uint8Array();
    const response = { status, headers, body: bytes };
    this.#exchanges.push({ request: sent, response });
    return httpResponse(response, request.method);
  }

  /**
   * Writes what was sent since the last time, and forgets it. Needs
   * `--allow-read` and `--allow-write` for the folder.
   *
   * @param folder Its path, or a `file:` URL. It is made where it is missing.
   * @param call What is written to `call.json`.
   * @throws {TypeError} If something still looks like a secret. Nothing is written then.
   */
  async save(folder: string | URL, call: RecordedCall): Promise<void> {
    const scrubber = new Scrubber(this.#secrets);
    const exchanges = scrubber.exchanges(this.#exchanges);
    const description = scrubber.text(`${JSON.stringify(call, null, 2)}\n`);
    check(scrubber, "call.json", description);
    for (const [index, { request, response }] of exchanges.entries()) {
      check(
        scrubber,
        `${index + 1}.request.http`,
        whole(writeRequest(request)),
      );
      check(
        scrubber,
        `${index + 1}.response.http`,
        whole(writeResponse(response)),
      );
    }
    await writeFolder(folder, exchanges);
    await Deno.writeTextFile(inFolder(folder, "call.json"), description);
    this.#exchanges = [];
  }

  /** Disposes of the wrapped transport. */
  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

/** Everything that is written of a message; bytes that are no text as far as they are. */
function whole({ text: written, body }: MessageFiles): string {
  return body === undefined ? written : written + text(body);
}

function check(scrubber: Scrubber, file: string, content: string): void {
  const what = scrubber.suspicion(content);
  if (what === undefined) return;
  throw new TypeError(
    `Cannot save the recording: ${file} has what looks like ${what}; name the value in the option "secrets"`,
  );
}
