/**
 * S3 and STS in memory, for quickstarts and tests.
 *
 * @module
 */
import { ConfigError, TransportError } from "../../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../../foundation/options.ts";
import { encodeParam, strictText, utf8 } from "../../foundation/bytes.ts";
import type { Clock } from "../../ports/system.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../ports/http.ts";
import { bodyBytes, bodyOnce } from "../http_message.ts";
import { type FaultOptions, Faults } from "./s3_error.ts";
import { Folder } from "./folder.ts";
import { Keys, type LocalCredentials } from "./access.ts";
import type { LocalRequest, WireRequest } from "./request.ts";
import { Server, type ServerResponse } from "./server.ts";
import { contentBytes, discard, readContent, Store } from "./store.ts";

/** Options of a {@linkcode LocalAws}. */
export interface LocalAwsOptions {
  /** The users, at least one. Default: one with Amazon's example key. */
  readonly credentials?: readonly LocalCredentials[];
  /** The default region. Default: `"us-east-1"`, or the first of `regions`. */
  readonly region?: string;
  /** All regions; buckets of others than that of a request are redirected. */
  readonly regions?: readonly string[];
  /** Where it gets the time. Default: the machine. */
  readonly clock?: Pick<Clock, "now">;
  /** Least size of a part that is not the last, in bytes. Default: 5 MiB, as S3. */
  readonly minPartSize?: number;
  /** Whether keys that nobody has belong to the first user, unchecked. */
  readonly anyKey?: boolean;
  /** Is told of each request once it is answered, for example to log it. */
  readonly onRequest?: (request: LocalRequest) => void;
}

/** Options of a {@linkcode LocalAws} that listens. */
export interface LocalAwsServeOptions extends LocalAwsOptions {
  /** Port to listen on. Default: 0, any that is free. */
  readonly port?: number;
  /** Address to listen on. Default: `"127.0.0.1"`. */
  readonly hostname?: string;
  /** Folder that keeps the data; it is read at the start. */
  readonly folder?: string;
}

/** Settings of a client or a session that calls a {@linkcode LocalAws}. */
export interface LocalClientConfig {
  /** Where it is. */
  readonly endpointUrl: string;
  /** Its region. */
  readonly region: string;
  /** The key of its first user. */
  readonly credentials: Pick<
    LocalCredentials,
    "accessKeyId" | "secretAccessKey"
  >;
}

const OPTIONS: OptionKinds<LocalAwsOptions> = {
  credentials: "list",
  region: "text",
  regions: "list",
  clock: "object",
  minPartSize: "number",
  anyKey: "boolean",
  onRequest: "function",
};

const SERVE_OPTIONS: OptionKinds<LocalAwsServeOptions> = {
  ...OPTIONS,
  port: "number",
  hostname: "text",
  folder: "text",
};

/** The key in Amazon's documentation. */
const EXAMPLE: LocalCredentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

/** Least size of a part of S3. */
const MIN_PART_SIZE = 5 * 1_024 * 1_024;

/**
 * A small S3 and STS in memory. It checks signatures, payload hashes, temporary
 * credentials, presigned URLs and forms, and answers in the forms of Amazon. It
 * has versions, ACLs, policies without conditions, CORS and the configuration of
 * buckets; conditions of policies, object lock and lifecycle are refused by name,
 * and encryption is stated but nothing is encrypted.
 *
 * It is for tests of your own scripts and for trying things out. Only the real
 * service proves that something works with the real service.
 *
 * @example Without a socket
 * ```ts
 * import { LocalAws } from "@inia/aws/testing";
 *
 * using local = new LocalAws({ region: "eu-west-1" });
 * const settings = { ...local.clientConfig, transport: local.transport() };
 * ```
 *
 * @example On a port of the loopback interface
 * ```ts
 * import { LocalAws } from "@inia/aws/testing";
 *
 * await using local = await LocalAws.start();
 * console.log(local.clientConfig.endpointUrl);
 * ```
 */
export class LocalAws implements AsyncDisposable, Disposable {
  readonly #server: Server;
  readonly #store: Store;
  readonly #faults: Faults = new Faults();
  readonly #region: string;
  readonly #user: LocalCredentials;
  /** How far its clock was moved. */
  #advancedMs = 0;
  #hostname = "127.0.0.1";
  #listener: Deno.HttpServer<Deno.NetAddr> | undefined;
  /** Requests without a socket that are on their way. */
  readonly #answering = new Set<Promise<ServerResponse>>();

  /**
   * Makes a server that can be reached by its {@linkcode transport} only.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If there is no user.
   */
  constructor(options: LocalAwsOptions = {}) {
    checkOptions("make a LocalAws", options, OPTIONS, {
      others: new Map(
        ["port", "hostname", "folder"].map((name) =>
          [name, "it is an option of LocalAws.start"] as const
        ),
      ),
    });
    const { store = new Store() } = MADE_WITH.get(options) ?? {};
    const {
      credentials = [EXAMPLE],
      region = options.regions?.[0] ?? "us-east-1",
      regions = [region],
      clock = { now: () => new Date() },
      minPartSize = MIN_PART_SIZE,
      anyKey = false,
      onRequest,
    } = options;
    const [user] = credentials;
    if (user === undefined) {
      throw new RangeError("Cannot start LocalAws: credentials is empty");
    }
    if (!regions.includes(region)) {
      throw new ConfigError(
        "InvalidOption",
        `Cannot start LocalAws: region "${region}" is not among its regions ${
          regions.join(", ")
        }`,
      );
    }
    this.#user = user;
    this.#region = region;
    this.#store = store;
    this.#server = new Server({
      keys: new Keys(credentials, anyKey),
      regions: [region, ...regions.filter((name) => name !== region)],
      clock: { now: () => new Date(clock.now().getTime() + this.#advancedMs) },
      minPartSize,
      store,
      faults: this.#faults,
      ...onRequest === undefined ? {} : { onRequest },
    });
  }

  /**
   * Makes a server that also listens, on 127.0.0.1 unless another address is
   * given. Needs `--allow-net` for it.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If there is no user.
   * @throws {ConfigError} `"NotPermitted"`, with the flag that is missing;
   * `"InvalidOption"`, if any key would be taken from other machines;
   * `"NotOnThisRuntime"`, elsewhere than on Deno.
   */
  static async start(options: LocalAwsServeOptions = {}): Promise<LocalAws> {
    checkOptions("start a LocalAws", options, SERVE_OPTIONS);
    if (typeof Deno === "undefined") {
      throw new ConfigError(
        "NotOnThisRuntime",
        "Cannot start LocalAws: not on this runtime, as listening needs Deno.serve; give sessions the transport of new LocalAws(), or run deno run --allow-net=127.0.0.1 jsr:@inia/aws/local",
      );
    }
    const { port = 0, hostname = "127.0.0.1", folder, ...own } = options;
    if (own.anyKey && !LOOPBACK.includes(hostname)) {
      throw new ConfigError(
        "InvalidOption",
        `Cannot start LocalAws: with anyKey it listens on the loopback interface only, got hostname "${hostname}"`,
      );
    }
    if (folder !== undefined) {
      MADE_WITH.set(own, { store: await Folder.open(folder) });
    }
    const local = new LocalAws(own);
    local.#hostname = hostname;
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    try {
      local.#listener = Deno.serve(
        {
          hostname,
          port,
          onListen: () => resolve(),
          // A body that is cut on purpose ends here too, and nothing is printed.
          onError: (error) => new Response(String(error), { status: 500 }),
        },
        (request) => local.#serve(request),
      );
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
      const host = port === 0 ? hostname : `${hostname}:${port}`;
      throw new ConfigError(
        "NotPermitted",
        `Cannot start LocalAws: this program may not listen on ${host}; run it with --allow-net=${host}, or use the transport of new LocalAws(), which needs no permission`,
        { cause },
      );
    }
    await listening;
    return local;
  }

  /** The requests that it has answered, the oldest first; the last 10 000. */
  requests(): readonly LocalRequest[] {
    return this.#server.journal;
  }

  /**
   * Lets the next requests of an operation fail, wait, or be cut.
   *
   * @param operation Name of the operation, or `"*"` for any.
   * @param options What goes wrong. Default: one answer `InternalError`.
   *
   * @example Two answers SlowDown
   * ```ts
   * import { LocalAws } from "@inia/aws/testing";
   *
   * using local = new LocalAws();
   * local.fail("PutObject", { times: 2, code: "SlowDown" });
   * ```
   */
  fail(
    operation: string,
    options: FaultOptions = { code: "InternalError" },
  ): void {
    checkOptions("let LocalAws fail", options, FAULT_OPTIONS);
    this.#faults.add(operation, options);
  }

  /** Moves its clock. */
  advance(ms: number): void {
    this.#advancedMs += ms;
  }

  /** Forgets buckets, requests and faults, and sets its clock right. */
  async reset(): Promise<void> {
    this.#faults.clear();
    this.#server.clearJournal();
    this.#advancedMs = 0;
    await this.#store.clear();
  }

  /** Where it is reached; without a socket any URL will do. */
  get endpointUrl(): string {
    const port = this.#listener?.addr.port;
    const host = WILDCARDS[this.#hostname] ?? this.#hostname;
    return port === undefined
      ? "http://localhost"
      : `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /** Settings of a client or a session that calls it as its first user. */
  get clientConfig(): LocalClientConfig {
    const { accessKeyId, secretAccessKey } = this.#user;
    return {
      endpointUrl: this.endpointUrl,
      region: this.#region,
      credentials: { accessKeyId, secretAccessKey },
    };
  }

  /** A way to it that needs no socket. Disposing of it changes nothing. */
  transport(): Transport {
    return {
      send: async (request, { signal } = {}) => {
        signal?.throwIfAborted();
        const answer = this.#answer(request);
        this.#answering.add(answer);
        try {
          return httpResponse(await answer);
        } finally {
          this.#answering.delete(answer);
        }
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** Stops listening, without waiting for requests that are on their way. */
  [Symbol.dispose](): void {
    void this[Symbol.asyncDispose]();
  }

  /** Stops listening, once all requests are answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#faults.clear();
    await this.#listener?.shutdown();
    await Promise.allSettled(this.#answering);
  }

  async #answer(request: HttpRequest): Promise<ServerResponse> {
    return await this.#server.handle(await wireRequest(request));
  }

  async #serve(request: Request): Promise<Response> {
    let body;
    try {
      const read = await request.bytes();
      // The runtime gives up to twice as much memory as there are bytes.
      body = read.slice();
      discard(read);
    } catch {
      // The client went away in the middle of it, and reads no answer.
      return new Response(null, { status: 400 });
    }
    const response = await this.#server.handle({
      method: request.method,
      // The server's `url` is the host and the request line's target, unparsed.
      target: request.url.slice(request.url.indexOf("/", "http://".length)),
      headers: Object.fromEntries(
        [...request.headers].map(([name, value]) => [name, fromWire(value)]),
      ),
      body,
    });
    const { status, bodiless } = response;
    const headers = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) =>
        [name, toWire(value)] as const
      ),
    );
    if (bodiless) {
      response.done();
      return new Response(null, { status, headers });
    }
    const { start, end } = response.body;
    const small = end - start <= SMALL && response.cutAfterBytes === undefined;
    const content = small ? await ownBytes(response) : bodyStream(response);
    return new Response(content, { status, headers });
  }
}

/** Text that is the same in ASCII, Latin-1 and UTF-8. */
const PRINTABLE = /^[ -~]*$/;

/** A header field's bytes, one a character, read as UTF-8 where they are. */
function fromWire(value: string): string {
  if (PRINTABLE.test(value)) return value;
  try {
    return strictText(Uint8Array.from(value, (one) => one.charCodeAt(0)));
  } catch {
    return value;
  }
}

/** A header field as UTF-8, one byte a character. */
function toWire(value: string): string {
  if (PRINTABLE.test(value)) return value;
  return Array.from(utf8(value), (byte) => String.fromCharCode(byte)).join("");
}

/** What a server is made with that is no option. */
const MADE_WITH = new WeakMap<LocalAwsOptions, { readonly store: Store }>();

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Where a server is reached that listens on all addresses. */
const WILDCARDS: Readonly<Record<string, string>> = {
  "0.0.0.0": "127.0.0.1",
  "::": "::1",
};

const FAULT_OPTIONS: OptionKinds<FaultOptions> = {
  times: "number",
  code: "text",
  status: "number",
  message: "text",
  bucket: "text",
  key: "text",
  delayMs: "number",
  cutAfterBytes: "number",
};

/** Bodies up to this length are sent at once. */
const SMALL = 256 * 1_024;

/** The bytes of a body, in an array that nobody else has. */
async function ownBytes(
  { body, done }: ServerResponse,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return (await contentBytes(body)).slice();
  } finally {
    done();
  }
}

/**
 * A body, piece by piece; a cut one ends with an error.
 *
 * @param own Whether its reader may keep the pieces.
 */
function bodyStream(
  { body, cutAfterBytes = Infinity, done: release }: ServerResponse,
  own = false,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const end = Math.min(body.end, body.start + cutAfterBytes);
  const pieces = readContent({ ...body, end });
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const { done, value } = await pieces.next();
      if (!done) {
        controller.enqueue(own ? value.slice() : value);
        return;
      }
      release();
      if (end < body.end) {
        controller.error(
          new TransportError("cut", "LocalAws has cut the body", {
            maybeSent: true,
          }),
        );
      } else {
        controller.close();
      }
    },
    cancel: () => release(),
  });
}

function httpResponse(response: ServerResponse): HttpResponse {
  const { status, headers, bodiless, cutAfterBytes } = response;
  if (bodiless) return { status, headers, body: null };
  return {
    status,
    headers,
    body: bodyOnce({
      open: () => bodyStream(response, true),
      bytes: async () => {
        if (cutAfterBytes === undefined) return await ownBytes(response);
        return await new Response(bodyStream(response, true)).bytes();
      },
      drop: () => response.done(),
    }),
  };
}

async function wireRequest(request: HttpRequest): Promise<WireRequest> {
  const query = request.query.map(encodeParam).join("&");
  return {
    method: request.method,
    target: `${request.path}${query && `?${query}`}`,
    headers: { host: new URL(request.origin).host, ...request.headers },
    // What is kept must not be what the caller may write to.
    body: request.body instanceof Uint8Array
      ? request.body.slice()
      : await bodyBytes(request.body),
  };
}
