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
import {
  type ExplainableProvider,
  provider,
  type Resolution,
} from "./resolution.ts";
import {
  Asker,
  type MetadataMemory,
  NotInUse,
  type Outcome,
} from "./instance_asker.ts";
import {
  type InstanceSettings,
  instanceSettings,
  isDisabled,
} from "./instance_settings.ts";
import { isObject, metadataKeys, readJson } from "./metadata_keys.ts";
import { plainWords } from "./plain_words.ts";

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
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Where services were asked before. Absent: nothing is remembered. */
  readonly memory?: MetadataMemory;
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
export function instanceProvider(deps: InstanceDeps): ExplainableProvider {
  return provider(NAME, async (signal): Promise<Resolution> => {
    if (isDisabled(deps.system)) {
      return { kind: "absent", why: `${SWITCH} is "true"` };
    }
    const settings = instanceSettings(deps.system, deps.section);
    if (deps.memory?.isSilent(settings)) {
      return {
        kind: "absent",
        why: `${serviceAt(settings)} did not answer when this process ` +
          "asked it before; this is no EC2 instance, or start the program again",
      };
    }
    const asker = new Asker(settings, deps, signal);
    try {
      const credentials = await retrieve(asker);
      return {
        kind: "found",
        credentials: extended(credentials, deps),
        at: settings.endpoint,
        refresh: "asks the instance metadata service again",
      };
    } catch (error) {
      if (!(error instanceof NotInUse)) throw error;
      if (asker.onlySilence && error.finding.kind === "absent") {
        deps.memory?.noteSilence(settings);
      }
      return error.finding;
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
    (answer) => roleIn(answer, asker),
  );
  if (role.kind === "failure") throw notInUse(asker, role.why);
  const document = await asker.ask(
    { ...get, about: "keys", path: ROLE_PATH + encodeURI(role.value) },
    (answer) => documentIn(answer, asker),
  );
  if (document.kind === "failure") throw notInUse(asker, document.why);
  const keys = metadataKeys(document.value, NAME);
  if (typeof keys !== "string") return keys;
  throw notInUse(asker, withoutKeys(document.value, keys));
}

/** A token for version 2; `undefined` where the service seems to have none. */
async function sessionToken(asker: Asker): Promise<string | undefined> {
  const outcome = await asker.ask<string | undefined>({
    about: "token",
    method: "PUT",
    path: TOKEN_PATH,
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS },
  }, (answer) => {
    if (answer instanceof TransportError) {
      // Connected and silent: a container more hops away than answers may go.
      return isSilence(answer)
        ? { kind: "result", value: undefined }
        : failed(unanswered(answer, asker));
    }
    const { status, text } = answer;
    if (status === 200) {
      if (isTokenText(text)) return { kind: "result", value: text };
      throw notInUse(asker, `its token is none: ${contentOf(text)}`);
    }
    if (status === 400) throw notInUse(asker, "it refused the question");
    return [403, 404, 405].includes(status)
      ? { kind: "result", value: undefined }
      : failed(`it answered with status ${status}`);
  });
  return outcome.kind === "result" ? outcome.value : undefined;
}

function isSilence(error: TransportError): boolean {
  return error.kind === "timeout" && "limit" in error && error.limit === "read";
}

/** What can be sent in a header field; an empty token is none. */
function isTokenText(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text) && !text.startsWith("<");
}

function roleIn(
  answer: Answer | TransportError,
  asker: Asker,
): Outcome<string> {
  const text = textIn(answer, asker, "it has no role for this instance");
  if (text.kind === "failure") return text;
  const role = text.value.trim();
  return role === "" || role.startsWith("<")
    ? failed(`its answer is no name of a role: ${contentOf(role)}`)
    : { kind: "result", value: role };
}

function documentIn(
  answer: Answer | TransportError,
  asker: Asker,
): Outcome<unknown> {
  const text = textIn(answer, asker, "it does not know its own role");
  if (text.kind === "failure") return text;
  const value = readJson(text.value);
  return value === undefined
    ? failed(`its answer is not JSON: ${contentOf(text.value)}`)
    : { kind: "result", value };
}

/** The body of an answer as it should be. */
function textIn(
  answer: Answer | TransportError,
  asker: Asker,
  missing: string,
): Outcome<string> {
  if (answer instanceof TransportError) {
    return failed(unanswered(answer, asker));
  }
  const { status, text } = answer;
  if (status === 404) return failed(`${missing} (status 404)`);
  if (status !== 200) return failed(`it answered with status ${status}`);
  return text === ""
    ? failed("its answer is empty")
    : { kind: "result", value: text };
}

/** Why there was no answer, and where waiting longer helps. */
function unanswered(
  error: TransportError,
  asker: Asker,
): string | undefined {
  if (error.kind === "cut") return "its answer was cut short";
  if (error.kind !== "timeout") return undefined;
  const ms = asker.timeoutMs;
  return "limit" in error && error.limit === "connect"
    ? `no connection within ${ms} ms, as outside of EC2`
    : `it was silent for ${ms} ms; AWS_METADATA_SERVICE_TIMEOUT (seconds) gives it longer`;
}

/** What a text seems to be. The text itself may hold a secret. */
function contentOf(text: string): string {
  const start = text.trimStart();
  if (start === "") return "it is empty";
  if (start.startsWith("<")) {
    return "it is HTML or XML, as of a proxy or a login page at this address";
  }
  return start.startsWith("{") ? "it ends in the middle" : "it is other text";
}

/** Why a document has no keys: most often it says so itself. */
function withoutKeys(document: unknown, missing: string): string {
  const { Code, Message } = isObject(document) ? document : {};
  if (typeof Code !== "string" || Code === "Success") {
    return `its answer has no valid ${missing}`;
  }
  const code = /^[A-Za-z]{1,64}$/.test(Code) ? Code : plainWords(Code);
  const said = typeof Message === "string" ? plainWords(Message) : "";
  return `its answer says Code: ${code}${said === "" ? "" : ` (${said})`}`;
}

function failed(why: string | undefined): Outcome<never> {
  return { kind: "failure", ...why !== undefined && { why } };
}

function serviceAt({ endpoint }: InstanceSettings): string {
  return `the instance metadata service at ${endpoint}`;
}

function notInUse({ settings }: Asker, why: string | undefined): NotInUse {
  const told = why === undefined
    ? `${serviceAt(settings)} has no role, or is not there`
    : `${serviceAt(settings)} has no credentials: ${why}`;
  return new NotInUse({ kind: "absent", why: told });
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
