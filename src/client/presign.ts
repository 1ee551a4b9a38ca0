/**
 * Requests that carry their signature in the URL, and signatures of texts that
 * stand for a request.
 *
 * @module
 */
import { encodeParam } from "../foundation/bytes.ts";
import { ConfigError, ValidationError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type {
  CallOptions,
  PresignContext,
  PresignContextFinder,
  PresignedRequest,
  Presigner,
  PresignOptions,
  TextSigner,
} from "../ports/caller.ts";
import type { Credentials, SigningScope } from "../ports/credentials.ts";
import type { HttpRequest } from "../ports/http.ts";
import type { Operation, SerializedRequest } from "../ports/schema.ts";
import { address, identity, locate, type Parts, scopeOf } from "./attempt.ts";

const DEFAULT_LIFE_SECONDS = 3_600;

/** Seven days, the longest that Signature Version 4 allows. */
const MAX_LIFE_SECONDS = 604_800;

const KINDS: OptionKinds<PresignOptions> = {
  expiresInSeconds: "any",
  method: "text",
  allowShorter: "boolean",
  region: "any",
  credentials: "any",
  signal: "signal",
  headers: "object",
  query: "object",
};

/**
 * Joins the parts to a presigner: amend, serialize, resolve, sign in the query.
 *
 * @param load Gets the parts. Every call asks, so that they are made when they
 * are first needed.
 * @returns A function that makes one presigned request.
 */
export function createPresigner(
  load: () => Parts | Promise<Parts>,
): Presigner {
  return async <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    options: PresignOptions = {},
  ): Promise<PresignedRequest> => {
    checkPresign(operation, options);
    const parts = await load();
    const { service, protocol, uuid, clock } = parts;
    const amended = service.amend
      ? await service.amend(operation, input, parts.settings)
      : input;
    const written = protocol.serialize(operation, amended, uuid);
    const draft = withoutBody(
      operation.name,
      options.headers === undefined && options.query === undefined
        ? written
        : (await import("./call_options.ts"))
          .withCustomFields(operation, written, options),
      options,
    );
    const endpoint = await locate(parts, draft, operation.name);
    const request = address(draft, endpoint, undefined);
    checkPath(operation.name, request.path);
    const { signal } = options;
    const credentials = await identity(
      parts,
      operation.auth,
      endpoint,
      signal,
    );
    // A URL is handed on, so no server may say from when it is good.
    const at = clock.now();
    const life = lifeOf(options, credentials, at);
    const signer = endpoint.signature === "sigv4a"
      ? await parts.multiRegionSigner()
      : parts.signer;
    const signed = credentials === undefined ? request : await signer.presign(
      request,
      credentials,
      scopeOf(endpoint, at),
      life,
    );
    return {
      url: urlOf(signed),
      method: signed.method,
      headers: signed.headers,
      expiresAt: new Date(at.getTime() + life * 1_000),
    };
  };
}

/** What readers of URLs take for a way up or for nothing. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** Every reader of URLs removes such segments, and finds another object. */
function checkPath(operation: string, path: string): void {
  if (!DOT_SEGMENT.test(path)) return;
  throw new ValidationError(operation, [{
    path: "Key",
    problem:
      'cannot be part of a URL with a "." or ".." between slashes: readers of URLs would name another object',
  }]);
}

/** Programs that nobody type-checks may give a name, or the options of boto3. */
function checkPresign(operation: unknown, options: PresignOptions): void {
  if (typeof operation !== "object" || operation === null) {
    throw new ConfigError(
      "UnknownOperation",
      `Cannot presign ${
        typeof operation === "string" ? `"${operation}"` : typeof operation
      }: give the operation itself, as in presign(GetObject, input), imported from the entry of the service`,
    );
  }
  checkOptions("presign", options, KINDS);
}

/** Moves a form into the query; refuses any other body, which no URL can carry. */
function withoutBody(
  operation: string,
  draft: SerializedRequest,
  { method = draft.method }: PresignOptions,
): SerializedRequest {
  const { "content-type": type, ...headers } = draft.headers;
  const { body } = draft;
  if (body === undefined) return { ...draft, method };
  if (typeof body !== "string" || !type?.includes("form-urlencoded")) {
    throw new ValidationError(operation, [{
      path: "Body",
      problem:
        "cannot be part of a URL: leave it out, and send it with the URL's request",
    }]);
  }
  const form = [...new URLSearchParams(body)];
  return {
    ...draft,
    method,
    headers,
    query: [...draft.query, ...form],
    body: undefined,
  };
}

/** The life of a URL, in seconds: the asked one, or that of the credentials. */
function lifeOf(
  { expiresInSeconds = DEFAULT_LIFE_SECONDS, allowShorter }: PresignOptions,
  credentials: Credentials | undefined,
  at: Date,
): number {
  if (
    !Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 ||
    expiresInSeconds > MAX_LIFE_SECONDS
  ) {
    throw new ConfigError(
      "InvalidExpiry",
      `Cannot presign a URL for ${
        typeof expiresInSeconds === "number"
          ? `${expiresInSeconds} s`
          : `a ${typeof expiresInSeconds}`
      }: expiresInSeconds must be a whole number from 1 to ${MAX_LIFE_SECONDS}, which is seven days`,
    );
  }
  const end = credentials?.expiration;
  if (end === undefined) return expiresInSeconds;
  const left = Math.floor((end.getTime() - at.getTime()) / 1_000);
  if (left >= expiresInSeconds) return expiresInSeconds;
  if (allowShorter && left > 0) return left;
  throw new ConfigError(
    "PresignOutlivesCredentials",
    `Cannot presign for ${expiresInSeconds} s as the credentials end in ${left} s: ask for less in expiresInSeconds, or set allowShorter`,
  );
}

function urlOf({ origin, path, query }: HttpRequest): string {
  // Not all that take a URL apart keep a name without "=".
  const params = query.map(([name, value = ""]) => encodeParam([name, value]))
    .join("&");
  return `${origin}${path}${params && `?${params}`}`;
}

/**
 * Joins the parts to a finder of signing places: serialize, resolve, get the
 * credentials.
 *
 * @param load Gets the parts. Every call asks, so that they are made when they
 * are first needed.
 */
export function createPresignContextFinder(
  load: () => Parts | Promise<Parts>,
): PresignContextFinder {
  return async <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    { signal }: Pick<CallOptions, "signal"> = {},
  ): Promise<PresignContext> => {
    const parts = await load();
    const { protocol, uuid, clock } = parts;
    const draft = protocol.serialize(operation, input, uuid);
    const endpoint = await locate(parts, draft, operation.name);
    const { origin, path } = address(draft, endpoint, undefined);
    // What it signs is handed on, so no server may say from when it is good.
    const scope = scopeOf(endpoint, clock.now());
    const credentials = await identity(
      parts,
      operation.auth,
      endpoint,
      signal,
    );
    return {
      url: origin + path,
      scope,
      ...credentials && { signer: textSigner(parts, credentials, scope) },
    };
  };
}

function textSigner(
  { signer }: Parts,
  credentials: Credentials,
  scope: SigningScope,
): TextSigner {
  const { accessKeyId, sessionToken, expiration } = credentials;
  return {
    accessKeyId,
    ...sessionToken === undefined ? {} : { sessionToken },
    ...expiration === undefined ? {} : { expiration },
    sign: async (text) => await signer.signText(text, credentials, scope),
  };
}
