/**
 * A transport that writes down what passes through it, and one that answers from
 * what was recorded or written down.
 *
 * A recording is a folder: `1.request.http`, `1.response.http`, `2.request.http`
 * and so on; a body that is not text is in `1.response.body`.
 *
 * @module
 */
import { base64, strictText, text, utf8 } from "../foundation/bytes.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import {
  httpResponse,
  type MessageFiles,
  type PlainExchange,
  type PlainRequest,
  plainRequest,
  type PlainResponse,
  readRequest,
  readResponse,
  writeRequest,
  writeResponse,
} from "./http_message.ts";
import { resourceOf } from "./local_aws/request.ts";
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

/** An exchange, as a test writes it. */
export interface ReplayExchange {
  /** The request that must come. */
  readonly request: {
    /** HTTP method in capitals. */
    readonly method: HttpMethod;
    /** The URL exactly as it is sent. */
    readonly url: string;
    /** Header fields that must be there as they are; others may be too. Default: none. */
    readonly headers?: HeaderMap;
    /** The body. Default: none. */
    readonly body?: string | Uint8Array<ArrayBuffer>;
  };
  /** The answer, or the error that the exchange ends with. */
  readonly response: Error | {
    /** HTTP status. Default: 200. */
    readonly status?: number;
    /** Header fields. Default: none. */
    readonly headers?: HeaderMap;
    /** The body. Default: none. */
    readonly body?: string | Uint8Array<ArrayBuffer>;
  };
}

/** Options of a {@linkcode ReplayTransport}. */
export interface ReplayOptions {
  /**
   * Whether an exchange fits at any endpoint: scheme and host are not compared,
   * and a bucket in the host is the same as one in the path.
   */
  readonly anyEndpoint?: boolean;
}

/**
 * The requests of the code under test are not those that were expected. It is
 * no `AwsError`, so that what handles the errors of AWS does not handle it.
 */
export class ReplayError extends Error {
  /** Stable name of the class. */
  override readonly name = "ReplayError";
}

interface Expected {
  readonly request: PlainRequest;
  readonly response: Error | PlainResponse;
}

/**
 * Answers requests in the order given and compares each with the one expected:
 * method, URL, the header fields that the expected one names, and the body.
 *
 * A request too many or a different one is an error, and so is one too few when
 * the transport is disposed of, or {@linkcode done} is called. At the end of a
 * test `done()` is the better of the two: it also tells an error that the code
 * under test caught, and no failed assertion hides behind it.
 *
 * @example Usage
 * ```ts
 * import { ReplayTransport } from "@inia/aws/testing";
 *
 * const transport = new ReplayTransport([{
 *   request: { method: "GET", url: "https://s3.eu-west-1.amazonaws.com/photos/cat.txt" },
 *   response: { body: "miaow" },
 * }]);
 * ```
 */
export class ReplayTransport implements Transport {
  readonly #expected: readonly Expected[];
  readonly #source: string;
  readonly #anyEndpoint: boolean;
  #next = 0;
  #failure: ReplayError | undefined;

  /**
   * Makes a transport.
   *
   * @param exchanges What is expected and answered, in order.
   * @param source Where they come from, for errors.
   * @param options How requests are compared.
   */
  constructor(
    exchanges: readonly ReplayExchange[],
    source = "the test",
    options: ReplayOptions = {},
  ) {
    checkOptions("make a ReplayTransport", options, REPLAY_OPTIONS);
    this.#anyEndpoint = options.anyEndpoint ?? false;
    this.#expected = exchanges.map(({ request, response }) => ({
      request: {
        method: request.method,
        url: request.url,
        headers: lowerCase(request.headers),
        body: bytes(request.body),
      },
      response: response instanceof Error ? response : {
        status: response.status ?? 200,
        headers: lowerCase(response.headers),
        body: bytes(response.body),
      },
    }));
    this.#source = source;
  }

  /**
   * Makes a transport from a folder with `1.request.http`, `1.response.http`,
   * and so on.
   *
   * @param folder Its path, or a `file:` URL. Needs `--allow-read` for it.
   * @param options How requests are compared.
   * @throws {SyntaxError} If a file in it is not as it should be.
   */
  static async fromFolder(
    folder: string | URL,
    options: ReplayOptions = {},
  ): Promise<ReplayTransport> {
    const exchanges = await readFolder(folder);
    return new ReplayTransport(exchanges, String(folder), options);
  }

  async send(
    request: HttpRequest,
    { signal }: SendOptions = {},
  ): Promise<HttpResponse> {
    signal?.throwIfAborted();
    const sent = await plainRequest(request);
    const number = this.#next + 1;
    const expected = this.#expected[this.#next];
    if (expected === undefined) {
      throw this.#fail(
        `Cannot replay request ${number}: ${this.#source} has ${this.#expected.length}\n${
          marked("+", asText(sent))
        }`,
      );
    }
    const difference = this.#anyEndpoint
      ? compareAnywhere(expected.request, sent)
      : compare(expected.request, sent);
    if (difference !== undefined) {
      throw this.#fail(
        `Cannot replay request ${number} of ${this.#source}: it differs (- expected, + sent)\n${difference}`,
      );
    }
    this.#next++;
    if (expected.response instanceof Error) throw expected.response;
    return httpResponse(expected.response, sent.method);
  }

  /**
   * Checks that every exchange took place.
   *
   * @throws {ReplayError} If one did not, or if a request was refused before.
   */
  done(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const missing = this.#expected[this.#next];
    if (missing === undefined) return;
    throw this.#fail(
      `Cannot end the replay of ${this.#source}: ${this.#next} of ${this.#expected.length} requests were sent; the next would be\n${
        marked("-", asText(missing.request))
      }`,
    );
  }

  /** Checks that every exchange took place, unless a request was refused before. */
  [Symbol.dispose](): void {
    // A second error would hide the first one in a `SuppressedError`.
    if (this.#failure === undefined) this.done();
  }

  #fail(message: string): ReplayError {
    const failure = new ReplayError(message);
    this.#failure ??= failure;
    return failure;
  }
}

const REPLAY_OPTIONS: OptionKinds<ReplayOptions> = { anyEndpoint: "boolean" };

/** As {@linkcode compare}, whatever the endpoint, and wherever the bucket stands. */
function compareAnywhere(
  expected: PlainRequest,
  sent: PlainRequest,
): string | undefined {
  const differences = withoutEndpoint(expected).flatMap((before) =>
    withoutEndpoint(sent).map((after) => compare(before, after))
  );
  return differences.includes(undefined) ? undefined : differences[0];
}

/**
 * A request as it would be at no endpoint in particular, its bucket in the path.
 * What a host says is known of Amazon's; of others, each name before a dot may
 * be the bucket.
 */
function withoutEndpoint(request: PlainRequest): readonly PlainRequest[] {
  const [, host = "", path = "/", query = ""] =
    /^[a-z]+:\/\/([^/?]*)([^?]*)(.*)$/s.exec(request.url) ?? [];
  const { host: _host, ...headers } = request.headers;
  return bucketPaths(host.replace(/:\d+$/, ""), path || "/").map((place) => ({
    ...request,
    url: `http://any${place}${query}`,
    headers,
  }));
}

function bucketPaths(host: string, path: string): readonly string[] {
  const { bucket } = resourceOf("/", host);
  if (bucket !== "") return [`/${bucket}${path}`];
  const inPath = /^\/[^/]+$/.test(path) ? `${path}/` : path;
  if (/^[\d.]+$|^\[|\.amazonaws\.com(?:\.cn)?$/.test(host)) return [inPath];
  const names = host.split(".");
  return [
    inPath,
    ...names.slice(1).map((_, index) =>
      `/${names.slice(0, index + 1).join(".")}${path}`
    ),
  ];
}

/** The lines in which two requests differ, or `undefined` where they do not. */
function compare(
  expected: PlainRequest,
  sent: PlainRequest,
): string | undefined {
  const named = Object.keys(expected.headers).filter((name) =>
    Object.hasOwn(sent.headers, name)
  );
  const before = asText(expected);
  const after = asText({
    ...sent,
    headers: Object.fromEntries(
      named.map((name) => [name, sent.headers[name] ?? ""]),
    ),
  });
  return before === after ? undefined : diff(before, after);
}

/** Start line, header fields and body; bytes that are no text in base64. */
function asText(request: PlainRequest): string {
  const { text, body } = writeRequest(request);
  return body === undefined ? text : `${text}base64 ${base64(body)}\n`;
}

/** Line by line, as the messages have the same form. */
function diff(before: string, after: string): string {
  const left = before.split("\n");
  const right = after.split("\n");
  const removed = left.filter((line) => !right.includes(line));
  const added = right.filter((line) => !left.includes(line));
  // Equal sets of lines: they differ in order, which only the whole text shows.
  return removed.length + added.length > 0
    ? [
      ...removed.map((line) => `- ${line}`),
      ...added.map((line) => `+ ${line}`),
    ].join("\n")
    : `${marked("-", before)}\n${marked("+", after)}`;
}

function marked(mark: "+" | "-", text: string): string {
  return text.trimEnd().split("\n").map((line) => `${mark} ${line}`)
    .join("\n");
}

function lowerCase(headers: HeaderMap = {}): HeaderMap {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function bytes(
  body: string | Uint8Array<ArrayBuffer> | undefined,
): Uint8Array<ArrayBuffer> {
  return typeof body === "string" ? utf8(body) : body ?? new Uint8Array();
}

/**
 * Reads the exchanges of a folder.
 *
 * @param folder Its path, or a `file:` URL.
 * @throws {SyntaxError} If a file is not as it should be, or there is none.
 */
export async function readFolder(
  folder: string | URL,
): Promise<readonly PlainExchange[]> {
  const exchanges: PlainExchange[] = [];
  for (let number = 1;; number++) {
    const request = await readFiles(folder, `${number}.request`);
    if (request === undefined) break;
    const response = await readFiles(folder, `${number}.response`);
    if (response === undefined) {
      throw new SyntaxError(
        `Cannot read the fixture "${folder}": ${number}.request.http is there and ${number}.response.http is missing`,
      );
    }
    exchanges.push({
      request: readRequest(request),
      response: readResponse(response),
    });
  }
  if (exchanges.length === 0) {
    throw new SyntaxError(
      `Cannot read the fixture "${folder}": 1.request.http is missing`,
    );
  }
  return exchanges;
}

/**
 * Writes exchanges to a folder, which is made where it is missing; those that
 * it held before are removed.
 *
 * @param folder Its path, or a `file:` URL.
 * @param exchanges What to write.
 */
async function writeFolder(
  folder: string | URL,
  exchanges: readonly PlainExchange[],
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    if (/^\d+\.(?:request|response)\.(?:http|body)$/.test(name)) {
      await Deno.remove(inFolder(folder, name));
    }
  }
  for (const [index, { request, response }] of exchanges.entries()) {
    const number = index + 1;
    await writeFiles(folder, `${number}.request`, writeRequest(request));
    await writeFiles(folder, `${number}.response`, writeResponse(response));
  }
}

/** Path of a file in a folder; the folder may be a URL with or without a last slash. */
function inFolder(folder: string | URL, name: string): string | URL {
  if (typeof folder === "string") return `${folder}/${name}`;
  return new URL(`${folder.href.replace(/\/$/, "")}/${name}`);
}

async function readFiles(
  folder: string | URL,
  name: string,
): Promise<MessageFiles | undefined> {
  const text = await present(
    Deno.readTextFile(inFolder(folder, `${name}.http`)),
  );
  if (text === undefined) return undefined;
  const body = await present(Deno.readFile(inFolder(folder, `${name}.body`)));
  return body === undefined ? { text } : { text, body };
}

async function writeFiles(
  folder: string | URL,
  name: string,
  { text, body }: MessageFiles,
): Promise<void> {
  await Deno.writeTextFile(inFolder(folder, `${name}.http`), text);
  if (body !== undefined) {
    await Deno.writeFile(inFolder(folder, `${name}.body`), body);
  }
}

async function present<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
