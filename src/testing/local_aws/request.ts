/**
 * A request as it came over the wire, and as the journal has it afterwards. What
 * it is about is read from its raw target and its host: nothing here goes through
 * a URL parser, which would change what was signed.
 *
 * @module
 */
import { strictText } from "../../foundation/bytes.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { S3Error } from "./s3_error.ts";

/** A request as it came over the wire. */
export interface WireRequest {
  /** HTTP method in capitals. */
  readonly method: string;
  /** Path and query, exactly as in the request line. */
  readonly target: string;
  /** Header fields by lower-case name. */
  readonly headers: HeaderMap;
  /** The body as it was sent. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Names and values of a query, in order; `""` for one without a value. */
export type Query = readonly (readonly [name: string, value: string])[];

/** A target, decoded. */
export interface Target {
  /** The path. */
  readonly path: string;
  /** The query. */
  readonly query: Query;
}

/** What a request to S3 is about. */
export interface Resource {
  /** Name of the bucket, `""` for the service itself. */
  readonly bucket: string;
  /** Key of the object, `""` for the bucket itself. */
  readonly key: string;
}

/** Hosts that hold a bucket in front: `BUCKET.localhost`, `BUCKET.s3.eu-west-1.amazonaws.com`. */
const VIRTUAL_HOSTS = [
  /^(.+)\.s3(?:\.[a-z0-9-]+)?\.localhost$/,
  /^(?!s3\.|sts\.|s3$|sts$)(.+)\.localhost$/,
  /^(.+)\.s3(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/,
];

/**
 * Decodes a target.
 *
 * @throws {S3Error} InvalidURI, if it is not percent-encoded UTF-8.
 */
export function parseTarget(target: string): Target {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  return { path: decoded(path), query: parseQuery(query) };
}

/**
 * Decodes names and values that are joined by `&` and `=`; a plus is a blank, as
 * in forms.
 *
 * @throws {S3Error} InvalidURI, if they are not percent-encoded UTF-8.
 */
export function parseQuery(query: string): Query {
  return query.split("&").filter((part) => part !== "").map((part) => {
    const [name = "", ...value] = part.replaceAll("+", " ").split("=");
    return [decoded(name), decoded(value.join("="))] as const;
  });
}

/** The first value of a name, where it is there. */
export function valueOf(
  query: Query,
  name: string,
): string | undefined {
  return query.find(([other]) => other === name)?.[1];
}

/** The region that a host names, as in `s3.eu-west-1.amazonaws.com`. */
export function regionOf(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return /(?:^|\.)(?:s3|sts)(?:\.dualstack)?[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com(?:\.cn)?|localhost)$/
    .exec(name)?.[1];
}

/** The bucket and key that a path and a host name. */
export function resourceOf(path: string, host: string): Resource {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  for (const pattern of VIRTUAL_HOSTS) {
    const bucket = pattern.exec(name)?.[1];
    if (bucket !== undefined) return { bucket, key: path.slice(1) };
  }
  const slash = path.indexOf("/", 1);
  return slash < 0
    ? { bucket: path.slice(1), key: "" }
    : { bucket: path.slice(1, slash), key: path.slice(slash + 1) };
}

/** The URL of an object, under the host that was asked. */
export function locationOf(
  host: string,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): string {
  const inHost = resourceOf("/", host).bucket !== "";
  return `http://${host}/${inHost ? "" : `${bucket}/`}${
    encodeURIComponent(key)
  }`;
}

/**
 * Decodes percent-encoding.
 *
 * @throws {S3Error} InvalidURI, if it is not percent-encoded UTF-8.
 */
export function decoded(text: string): string {
  if (/[^ -~]/.test(text)) throw new S3Error("InvalidURI");
  const binary = text.replace(
    /%([0-9a-fA-F]{2})|%/g,
    (_, digits: string | undefined) => {
      if (digits === undefined) throw new S3Error("InvalidURI");
      return String.fromCharCode(parseInt(digits, 16));
    },
  );
  try {
    return strictText(
      Uint8Array.from(binary, (character) => character.charCodeAt(0)),
    );
  } catch {
    throw new S3Error("InvalidURI");
  }
}

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
