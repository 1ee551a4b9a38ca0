/**
 * Credentials of the role of an EC2 instance.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import type { ConfigSection } from "../ports/config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { HeaderMap, Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import type { System } from "../ports/system.ts";
import type { Answer } from "./exchange.ts";
import { failure } from "./failure.ts";
import { type Finding, provider, type TellingProvider } from "./finding.ts";
import { Asker, NotInUse } from "./instance_asker.ts";
import { instanceSettings } from "./instance_settings.ts";
import { metadataKeys, readJson } from "./metadata_keys.ts";

const NAME = "iam-role";
const SWITCH = "AWS_EC2_METADATA_DISABLED";
const TOKEN_PATH = "/latest/api/token";
const ROLE_PATH = "/latest/meta-data/iam/security-credentials/";
/** Life of a session with the service, in seconds: the longest there is. */
const TOKEN_SECONDS = "21600";

/** Credentials that end sooner are used on, as the service is late with new ones. */
const EXTENSION_SECONDS = 900;
/** Bounds of what is added to it, so that a fleet does not ask all at once. */
const JITTER_SECONDS = { least: 120, most: 600 };

/** What {@linkcode instanceProvider} needs. */
export interface InstanceDeps {
  /** Its settings in the environment. */
  readonly system: Pick<System, "env">;
  /** Its settings in the profile. */
  readonly section?: ConfigSection;
  /** Tells when credentials end. */
  readonly clock: Clock;
  /** Source of jitter, in [0, 1). */
  readonly random: () => number;
  /** Is told of failed attempts. */
  readonly logger: Logger;
  /** Sends the questions. */
  readonly transport: Transport;
  /** Longest time to connect, and longest silence. Default: the settings'. */
  readonly timeoutMs?: number;
}

/**
 * Makes the provider of the instance metadata service, version 2; version 1 where
 * the service knows no other and it is not switched off. A service that cannot be
 * reached, or has no role, is not in use.
 *
 * Source: "Use the Instance Metadata Service", Amazon EC2 User Guide; attempts,
 * fallback and the longer life of credentials as in botocore,
 * `InstanceMetadataFetcher`.
 *
 * @param deps Settings, time and transport.
 */
export function instanceProvider(deps: InstanceDeps): TellingProvider {
  return provider(NAME, async (signal): Promise<Finding> => {
    const off = deps.system.env(SWITCH);
    if (off.kind === "found" && off.value.toLowerCase() === "true") {
      return { kind: "absent", why: `${SWITCH} is "true"` };
    }
    const settings = instanceSettings(deps.system, deps.section);
    try {
      const credentials = await retrieve(new Asker(settings, deps, signal));
      return {
        kind: "found",
        credentials: extended(credentials, deps),
        at: settings.endpoint,
        refresh: "asks the instance metadata service again",
      };
    } catch (error) {
      if (error instanceof NotInUse) return error.finding;
      throw error;
    }
  });
}

async function retrieve(asker: Asker): Promise<Credentials> {
  const token = await sessionToken(asker);
  if (!token && !asker.settings.version1) {
    throw failure(
      NAME,
      "MetadataRetrievalError",
      "the instance metadata service gave no token for version 2, and version 1 is " +
        "switched off (AWS_EC2_METADATA_V1_DISABLED, ec2_metadata_v1_disabled)",
    );
  }
  const headers: HeaderMap = token === undefined
    ? {}
    : { "x-aws-ec2-metadata-token": token };
  const get = { method: "GET", headers } as const;

  const role = await asker.ask(
    { ...get, about: "role", path: ROLE_PATH },
    textOf,
  );
  if (role === undefined) throw unreachable(asker);
  const document = await asker.ask(
    { ...get, about: "keys", path: ROLE_PATH + encodeURI(role.trim()) },
    (answer) => readJson(textOf(answer) ?? ""),
  );
  if (document === undefined) throw unreachable(asker);
  const keys = metadataKeys(document, NAME);
  if (typeof keys !== "string") return keys;
  throw notInUse(`the answer for its role has no valid ${keys}`);
}

/** A token for version 2; `undefined` where the service seems to have none. */
async function sessionToken(asker: Asker): Promise<string | undefined> {
  const answer = await asker.ask({
    about: "token",
    method: "PUT",
    path: TOKEN_PATH,
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS },
  }, (answer) => {
    if (answer instanceof TransportError) {
      // Connected and silent: a container more hops away than answers may go.
      return isSilence(answer) ? { token: undefined } : undefined;
    }
    if (answer.status === 200) return { token: answer.text };
    if (answer.status === 400) throw notInUse("it refused the question");
    return [403, 404, 405].includes(answer.status)
      ? { token: undefined }
      : undefined;
  });
  return answer?.token;
}

function isSilence(error: TransportError): boolean {
  return error.kind === "timeout" && "limit" in error && error.limit === "read";
}

/** The body of an answer as it should be. */
function textOf(answer: Answer | TransportError): string | undefined {
  if (answer instanceof TransportError || answer.status !== 200) {
    return undefined;
  }
  return answer.text || undefined;
}

function unreachable({ settings }: Asker): NotInUse {
  return notInUse(
    `the instance metadata service at ${settings.endpoint} has no role, or is not there`,
  );
}

function notInUse(why: string): NotInUse {
  return new NotInUse({ kind: "absent", why });
}

/** Source: botocore, `InstanceMetadataFetcher._evaluate_expiration`. */
function extended(
  credentials: Credentials,
  { clock, random, logger }: InstanceDeps,
): Credentials {
  const { least, most } = JITTER_SECONDS;
  const jitter = least + Math.floor(random() * (most - least + 1));
  const window = 1_000 * (EXTENSION_SECONDS + jitter);
  const now = clock.now().getTime();
  const end = credentials.expiration?.getTime() ?? Infinity;
  if (end - window > now) return credentials;
  logger.info(
    "The instance metadata service is late with new credentials; the present ones are used on",
    { endedAt: credentials.expiration?.toISOString() },
  );
  const whole = Math.floor((now + window) / 1_000) * 1_000;
  return { ...credentials, expiration: new Date(whole) };
}
