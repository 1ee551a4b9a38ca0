/**
 * A transport that writes down what passes through it.
 *
 * @module
 */
import { base64, strictText, text } from "../foundation/bytes.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
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

/** Options of a {@linkcode RecordingTransport}. */
export interface RecordingOptions {
  /**
   * Whether the exchanges that get credentials are recorded too: with the
   * metadata service, SSO, sign-in, STS for a role, and the sessions of
   * directory buckets. Their secrets are replaced. Default: `false`.
   */
  readonly recordCredentials?: boolean;
  /**
   * Values that must not be written, beside those that are found: host names,
   * names of people. At least 6 characters long.
   */
  readonly secrets?: readonly string[];
}

const OPTIONS: OptionKinds<RecordingOptions> = {
  secrets: "list",
  recordCredentials: "boolean",
};

/**
 * Sends through another transport, keeps the exchanges, and writes them as a
 * folder that `ReplayTransport` reads: for small messages, as all are held in
 * memory.
 *
 * Exchanges that get credentials are left out. Key ids, secrets, tokens, account
 * ids and ids of requests are replaced by examples; signatures and times are left
 * out. What looks like a secret after that is not written at all. Read a recording
 * before you share it.
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
  readonly #recordCredentials: boolean;
  #exchanges: PlainExchange[] = [];
  /** Never written, but what they hold is secret elsewhere too. */
  readonly #learntFrom: PlainExchange[] = [];
  readonly #replaceSecrets: ReplaceSecrets[] = [];

  /**
   * Wraps a transport.
   *
   * @param inner What sends. It is disposed of with this one.
   * @param options What else is secret.
   * @throws {RangeError} If a secret is too short to be replaced.
   */
  constructor(inner: Transport, options: RecordingOptions = {}) {
    checkOptions("make a RecordingTransport", options, OPTIONS);
    const { secrets = [], recordCredentials = false } = options;
    if (secrets.some((secret) => secret.length < 6)) {
      throw new RangeError(
        "Cannot record: secrets must have at least 6 characters each",
      );
    }
    this.#inner = inner;
    this.#secrets = secrets;
    this.#recordCredentials = recordCredentials;
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
    const isLeftOut = options?.purpose === "credentials" &&
      !this.#recordCredentials;
    (isLeftOut ? this.#learntFrom : this.#exchanges)
      .push({ request: sent, response });
    if (options?.replaceSecrets) {
      this.#replaceSecrets.push(options.replaceSecrets);
    }
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
    const scrubber = new Scrubber(
      this.#secrets,
      (text) =>
        this.#replaceSecrets.reduce(
          (rest, replace) => replace(rest, SECRET_MARK),
          text,
        ),
    );
    scrubber.learn(this.#learntFrom);
    const described = `${JSON.stringify(call, textOfBytes, 2)}\n`;
    // Its members may name a secret that stands without a name in a message.
    scrubber.text(described);
    const exchanges = scrubber.exchanges(this.#exchanges);
    const description = scrubber.text(described);
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

type ReplaceSecrets = NonNullable<SendOptions["replaceSecrets"]>;

/** Stands for secrets of a call that no message names. */
const SECRET_MARK = "EXAMPLESECRET";

/** Bytes as the text that they are, or in base64, so that they can be looked through. */
function textOfBytes(_name: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  try {
    return strictText(value);
  } catch {
    return base64(value);
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
