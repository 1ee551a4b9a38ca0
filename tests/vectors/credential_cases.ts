/**
 * Runs the cases of `credential-chain.json`: a scratch home with real files and
 * programs, recorded answers over HTTP, and STS reached through them.
 *
 * @module
 */
import { encodeParam, text } from "../../src/foundation/bytes.ts";
import {
  AwsError,
  NoCredentialsError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { Credentials } from "../../src/ports/credentials.ts";
import type { HttpRequest, Transport } from "../../src/ports/http.ts";
import type { Found } from "../../src/ports/system.ts";
import { Session } from "../../src/session/session.ts";
import { DenoSystem } from "../../src/system/platform.ts";
import { FixedClock } from "../../src/testing/mod.ts";

/** An answer that is given in a case. */
interface CaseAnswer {
  readonly match: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly exception?: string;
}

/** A request that a case expects. */
export interface CaseRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Stands beside the headers in some cases. */
  readonly authorization?: string;
  readonly signedBy?: string;
  readonly signingRegion?: string;
  readonly token?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** Credentials as the cases write them. */
export interface CaseKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly accountId?: string;
}

/** What a case expects. */
export interface CaseExpectation {
  readonly method?: string;
  readonly credentials?: CaseKeys | null;
  readonly expiration?: string;
  readonly error?: string;
  readonly message?: string;
  readonly requests?: readonly CaseRequest[];
}

/** A case of the file. */
export interface CredentialCase {
  readonly name: string;
  readonly theme: string;
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly sessionProfile?: string;
  readonly mfaCode?: string;
  readonly http: readonly CaseAnswer[];
  readonly expect: CaseExpectation;
}

/** What became of a case. */
export interface CaseOutcome {
  readonly method?: string;
  readonly credentials?: CaseKeys | null;
  readonly expiration?: string;
  readonly error?: string;
  readonly requests: readonly CaseRequest[];
}

const NOW = "2024-02-29T12:00:00Z";

/** Makes the jitter of the instance metadata service 300 seconds. */
const JITTER_300 = 180.5 / 481;

/** Python's accidents, and what we call them. */
const ACCIDENTS = [
  "AttributeError",
  "FileNotFoundError",
  "IndexError",
  "JSONDecodeError",
  "KeyError",
  "ParserError",
  "TypeError",
  "ValueError",
];

/**
 * Runs a case.
 *
 * @param vector The case.
 * @returns What became of it.
 */
export async function runCase(vector: CredentialCase): Promise<CaseOutcome> {
  const home = await Deno.makeTempDir();
  try {
    for (const [path, content] of Object.entries(vector.files)) {
      const full = `${home}/${path}`;
      await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), {
        recursive: true,
      });
      await Deno.writeTextFile(full, content.replaceAll("{HOME}", home));
    }
    return await resolveIn(home, vector);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function resolveIn(
  home: string,
  vector: CredentialCase,
): Promise<CaseOutcome> {
  const requests: CaseRequest[] = [];
  try {
    const credentials = await resolveCredentials(home, vector, requests);
    const { expiration, source } = credentials;
    return {
      ...source === undefined ? {} : { method: source },
      credentials: keysOf(credentials),
      ...expiration && {
        expiration: expiration.toISOString().replace(/\.\d+Z$/, "Z"),
      },
      requests,
    };
  } catch (error) {
    if (error instanceof NoCredentialsError) {
      return { credentials: null, requests };
    }
    return { error: errorName(error), requests };
  }
}

async function resolveCredentials(
  home: string,
  { env, http, sessionProfile, mfaCode }: CredentialCase,
  requests: CaseRequest[],
): Promise<Credentials> {
  using session = new Session({
    system: new ScratchSystem(home, env),
    clock: new FixedClock(NOW),
    random: () => JITTER_300,
    retry: "legacy",
    transport: answering(http, requests),
    ...sessionProfile !== undefined && { profile: sessionProfile },
    ...mfaCode !== undefined && { mfaCode: () => Promise.resolve(mfaCode) },
  });
  return await session.credentials();
}

/** The machine with the scratch home and the variables of a case. */
class ScratchSystem extends DenoSystem {
  readonly #env: ReadonlyMap<string, string>;

  constructor(home: string, given: CredentialCase["env"]) {
    super();
    this.#env = new Map([
      ["HOME", home],
      ["AWS_EC2_METADATA_DISABLED", "true"],
      ...Object.entries(given).map(([name, value]): [string, string] => [
        name,
        value.replaceAll("{HOME}", home),
      ]),
    ]);
  }

  override env(name: string): Found<string> {
    const value = this.#env.get(name);
    return value === undefined ? { kind: "absent" } : { kind: "found", value };
  }
}

/** Gives the answers of a case in order, each to a request that it fits. */
function answering(
  answers: readonly CaseAnswer[],
  requests: CaseRequest[],
): Transport {
  let next = 0;
  return {
    send: (request) => {
      const url = urlOf(request);
      const body = request.body instanceof Uint8Array ? text(request.body) : "";
      const answer = answers[next++];
      if (answer === undefined) {
        throw new Error(`${request.method} ${url} is one request too many`);
      }
      if (!url.includes(answer.match) && !body.includes(answer.match)) {
        throw new Error(
          `${request.method} ${url} does not fit ${answer.match}`,
        );
      }
      requests.push(plain(request));
      const fault = answer.exception && faultOf(answer.exception);
      if (fault) return Promise.reject(fault);
      const { status = 200, headers = {}, body: content = "" } = answer;
      return Promise.resolve({
        status,
        headers,
        body: {
          open: () => new Blob([content]).stream(),
          bytes: () => new Blob([content]).bytes(),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}

/** An exception that is none of the transport's own; it has its name. */
class UnknownFault extends Error {
  override readonly name: string;

  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

/** The failures that botocore's names stand for. */
function faultOf(exception: string): Error {
  if (!/Timeout|Connection|SSLError|HTTPClientError/.test(exception)) {
    return new UnknownFault(exception);
  }
  const kind = /Timeout/.test(exception)
    ? "timeout"
    : /Closed/.test(exception)
    ? "closed"
    : "refused";
  const error = new TransportError(kind, exception, { maybeSent: false });
  return kind === "timeout"
    ? Object.assign(error, {
      limit: /Read/.test(exception) ? "read" : "connect",
    })
    : error;
}

/** The header fields that cases tell, beside the signature. */
const TOLD = new Set([
  "accept",
  "authorization",
  "x-amz-sso_bearer_token",
  "x-aws-ec2-metadata-token",
  "x-aws-ec2-metadata-token-ttl-seconds",
]);

function plain(request: HttpRequest): CaseRequest {
  const { method, headers, body } = request;
  const content = body instanceof Uint8Array ? text(body) : "";
  const { authorization = "" } = headers;
  const [, signedBy, signingRegion] =
    /^AWS4-HMAC-SHA256 Credential=([^/]*)\/\d+\/([^/]*)/.exec(authorization) ??
      [];
  const token = headers["x-amz-security-token"];
  return {
    method,
    url: urlOf(request),
    headers: Object.fromEntries(
      Object.entries(headers).filter(([name, value]) =>
        TOLD.has(name) && !value.startsWith("AWS4-")
      ),
    ),
    ...signedBy !== undefined && { signedBy },
    ...signingRegion !== undefined && { signingRegion },
    ...token !== undefined && { token },
    ...bodyOf(content),
  };
}

function bodyOf(content: string): Pick<CaseRequest, "form" | "json"> {
  if (content === "") return {};
  return content.startsWith("{")
    ? { json: JSON.parse(content) }
    : { form: Object.fromEntries(new URLSearchParams(content)) };
}

function urlOf({ origin, path, query }: HttpRequest): string {
  const search = query.map(encodeParam).join("&");
  return origin + path + (search === "" ? "" : `?${search}`);
}

function keysOf(credentials: Credentials): CaseKeys {
  const { accessKeyId, secretAccessKey, sessionToken, accountId } = credentials;
  return {
    accessKeyId,
    secretAccessKey,
    ...sessionToken !== undefined && { sessionToken },
    ...accountId !== undefined && { accountId },
  };
}

/** Our code of an error, or its name where it has none. */
function errorName(error: unknown): string {
  if (error instanceof UnknownFault) return error.name;
  if (!(error instanceof AwsError)) return `${error}`;
  return "code" in error ? String(error.code) : error.name;
}

/** Whether an error that a case expects is an accident of Python. */
export function isAccident(error: string): boolean {
  return ACCIDENTS.includes(error);
}
