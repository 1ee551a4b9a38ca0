/**
 * S3 and STS in memory, for quickstarts and tests.
 *
 * @module
 */
import { checkOptions, type OptionKinds } from "../../foundation/options.ts";
import { encodeParam } from "../../foundation/bytes.ts";
import type { Clock } from "../../ports/system.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../ports/http.ts";
import { bodyBytes, httpResponse } from "../http_message.ts";
import { Keys, type LocalCredentials } from "./keys.ts";
import { ConfigError } from "../../foundation/errors.ts";
import { Server } from "./server.ts";
import type { WireRequest } from "./target.ts";

/** What may be said about a {@linkcode LocalAws}. */
export interface LocalAwsOptions {
  /** The users, at least one. Default: one with Amazon's example key. */
  readonly credentials?: readonly LocalCredentials[];
  /** The one region it has. Default: `"us-east-1"`. */
  readonly region?: string;
  /** Where it gets the time. Default: the machine. */
  readonly clock?: Pick<Clock, "now">;
  /** Least size of a part that is not the last, in bytes. Default: 5 MiB, as S3. */
  readonly minPartSize?: number;
}

/** What may be said about a {@linkcode LocalAws} that listens. */
export interface LocalAwsServeOptions extends LocalAwsOptions {
  /** Port to listen on. Default: 0, any that is free. */
  readonly port?: number;
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
  clock: "object",
  minPartSize: "number",
};

const SERVE_OPTIONS: OptionKinds<LocalAwsServeOptions> = {
  ...OPTIONS,
  port: "number",
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
 * credentials and presigned URLs, and answers in the forms of Amazon. There are
 * no versions, ACLs, encryption keys or policies that are obeyed: an account may
 * do all with its own buckets and nothing with those of others.
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
  readonly #region: string;
  readonly #user: LocalCredentials;
  #listener: Deno.HttpServer<Deno.NetAddr> | undefined;
  /** Requests without a socket that are on their way. */
  readonly #answering = new Set<Promise<HttpResponse>>();

  /**
   * Makes a server that can be reached by its {@linkcode transport} only.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If there is no user.
   */
  constructor(options: LocalAwsOptions = {}) {
    checkOptions("make a LocalAws", options, OPTIONS, {
      others: new Map(
        Object.entries({ port: "it is an option of LocalAws.start" }),
      ),
    });
    const {
      credentials = [EXAMPLE],
      region = "us-east-1",
      clock = { now: () => new Date() },
      minPartSize = MIN_PART_SIZE,
    } = options;
    const [user] = credentials;
    if (user === undefined) {
      throw new RangeError("Cannot start LocalAws: credentials is empty");
    }
    this.#user = user;
    this.#region = region;
    const keys = new Keys(credentials);
    this.#server = new Server({ keys, region, clock, minPartSize });
  }

  /**
   * Makes a server that also listens on 127.0.0.1. Needs `--allow-net` for it.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If there is no user.
   * @throws {ConfigError} `"NotPermitted"`, with the flag that is missing.
   */
  static async start(options: LocalAwsServeOptions = {}): Promise<LocalAws> {
    checkOptions("start a LocalAws", options, SERVE_OPTIONS);
    const { port = 0, ...own } = options;
    const local = new LocalAws(own);
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    try {
      local.#listener = Deno.serve(
        { hostname: "127.0.0.1", port, onListen: () => resolve() },
        (request) => local.#serve(request),
      );
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
      const host = port === 0 ? "127.0.0.1" : `127.0.0.1:${port}`;
      throw new ConfigError(
        "NotPermitted",
        `Cannot start LocalAws: this program may not listen on ${host}; run it with --allow-net=${host}, or use the transport of new LocalAws(), which needs no permission`,
        { cause },
      );
    }
    await listening;
    return local;
  }

  /** Where it is reached; without a socket any URL will do. */
  get endpointUrl(): string {
    const port = this.#listener?.addr.port;
    return port === undefined ? "http://localhost" : `http://127.0.0.1:${port}`;
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
          return await answer;
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
    await this.#listener?.shutdown();
    await Promise.allSettled(this.#answering);
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.#server.handle(await wireRequest(request));
    return httpResponse(response, request.method);
  }

  async #serve(request: Request): Promise<Response> {
    const { status, headers, body } = await this.#server.handle({
      method: request.method,
      // The server's `url` is the host and the request line's target, unparsed.
      target: request.url.slice(request.url.indexOf("/", "http://".length)),
      headers: Object.fromEntries(request.headers),
      body: await request.bytes(),
    });
    return new Response(body.length === 0 ? null : body, { status, headers });
  }
}

async function wireRequest(request: HttpRequest): Promise<WireRequest> {
  const query = request.query.map(encodeParam).join("&");
  return {
    method: request.method,
    target: `${request.path}${query && `?${query}`}`,
    headers: { host: new URL(request.origin).host, ...request.headers },
    body: await bodyBytes(request.body),
  };
}
