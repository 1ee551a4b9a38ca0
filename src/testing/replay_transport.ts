/**
 * A transport that answers from what was recorded or written down.
 *
 * @module
 */
import { base64, utf8 } from "../foundation/bytes.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import { readFolder } from "./fixture_folder.ts";
import { resourceOf } from "./local_aws/target.ts";
import {
  httpResponse,
  type PlainRequest,
  plainRequest,
  type PlainResponse,
  writeRequest,
} from "./http_message.ts";

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
