/**
 * Credentials that are set in code.
 *
 * @module
 */
import {
  CredentialsError,
  PartialCredentialsError,
} from "../foundation/errors.ts";
import type { ApiCredentials, CredentialsInput } from "../ports/config.ts";
import type {
  CredentialProvider,
  Credentials,
  CredentialSource,
} from "../ports/credentials.ts";
import type { RefreshDeps } from "./refreshing.ts";
import { credentialsValue } from "./value.ts";

/** How errors and `Credentials.source` call them. */
const SOURCE = "code";

/**
 * Checks what is given as `credentials`, without asking or sending anything.
 *
 * @param input What is given.
 * @throws {PartialCredentialsError} If a part of the keys is missing.
 * @throws {CredentialsError} If it is none of the forms that are allowed.
 */
export function checkExplicit(input: CredentialsInput | undefined): void {
  if (input === undefined || input === "anonymous") return;
  if (typeof input === "function" || isProvider(input)) return;
  fromKeys(input);
}

/**
 * Makes the source of what is given as `credentials`.
 *
 * @param input What is given.
 * @param deps What refreshing needs; used for providers and functions.
 * @returns The source, or `undefined` where requests are not to be signed.
 * @throws {CredentialsError} As {@linkcode checkExplicit}.
 */
export async function explicitCredentials(
  input: CredentialsInput,
  deps: RefreshDeps,
): Promise<CredentialSource | undefined> {
  if (input === "anonymous") return undefined;
  if (typeof input === "function" || isProvider(input)) {
    const { RefreshingCredentials } = await import("./refreshing.ts");
    const provider = typeof input === "function" ? providerOf(input) : input;
    return new RefreshingCredentials(provider, deps);
  }
  const credentials = fromKeys(input);
  return {
    get: () => Promise.resolve(credentials),
    invalidate: () => {},
  };
}

function providerOf(
  load: (signal?: AbortSignal) => Promise<ApiCredentials | Credentials>,
): CredentialProvider {
  return {
    name: SOURCE,
    load: async (signal) => fromKeys(await load(signal)),
  };
}

/** Callers without a compiler may hand over anything. */
function isProvider(input: unknown): input is CredentialProvider {
  return typeof input === "object" && input !== null &&
    "load" in input && typeof input.load === "function";
}

/** Reads keys in our spelling or the API's. */
function fromKeys(input: unknown): Credentials {
  if (typeof input !== "object" || input === null) {
    throw invalid(`found ${input === null ? "null" : typeof input}`);
  }
  const names = "AccessKeyId" in input ? API_NAMES : OUR_NAMES;
  const accessKeyId = valueIn(input, names.accessKeyId);
  const secretAccessKey = valueIn(input, names.secretAccessKey);
  const sessionToken = valueIn(input, names.sessionToken);
  if (accessKeyId === undefined && secretAccessKey === undefined) {
    throw invalid(`found neither ${names.accessKeyId} nor the secret`);
  }
  if (accessKeyId === undefined) throw missing(names.accessKeyId);
  if (secretAccessKey === undefined) {
    throw missing(
      names.secretAccessKey,
      "; a copy made with { ...credentials } has no secret, hand on the object itself",
    );
  }
  // Keys with this prefix are temporary and are refused without their token.
  if (accessKeyId.startsWith("ASIA") && sessionToken === undefined) {
    throw missing(
      names.sessionToken,
      ', which belongs to every key id that starts with "ASIA"',
    );
  }
  const expiration = valueIn(input, names.expiration, "Date");
  const accountId = valueIn(input, names.accountId);
  const source = valueIn(input, names.source);
  return credentialsValue({
    accessKeyId,
    secretAccessKey,
    ...sessionToken === undefined ? {} : { sessionToken },
    ...expiration === undefined ? {} : { expiration },
    ...accountId === undefined ? {} : { accountId },
    ...source === undefined ? {} : { source },
  }, SOURCE);
}

const OUR_NAMES = {
  accessKeyId: "accessKeyId",
  secretAccessKey: "secretAccessKey",
  sessionToken: "sessionToken",
  expiration: "expiration",
  accountId: "accountId",
  source: "source",
} as const;

const API_NAMES = {
  accessKeyId: "AccessKeyId",
  secretAccessKey: "SecretAccessKey",
  sessionToken: "SessionToken",
  expiration: "Expiration",
  accountId: "AccountId",
  source: "source",
} as const;

/** A text, where an empty one counts as none, or a time. */
function valueIn(input: object, name: string): string | undefined;
function valueIn(input: object, name: string, kind: "Date"): Date | undefined;
function valueIn(
  input: object,
  name: string,
  kind?: "Date",
): Date | string | undefined {
  const value: unknown = Reflect.get(input, name);
  if (value === undefined || value === null) return undefined;
  if (kind === undefined) {
    if (typeof value === "string") return value === "" ? undefined : value;
    throw invalid(`${name} must be a string, found ${typeof value}`);
  }
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  throw invalid(`${name} must be a valid Date, found ${typeof value}`);
}

function missing(name: string, more = ""): PartialCredentialsError {
  return new PartialCredentialsError(
    SOURCE,
    `set ${name} in the option credentials${more}`,
  );
}

function invalid(found: string): CredentialsError {
  return new CredentialsError(
    "InvalidCredentials",
    `Cannot use the option credentials: ${found}; allowed are keys ` +
      "({ accessKeyId, secretAccessKey, sessionToken? }), the Credentials of an " +
      'answer of STS, a provider, an async function, and "anonymous"',
    { tried: [{ name: SOURCE, verdict: "broken: not credentials" }] },
  );
}
