/**
 * Clients whose calls are answered from a queue, as boto3's `Stubber` does.
 *
 * @module
 */
import { ServiceError, ValidationError } from "../foundation/errors.ts";
import { utf8 } from "../foundation/bytes.ts";
import { StreamingBody } from "../foundation/streaming_body.ts";
import type { CallOptions, ClientCore } from "../ports/caller.ts";
import type { Operation, StructureShape } from "../ports/schema.ts";
import { validated } from "../protocol/validate.ts";
import { ReplayError } from "./fixtures.ts";

/** Stands for any value in an expected input; the member must be there. */
export const ANY: unique symbol = Symbol("any value");

/** A client of a service. */
export interface StubbableClient {
  /** What makes its calls. */
  readonly core: ClientCore;
}

/** An error of the service, as a stub answers with it. */
export interface StubError {
  /** The error. */
  readonly error: {
    /** Error code, for example `"NoSuchKey"`. */
    readonly code: string;
    /** HTTP status. Default: 400. */
    readonly status?: number;
    /** Message. Default: none. */
    readonly message?: string;
    /** Further elements of the error document. */
    readonly fields?: Readonly<Record<string, unknown>>;
  };
}

/** The input that a stub expects: `undefined` for any, and {@linkcode ANY} for a member. */
export type StubInput<Input> =
  | { readonly [Name in keyof Input]: Input[Name] | typeof ANY }
  | undefined;

/** What a stub answers: an output whose body is text or bytes, or an error. */
export type StubAnswer<Output> =
  | Error
  | StubError
  | StubOutput<Omit<Output, "Body">> & {
    readonly Body?: string | Uint8Array;
  };

/** A result, or a part of one: what is left out is absent. */
export type StubOutput<Value> = Value extends readonly (infer Item)[]
  ? readonly StubOutput<Item>[]
  : Value extends
    | AsyncIterable<unknown>
    | Date
    | Uint8Array
    | boolean
    | number
    | string ? Value
  : { readonly [Name in keyof Value]?: StubOutput<Value[Name]> };

/** A method of a client that makes one call. */
export type StubbableMethod = (
  input: never,
  options?: CallOptions,
) => Promise<unknown>;

/** One method per method of the client: adds an answer to the queue. */
export type StubMethods<Client> = {
  readonly [
    Name in keyof Client as Client[Name] extends StubbableMethod ? Name : never
  ]: Client[Name] extends StubbableMethod ? (
      expected: StubInput<NonNullable<Parameters<Client[Name]>[0]>>,
      answer: StubAnswer<Awaited<ReturnType<Client[Name]>>>,
    ) => Stub<Client>
    : never;
};

/** A stub: the client, and its queue of answers. */
export type Stub<Client> = StubMethods<Client> & Disposable & {
  /** The client to give to the code under test. */
  readonly client: Client;
  /**
   * Ends the stub.
   *
   * @throws {ReplayError} If a call was not as expected, or answers are left.
   */
  done(): void;
};

interface Queued {
  readonly operation: string;
  readonly expected: unknown;
  readonly answer: unknown;
}

/**
 * Makes a client of the same class whose calls are answered in the order in
 * which answers were added. Inputs are checked against the operation's shape,
 * then compared with those expected; answers are checked against its output.
 * Nothing is sent, and nothing is retried.
 *
 * @param client A client; it stays as it is.
 *
 * @example Usage
 * ```ts
 * import { client } from "@inia/aws";
 * import { S3 } from "@inia/aws/s3";
 * import { stub } from "@inia/aws/testing";
 *
 * const stubbed = stub(client(S3, { region: "eu-west-1" }));
 * stubbed.getObject({ Bucket: "photos", Key: "cat" }, { Body: "miaow" })
 *   .headBucket(undefined, { error: { code: "404", status: 404 } });
 *
 * const { Body } = await stubbed.client.getObject({
 *   Bucket: "photos",
 *   Key: "cat",
 * });
 * console.log(await Body.text()); // miaow
 * ```
 */
export function stub<Client extends StubbableClient>(
  client: Client,
): Stub<Client> {
  const queue: Queued[] = [];
  let failure: ReplayError | undefined;
  const fail = (message: string): ReplayError => {
    const error = new ReplayError(message);
    failure ??= error;
    return error;
  };
  const call = async <Input, Output>(
    { name, input: shape, output }: Operation<Input, Output>,
    input: Input,
    options?: CallOptions,
  ): Promise<Output> => {
    options?.signal?.throwIfAborted();
    await Promise.resolve();
    const given = validated(name, shape(), input ?? {});
    const [next] = queue;
    if (next === undefined) {
      throw fail(`Cannot answer ${name}: no further call was expected`);
    }
    if (next.operation !== name) {
      throw fail(`Cannot answer ${name}: ${next.operation} was expected`);
    }
    if (next.expected !== undefined && !fits(next.expected, given)) {
      throw fail(
        `Cannot answer ${name}: expected ${shown(next.expected)}, got ${
          shown(given)
        }`,
      );
    }
    queue.shift();
    const wrong = misfits(name, output(), next.answer);
    if (wrong !== "") {
      throw fail(
        `Cannot answer ${name}: the answer in the queue does not fit the operation's output: ${wrong}`,
      );
    }
    // The queue holds answers of the operation's own type.
    return answered(name, next.answer) as Output;
  };
  const Made = client.constructor as new (core: ClientCore) => Client;
  const own = {
    client: new Made({ ...client.core, call }),
    done: (): void => {
      if (failure !== undefined) throw failure;
      if (queue.length === 0) return;
      throw new ReplayError(
        `Cannot end the stub: no call has come for ${
          queue.map(({ operation }) => operation).join(", ")
        }`,
      );
    },
    [Symbol.dispose]: (): void => own.done(),
  };
  const stubbed: unknown = new Proxy(own, {
    get: (target, name, receiver) => {
      if (typeof name === "symbol" || Object.hasOwn(target, name)) {
        return Reflect.get(target, name, receiver);
      }
      if (typeof Reflect.get(client, name) !== "function") {
        throw new TypeError(
          `Cannot stub ${name}: the client has no such method`,
        );
      }
      return (expected: unknown, answer: unknown): unknown => {
        const operation = name.charAt(0).toUpperCase() + name.slice(1);
        queue.push({ operation, expected, answer });
        return stubbed;
      };
    },
  });
  return stubbed as Stub<Client>;
}

function answered(operation: string, answer: unknown): unknown {
  if (answer instanceof Error) throw answer;
  if (isStubError(answer)) {
    const { code, status = 400, message = "", fields = {} } = answer.error;
    throw new ServiceError(message, {
      code,
      operation,
      status,
      headers: {},
      fields,
    });
  }
  const { Body: body, ...rest } = answer as Readonly<Record<string, unknown>>;
  return {
    ResponseMetadata: {
      HTTPStatusCode: 200,
      HTTPHeaders: {},
      RetryAttempts: 0,
      Attempts: [],
    },
    ...rest,
    ...body === undefined ? {} : { Body: bodyOf(body) },
  };
}

/**
 * What is wrong with an answer by the shape of the operation's output; `""` where
 * it fits. Members may be left out, as tests say only what matters to them.
 */
function misfits(
  operation: string,
  shape: StructureShape,
  answer: unknown,
): string {
  if (answer instanceof Error || isStubError(answer)) return "";
  const { ResponseMetadata: _metadata, ...members } = {
    ResponseMetadata: undefined,
    ...answer as Readonly<Record<string, unknown>>,
  };
  // Events come one by one: there is nothing to look at yet.
  const looked = Object.entries(members).filter(([name]) => {
    const of = shape.members[name]?.of;
    const inner = typeof of === "function" ? of() : undefined;
    return !(inner?.kind === "structure" && inner.events);
  });
  try {
    validated(operation, shape, Object.fromEntries(looked));
    return "";
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.problems.filter(({ problem }) => problem !== "is required")
      .map(({ path, problem }) => `${path} ${problem}`).join("; ");
  }
}

function bodyOf(body: unknown): unknown {
  const bytes = typeof body === "string"
    ? utf8(body)
    : body instanceof Uint8Array
    ? Uint8Array.from(body)
    : undefined;
  return bytes === undefined ? body : new StreamingBody({
    open: () => new Blob([bytes]).stream(),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  });
}

function isStubError(answer: unknown): answer is StubError {
  return typeof answer === "object" && answer !== null && "error" in answer;
}

/** Whether a value is the one expected, member by member. */
function fits(expected: unknown, given: unknown): boolean {
  if (expected === ANY) return given !== undefined;
  if (Object.is(expected, given)) return true;
  if (
    typeof expected !== "object" || typeof given !== "object" ||
    expected === null || given === null
  ) return false;
  if (expected instanceof Date) {
    return given instanceof Date && expected.getTime() === given.getTime();
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(given)]);
  return [...names].every((name) =>
    fits(Reflect.get(expected, name), Reflect.get(given, name))
  );
}

/** An input for an error: names only, as values may be secret. */
function shown(input: unknown): string {
  if (typeof input !== "object" || input === null) return String(input);
  const members = Object.entries(input).map(([name, value]) =>
    ["Bucket", "Key", "Prefix", "VersionId"].includes(name) &&
      typeof value === "string"
      ? `${name}: "${value}"`
      : name
  );
  return `{ ${members.join(", ")} }`;
}
