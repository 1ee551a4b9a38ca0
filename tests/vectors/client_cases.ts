/**
 * Whole clients, set up as the recorded cases of botocore have them.
 *
 * @module
 */
import { base64, fromBase64, utf8 } from "../../src/foundation/bytes.ts";
import type { ClientCore } from "../../src/ports/caller.ts";
import type { CredentialsInput } from "../../src/ports/config.ts";
import type { HttpRequest, Transport } from "../../src/ports/http.ts";
import { S3, type S3Config } from "../../src/services/s3/mod.ts";
import { STS, type STSConfig } from "../../src/services/sts/mod.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";

/** A client's settings, in boto's words. */
export type BotoConfig = Readonly<Record<string, unknown>>;

/** What a case says about its client. */
export interface ClientCase {
  readonly service?: "s3" | "sts";
  readonly region: string | null;
  readonly config?: BotoConfig;
  readonly "endpoint_url"?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly profile?: string;
  readonly credentials?: "none" | "token";
}

/** What all cases of a file share. */
export interface CaseMeta {
  readonly now: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionTokenWhenToken: string;
  };
}

/** Calls an operation by its name in the API. */
export type CallByName = (
  operation: string,
  params: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>>>;

/**
 * botocore's error where it would need its C runtime for Signature Version 4A,
 * which we have: what is asserted then is that we sign so.
 */
export const LACKS_SIGV4A = "MissingDependencyException";

/** The algorithm of Signature Version 4A. */
export const ECDSA = "AWS4-ECDSA-P256-SHA256";

const HOME = "/home/case";

/** Deployed defaults of the recordings, for cases that say no more. */
export const USUAL_META: CaseMeta = {
  now: "2024-02-29T12:34:56Z",
  credentials: {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    sessionTokenWhenToken: "SESSIONTOKEN/+==",
  },
};

/** The session of a case: botocore's settings, nothing of this machine. */
export function sessionOf(
  vector: ClientCase,
  meta: CaseMeta,
  transport: Transport,
  options: SessionOptions = {},
): Session {
  const { profile, region } = vector;
  const env = { HOME, AWS_EC2_METADATA_DISABLED: "true", ...vector.env };
  const credentials = credentialsOf(vector, meta);
  return new Session({
    transport,
    clock: new FixedClock(meta.now),
    uuid: () => "00000000-0000-4000-8000-000000000000",
    random: () => 0.5,
    retry: "legacy",
    ...region !== null && { region },
    ...credentials !== undefined && { credentials },
    system: new FakeSystem({
      env,
      ...profile !== undefined && {
        files: { [`${HOME}/.aws/config`]: profile },
      },
    }),
    ...options,
  });
}

/** A client of a case, its methods called by the API's names. */
export function callerOf(session: Session, vector: ClientCase): CallByName {
  const client = vector.service === "sts"
    ? session.client(STS, stsConfig(vector))
    : s3Of(session, vector);
  return (operation, params) => {
    const name = operation.charAt(0).toLowerCase() + operation.slice(1);
    const method = Reflect.get(client, name);
    if (typeof method !== "function") throw new Error(`no method ${name}`);
    return method.call(client, valueOf(params));
  };
}

/** The core of a case's client. */
export function coreOf(session: Session, vector: ClientCase): ClientCore {
  return vector.service === "sts"
    ? session.client(STS, stsConfig(vector)).core
    : s3Of(session, vector).core;
}

/** The S3 client of a case. */
export function s3Of(session: Session, vector: ClientCase): S3 {
  return session.client(S3, s3Config(vector));
}

function credentialsOf(
  { config, credentials }: ClientCase,
  { credentials: keys }: CaseMeta,
): CredentialsInput | undefined {
  if (config?.["signature_version"] === "UNSIGNED") return "anonymous";
  if (credentials === "none") return undefined;
  const { accessKeyId, secretAccessKey } = keys;
  return credentials === "token"
    ? { accessKeyId, secretAccessKey, sessionToken: keys.sessionTokenWhenToken }
    : { accessKeyId, secretAccessKey };
}

/** Ours by boto's name of each option; the later ones win. */
const OPTIONS: readonly (readonly [boto: string, ours: keyof S3Config])[] = [
  ["use_fips_endpoint", "useFipsEndpoint"],
  ["use_dualstack_endpoint", "useDualstackEndpoint"],
  ["request_checksum_calculation", "requestChecksum"],
  ["response_checksum_validation", "responseChecksum"],
  ["s3.addressing_style", "addressingStyle"],
  ["s3.payload_signing_enabled", "payloadSigning"],
  ["s3.use_accelerate_endpoint", "useAccelerateEndpoint"],
  ["s3.use_arn_region", "useArnRegion"],
  ["s3.use_dualstack_endpoint", "useDualstackEndpoint"],
];

function s3Config(vector: ClientCase): S3Config {
  const { config = {} } = vector;
  const endpointUrl = vector["endpoint_url"];
  const regional = read(config, "s3.us_east_1_regional_endpoint");
  const mode = read(config, "retries.mode");
  const maxAttempts = read(config, "retries.total_max_attempts");
  // The names are those of the options, the values boto's, which are the same.
  return {
    requestChecksum: "when_supported",
    responseChecksum: "when_supported",
    ...Object.fromEntries(
      OPTIONS.flatMap(([boto, ours]) => {
        const value = read(config, boto);
        return value === undefined ? [] : [[ours, value]];
      }),
    ),
    usEast1Endpoint: regional === "regional" ? "regional" : "global",
    ...endpointUrl === undefined ? {} : { endpointUrl },
    ...mode === undefined && maxAttempts === undefined ? {} : {
      retry: {
        ...mode === "standard" || mode === "legacy" ? { mode } : {},
        ...typeof maxAttempts === "number" ? { maxAttempts } : {},
      },
    },
  };
}

function read(config: BotoConfig, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, name) =>
      typeof value === "object" && value !== null
        ? Reflect.get(value, name)
        : undefined,
    config,
  );
}

function stsConfig(vector: ClientCase): STSConfig {
  const { config = {} } = vector;
  const endpointUrl = vector["endpoint_url"];
  const fips = config["use_fips_endpoint"];
  const dualstack = config["use_dualstack_endpoint"];
  return {
    ...typeof fips === "boolean" && { useFipsEndpoint: fips },
    ...typeof dualstack === "boolean" && { useDualstackEndpoint: dualstack },
    ...endpointUrl !== undefined && { endpointUrl },
  };
}

/** `{"$blob"}`, `{"$stream"}`, `{"$bytes"}`, `{"$body"}` and `{"$time"}` → values. */
export function valueOf(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(valueOf);
  if (typeof json !== "object" || json === null) return json;
  if ("$blob" in json) return utf8(String(json.$blob));
  if ("$bytes" in json) return fromBase64(String(json.$bytes));
  if ("$stream" in json) {
    return ReadableStream.from([utf8(String(json.$stream))]);
  }
  if ("$body" in json) return String(json.$body);
  if ("$time" in json) return new Date(String(json.$time));
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, valueOf(value)]),
  );
}

/** The URL of a request, as text. */
export function urlOf({ origin, path, query }: HttpRequest): string {
  const params = query.map(([name, value]) =>
    value === undefined ? encode(name) : `${encode(name)}=${encode(value)}`
  );
  return `${origin}${path}${params.length ? `?${params.join("&")}` : ""}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The body of a request, in base64. */
export async function bodyOf({ body }: HttpRequest): Promise<string> {
  if (body === undefined) return "";
  return base64(
    body instanceof Uint8Array ? body : await new Response(body.open()).bytes(),
  );
}
