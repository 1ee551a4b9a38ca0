/**
 * What clients are built on: settings → the parts of a client. Nothing is read
 * before the first call.
 *
 * @module
 */
import { createCaller } from "../client/call.ts";
import type { UnreadSetting } from "../client/hints.ts";
import { type Parts, Sessions } from "../client/parts.ts";
import type { PayloadPolicy } from "../client/payload.ts";
import {
  createPresignContextFinder,
  createPresigner,
} from "../client/presign.ts";
import { ClockSkew, ExpiredCredentials } from "../client/recoveries.ts";
import { WireLog } from "../client/wire_log.ts";
import {
  type ClientSettings,
  resolveAppId,
  resolveClient,
  tellRegionConflict,
} from "../config/client_settings.ts";
import { checkGiven } from "../credentials/given.ts";
import {
  RefreshingCredentials,
  SESSION_WINDOWS,
} from "../credentials/refreshing.ts";
import { partitionOf } from "../endpoint/regional.ts";
import { joinFlags } from "../foundation/setting_values.ts";
import { MAX_CREDENTIAL_BYTES } from "../foundation/streaming_body.ts";
import type { Caller, CallOverrides, ClientCore } from "../ports/caller.ts";
import type { ClientConfig, ProfileSet, Resolved } from "../ports/config.ts";
import type {
  CredentialProvider,
  CredentialSource,
} from "../ports/credentials.ts";
import type { SendOptions, Transport } from "../ports/http.ts";
import type { RetryStrategy } from "../ports/retry.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { Signer } from "../ports/signer.ts";
import { retryStrategy } from "../retry/strategy.ts";
import { SigV4 } from "../signing/sigv4.ts";
import { notOnThisRuntime } from "../transport/fetch_transport.ts";
import { assumeRoleWith, assumeRoleWithTokenWith, type CoreAs } from "./sts.ts";
import type { Shared, StsPorts } from "./shared.ts";
import { type Connections, TransportLease } from "./transport_pool.ts";

/**
 * Makes what a client is built on. Nothing is read before the first call.
 *
 * @param shared What the session's clients share.
 * @param service The service.
 * @param config The client's own options.
 * @param identity Who calls, where it is not who the options say; `null`: nobody.
 * @param purpose What its calls are for; absent: the caller's own.
 */
export function coreOf(
  shared: Shared,
  service: ServiceDefinition,
  config: ClientConfig,
  identity?: CredentialSource | null,
  purpose?: SendOptions["purpose"],
): ClientCore {
  const caller = once(async () =>
    identity === undefined
      ? await shared.identityOf(config)
      : identity ?? undefined
  );
  const lease = new TransportLease();
  const client = {
    service,
    config,
    identity: caller,
    lease,
    ...purpose === undefined ? {} : { purpose },
  };
  const own = assembledCore(shared, client);
  const variants = new Variants((overrides) => {
    checkGiven(overrides.credentials);
    const { credentials } = overrides;
    return assembledCore(shared, {
      ...client,
      overrides,
      identity: credentials === undefined
        ? caller
        : once(() => shared.identityOf({ credentials })),
    });
  });
  const coreFor = (options: CallOverrides = {}): AssembledCore =>
    isPlain(options) ? own : variants.of(options);
  return {
    ...own,
    // What is wrong with an override is the call's failure.
    call: async (operation, input, options) =>
      await coreFor(options).call(operation, input, options),
    presign: async (operation, input, options) =>
      await coreFor(options).presign(operation, input, options),
    [Symbol.dispose]: () => lease[Symbol.dispose](),
  };
}

/** Asks once; a failure is forgotten, so that the next call asks again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

/**
 * Whether a call says nothing that its client's parts do not fit. What is no
 * object at all is refused by the call.
 */
function isPlain(overrides: CallOverrides): boolean {
  const { region, credentials, retry } = overrides ?? {};
  return region === undefined && credentials === undefined &&
    retry === undefined;
}

/** Variants that are kept; those that were not used for longest go first. */
const KEPT_VARIANTS = 50;

/** What calls of one client are made with that say the same, so that they share it. */
class Variants {
  readonly #make: (overrides: CallOverrides) => AssembledCore;
  readonly #kept: {
    readonly overrides: CallOverrides;
    readonly core: AssembledCore;
  }[] = [];

  constructor(make: (overrides: CallOverrides) => AssembledCore) {
    this.#make = make;
  }

  of({ region, credentials, retry }: CallOverrides): AssembledCore {
    const index = this.#kept.findIndex(({ overrides }) =>
      overrides.region === region && overrides.credentials === credentials &&
      isSameRetry(overrides.retry, retry)
    );
    const overrides = {
      ...region !== undefined && { region },
      ...credentials !== undefined && { credentials },
      ...retry !== undefined && { retry },
    };
    const [found = { overrides, core: this.#make(overrides) }] = index < 0
      ? []
      : this.#kept.splice(index, 1);
    this.#kept.push(found);
    if (this.#kept.length > KEPT_VARIANTS) this.#kept.shift();
    return found.core;
  }
}

/** Options are often written at the call; strategies are told apart as objects. */
function isSameRetry(
  a: CallOverrides["retry"],
  b: CallOverrides["retry"],
): boolean {
  const isOptions = (retry: CallOverrides["retry"]): boolean =>
    typeof retry === "object" && retry !== null && !("begin" in retry);
  return a === b ||
    isOptions(a) && isOptions(b) && JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The ports through which a session's credential chain reaches STS.
 *
 * @param shared What the session's clients share; asked when a role is assumed.
 */
export function stsPorts(shared: () => Shared): StsPorts {
  const core: CoreAs = (service, identity) =>
    coreOf(shared(), service, {}, identity);
  const credentialsCore: CoreAs = (service, identity) =>
    coreOf(shared(), service, {}, identity, "credentials");
  return {
    core,
    credentialsCore,
    assumeRole: assumeRoleWith(credentialsCore),
    assumeRoleWithWebIdentity: assumeRoleWithTokenWith(credentialsCore),
  };
}

/** A page of 1 000 keys is a fiftieth of this. */
const MAX_DOCUMENT_BYTES = 64 * 1_024 * 1_024;

/** The settings of a client, those of its service among them. */
type Settings = ClientConfig & Partial<ChecksumSettings>;

/** What services with checksums call their settings. */
interface ChecksumSettings {
  readonly requestChecksum: PayloadPolicy["requestChecksum"];
  readonly responseChecksum: PayloadPolicy["responseChecksum"];
  readonly payloadSigning: boolean;
}

/** What a client is made of. */
interface ClientParts {
  /** The service. */
  readonly service: ServiceDefinition;
  /** The client's own options. */
  readonly config: ClientConfig;
  /** What some of its calls say instead. Absent: nothing. */
  readonly overrides?: ClientConfig;
  /** Who calls; `undefined`: nobody, requests are not signed. */
  readonly identity: () => Promise<CredentialSource | undefined>;
  /** The transports that it uses; its end is the client's. */
  readonly lease: TransportLease;
  /** What its calls are for. Absent: the caller's own purposes. */
  readonly purpose?: SendOptions["purpose"];
}

/** A core without its end, which is that of its client. */
type AssembledCore = Required<Omit<ClientCore, typeof Symbol.dispose>>;

/** Makes what a client is built on. */
function assembledCore(
  shared: Shared,
  client: ClientParts,
): AssembledCore {
  const { purpose } = client;
  let ready: Parts | undefined;
  let making: Promise<Parts> | undefined;
  const make = async (): Promise<Parts> => {
    try {
      const made = await assembleParts(shared, client);
      ready = purpose === undefined ? made : {
        ...made,
        purpose,
        ...purpose === "credentials" && {
          documentLimit: {
            option: "maxCredentialBytes",
            bytes: shared.options.maxCredentialBytes ?? MAX_CREDENTIAL_BYTES,
          },
        },
      };
      return ready;
    } finally {
      making = undefined;
    }
  };
  const load = (): Parts | Promise<Parts> => {
    client.lease.check();
    // Calls that start together share one quota and one memory.
    return ready ?? (making ??= make());
  };
  return {
    call: measured(createCaller(load), shared, client.service),
    presign: createPresigner(load),
    presignContext: createPresignContextFinder(load),
    clock: shared.clock,
    files: shared.system,
    logger: shared.logger,
    settings: async () => (await load()).settings,
    checksums: async () =>
      (await load()).payload.requestChecksum === "when_supported",
  };
}

async function assembleParts(
  shared: Shared,
  { service, config, overrides, identity, lease }: ClientParts,
): Promise<Parts> {
  const { clock, system, logger } = shared;
  const { profiles } = await shared.setup();
  const places = await shared.sources(config, overrides);
  const resolved = await resolveClient({
    service,
    places,
    profiles,
    system,
  });
  tellRegionConflict(resolved.region, logger);
  const unread = unreadSettings(resolved, profiles);
  warnOfRegion(unread, shared);
  const settings = valuesOf(resolved);
  const credentials = await identity();
  const transports = shared.transports();
  const times = sendTimes(resolved);
  const skew = new ClockSkew(clock, logger.child("clock"));
  const call = createCaller(() => parts);
  const regions = service.regions?.(
    call,
    knownRegions(shared, service, settings),
  );
  const forSessions = createCaller(() => ({
    ...parts,
    purpose: "credentials",
  }));
  const sessions = sessionsOf(service, forSessions, shared);
  const parts: Parts = {
    service,
    settings,
    protocol: await service.protocol(),
    documentLimit: {
      option: "maxDocumentBytes",
      bytes: shared.options.maxDocumentBytes ?? MAX_DOCUMENT_BYTES,
    },
    wireLog: new WireLog(logger, shared.options.logBodies ?? true),
    payload: payloadPolicy(settings),
    signer: new SigV4(),
    multiRegionSigner: multiRegionSigner(),
    retry: strategyOf(resolved.retry, service.id, shared),
    repeatUnsafe: resolved.retry.repeatUnsafe.value,
    transport: keeping(
      times,
      lease.take(transports, connectionsOf(resolved)),
    ),
    times,
    recoveries: [
      ...regions ? [regions] : [],
      ...credentials
        ? [new ExpiredCredentials([credentials, ...sessions ? [sessions] : []])]
        : [],
      skew,
    ],
    skew,
    clock,
    logger: logger.child("retry"),
    closed: () =>
      shared.closed ? "session" : lease.closed ? "client" : undefined,
    files: system,
    uuid: shared.uuid,
    userAgent: userAgent(resolveAppId(places).value),
    unread,
    ...credentials && { credentials },
    ...regions && { regions },
    ...sessions && { sessions },
  };
  return parts;
}

/**
 * The settings that decide where calls go and have their default, although a
 * variable or a file that could set them may not be read.
 */
function unreadSettings(
  { region, endpointUrl }: ClientSettings,
  { files }: Pick<ProfileSet, "files">,
): readonly UnreadSetting[] {
  const ofFiles = [files.config, files.credentials].flatMap((state) =>
    "flags" in state ? state.flags : []
  );
  const used = { region: "us-east-1", endpointUrl: "Amazon's own host" };
  const rows = { region, endpointUrl };
  return (["region", "endpointUrl"] as const).flatMap((name) => {
    const { value, denied } = rows[name];
    // The variables are what most programs set; the files are the other way.
    const flags = denied.length > 0 ? denied : ofFiles;
    return value !== undefined || flags.length === 0 ||
        endpointUrl.value !== undefined
      ? []
      : [{ name, used: used[name], flags: [...new Set(flags)] }];
  });
}

/** Buckets would be made there. Told once per session. */
function warnOfRegion(
  unread: readonly UnreadSetting[],
  shared: Shared,
): void {
  const region = unread.find(({ name }) => name === "region");
  if (region === undefined || shared.toldOfRegion) return;
  shared.toldOfRegion = true;
  shared.logger.warn(
    "No region is set, and the settings that may name one cannot be read; using us-east-1",
    { needs: joinFlags(region.flags) },
  );
}

/** Buckets of one name are different ones in other partitions and stores. */
function knownRegions(
  { regions }: Shared,
  { id }: ServiceDefinition,
  { endpointUrl, region = "" }: Settings,
): Map<string, string> {
  const place = `${id} ${endpointUrl ?? partitionOf(region).id}`;
  const known = regions.get(place) ?? new Map<string, string>();
  regions.set(place, known);
  return known;
}

function sessionsOf(
  { id, openSession }: ServiceDefinition,
  call: Caller,
  { clock, logger }: Shared,
): Sessions | undefined {
  return openSession && new Sessions((name) => {
    const provider: CredentialProvider = {
      name: `${id}-session`,
      load: (signal) => openSession(call, name, signal),
    };
    const deps = { clock, logger };
    return new RefreshingCredentials(provider, deps, SESSION_WINDOWS);
  });
}

/** The values alone; one that is set nowhere and has no default is absent. */
function valuesOf(resolved: ClientSettings): Settings {
  const { service, retry: _ours, ...general } = resolved;
  const rows: Readonly<Record<string, Resolved<unknown>>> = {
    ...general,
    ...service,
  };
  return Object.fromEntries(
    Object.entries(rows).flatMap(([name, { value }]) =>
      value === undefined ? [] : [[name, value]]
    ),
  );
}

/**
 * Amazon's own hosts take the checksums that the models name. Other stores get
 * what they have always known, unless they are said to take more.
 */
function payloadPolicy(settings: Settings): PayloadPolicy {
  const { endpointUrl, requestChecksum, responseChecksum, payloadSigning } =
    settings;
  const usual = endpointUrl === undefined ? "when_supported" : "when_required";
  return {
    requestChecksum: requestChecksum ?? usual,
    responseChecksum: responseChecksum ?? usual,
    requiredChecksum: endpointUrl === undefined || requestChecksum
      ? "CRC32"
      : "Content-MD5",
    sizedStreams: endpointUrl !== undefined,
    ...payloadSigning === undefined ? {} : { signing: payloadSigning },
  };
}

function strategyOf(
  settings: ClientSettings["retry"],
  service: string,
  { clock, random }: Shared,
): RetryStrategy {
  const { strategy, mode, maxAttempts, constants, honourRetryAfter } = settings;
  return strategy ?? retryStrategy({
    mode: mode.value,
    // A variable for all programs says nothing about the legacy mode.
    ...mode.value === "legacy" ? {} : { constants: constants.value },
    honourRetryAfter: honourRetryAfter.value,
    ...maxAttempts.value === undefined
      ? {}
      : { maxAttempts: maxAttempts.value },
  }, { service, random, now: () => clock.now().getTime() });
}

function connectionsOf(settings: ClientSettings): Connections {
  const { maxIdleConnections, queueTimeoutMs } = settings;
  const maxConnections = settings.maxConnections.value;
  const proxy = settings.proxy.value;
  const caCerts = settings.caCerts.value;
  return {
    maxIdleConnections: maxIdleConnections.value,
    queueTimeoutMs: queueTimeoutMs.value,
    ...maxConnections === undefined ? {} : { maxConnections },
    ...proxy === undefined ? {} : { proxy },
    ...caCerts === undefined ? {} : { caCerts },
  };
}

/** Few programs sign for several regions at once. */
function multiRegionSigner(): () => Promise<Signer> {
  let signer: Promise<Signer> | undefined;
  return () =>
    signer ??= import("../signing/sigv4a.ts").then(({ SigV4a }) =>
      new SigV4a()
    );
}

/** The transport, if it keeps the times that were asked for. */
function keeping(times: SendTimes, transport: Transport): Transport {
  const { connectTimeoutMs = Infinity } = times;
  if (connectTimeoutMs === Infinity) return transport;
  if (transport.limits?.includes("connect")) return transport;
  throw notOnThisRuntime(
    "connectTimeoutMs",
    "leave it out, or set attemptTimeoutMs",
  );
}

/** The times of a transport that a client can set. */
type SendTimes = Pick<
  SendOptions,
  "attemptTimeoutMs" | "connectTimeoutMs" | "readTimeoutMs"
>;

/**
 * The times that somebody has set. One that nobody has is left to the transport:
 * a user's own may have been told another.
 */
function sendTimes(
  settings: Pick<ClientSettings, keyof SendTimes>,
): SendTimes {
  const { attemptTimeoutMs, connectTimeoutMs, readTimeoutMs } = settings;
  const rows = { attemptTimeoutMs, connectTimeoutMs, readTimeoutMs };
  return Object.fromEntries(
    Object.entries(rows).flatMap(([name, { value, source }]) =>
      value === undefined || source.kind === "default" ? [] : [[name, value]]
    ),
  );
}

/**
 * `inia/0.1.0 Deno/2.9.6`: this package, and what it runs on, without any
 * permission; then `app/` and the id of the application, where it has one.
 *
 * Source: "Application ID", AWS SDKs and Tools Reference Guide; what is no
 * character of a user agent becomes a hyphen, as in botocore.
 */
function userAgent(appId?: string): string {
  const runtime = globalThis.navigator?.userAgent;
  const app = appId?.replaceAll(/[^A-Za-z\d!$%&'*+\-.^_`|~,#]/gu, "-");
  return [`inia/${VERSION}`, runtime, app && `app/${app}`]
    .filter((part) => part).join(" ");
}

/** The version of this package, as the services are told it. */
export const VERSION = "0.1.0";

/** Few programs have a tracer or a meter; the others do not load this. */
function measured(
  call: Caller,
  { clock, options: { telemetry } }: Shared,
  { id }: ServiceDefinition,
): Caller {
  if (telemetry === undefined) return call;
  let traced: Promise<Caller> | undefined;
  return async (operation, input, options) => {
    traced ??= import("../client/telemetry.ts").then(({ traced }) =>
      traced(call, telemetry, { service: id, clock })
    );
    return await (await traced)(operation, input, options);
  };
}
