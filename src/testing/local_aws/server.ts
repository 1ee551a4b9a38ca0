/**
 * One request to the server, from its bytes to the answer's: who calls, is the
 * body whole, which service, and the ids that every answer has.
 *
 * @module
 */
import { hex, text } from "../../foundation/bytes.ts";
import { sha256 } from "../../foundation/digest.ts";
import { httpDate } from "../../foundation/timestamps.ts";
import type { Clock } from "../../ports/system.ts";
import type { PlainResponse } from "../http_message.ts";
import { readClaim } from "./parsed_signature.ts";
import { type RequestIds, s3Error, stsError } from "./error_document.ts";
import type { Keys } from "./keys.ts";
import { payloadHash, readPayload } from "./payload.ts";
import { S3Error } from "./s3_error.ts";
import { answerS3 } from "./s3.ts";
import { checkSignature, type Expectation } from "./signature.ts";
import type { Store } from "./store.ts";
import { answerSts } from "./sts.ts";
import {
  parseQuery,
  parseTarget,
  resourceOf,
  type WireRequest,
} from "./target.ts";

/** What a server consists of. */
export interface ServerParts {
  /** The keys that it knows. */
  readonly keys: Keys;
  /** Its region. */
  readonly region: string;
  /** Its time. */
  readonly clock: Pick<Clock, "now">;
  /** Least size of a part that is not the last, in bytes. */
  readonly minPartSize: number;
}

/** Answers requests, as S3 and STS do. */
export class Server {
  readonly #parts: ServerParts;
  readonly #store: Store = new Map();
  #requests = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** Answers a request; also with an error document. */
  async handle(request: WireRequest): Promise<PlainResponse> {
    const number = String(++this.#requests).padStart(16, "0");
    const ids = { requestId: number, hostId: `local/${number}` };
    const sts = isSts(request);
    const response = sts
      ? await this.#sts(request, ids)
      : await this.#s3(request, ids);
    const own = sts
      ? { "x-amzn-requestid": ids.requestId }
      : { "x-amz-request-id": ids.requestId, "x-amz-id-2": ids.hostId };
    return complete(request, response, {
      ...own,
      date: httpDate(this.#parts.clock.now()),
      server: "LocalAws",
    });
  }

  async #s3(request: WireRequest, ids: RequestIds): Promise<PlainResponse> {
    try {
      const target = parseTarget(request.target);
      const claim = readClaim(request, target);
      if (claim === undefined) throw new S3Error("AccessDenied");
      const hash = payloadHash(claim, request, target);
      const key = await checkSignature(
        claim,
        request,
        target,
        this.#expected("s3", hash),
      );
      const proof = { claim, key };
      const { bytes, trailer } = await readPayload(hash, request, proof);
      return await answerS3({
        ...resourceOf(target.path, request.headers["host"] ?? ""),
        method: request.method,
        query: target.query,
        headers: { ...request.headers, ...trailer },
        body: bytes,
        caller: key.identity,
        now: this.#parts.clock.now(),
        store: this.#store,
        region: this.#parts.region,
        minPartSize: this.#parts.minPartSize,
      });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      return s3Error(error, ids, request.target.split("?")[0] ?? "/");
    }
  }

  async #sts(request: WireRequest, ids: RequestIds): Promise<PlainResponse> {
    try {
      const target = parseTarget(request.target);
      const hash = hex(await sha256(request.body));
      const claim = readClaim(request, target);
      const key = claim === undefined ? undefined : await checkSignature(
        claim,
        request,
        target,
        this.#expected("sts", hash),
      );
      return answerSts({
        params: [...target.query, ...parseQuery(text(request.body))],
        key,
        keys: this.#parts.keys,
        now: this.#parts.clock.now(),
        requestId: ids.requestId,
      });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      return stsError(error, ids);
    }
  }

  /** What a signature is checked against now. */
  #expected(service: "s3" | "sts", payloadHash: string): Expectation {
    const { keys, region, clock } = this.#parts;
    return { keys, region, service, now: clock.now(), payloadHash };
  }
}

/** Whether a request is for STS: a form or an action at the root. */
function isSts({ target, headers }: WireRequest): boolean {
  const form = headers["content-type"]?.startsWith(
    "application/x-www-form-urlencoded",
  );
  return /^\/(?:\?|$)/.test(target) &&
    (form === true || /[?&]Action=/.test(target));
}

/** Adds the length, and takes the body away where there can be none. */
function complete(
  { method }: WireRequest,
  { status, headers, body }: PlainResponse,
  more: PlainResponse["headers"],
): PlainResponse {
  if (status === 204 || status === 304) {
    return { status, headers: { ...headers, ...more }, body: new Uint8Array() };
  }
  return {
    status,
    headers: { ...headers, "content-length": String(body.length), ...more },
    body: method === "HEAD" ? new Uint8Array() : body,
  };
}
