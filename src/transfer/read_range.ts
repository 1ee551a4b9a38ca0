/**
 * The bytes of a range of an object, and of no other object.
 *
 * @module
 */
import { ProtocolError, TransportError } from "../foundation/errors.ts";
import { ObjectChangedError } from "../foundation/object_changed_error.ts";
import type { GetObjectOutput, S3, StreamingBody } from "../services/s3/mod.ts";
import { callOptions } from "./options.ts";
import { type ByteRange, rangeText } from "./ranges.ts";
import { changeOf, nameOf, type RemoteObject } from "./remote_object.ts";

/**
 * Reads a range. The client itself goes on with a body that breaks off, within
 * the attempts of a call.
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
  range: ByteRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let left = range.end - range.start;
  for await (const piece of await openRange(s3, object, range, signal)) {
    signal?.throwIfAborted();
    left -= piece.length;
    if (left < 0) throw tooMuch(object);
    yield piece;
  }
  if (left > 0) throw cut(object);
}

async function openRange(
  s3: S3,
  object: RemoteObject,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<StreamingBody> {
  let output: GetObjectOutput;
  try {
    output = await s3.getObject(
      { ...object.request, Range: rangeText(range) },
      callOptions({ signal }),
    );
  } catch (error) {
    throw changeOf(error, object);
  }
  const problem = misfit(object, output, range);
  if (problem !== undefined) {
    await output.Body.cancel(problem);
    throw problem;
  }
  return output.Body;
}

/** What is wrong with an answer that is not the range that was asked for. */
function misfit(
  object: RemoteObject,
  { ETag, ContentRange }: GetObjectOutput,
  { start, end }: ByteRange,
): Error | undefined {
  const { request, size } = object;
  if (request.IfMatch && ETag && ETag !== request.IfMatch) {
    return new ObjectChangedError("replaced", nameOf(request));
  }
  const given = /^bytes (\d+)-(\d+)\//.exec(ContentRange ?? "");
  // A store that knows no ranges sends all of it.
  const [first, last] = given === null
    ? [0, size - 1]
    : [Number(given[1]), Number(given[2])];
  return first === start && last === end - 1 ? undefined : new ProtocolError(
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
