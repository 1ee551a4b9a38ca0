/** Clients of S3 for the tests of transfers. */
import { ServiceError } from "../../src/foundation/errors.ts";
import { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type { CallOptions, ClientCore } from "../../src/ports/caller.ts";
import type { HttpRequest, Transport } from "../../src/ports/http.ts";
import { S3, type S3Config } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import {
  LocalAws,
  type LocalAwsOptions,
} from "../../src/testing/local_aws/local_aws.ts";

/** A call that reached the core. */
export interface NotedCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: CallOptions | undefined;
}

/** Answers a call; what it throws is the call's error. */
export type Answer = (
  input: Readonly<Record<string, unknown>>,
  options: CallOptions | undefined,
) => unknown;

/** Facts of a call that nothing is told of. */
export const NO_FACTS = {
  ResponseMetadata: { HTTPHeaders: {}, RetryAttempts: 0, Attempts: [] },
};

/** A client whose operations are functions; a missing one is a failed test. */
export function fakeS3(
  answers: Readonly<Record<string, Answer>>,
  core: Partial<ClientCore> = {},
): { readonly s3: S3; readonly calls: NotedCall[] } {
  const calls: NotedCall[] = [];
  const s3 = new S3({
    call: async <Input, Output>(
      { name }: { readonly name: string },
      given: Input,
      options?: CallOptions,
    ) => {
      options?.signal?.throwIfAborted();
      // Every input is an object of members.
      const input = given as Readonly<Record<string, unknown>>;
      calls.push({ name, input, options });
      const answer = answers[name];
      if (answer === undefined) throw new Error(`Nobody answers ${name}`);
      const output = await answer(input, options);
      return { ...NO_FACTS, ...(output as object) } as Output;
    },
    presign: () => Promise.reject(new Error("Nothing is presigned here")),
    clock: {
      now: () => new Date(0),
      sleep: () => Promise.resolve(),
      timer: () => ({ [Symbol.dispose]: () => {} }),
    },
    ...core,
  });
  return { s3, calls };
}

/** A refusal of the service. */
export function refusal(code: string, status: number): ServiceError {
  return new ServiceError("No", {
    code,
    status,
    operation: "Test",
    headers: {},
    fields: {},
  });
}

/** A body of these pieces, that ends with an error where one is given. */
export function bodyOf(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  failure?: Error,
): StreamingBody {
  const open = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
    const rest = [...pieces];
    return new ReadableStream({
      pull: (controller) => {
        const piece = rest.shift();
        if (piece !== undefined) controller.enqueue(piece);
        else if (failure) controller.error(failure);
        else controller.close();
      },
    }, { highWaterMark: 0 });
  };
  return new StreamingBody({
    open,
    bytes: async () => await new Response(open()).bytes(),
    cancel: () => Promise.resolve(),
  });
}

/** Bytes that look like noise, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    // Numerical Recipes' generator; its higher bits are the better ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What an `around` does to a request, before and after it is answered. */
export type Around = (
  request: HttpRequest,
  send: Transport["send"],
  options: Parameters<Transport["send"]>[1],
) => ReturnType<Transport["send"]>;

/** A client of a server in memory with the bucket `photos`. */
export interface LocalS3 extends AsyncDisposable {
  readonly s3: S3;
  readonly system: FakeSystem;
  /** The requests that were sent. */
  readonly requests: string[];
}

/** What differs from a plain client of a server in memory. */
export interface LocalS3Options {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly around?: Around;
  readonly server?: LocalAwsOptions;
  readonly config?: S3Config;
}

/** A request in one line: `METHOD path?query`. */
export function lineOf({ method, path, query }: HttpRequest): string {
  return `${method} ${path}?${query.map((pair) => pair.join("=")).join("&")}`;
}

export async function localS3(options: LocalS3Options = {}): Promise<LocalS3> {
  const local = new LocalAws(options.server);
  const { send } = local.transport();
  const requests: string[] = [];
  const { around = (request, send, options) => send(request, options) } =
    options;
  const system = new FakeSystem({ files: options.files ?? {} });
  const session = new Session({
    ...local.clientConfig,
    system,
    // Retries do not wait.
    random: () => 0,
    transport: {
      send: (request, options) => {
        requests.push(lineOf(request));
        return around(request, send, options);
      },
      [Symbol.dispose]: () => {},
    },
  });
  const s3 = session.client(S3, options.config);
  await s3.createBucket({ Bucket: "photos" });
  requests.length = 0;
  return {
    s3,
    system,
    requests,
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
    },
  };
}
