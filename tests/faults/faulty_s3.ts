/**
 * A client of an S3 in memory whose answers a test can replace.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import type {
  Clock,
  HttpRequest,
  HttpResponse,
  Logger,
  Transport,
} from "../../src/ports/mod.ts";
import { S3, type S3Config } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";

/** Answers a request in place of the server, or hands it on. */
export type Fault = (
  request: HttpRequest,
  send: () => Promise<HttpResponse>,
  options: Parameters<Transport["send"]>[1],
) => HttpResponse | Promise<HttpResponse>;

/** A client of a server with the bucket `photos`. */
export interface FaultyS3 extends AsyncDisposable {
  readonly s3: S3;
  /** The requests that were sent, as `METHOD path?query`. */
  readonly requests: string[];
}

/** A request in one line: `METHOD path?query`. */
export function lineOf({ method, path, query }: HttpRequest): string {
  return `${method} ${path}?${query.map((pair) => pair.join("=")).join("&")}`;
}

/** An answer with a body of text. */
export function answer(
  status: number,
  text = "",
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const bytes = new TextEncoder().encode(text);
  return {
    status,
    headers: { "content-length": String(bytes.length), ...headers },
    body: {
      open: () => new Blob([bytes]).stream(),
      bytes: () => Promise.resolve(bytes),
      cancel: () => Promise.resolve(),
    },
  };
}

/** An answer of S3 that refuses. */
export function refusal(status: number, code: string): HttpResponse {
  return answer(
    status,
    `<Error><Code>${code}</Code><Message>as told</Message></Error>`,
    { "content-type": "application/xml" },
  );
}

/** A logger that hands warnings on. */
function warning(warn: (message: string) => void): Logger {
  const logger: Logger = {
    enabled: () => true,
    debug: () => {},
    info: () => {},
    warn,
    error: () => {},
    child: () => logger,
  };
  return logger;
}

/** A clock that does not wait. */
const HASTY: Clock = {
  now: () => new Date(),
  sleep: (_ms, signal) => {
    signal?.throwIfAborted();
    return Promise.resolve();
  },
  timer: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Starts a server; the fault sees each request that follows. */
export async function faultyS3(
  fault: Fault = (_request, send) => send(),
  config: S3Config = {},
  clock: Clock = HASTY,
  { log }: { readonly log?: (warning: string) => void } = {},
): Promise<FaultyS3> {
  const local = new LocalAws();
  const server = local.transport();
  const requests: string[] = [];
  let faulty = false;
  const session = new Session({
    ...local.clientConfig,
    // Retries do not wait.
    random: () => 0,
    clock,
    ...log && { logger: warning(log) },
    transport: {
      send: async (request, options) => {
        requests.push(lineOf(request));
        const send = (): Promise<HttpResponse> => server.send(request, options);
        return faulty ? await fault(request, send, options) : await send();
      },
      [Symbol.dispose]: () => {},
    },
  });
  const s3 = session.client(S3, config);
  await s3.createBucket({ Bucket: "photos" });
  requests.length = 0;
  faulty = true;
  return {
    s3,
    requests,
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
    },
  };
}

/** Bytes that look like noise, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
