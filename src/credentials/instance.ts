/**
 * Credentials of an EC2 instance: its settings, how the metadata service is asked,
 * and what it answers.
 *
 * @module
 */
import { ConfigError, TransportError } from "../foundation/errors.ts";
import { readBoolean, readInteger } from "../foundation/options.ts";
import { redactAddress } from "../foundation/redact.ts";
import type { ConfigSection, Setting } from "../ports/config.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { HeaderMap, Transport } from "../ports/http.ts";
import type { Clock, System } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  type ExplainableProvider,
  failure,
  plainWords,
  provider,
  type Resolution,
} from "./chain.ts";
import {
  exchange,
  isObject,
  metadataKeys,
  type Question,
  readJson,
  type TextResponse,
} from "./exchange.ts";
import { textIn } from "./section.ts";

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
  /** Gets a message for each failed attempt. */
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
      if (asker.onlySilence && error.resolution.kind === "absent") {
        deps.memory?.noteSilence(settings);
      }
      return error.resolution;
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
  answer: TextResponse | TransportError,
  asker: Asker,
): Outcome<string> {
  const text = answerText(answer, asker, "it has no role for this instance");
  if (text.kind === "failure") return text;
  const role = text.value.trim();
  return role === "" || role.startsWith("<")
    ? failed(`its answer is no name of a role: ${contentOf(role)}`)
    : { kind: "result", value: role };
}

function documentIn(
  answer: TextResponse | TransportError,
  asker: Asker,
): Outcome<unknown> {
  const text = answerText(answer, asker, "it does not know its own role");
  if (text.kind === "failure") return text;
  const value = readJson(text.value);
  return value === undefined
    ? failed(`its answer is not JSON: ${contentOf(text.value)}`)
    : { kind: "result", value };
}

/** The body of an answer as it should be. */
function answerText(
  answer: TextResponse | TransportError,
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

/** Ends the questions where the service is not in use. The provider catches it. */
class NotInUse extends Error {
  readonly resolution: Resolution;

  constructor(resolution: Resolution) {
    super();
    this.resolution = resolution;
  }
}

/** What {@linkcode Asker} needs. */
interface AskerDeps {
  /** Gets a message for each failed attempt. */
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
 * Addresses where a metadata service was asked, for the life of the process. Where
 * every question was met with silence there is none: a program outside of EC2
 * would wait for it anew in each search.
 */
export class MetadataMemory {
  readonly #silent = new Set<string>();
  readonly #answered = new Set<string>();

  /** Whether all was silent there, and nothing ever answered. */
  isSilent(settings: InstanceSettings): boolean {
    return this.#silent.has(keyOf(settings));
  }

  /** Notes that something answered, whatever it said. */
  noteAnswer(settings: InstanceSettings): void {
    this.#answered.add(settings.endpoint);
  }

  /** Notes that no question was answered in time. */
  noteSilence(settings: InstanceSettings): void {
    if (this.#answered.has(settings.endpoint)) return;
    this.#silent.add(keyOf(settings));
  }
}

/** Who waits longer may hear more. */
function keyOf({ endpoint, timeoutMs, attempts }: InstanceSettings): string {
  return `${endpoint} ${timeoutMs} ${attempts}`;
}

/** What a question led to: a result, or why there is none, in words. */
type Outcome<T> =
  | { readonly kind: "result"; readonly value: T }
  | {
    readonly kind: "failure";
    /** Why, in words. Absent: nothing is there that could say. */
    readonly why?: string;
  };

/** Asks the service, as often as the settings say. */
class Asker {
  readonly settings: InstanceSettings;
  readonly #deps: AskerDeps;
  readonly #signal: AbortSignal | undefined;
  #onlySilence = true;

  constructor(
    settings: InstanceSettings,
    deps: AskerDeps,
    signal: AbortSignal | undefined,
  ) {
    this.#deps = deps;
    this.settings = settings;
    this.#signal = signal;
  }

  /** Whether no question was answered so far, and each cost its whole time. */
  get onlySilence(): boolean {
    return this.#onlySilence;
  }

  /** Longest time that one question waits, in milliseconds. */
  get timeoutMs(): number {
    return this.#deps.timeoutMs ?? this.settings.timeoutMs;
  }

  /**
   * Asks until there is a result.
   *
   * @param question What it is about, method, path and header fields.
   * @param read Makes the result of an answer, or of a failed exchange, or tells
   * why there is none and it is asked again.
   */
  async ask<T>(
    { about, method, path, headers }: {
      readonly about: "keys" | "role" | "token";
      readonly method: "GET" | "PUT";
      readonly path: string;
      readonly headers: HeaderMap;
    },
    read: (answer: TextResponse | TransportError) => Outcome<T>,
  ): Promise<Outcome<T>> {
    const { endpoint, attempts } = this.settings;
    let outcome: Outcome<T> = {
      kind: "failure",
      why: "it was not asked: AWS_METADATA_SERVICE_NUM_ATTEMPTS is 0",
    };
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const answer = await this.#once({
        method,
        url: endpoint + path,
        headers,
      });
      this.#note(answer);
      outcome = read(answer);
      if (outcome.kind === "result") return outcome;
      this.#deps.logger.debug("The instance metadata service failed", {
        attempt,
        about,
        result: answer instanceof TransportError ? answer.kind : answer.status,
      });
    }
    return outcome;
  }

  #note(answer: TextResponse | TransportError): void {
    if (answer instanceof TransportError && answer.kind === "timeout") return;
    this.#onlySilence = false;
    if (answer instanceof TransportError) return;
    this.#deps.memory?.noteAnswer(this.settings);
  }

  async #once(
    question: Question,
  ): Promise<TextResponse | TransportError> {
    const { maxCredentialBytes } = this.#deps;
    try {
      return await exchange(this.#deps.transport, question, {
        timeoutMs: this.timeoutMs,
        // Nobody asked for this service: it is looked for.
        mayPrompt: false,
        signal: this.#signal,
        ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.kind !== "denied") return error;
      const host = new URL(this.settings.endpoint).host;
      throw new NotInUse({ kind: "denied", flags: [`--allow-net=${host}`] });
    }
  }
}

/** Where and how the metadata service is asked. */
export interface InstanceSettings {
  /** The service's address, without a slash at its end. */
  readonly endpoint: string;
  /** Which address counts where none is set. */
  readonly mode: "ipv4" | "ipv6";
  /** Longest time to connect, and longest silence, in milliseconds. */
  readonly timeoutMs: number;
  /** How often each question is asked at most. */
  readonly attempts: number;
  /** Whether it may be asked without a token, as version 1 is. */
  readonly version1: boolean;
}

const IPV4 = "http://169.254.169.254";
const IPV6 = "http://[fd00:ec2::254]";

/** A setting that has a value wherever it is not set. */
type Row<T> = Setting<T> & {
  readonly fallback: T;
  readonly read: (text: string) => T | undefined;
  readonly env: readonly [string];
};

const DISABLED = yesOrNo("disabled", "AWS_EC2_METADATA_DISABLED");
const V1_DISABLED = yesOrNo(
  "v1Disabled",
  "AWS_EC2_METADATA_V1_DISABLED",
  "ec2_metadata_v1_disabled",
);
const USE_IPV6 = yesOrNo("useIpv6", "AWS_IMDS_USE_IPV6", "imds_use_ipv6");

const ENDPOINT: Row<string> = {
  ...fromText("endpoint", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
  profile: ["ec2_metadata_service_endpoint"],
  // An empty one is none.
  read: (text) => text === "" || isEndpoint(text) ? text : undefined,
  allowed: `a URL such as "${IPV4}"`,
  fallback: "",
  code: "InvalidIMDSEndpointError",
};

const MODE: Row<string> = {
  ...fromText("endpointMode", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
  profile: ["ec2_metadata_service_endpoint_mode"],
  read: (text) => /^ipv[46]$/i.test(text) ? text.toLowerCase() : undefined,
  allowed: '"ipv4" or "ipv6"',
  fallback: "",
  code: "InvalidIMDSEndpointModeError",
};

const TIMEOUT: Row<number> = {
  ...fromText("timeoutSeconds", "AWS_METADATA_SERVICE_TIMEOUT"),
  profile: ["metadata_service_timeout"],
  ...atLeast(1),
};

const ATTEMPTS: Row<number> = {
  ...fromText("attempts", "AWS_METADATA_SERVICE_NUM_ATTEMPTS"),
  profile: ["metadata_service_num_attempts"],
  ...atLeast(0),
};

/** The settings of the service, each a row, as they are told of. */
export const INSTANCE_SETTINGS: readonly Setting<unknown>[] = [
  DISABLED,
  ENDPOINT,
  MODE,
  USE_IPV6,
  TIMEOUT,
  ATTEMPTS,
  V1_DISABLED,
];

/** Where a setting may stand. */
interface Places {
  readonly system: Pick<System, "env">;
  readonly section: ConfigSection | undefined;
}

/** Whether the service is not to be asked. */
function isDisabled(system: Pick<System, "env">): boolean {
  return valueOf(DISABLED, { system, section: undefined });
}

/** Reads the settings; each variable overrides the profile's key. */
function instanceSettings(
  system: Pick<System, "env">,
  section: ConfigSection | undefined,
): InstanceSettings {
  const places = { system, section };
  return {
    ...instanceAddress(system, section),
    timeoutMs: 1_000 * valueOf(TIMEOUT, places),
    attempts: valueOf(ATTEMPTS, places),
    version1: !valueOf(V1_DISABLED, places),
  };
}

/**
 * Reads where the service is.
 *
 * @param system Whose environment counts.
 * @param section The profile that counts.
 * @throws {ConfigError} If a value is not allowed.
 */
export function instanceAddress(
  system: Pick<System, "env">,
  section: ConfigSection | undefined,
): Pick<InstanceSettings, "endpoint" | "mode"> {
  const places = { system, section };
  const mode = modeOf(places);
  const endpoint = valueOf(ENDPOINT, places).replace(/\/$/, "");
  return { endpoint: endpoint || (mode === "ipv6" ? IPV6 : IPV4), mode };
}

function modeOf(places: Places): InstanceSettings["mode"] {
  const mode = valueOf(MODE, places);
  if (mode !== "") return mode === "ipv6" ? "ipv6" : "ipv4";
  return valueOf(USE_IPV6, places) ? "ipv6" : "ipv4";
}

function isEndpoint(text: string): boolean {
  return /^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(text) &&
    URL.canParse(text);
}

/** A variable that is set and empty is set. */
function valueOf<T>(row: Row<T>, { system, section }: Places): T {
  const [variable] = row.env;
  const [key] = row.profile ?? [];
  const found = system.env(variable);
  const text = found.kind === "found"
    ? found.value
    : key && textIn(section, key);
  if (text === undefined) return row.fallback;
  const value = row.read(text);
  if (value !== undefined) return value;
  throw new ConfigError(
    row.code ?? "InvalidConfigError",
    `Cannot ask the instance metadata service: ${variable} (or ${key} in the profile) ` +
      `must be ${row.allowed}, found "${redactAddress(text)}"`,
  );
}

function fromText(
  name: string,
  variable: string,
): {
  readonly name: string;
  readonly env: readonly [string];
  readonly accepts: () => boolean;
} {
  // There is no option in code.
  return {
    name: `metadataService.${name}`,
    env: [variable],
    accepts: () => false,
  };
}

function yesOrNo(name: string, variable: string, key?: string): Row<boolean> {
  return {
    ...fromText(name, variable),
    ...key !== undefined && { profile: [key] },
    read: readBoolean,
    allowed: "true or false",
    fallback: false,
  };
}

function atLeast(
  least: number,
): Pick<Row<number>, "allowed" | "fallback" | "read"> {
  return {
    read: (text) => {
      const number = readInteger(text);
      return number !== undefined && number >= least ? number : undefined;
    },
    allowed: `a whole number of at least ${least}`,
    fallback: 1,
  };
}
