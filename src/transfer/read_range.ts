/**
 * The bytes of a range of an object, and of no other object.
 *
 * @module
 */
import {
  AwsError,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import type {
  GetObjectInput,
  GetObjectOutput,
  S3,
  StreamingBody,
} from "../services/s3/mod.ts";
import { partOptions } from "./options.ts";
import { type ByteRange, rangeText } from "./ranges.ts";
import {
  changeOf,
  isSame,
  isStillSame,
  nameOf,
  type RemoteObject,
} from "./remote_object.ts";

/** How often a range is asked for in all while it brings little, as in boto3. */
const ATTEMPTS = 5;

/** Enough of a range to count the attempts anew. */
const PROGRESS = 64 * 1_024;

/**
 * Reads a range. The client itself goes on with a body that breaks off, within
 * the attempts of a call; where these are used up, the rest is asked for by a new
 * call.
 *
 * @param s3 The client.
 * @param object The object.
 * @param range The range.
 * @param signal Ends the read early.
 * @throws {ObjectChangedError} If the object was replaced or removed.
 * @throws {TransportError} If the body breaks off for good.
 */
export async function* readRange(
  s3: S3,
  object: RemoteObject,
  { start, end }: ByteRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let at = start;
  let attempts = 0;
  while (true) {
    const from = at;
    const asked = { start: from, end, isRest: from > start || attempts > 0 };
    const { body, skip } = await openRange(s3, object, asked, signal);
    let before = skip;
    try {
      for await (const piece of body) {
        signal?.throwIfAborted();
        const rest = piece.subarray(Math.min(before, piece.length));
        before -= piece.length - rest.length;
        at += rest.length;
        if (at > end) throw tooMuch(object);
        if (rest.length > 0) yield rest;
      }
      if (at < end) throw cut(object);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (at - from >= PROGRESS) attempts = 0;
      attempts += attemptsOf(error);
      const breaks = error instanceof TransportError
        ? mayGoOn(error)
        : await isRefusedCondition(s3, object, error, signal);
      if (!breaks || attempts >= ATTEMPTS) throw error;
    }
  }
}

/** Attempts that ended in an error, at least the one that it was thrown by. */
function attemptsOf(error: unknown): number {
  const made = error instanceof AwsError
    ? error.ResponseMetadata?.Attempts.length
    : undefined;
  return Math.max(1, made ?? 1);
}

/** Whether only the attempts were used up, and neither quota nor time. */
function mayGoOn(error: TransportError): boolean {
  const reason = error.ResponseMetadata?.StopReason;
  if (reason !== undefined && reason !== "attempts") return false;
  return error instanceof TimeoutError
    ? error.limit === "read"
    : BREAKS.has(error.kind);
}

const BREAKS: ReadonlySet<string> = new Set(["closed", "cut", "reset"]);

/**
 * Whether an error is the refusal of a condition that holds. The object is asked
 * for without it from then on.
 */
async function isRefusedCondition(
  s3: S3,
  object: RemoteObject,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const refusal = error instanceof ObjectChangedError ? error.cause : error;
  if (!(refusal instanceof ServiceError) || refusal.status !== 412) {
    return false;
  }
  if (!await isStillSame(s3, object, signal)) return false;
  if (object.condition) object.condition.refused = true;
  return true;
}

/** A range that is asked for, and whether some of it was before. */
interface AskedRange extends ByteRange {
  readonly isRest: boolean;
}

/** A body, and how many of its bytes lie before the range. */
interface OpenRange {
  readonly body: StreamingBody;
  readonly skip: number;
}

async function openRange(
  s3: S3,
  object: RemoteObject,
  range: AskedRange,
  signal: AbortSignal | undefined,
): Promise<OpenRange> {
  const output = await ask(s3, object, range, signal);
  const skip = bytesBefore(object, output, range);
  if (typeof skip === "number") return { body: output.Body, skip };
  await output.Body.cancel(skip);
  throw skip;
}

async function ask(
  s3: S3,
  object: RemoteObject,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<GetObjectOutput> {
  const get = async (): Promise<GetObjectOutput> =>
    await s3.getObject(
      { ...requestFor(object), Range: rangeText(range) },
      // The parts of one transfer wait for each other, however long that takes.
      partOptions({ signal }),
    );
  // Other ranges may find it out while this one is on its way.
  const isConditional = object.condition?.refused === false;
  try {
    return await get();
  } catch (error) {
    const refused = isConditional &&
      await isRefusedCondition(s3, object, error, signal);
    if (!refused) throw changeOf(error, object);
  }
  try {
    return await get();
  } catch (error) {
    throw changeOf(error, object);
  }
}

function requestFor({ request, condition }: RemoteObject): GetObjectInput {
  if (!condition?.refused) return request;
  const { IfMatch: _match, IfUnmodifiedSince: _since, ...rest } = request;
  return rest;
}

/** How many bytes lie before the range, or what is wrong with the answer. */
function bytesBefore(
  object: RemoteObject,
  output: GetObjectOutput,
  { start, end, isRest }: AskedRange,
): Error | number {
  const { request, size } = object;
  if (!isSame(object, output)) {
    return new ObjectChangedError("replaced", nameOf(request));
  }
  const given = /^bytes (\d+)-(\d+)\//.exec(output.ContentRange ?? "");
  // A store that knows no ranges sends all of it.
  const [first, last] = given === null
    ? [0, size - 1]
    : [Number(given[1]), Number(given[2])];
  if (last === end - 1) {
    if (first === start) return 0;
    // It did know them before: this part begins again.
    if (given === null && isRest) return start;
  }
  return new ProtocolError(
    `Cannot download ${nameOf(request)}: the bytes ${start} to ${
      end - 1
    } were asked for, and ${first} to ${last} came`,
  );
}

function cut(object: RemoteObject): TransportError {
  const message = `Cannot read ${nameOf(object.request)}: its body ended early`;
  return new TransportError("cut", message, { maybeSent: true });
}

function tooMuch(object: RemoteObject): ProtocolError {
  return new ProtocolError(
    `Cannot read ${
      nameOf(object.request)
    }: more bytes came than were asked for`,
  );
}
