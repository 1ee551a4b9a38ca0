/**
 * A core that answers from functions, and errors as S3 would refuse.
 *
 * @module
 */
import { ServiceError } from "../../../src/foundation/errors.ts";
import { StreamingBody } from "../../../src/foundation/streaming_body.ts";
import type { CallOptions, ClientCore } from "../../../src/ports/caller.ts";

/** A call that reached the core. */
export interface Seen {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: CallOptions | undefined;
}

/** Answers one call; what it throws is the call's error. */
export type Respond = (call: Seen) => object;

/** A core that notes its calls. */
export interface AnsweringCore {
  readonly core: ClientCore;
  readonly calls: Seen[];
}

/** Makes a core that answers all calls by one function. */
export function answeringCore(respond: Respond): AnsweringCore {
  const calls: Seen[] = [];
  const core: ClientCore = {
    call: async (operation, input, options) => {
      const call: Seen = {
        operation: operation.name,
        input: input as Seen["input"],
        options,
      };
      calls.push(call);
      // The function answers as the operation would.
      return await Promise.resolve(respond(call)) as never;
    },
    presign: () => Promise.reject(new Error("nothing is presigned here")),
    clock: {
      now: () => new Date(0),
      sleep: () => Promise.resolve(),
      timer: () => ({ [Symbol.dispose]: () => {} }),
    },
  };
  return { core, calls };
}

/** A core that gives these answers, one after the other. */
export function coreWith(...answers: readonly object[]): AnsweringCore {
  const left = [...answers];
  return answeringCore(() => {
    const answer = left.shift();
    if (answer === undefined) throw new RangeError("no answer left");
    if (answer instanceof Error) throw answer;
    return answer;
  });
}

/** A refusal of S3; the code of an answer to HEAD is its status. */
export function refusal(status: number, code = String(status)): ServiceError {
  return new ServiceError("as told", {
    code,
    operation: "Operation",
    status,
    requestId: "A1",
    headers: {},
    fields: {},
  });
}

/** A body that holds a text. */
export function bodyOf(text: string): StreamingBody {
  const bytes = new TextEncoder().encode(text);
  return new StreamingBody({
    open: () => ReadableStream.from([bytes]),
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  });
}
