/**
 * Runs the cases of `credential-chain.json`: a scratch home with real files and
 * programs, recorded answers over HTTP, and STS reached through them.
 *
 * @module
 */
import { loadProfiles } from "../../src/config/files.ts";
import { chooseProfile } from "../../src/config/profile_choice.ts";
import { profilesFrom } from "../../src/config/profiles.ts";
import { CredentialChain } from "../../src/credentials/chain.ts";
import { defaultProviders } from "../../src/credentials/default_chain.ts";
import { RefreshingCredentials } from "../../src/credentials/refreshing.ts";
import { text } from "../../src/foundation/bytes.ts";
import {
  NoCredentialsError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { encodeParam } from "../../src/foundation/percent.ts";
import type {
  Credentials,
  CredentialSource,
  RoleRequest,
} from "../../src/ports/credentials.ts";
import type { HttpRequest, Transport } from "../../src/ports/http.ts";
import type { System } from "../../src/ports/system.ts";
import { DenoSystem } from "../../src/system/deno_system.ts";
import { FixedClock } from "../../src/testing/mod.ts";
import { keptMessages } from "../credentials/doubles.ts";

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
        expiration: expiration.toISOString().replace(".000Z", "Z"),
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
  const system = scratchSystem(home, env);
  const clock = new FixedClock(NOW);
  const logger = keptMessages();
  const transport = answering(http, requests);
  const profiles = await loadProfiles(system);
  const profile = chooseProfile(profiles, system, sessionProfile);
  const region = env["AWS_DEFAULT_REGION"] ?? profile.section?.values["region"];
  const sts = new RecordedSts(transport, {
    region: typeof region === "string" ? region : undefined,
    global: env["AWS_STS_REGIONAL_ENDPOINTS"] === "legacy",
    requests,
  });
  const chain = new CredentialChain(defaultProviders({
    system,
    clock,
    random: () => JITTER_300,
    logger,
    transport,
    profiles,
    profile,
    readSections: (text, path) =>
      profilesFrom(
        { state: { kind: "absent", path: "" }, text: "" },
        { state: { kind: "found", path }, text },
      ).credentialsFile,
    assumeRole: (as, request) => sts.assumeRole(as, request),
    assumeRoleWithWebIdentity: (token, request) =>
      sts.withWebIdentity(token, request),
    ...mfaCode !== undefined && { mfaCode: () => Promise.resolve(mfaCode) },
  }));
  return await new RefreshingCredentials(chain, { clock, logger }).get();
}

/** The machine with the scratch home and the variables of a case. */
function scratchSystem(
  home: string,
  given: CredentialCase["env"],
): System {
  const machine = new DenoSystem();
  const env = new Map([
    ["HOME", home],
    ["AWS_EC2_METADATA_DISABLED", "true"],
    ...Object.entries(given).map(([name, value]): [string, string] => [
      name,
      value.replaceAll("{HOME}", home),
    ]),
  ]);
  return {
    env: (name) => {
      const value = env.get(name);
      return value === undefined
        ? { kind: "absent" }
        : { kind: "found", value };
    },
    readText: (path) => machine.readText(path),
    stat: (path) => machine.stat(path),
    writePrivate: (path, content) => machine.writePrivate(path, content),
    run: (command, args, signal) => machine.run(command, args, signal),
  };
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
      // STS's requests are noted with their signer.
      if (!url.startsWith("https://sts.")) requests.push(plain(request));
      if (answer.exception !== undefined) throw faultOf(answer.exception);
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

/** The failures that botocore's names stand for. */
function faultOf(exception: string): TransportError {
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

function plain(request: HttpRequest): CaseRequest {
  const content = request.body instanceof Uint8Array ? text(request.body) : "";
  return {
    method: request.method,
    url: urlOf(request),
    headers: Object.fromEntries(
      Object.entries(request.headers).filter(([name]) =>
        name !== "content-type" && name !== "dpop"
      ),
    ),
    ...content !== "" && { json: JSON.parse(content) },
  };
}

function urlOf({ origin, path, query }: HttpRequest): string {
  const search = query.map(encodeParam).join("&");
  return origin + path + (search === "" ? "" : `?${search}`);
}

/** STS, as far as the cases ask for it. */
class RecordedSts {
  readonly #transport: Transport;
  readonly #place: {
    readonly region: string | undefined;
    readonly global: boolean;
    readonly requests: CaseRequest[];
  };

  constructor(
    transport: Transport,
    place: {
      readonly region: string | undefined;
      readonly global: boolean;
      readonly requests: CaseRequest[];
    },
  ) {
    this.#transport = transport;
    this.#place = place;
  }

  async assumeRole(
    as: CredentialSource,
    request: RoleRequest,
  ): Promise<Credentials> {
    const { accessKeyId, sessionToken } = await as.get();
    return await this.#call("AssumeRole", formOf(request), {
      signedBy: accessKeyId,
      signingRegion: this.#place.global
        ? "us-east-1"
        : this.#place.region ?? "us-east-1",
      ...sessionToken !== undefined && { token: sessionToken },
    });
  }

  async withWebIdentity(
    WebIdentityToken: string,
    request: RoleRequest,
  ): Promise<Credentials> {
    const form = { ...formOf(request), WebIdentityToken };
    return await this.#call("AssumeRoleWithWebIdentity", form, {});
  }

  async #call(
    Action: string,
    fields: Readonly<Record<string, string>>,
    signer: Partial<CaseRequest>,
  ): Promise<Credentials> {
    const { region, global, requests } = this.#place;
    const origin = global || region === undefined
      ? "https://sts.amazonaws.com"
      : `https://sts.${region}.amazonaws.com`;
    const form = { Action, Version: "2011-06-15", ...fields };
    requests.push({
      method: "POST",
      url: `${origin}/`,
      headers: {},
      ...signer,
      form,
    });
    const body = new TextEncoder().encode(new URLSearchParams(form).toString());
    const { status, body: answer } = await this.#transport.send({
      method: "POST",
      origin,
      path: "/",
      query: [],
      headers: {},
      body,
    });
    const xml = text(await answer?.bytes() ?? new Uint8Array());
    if (status !== 200) {
      throw new ServiceError(element(xml, "Message") ?? "", {
        code: element(xml, "Code") ?? "",
        operation: Action,
        status,
        headers: {},
        fields: {},
      });
    }
    return stsKeys(xml);
  }
}

function formOf(request: RoleRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request).map(([name, value]) => [name, String(value)]),
  );
}

function stsKeys(xml: string): Credentials {
  const account = element(xml, "Arn")?.split(":")[4];
  return {
    accessKeyId: element(xml, "AccessKeyId") ?? "",
    secretAccessKey: element(xml, "SecretAccessKey") ?? "",
    sessionToken: element(xml, "SessionToken") ?? "",
    expiration: new Date(element(xml, "Expiration") ?? ""),
    ...account ? { accountId: account } : {},
  };
}

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
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

/** Our code of an error; errors that are not ours stand for nothing. */
function errorName(error: unknown): string {
  if (
    error instanceof Error && "code" in error && typeof error.code === "string"
  ) {
    return error.code;
  }
  return `${error}`;
}

/** Whether an error that a case expects is an accident of Python. */
export function isAccident(error: string): boolean {
  return ACCIDENTS.includes(error);
}
