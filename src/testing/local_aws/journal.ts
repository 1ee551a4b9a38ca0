/**
 * The journal of a server: the requests that it has answered, without secrets.
 *
 * @module
 */
import type { HeaderMap } from "../../ports/http.ts";

/** A request that was answered. */
export interface LocalRequest {
  /** When it came. */
  readonly time: Date;
  /** The service: `"s3"` or `"sts"`. */
  readonly service: "s3" | "sts";
  /** Name of the operation; `""` where it is none. */
  readonly operation: string;
  /** HTTP method in capitals. */
  readonly method: string;
  /** Name of the bucket, or `""`. */
  readonly bucket: string;
  /** Key of the object, or `""`. */
  readonly key: string;
  /** Names and values of the query, without those of a signature. */
  readonly query: Readonly<Record<string, string>>;
  /** Header fields by lower-case name, without secrets. */
  readonly headers: HeaderMap;
  /** Number of bytes of the body as it was sent. */
  readonly bytes: number;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Error code of the answer, where it has one. */
  readonly code?: string;
  /** The signature that it came with; absent where it is not signed. */
  readonly signature?: LocalSignature;
}

/** What kind of signature a request came with, right or wrong. */
export interface LocalSignature {
  /** Signature version: 4, or 2 as boto3 presigns by default. */
  readonly version: 2 | 4;
  /** Where it stands: `"query"` is that of a presigned URL. */
  readonly place: "form" | "header" | "query";
}

/** The most requests that the journal has. */
const MAX_REQUESTS = 10_000;

/** Header fields and parameters that the journal leaves out. */
const SECRET =
  /^(?:authorization|signature|x-amz-signature|x-amz-credential|x-amz-(?:security|s3session)-token|x-amz-.*server-side-encryption-customer-key|cookie|webidentitytoken|samlassertion|tokencode|tradeintoken|.*\.contextassertion)$/i;

/** The requests that were answered; the oldest go where they become too many. */
export class Journal {
  #requests: LocalRequest[] = [];
  /** Where the oldest one is, once there are as many as there may be. */
  #oldest = 0;

  /** Adds a request. */
  add(request: LocalRequest): void {
    if (this.#requests.length < MAX_REQUESTS) {
      this.#requests.push(request);
      return;
    }
    this.#requests[this.#oldest] = request;
    this.#oldest = (this.#oldest + 1) % MAX_REQUESTS;
  }

  /** The requests so far, the oldest first. */
  requests(): readonly LocalRequest[] {
    return [
      ...this.#requests.slice(this.#oldest),
      ...this.#requests.slice(0, this.#oldest),
    ];
  }

  /** Forgets the requests so far. */
  clear(): void {
    this.#requests = [];
    this.#oldest = 0;
  }
}

/** Names and values without those that are secret. */
export function withoutSecrets(
  pairs: readonly (readonly [name: string, value: string])[],
): readonly (readonly [name: string, value: string])[] {
  return pairs.filter(([name]) => !SECRET.test(name));
}

/**
 * A request in one line, for a log: time, operation, what it is about, status,
 * code and signature.
 */
export function requestLine(
  { time, operation, method, bucket, key, status, code, signature }:
    LocalRequest,
): string {
  const place = bucket === "" ? "/" : key === "" ? bucket : `${bucket}/${key}`;
  const signed = signature === undefined
    ? "not signed"
    : `${PLACES[signature.place]}, signature version ${signature.version}`;
  return [
    time.toISOString(),
    operation || method,
    // A key may hold line breaks.
    JSON.stringify(place).slice(1, -1),
    status,
    ...code === undefined ? [] : [code],
    `(${signed})`,
  ].join(" ");
}

const PLACES: Readonly<Record<LocalSignature["place"], string>> = {
  form: "form",
  header: "signed",
  query: "presigned",
};
