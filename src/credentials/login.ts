/**
 * Credentials of `aws login`: its settings, the token that the AWS CLI keeps, and
 * the proof that it belongs to this machine.
 *
 * @module
 */
import { base64, concat, fromBase64, hex, utf8 } from "../foundation/bytes.ts";
import { sha256 } from "../foundation/digest.ts";
import { TransportError } from "../foundation/errors.ts";
import { expandPath } from "../foundation/paths.ts";
import { iso8601 } from "../foundation/timestamps.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { Clock, System } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  type ExplainableProvider,
  failure,
  provider,
  type Resolution,
} from "./chain.ts";
import {
  isObject,
  type JsonObject,
  readObject,
  type SignInEndpoint,
  signInOrigin,
  signInUrl,
  steadyExchange,
  type TextResponse,
} from "./exchange.ts";
import {
  missingTexts,
  notInProfile,
  type ProfileDeps,
  readJsonFile,
  textIn,
  writeJsonFile,
} from "./section.ts";
import { readExpiry } from "./value.ts";

const NAME = "login";
const KEY = "login_session";

/** Credentials that end sooner are replaced. */
const REFRESH_MS = 5 * 60_000;
/** Longest time to connect, and longest silence. */
const TIMEOUT_MS = 10_000;

/** What {@linkcode loginProvider} needs. */
export interface LoginDeps extends ProfileDeps {
  /** Home folder and cache files. */
  readonly system: System;
  /** Tells when credentials end. */
  readonly clock: Clock;
  /** Gets a warning where a new session cannot be written. */
  readonly logger: Logger;
  /** Sends the refresh. */
  readonly transport: Transport;
  /** Region that signs in, where the cached session names none. */
  readonly region?: string;
  /** Endpoint that replaces that of AWS Sign-In. Absent: none. */
  readonly endpoint?: SignInEndpoint;
  /** Makes proofs unique. Default: `crypto.randomUUID`. */
  readonly uuid?: () => string;
  /** Longest time to connect, and longest silence, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
}

/**
 * Makes the provider of profiles with `login_session`: takes the credentials in
 * the AWS CLI's cache, and gets new ones within five minutes of their end.
 *
 * Source: AWS Sign-In API Reference, CreateOAuth2Token; the cache as in botocore,
 * `LoginCredentialFetcher`.
 *
 * @param deps The profile, files, time and transport.
 */
export function loginProvider(deps: LoginDeps): ExplainableProvider {
  /** A renewed session that could not be written, by the one in the file. */
  let unwritten:
    | { readonly replaces: string; readonly token: LoginToken }
    | undefined;
  return provider(NAME, async (signal): Promise<Resolution> => {
    const section = deps.profiles.profiles.get(deps.profile);
    const session = textIn(section, KEY);
    if (session === undefined) return notInProfile(deps, KEY);
    const path = await loginTokenPath(deps.system, session);
    const cached = await readLoginToken(deps.system, path);
    let token = unwritten?.replaces === cached.refreshToken
      ? unwritten.token
      : cached;
    const { expiration } = token.credentials;
    if (expiration.getTime() - deps.clock.now().getTime() <= REFRESH_MS) {
      token = await refresh(deps, token, signal);
      unwritten = await write(deps, path, token)
        ? undefined
        : { replaces: cached.refreshToken, token };
    }
    return {
      kind: "found",
      credentials: token.credentials,
      at: `${KEY} in profile "${deps.profile}"`,
      refresh: "asks AWS Sign-In again with the session of aws login",
    };
  });
}

async function refresh(
  deps: LoginDeps,
  token: LoginToken,
  signal: AbortSignal | undefined,
): Promise<LoginToken> {
  const answer = await ask(deps, token, signal);
  if (answer.status !== 200) throw refused(answer);
  const { accessToken, refreshToken, expiresIn } = readObject(answer.text) ??
    {};
  if (!isObject(accessToken) || typeof expiresIn !== "number") {
    throw failure(
      NAME,
      "LoginTokenLoadError",
      'the answer of AWS Sign-In has no credentials; run "aws login"',
    );
  }
  const nowSeconds = Math.floor(deps.clock.now().getTime() / 1_000);
  const { accountId } = token.credentials;
  return loginToken({
    ...token.fields,
    refreshToken,
    accessToken: {
      accessKeyId: accessToken["accessKeyId"],
      secretAccessKey: accessToken["secretAccessKey"],
      sessionToken: accessToken["sessionToken"],
      ...accountId !== undefined && { accountId },
      expiresAt: iso8601(new Date(1_000 * (nowSeconds + expiresIn))),
    },
  });
}

async function ask(
  deps: LoginDeps,
  { clientId, refreshToken, dpopKey, signInRegion }: LoginToken,
  signal: AbortSignal | undefined,
): Promise<TextResponse> {
  const {
    clock,
    transport,
    endpoint,
    maxCredentialBytes,
    timeoutMs = TIMEOUT_MS,
  } = deps;
  const region = signInRegion ?? deps.region;
  if (region === undefined) {
    throw failure(
      NAME,
      "NoRegionError",
      "the session is to be renewed and no region is known; set AWS_REGION or region in the profile",
    );
  }
  const url = signInUrl(
    endpoint?.("signin"),
    () => signInOrigin(region),
    "/v1/token",
  );
  const id = (deps.uuid ?? (() => crypto.randomUUID()))();
  const dpop = await proof(dpopKey, { url, at: clock.now(), id });
  try {
    return await steadyExchange(transport, {
      method: "POST",
      url,
      headers: { "content-type": "application/json", dpop },
      body: JSON.stringify({
        clientId,
        refreshToken,
        grantType: "refresh_token",
      }),
    }, {
      clock,
      timeoutMs,
      signal,
      ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
    });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    const flag = error.kind === "denied"
      ? `; run with --allow-net=${new URL(url).host}`
      : "";
    throw failure(
      NAME,
      "CredentialRetrievalError",
      `AWS Sign-In cannot be reached (${error.kind})${flag}`,
    );
  }
}

/** What Web Crypto says of a key it refuses may hold parts of it: no cause. */
async function proof(
  pem: string,
  claims: Parameters<typeof dpopProof>[1],
): Promise<string> {
  try {
    return await dpopProof(pem, claims);
  } catch {
    throw failure(
      NAME,
      "LoginTokenLoadError",
      'the key of the session (dpopKey) is none of the curve P-256; run "aws login"',
    );
  }
}

function refused({ status, text }: TextResponse): Error {
  const told = readObject(text)?.["error"];
  switch (told) {
    case "TOKEN_EXPIRED":
    case "USER_CREDENTIALS_CHANGED":
      return failure(
        NAME,
        "LoginRefreshRequired",
        'the session has ended; run "aws login"',
      );
    case "INSUFFICIENT_PERMISSIONS":
      return failure(
        NAME,
        "LoginInsufficientPermissions",
        "the user may not sign in programs; it needs the policy SignInLocalDevelopmentAccess",
      );
    default:
      return failure(
        NAME,
        "LoginError",
        `AWS Sign-In answered ${status}; if that goes on, run "aws login"`,
      );
  }
}

async function write(
  { system, logger }: LoginDeps,
  path: string,
  { fields }: LoginToken,
): Promise<boolean> {
  const failed = await writeJsonFile(system, path, fields);
  if (failed === undefined) return true;
  logger.warn(
    "Cannot write the renewed session of aws login; this program uses it, others will log in again",
    { path, ...failed },
  );
  return false;
}

const FOLDER = "AWS_LOGIN_CACHE_DIRECTORY";
const AGAIN = 'run "aws login"';

/** A cached session. */
interface LoginToken {
  /** All that is in the file. */
  readonly fields: JsonObject;
  /** The credentials in it. */
  readonly credentials: Credentials & { readonly expiration: Date };
  /** Who it was made for. */
  readonly clientId: string;
  /** What a new one is got with. */
  readonly refreshToken: string;
  /** The key that it is bound to, as PEM. */
  readonly dpopKey: string;
  /** Region that it was signed in at, and is renewed at. */
  readonly signInRegion?: string;
}

/** The path of a session's file. */
async function loginTokenPath(
  system: Pick<System, "env">,
  session: string,
): Promise<string> {
  const named = system.env(FOLDER);
  const folder = named.kind === "found" ? named.value : "~/.aws/login/cache";
  const { path, denied } = expandPath(folder, system);
  if (path === undefined) {
    throw unusable(
      denied.length > 0
        ? `the home folder is not known; run with ${denied.join(" ")}`
        : `the home folder is not known; set HOME or ${FOLDER}`,
    );
  }
  return `${path}/${hex(await sha256(utf8(session)))}.json`;
}

/** Reads a session's file. */
async function readLoginToken(
  system: Pick<System, "readText">,
  path: string,
): Promise<LoginToken> {
  const found = await readJsonFile(system, path);
  if (found.kind === "denied") {
    throw unusable(`the session may not be read; run with ${found.flag}`);
  }
  if (found.kind === "absent") {
    throw unusable(`the session does not exist ("${path}"); ${AGAIN}`);
  }
  if (found.kind === "unreadable") {
    throw unusable(`the session in "${path}" is not a JSON object; ${AGAIN}`);
  }
  return loginToken(found.value);
}

/** Reads a session. */
function loginToken(fields: JsonObject): LoginToken {
  const { accessToken } = fields;
  const keys = isObject(accessToken) ? accessToken : {};
  const expiration = readExpiry(keys["expiresAt"]);
  const missing = [
    ...missingTexts(fields, ["refreshToken", "dpopKey", "clientId"]),
    ...missingTexts(keys, ["accessKeyId", "secretAccessKey", "sessionToken"])
      .map((name) => `accessToken.${name}`),
    ...expiration === undefined ? ["accessToken.expiresAt"] : [],
  ];
  if (expiration === undefined || missing.length > 0) {
    throw unusable(`the session lacks ${missing.join(", ")}; ${AGAIN}`);
  }
  const accountId = keys["accountId"];
  const { signInRegion } = fields;
  return {
    fields,
    credentials: {
      accessKeyId: String(keys["accessKeyId"]),
      secretAccessKey: String(keys["secretAccessKey"]),
      sessionToken: String(keys["sessionToken"]),
      expiration,
      ...typeof accountId === "string" && { accountId },
      source: NAME,
    },
    clientId: String(fields["clientId"]),
    refreshToken: String(fields["refreshToken"]),
    dpopKey: String(fields["dpopKey"]),
    ...typeof signInRegion === "string" && signInRegion !== "" &&
      { signInRegion },
  };
}

function unusable(why: string): Error {
  return failure(NAME, "LoginTokenLoadError", why);
}

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** What a proof says. */
interface DpopClaims {
  /** URL of the request; its method is always POST. */
  readonly url: string;
  /** When the proof is made. */
  readonly at: Date;
  /** What makes it unique. */
  readonly id: string;
}

/**
 * Makes a proof: the value of the header field `DPoP`.
 *
 * @param pem The private key as PEM, either `EC PRIVATE KEY` (RFC 5915) or
 * `PRIVATE KEY` (RFC 5958).
 * @param claims What it says.
 * @throws {DOMException | TypeError} If the key is none of the curve P-256.
 */
export async function dpopProof(
  pem: string,
  { url, at, id }: DpopClaims,
): Promise<string> {
  const key = await importKey(pem);
  const { x, y } = await crypto.subtle.exportKey("jwk", key);
  const header = {
    typ: "dpop+jwt",
    alg: "ES256",
    jwk: { kty: "EC", x, y, crv: "P-256" },
  };
  const payload = {
    htm: "POST",
    htu: url,
    iat: Math.floor(at.getTime() / 1_000),
    jti: id,
  };
  const text = `${base64Url(utf8(JSON.stringify(header)))}.${
    base64Url(utf8(JSON.stringify(payload)))
  }`;
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    utf8(text),
  );
  return `${text}.${base64Url(new Uint8Array(signature))}`;
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = fromBase64(pem.replace(/-----[^-]*-----/g, ""));
  const pkcs8 = /BEGIN EC PRIVATE KEY/.test(pem) ? wrapped(der) : der;
  return await crypto.subtle.importKey("pkcs8", pkcs8, P256, true, ["sign"]);
}

/**
 * The older form of a key inside the newer one, which Web Crypto takes: version 0,
 * the algorithm "EC key, P-256", and the old form as an octet string.
 */
function wrapped(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const version = [0x02, 0x01, 0x00];
  // OID 1.2.840.10045.2.1 and OID 1.2.840.10045.3.1.7 (RFC 5480, section 2.1.1).
  const algorithm = [
    ...[0x30, 0x13],
    ...[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
    ...[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
  ];
  const head = Uint8Array.from([...version, ...algorithm]);
  return tagged(0x30, concat([head, tagged(0x04, der)]));
}

/** Tag, length and content (X.690, sections 8.1.2 and 8.1.3). */
function tagged(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return concat([Uint8Array.from([tag, ...size]), content]);
}

/** Source: RFC 7515, section 2. */
function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}
