/**
 * Sends requests to a `LocalAws` as a client would.
 *
 * @module
 */
import { text, utf8 } from "../../../src/foundation/bytes.ts";
import type { Credentials } from "../../../src/ports/credentials.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  QueryParam,
} from "../../../src/ports/http.ts";
import { SigV4 } from "../../../src/signing/mod.ts";
import { FixedClock } from "../../../src/testing/fake_system.ts";
import {
  LocalAws,
  type LocalAwsOptions,
} from "../../../src/testing/local_aws/local_aws.ts";

/** What a test says of a request. */
export interface Wish {
  readonly query?: readonly QueryParam[];
  readonly headers?: HeaderMap;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Method of a presigned URL. Default: GET. */
  readonly method?: HttpMethod;
  /** Changes the request after it was signed. */
  readonly spoil?: (signed: HttpRequest) => HttpRequest;
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly text: string;
  /** The error code in it, if any. */
  readonly code: string | undefined;
}

/** Time of the server and of the requests. */
export const NOW = "2026-11-22T10:00:00Z";

/** The key that the server knows by itself. */
export const USER: Credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

/** A server with a clock of its own, and a client of it. */
export class LocalClient {
  readonly clock: FixedClock = new FixedClock(NOW);
  readonly local: LocalAws;
  /** Who signs. */
  credentials: Credentials = USER;
  /** Region that is signed for. */
  region = "us-east-1";
  /** Service that is signed for. */
  service = "s3";

  readonly #signer = new SigV4();

  constructor(options: LocalAwsOptions = {}) {
    this.local = new LocalAws({ clock: this.clock, ...options });
  }

  /** Sends a signed request. */
  async send(
    method: HttpMethod,
    path: string,
    wish: Wish = {},
  ): Promise<Answer> {
    const signed = await this.sign(method, path, wish);
    return await this.sendRaw(wish.spoil?.(signed) ?? signed);
  }

  /** Signs a request. */
  async sign(
    method: HttpMethod,
    path: string,
    wish: Wish = {},
  ): Promise<HttpRequest> {
    return await this.#signer.sign(
      this.#request(method, path, wish),
      this.credentials,
      this.#scope(),
    );
  }

  /** Presigns a request. */
  async presign(path: string, wish: Wish = {}): Promise<HttpRequest> {
    return await this.#signer.presign(
      this.#request(wish.method ?? "GET", path, wish),
      this.credentials,
      this.#scope(),
      60,
    );
  }

  /** Sends a request as it is. */
  async sendRaw(request: HttpRequest): Promise<Answer> {
    const { status, headers, body } = await this.local.transport().send(
      request,
    );
    const answer = text(await body?.bytes() ?? new Uint8Array());
    const code = /<Code>(\w+)<\/Code>/.exec(answer)?.[1];
    return { status, headers, text: answer, code };
  }

  /** Asks STS. */
  async sts(params: Readonly<Record<string, string>>): Promise<Answer> {
    this.service = "sts";
    try {
      return await this.send("POST", "/", {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ ...params, Version: "2011-06-15" })
          .toString(),
      });
    } finally {
      this.service = "s3";
    }
  }

  #request(method: HttpMethod, path: string, wish: Wish): HttpRequest {
    const { query = [], headers = {}, body } = wish;
    return {
      method,
      origin: `http://${headers["host"] ?? "localhost"}`,
      path,
      query,
      headers,
      body: typeof body === "string" ? utf8(body) : body,
    };
  }

  #scope(): { service: string; region: string; at: Date } {
    return {
      service: this.service,
      region: this.region,
      at: this.clock.now(),
    };
  }
}
