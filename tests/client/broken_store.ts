/**
 * A store of one object whose answers break off where a test says.
 *
 * @module
 */
import { utf8 } from "../../src/foundation/bytes.ts";
import { checksum } from "../../src/foundation/checksums.ts";
import { TransportError } from "../../src/foundation/errors.ts";
import type {
  HeaderMap,
  HttpRequest,
  HttpResponse,
  ResponseBody,
  Transport,
} from "../../src/ports/http.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes in a piece of a body. */
const PIECE = 65_536;

/** An object, and what becomes of the answers about it. */
export interface BrokenStoreOptions {
  /** The object. */
  readonly bytes: Bytes;
  /** Its tag, quotes included; `null`: answers have none. */
  readonly etag?: string | null;
  /** Bytes that each answer has before it breaks, in order; then they are whole. */
  readonly cuts?: readonly number[];
  /** What an answer breaks with. */
  readonly failure?: TransportError;
  /** Takes the place of the answer to a request; by its number, from 1. */
  readonly instead?: (request: number) => Partial<HttpResponse> | undefined;
}

/** What the store saw. */
export interface BrokenStore extends Transport {
  /** The requests, in order. */
  readonly sent: HttpRequest[];
  /** Bodies that were opened and neither read to their end nor cancelled. */
  open: number;
}

/** The end of a connection in the middle of a body. */
export function cutOff(): TransportError {
  return new TransportError("cut", "the body was cut off", { maybeSent: true });
}

/** Makes a store. */
export async function brokenStore(
  options: BrokenStoreOptions,
): Promise<BrokenStore> {
  const { bytes, etag = '"v1"', cuts = [] } = options;
  const fields: HeaderMap = {
    ...etag === null ? {} : { etag },
    "x-amz-checksum-crc32": await checksum("CRC32", bytes),
  };
  const store: BrokenStore = {
    sent: [],
    open: 0,
    send: (request) => {
      store.sent.push(request);
      const number = store.sent.length;
      const answer = answerTo(request, bytes, fields);
      const {
        body = bodyOf(store, answer.bytes, cuts[number - 1], options),
        ...head
      } = options.instead?.(number) ?? {};
      const { status, headers } = answer;
      return Promise.resolve({ status, headers, ...head, body });
    },
    [Symbol.dispose]: () => {},
  };
  return store;
}

interface Answer {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly bytes: Bytes;
}

function answerTo(
  { headers }: HttpRequest,
  bytes: Bytes,
  fields: HeaderMap,
): Answer {
  const { range, "if-match": tag = fields["etag"] } = headers;
  if (tag !== fields["etag"]) return refusal(412, "PreconditionFailed");
  if (range === undefined) return success(200, fields, bytes);
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  const start = from === "" ? bytes.length - Number(to) : Number(from);
  const end = from === "" || to === "" ? bytes.length - 1 : Number(to);
  if (start >= bytes.length) return refusal(416, "InvalidRange");
  const place = `bytes ${start}-${end}/${bytes.length}`;
  return success(
    206,
    { ...fields, "content-range": place },
    bytes.subarray(start, end + 1),
  );
}

function success(status: number, fields: HeaderMap, bytes: Bytes): Answer {
  const headers = { ...fields, "content-length": String(bytes.length) };
  return { status, headers, bytes };
}

function refusal(status: number, code: string): Answer {
  return {
    status,
    headers: {},
    bytes: utf8(`<Error><Code>${code}</Code></Error>`),
  };
}

function bodyOf(
  store: BrokenStore,
  bytes: Bytes,
  cut = Infinity,
  { failure = cutOff() }: BrokenStoreOptions,
): ResponseBody {
  let at = 0;
  const end = Math.min(bytes.length, cut);
  const body: ResponseBody = {
    open: () => {
      store.open++;
      return new ReadableStream({
        pull: (controller): void => {
          if (at < end) {
            const from = at;
            at = Math.min(end, at + PIECE);
            // A copy, as a stream may take the memory away.
            controller.enqueue(bytes.slice(from, at));
            return;
          }
          store.open--;
          if (cut <= bytes.length) controller.error(failure);
          else controller.close();
        },
        cancel: () => {
          store.open--;
        },
      }, { highWaterMark: 0 });
    },
    bytes: async () => await new Response(body.open()).bytes(),
    cancel: () => Promise.resolve(),
  };
  return body;
}
