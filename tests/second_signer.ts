/**
 * A second signer, for tests only: written from the specification by itself, so
 * that it can recompute what a signature ought to be. It shares nothing with
 * `src/signing`.
 *
 * Source: "Create a signed AWS API request", IAM User Guide.
 *
 * @module
 */
import { createHash, createHmac } from "node:crypto";

/** A request, and who signs it when and where. */
export interface SecondSigning {
  /** HTTP method. */
  readonly method: string;
  /** URL as it is sent. It is taken apart as text. */
  readonly url: string;
  /** The header fields to sign, all of them; lower-case names. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What stands for the body. */
  readonly payloadHash: string;
  /** Secret access key. */
  readonly secretAccessKey: string;
  /** Region. */
  readonly region: string;
  /** Signing name of the service. */
  readonly service: string;
  /** Time of signing, as `20130524T000000Z`. */
  readonly timestamp: string;
  /** Whether the path is resolved and encoded once more. Default: not for S3. */
  readonly path?: "as-sent" | "encoded" | "resolved-and-encoded";
}

/** A signature and the texts on the way to it. */
export interface SecondSignature {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly signature: string;
}

/** Signs. */
export function secondSignature(signing: SecondSigning): SecondSignature {
  const { method, headers, payloadHash, region, service, timestamp } = signing;
  const [path, query] = split(signing.url);
  const sorted = headers.toSorted(([a], [b]) => compare(a, b));
  const canonicalRequest = [
    method,
    pathToSign(
      path,
      signing.path ??
        (/^s3/.test(service) ? "as-sent" : "resolved-and-encoded"),
    ),
    queryToSign(query),
    ...sorted.map(([name, value]) =>
      `${name}:${value.trim().split(/\s+/).join(" ")}`
    ),
    "",
    sorted.map(([name]) => name).join(";"),
    payloadHash,
  ].join("\n");

  const day = timestamp.slice(0, 8);
  const stringToSign = [
    "AWS4-HMAC-SHA256",
    timestamp,
    [day, region, service, "aws4_request"].join("/"),
    createHash("sha256").update(canonicalRequest).digest("hex"),
  ].join("\n");

  const signature = secondTextSignature(stringToSign, signing);
  return { canonicalRequest, stringToSign, signature };
}

/** Signs a text as it is. */
export function secondTextSignature(
  text: string,
  { region, secretAccessKey, service, timestamp }: Pick<
    SecondSigning,
    "region" | "secretAccessKey" | "service" | "timestamp"
  >,
): string {
  const key = [timestamp.slice(0, 8), region, service, "aws4_request"].reduce<
    string | Uint8Array
  >(
    (key, part) => createHmac("sha256", key).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  return createHmac("sha256", key).update(text).digest("hex");
}

function split(url: string): [path: string, query: string] {
  const rest = url.replace(/^[a-z]+:\/\/[^/?]*/, "");
  const mark = rest.indexOf("?");
  return mark < 0 ? [rest, ""] : [rest.slice(0, mark), rest.slice(mark + 1)];
}

function pathToSign(
  path: string,
  way: NonNullable<SecondSigning["path"]>,
): string {
  if (way === "as-sent") return path === "" ? "/" : path;
  let segments = path.split("/");
  if (way === "resolved-and-encoded") {
    const open = /\/$/.test(path);
    const stack: string[] = [];
    for (const segment of segments) {
      if (segment === "..") stack.pop();
      else if (!["", "."].includes(segment)) stack.push(segment);
    }
    segments = ["", ...stack, ...(open || stack.length === 0 ? [""] : [])];
  }
  return segments.map(encode).join("/");
}

function queryToSign(query: string): string {
  return query.split("&").filter((pair) => pair !== "").map((pair) => {
    const mark = pair.indexOf("=");
    const [name, value] = mark < 0
      ? [pair, ""]
      : [pair.slice(0, mark), pair.slice(mark + 1)];
    return [
      encode(decodeURIComponent(name)),
      encode(decodeURIComponent(value)),
    ] as const;
  }).toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join("=")).join("&");
}

/** Percent-encodes all bytes that are not unreserved, one by one. */
function encode(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~]/.test(character)
      ? character
      : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }).join("");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
