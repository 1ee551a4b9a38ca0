/**
 * Answers whose bodies go on where they break off.
 *
 * @module
 */
import {
  type ObjectChange,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  type TransportError,
} from "../foundation/errors.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";
import {
  type ByteRange,
  checkRest,
  isComplete,
  lengthOf,
  placeOf,
  RangeTakers,
  restFields,
} from "./byte_range.ts";
import type { AttemptTrace } from "./call_record.ts";
import { exchange } from "./exchange.ts";
import type { Parts } from "./parts.ts";
import type { Call } from "./prepare.ts";
import { PartOfBody, ResumedBody } from "./resumed_body.ts";
import type { Attempt } from "./retry_loop.ts";

const RANGE_TAKERS = new RangeTakers();

/** What a refusal of the rest says about the object, by its status. */
const CHANGES: Readonly<Record<number, ObjectChange>> = {
  404: "removed",
  412: "replaced",
  416: "replaced",
};

/**
 * Makes the body of an answer go on where it breaks off, within the call's retry
 * budget: the rest is asked for by its range, of the same state of the object.
 * A body that can go on keeps the call's place in the budget until it ends.
 *
 * @param parts The client's parts.
 * @param call The call.
 * @param response The answer.
 * @returns The answer; the same one, where the rest could not be asked for.
 */
export function resumable<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  response: HttpResponse,
): HttpResponse {
  const { operation, draft, ledger } = call;
  // Of a body that the platform has decompressed, no range can be asked for.
  const place = RANGE_TAKERS.has(operation) && !response.decoded
    ? placeOf(draft.headers["range"], response)
    : undefined;
  ledger.keptByBody = place !== undefined && response.body !== null;
  if (place === undefined || response.body === null) return response;
  const length = lengthOf(place);
  let counted = 0;
  const body = new ResumedBody(response.body, {
    ...length === undefined ? {} : { length },
    rest: async (received, failure, signal) => {
      const progressed = isProgress(received - counted, length);
      counted = received;
      return await rest(parts, call, {
        place,
        received,
        progressed,
        failure,
        signal,
      });
    },
    settle: () => ledger.settle(),
  });
  return { ...response, body };
}

/** Enough to count the breaks of a body anew: a server may hand out byte by byte. */
const PROGRESS = 64 * 1_024;

/** Of a short body, this part is enough. */
const PROGRESS_SHARE = 1 / 16;

function isProgress(bytes: number, length = Infinity): boolean {
  return bytes > 0 && bytes >= Math.min(PROGRESS, length * PROGRESS_SHARE);
}

/** Where and why a body broke off. */
interface Break {
  readonly place: ByteRange;
  readonly received: number;
  /** Whether much of it came since the last break. */
  readonly progressed: boolean;
  readonly failure: TransportError;
  readonly signal: AbortSignal;
}

async function rest<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  { place, received, progressed, failure, signal: ended }: Break,
): Promise<ResponseBody> {
  const { draft, options, ledger, secrets } = call;
  const from = place.start + received;
  const headers = { ...draft.headers, ...restFields(place, from) };
  const signal = options.signal
    ? AbortSignal.any([options.signal, ended])
    : ended;
  const again: Call<Input, Output> = {
    ...call,
    draft: { ...draft, headers },
    options: { ...options, signal },
  };
  const send = async (
    attempt: Attempt,
    trace: AttemptTrace,
  ): Promise<ResponseBody> => {
    const response = await exchange(parts, again, attempt, trace);
    return await checked(parts, again, response, { place, from, trace });
  };
  try {
    return await ledger.goOn(failure, { send, signal, anew: progressed });
  } catch (error) {
    throw secrets.removedFrom(error);
  }
}

/** The rest of a body that was whole already. */
const NOTHING: ResponseBody = {
  open: () => ReadableStream.from([]),
  bytes: () => Promise.resolve(new Uint8Array()),
  cancel: () => Promise.resolve(),
};

/** What the rest is checked against. */
interface Expected {
  readonly place: ByteRange;
  readonly from: number;
  readonly trace: AttemptTrace;
}

async function checked<Input, Output>(
  { protocol }: Parts,
  { operation, draft, secrets }: Call<Input, Output>,
  response: HttpResponse,
  { place, from, trace }: Expected,
): Promise<ResponseBody> {
  const object = `${trace.facts?.host}${draft.path}`;
  if (isComplete(place, from, response)) {
    await response.body?.cancel();
    return NOTHING;
  }
  try {
    if (response.status >= 300) {
      await protocol.deserialize(operation, response);
    }
    const part = checkRest(place, from, response, object);
    if (response.body !== null) {
      return part.skip === 0
        ? response.body
        : new PartOfBody(response.body, part);
    }
    throw new ProtocolError(`Cannot read ${object} to its end: no body came`);
  } catch (error) {
    await response.body?.cancel();
    const change = error instanceof ServiceError
      ? CHANGES[error.status]
      : undefined;
    if (change === undefined) throw error;
    const cause = secrets.removedFrom(error);
    throw new ObjectChangedError(change, object, { cause });
  }
}
