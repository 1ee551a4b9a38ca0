/**
 * What clients are built on: from settings to the parts of a client. Nothing is read
 * before the first call.
 *
 * @module
 */
import { createCaller } from "../client/call.ts";
import type { UnreadSetting } from "../client/hints.ts";
import { type Parts, Sessions } from "../client/attempt.ts";
import type { PayloadPolicy } from "../client/request_body.ts";
import type { LoopStrategy } from "../client/retry_loop.ts";
import type { TracedClient } from "../client/telemetry.ts";
import type { WireLog } from "../client/wire_log.ts";
import {
  type ClientSettings,
  resolveAppId,
  resolveClient,
  tellRegionConflict,
} from "../config/client_settings.ts";
import { checkExplicit } from "../credentials/explicit.ts";
import { partitionOf } from "../endpoint/hosts.ts";
import { joinFlags } from "../foundation/options.ts";
import type {
  Caller,
  CallOverrides,
  ClientCore,
  Presigner,
} from "../ports/caller.ts";
import type { ClientConfig, ProfileSet } from "../ports/config.ts";
import type {
  CredentialProvider,
  CredentialSource,
  Signer,
} from "../ports/credentials.ts";
import type { SendOptions, Transport } from "../ports/http.ts";
import type { RetryOptions, RetryStrategy } from "../ports/retry.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { canonicalOfSigned, SigV4 } from "../signing/request_signer.ts";
import { notOnThisRuntime } from "../transport/fetch_transport.ts";
import { type CoreOf, type Shared, TransportLease } from "./shared.ts";

/**
 * Makes what a client is built on. Nothing is read before the first call.
 *
 * @param shared What the session's clients share.
 * @param service The service.
 * @param config The client's own options.
 * @param identity Who calls, where it is not who the options say; `null`: nobody.
 * @param purpose What its calls are for; absent: the caller's own.
 */
export const coreOf: CoreOf = (shared, service, config, identity, purpose) => {
  const lease = new TransportLease();
  const { credentials } = config;
  let source: Promise<CredentialSource | undefined> | undefined;
  const client: ClientParts = {
    service,
    config,
    lease,
    // Who is given is made once for all calls of the client.
    identity: () =>
      identity !== undefined
        ? Promise.resolve(identity ?? undefined)
        : credentials === undefined
        ? shared.identity()
        : source ??= shared.explicit(credentials),
    purpose,
  };
  const own = assembledCore(shared, client);
  let variants: Variants | undefined;
  // What some calls say instead has parts of its own; most calls say nothing.
  const coreFor = (overrides?: CallOverrides): AssembledCore => {
    const { region, credentials, retry } = overrides ?? {};
    return region === undefined && credentials === undefined &&
        retry === undefined
      ? own
      : (variants ??= new Variants(shared, client))
        .of({ region, credentials, retry });
  };
  const withOptions: Caller = async (operation, input, options) =>
    await coreFor(options).call(operation, input, options);
  return {
    ...own,
    // Most calls have no options: each layer less is a promise less.
    call: (operation, input, options) =>
      options === undefined
        ? own.call(operation, input)
        : withOptions(operation, input, options),
    presign: async (operation, input, options) =>
      await coreFor(options).presign(operation, input, options),
    [Symbol.dispose]: () => lease[Symbol.dispose](),
  };
};

/** Variants that are kept; those that were not used for longest go first. */
const KEPT_VARIANTS = 50;

/** What calls of one client are made with that say the same, so that they share it. */
class Variants {
  readonly #shared: Shared;
  readonly #client: ClientParts;
  readonly #kept: {
    readonly overrides: Overrides;
    readonly core: AssembledCore;
  }[] = [];

  constructor(shared: Shared, client: ClientParts) {
    this.#shared = shared;
    this.#client = client;
  }

  of(overrides: Overrides): AssembledCore {
    const { region, credentials, retry } = overrides;
    const index = this.#kept.findIndex(({ overrides: kept }) =>
      kept.region === region && kept.credentials === credentials &&
      isSameRetry(kept.retry, retry)
    );
    const [found = { overrides, core: this.#make(overrides) }] = index < 0
      ? []
      : this.#kept.splice(index, 1);
    this.#kept.push(found);
    if (this.#kept.length > KEPT_VARIANTS) this.#kept.shift();
    return found.core;
  }

  #make({ region, credentials, retry }: Overrides): AssembledCore {
    checkExplicit(credentials);
    let source: Promise<CredentialSource | undefined> | undefined;
    return assembledCore(this.#shared, {
      ...this.#client,
      overrides: {
        ...region !== undefined && { region },
        ...credentials !== undefined && { credentials },
        ...retry !== undefined && { retry },
      },
      ...credentials !== undefined && {
        identity: () => source ??= this.#shared.explicit(credentials),
      },
    });
  }
}

/** The overrides of a call, those that it does not have as `undefined`. */
type Overrides = {
  readonly [Name in keyof CallOverrides]-?: CallOverrides[Name] | undefined;
};

/** Options are often written at the call; strategies are compared as objects. */
function isSameRetry(
  a: Overrides["retry"],
  b: Overrides["retry"],
): boolean {
  const isOptions = (retry: Overrides["retry"]): boolean =>
    typeof retry === "object" && retry !== null && !("begin" in retry);
  return a === b ||
    isOptions(a) && isOptions(b) && JSON.stringify(a) === JSON.stringify(b);
}

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
  /** What its calls are for; `undefined`: the caller's own purposes. */
  readonly purpose: SendOptions["purpose"];
}

/** A core without its end, which is that of its client. */
type AssembledCore = Required<Omit<ClientCore, typeof Symbol.dispose>>;

/** Makes what a client is built on. */
function assembledCore(
  shared: Shared,
  client: ClientParts,
): AssembledCore {
  let ready: Parts | undefined;
  let making: Promise<Parts> | undefined;
  const make = async (): Promise<Parts> => {
    try {
      return ready = await assembleParts(shared, client);
    } finally {
      making = undefined;
    }
  };
  const load = (): Parts | Promise<Parts> => {
    client.lease.check();
    // Calls that start together share one quota and one memory.
    return ready ?? (making ??= make());
  };
  const call = createCaller(load);
  const { telemetry } = shared.options;
  let presigner: Presigner | undefined;
  return {
    call: telemetry === undefined ? call : measured(call, telemetry, {
      clock: shared.clock,
      service: client.service.id,
      destination: (bucket) => ({
        region: ready?.regions?.regionOf(bucket ? { Bucket: bucket } : {}) ??
          ready?.settings.region,
        endpointUrl: ready?.settings.endpointUrl,
      }),
    }),
    presign: async (operation, input, options) => {
      presigner ??= (await import("../client/presign.ts"))
        .createPresigner(load);
      return await presigner(operation, input, options);
    },
    presignContext: async (...args) => {
      const { createPresignContextFinder } = await import(
        "../client/presign.ts"
      );
      return await createPresignContextFinder(load)(...args);
    },
    clock: shared.clock,
    files: shared.system,
    uuid: shared.uuid,
    logger: shared.logger,
    settings: async () => (await load()).settings,
    checksums: async () =>
      (await load()).payload.requestChecksum === "when_supported",
  };
}

/** Reads the settings and makes of them what a client's calls pass through. */
async function assembleParts(
  shared: Shared,
  { service, config, overrides, identity, lease, purpose }: ClientParts,
): Promise<Parts> {
  const { clock, system, logger, options, uuid } = shared;
  const { profiles, profile } = await shared.setup();
  const sources = await shared.sources(config, overrides);
  const resolved = await resolveClient({ service, sources, profiles, system });
  const { service: own, retry, ...general } = resolved;
  const { region, endpointUrl } = resolved;
  if (region.source.kind === "env") tellRegionConflict(region, logger);
  // An endpoint of one's own decides alone.
  const unread = endpointUrl.value === undefined
    ? unreadSettings(resolved, profiles)
    : [];
  if (unread.length > 0) warnOfRegion(unread, shared);
  const values: Record<string, unknown> = {};
  for (const rows of [general, own]) {
    for (const [name, { value }] of Object.entries(rows)) {
      // A row of the service replaces the general one of its name.
      if (value === undefined) delete values[name];
      else values[name] = value;
    }
  }
  const settings: Settings = values;
  // Times that nobody has set are left to the transport: a user's own may have
  // been told others.
  const times: { -readonly [Name in keyof SendTimes]: number } = {};
  for (const name of SEND_TIMES) {
    const { value, source } = resolved[name];
    if (value !== undefined && source.kind !== "default") times[name] = value;
  }
  const skewMs = new Map<string, number>();
  // What goes over the wire is told to these.
  const endpointLog = logger.child("endpoint");
  const parsersLog = logger.child("parsers");
  let wireLog: Promise<WireLog> | undefined;
  const parts: Writable<Parts> = {
    service,
    settings,
    protocol: await service.protocol(),
    documentLimit: purpose === "credentials"
      ? { option: "maxCredentialBytes", bytes: options.maxCredentialBytes }
      : { option: "maxDocumentBytes", bytes: options.maxDocumentBytes },
    wireLog: () =>
      endpointLog.enabled("debug") || parsersLog.enabled("debug")
        ? wireLog ??= import("../client/wire_log.ts").then(({ WireLog }) =>
          new WireLog(logger, options.logBodies ?? true)
        )
        : undefined,
    payload: payloadPolicy(settings),
    signer: new SigV4(),
    multiRegionSigner,
    canonicalOf: canonicalOfSigned,
    retry: retry.strategy ?? await strategyOf(retry, service.id, shared),
    repeatUnsafe: retry.repeatUnsafe.value,
    transport: transportOf(resolved, times, lease, shared),
    times,
    recoveries: async () => {
      const { ClockSkew, ExpiredCredentials } = await import(
        "../client/after_failure.ts"
      );
      const { credentials, regions, sessions } = parts;
      const sources = [credentials, sessions].filter((it) => it !== undefined);
      return [
        ...regions ? [regions] : [],
        new ExpiredCredentials(sources),
        new ClockSkew(clock, logger.child("clock"), skewMs),
      ];
    },
    skewMs,
    clock,
    logger: logger.child("retry"),
    closed: () =>
      shared.closed ? "session" : lease.closed ? "client" : undefined,
    files: system,
    uuid,
    userAgent: userAgent(resolveAppId(sources).value),
    unread,
  };
  if (profile.section) parts.profile = profile.name;
  if (purpose) parts.purpose = purpose;
  const credentials = await identity();
  if (credentials) {
    parts.credentials = credentials;
    if (service.openSession) {
      let sessions: Sessions | undefined;
      parts.sessions = {
        sourceOf: (name) =>
          (sessions ??= sessionsOf(service, parts, shared)).sourceOf(name),
        invalidate: (refused) => sessions?.invalidate(refused),
      };
    }
  }
  if (service.regions) {
    const call: Caller = (operation, input, options) =>
      createCaller(() => parts)(operation, input, options);
    // Buckets of one name are different ones in other partitions and stores.
    const place = `${service.id} ${
      settings.endpointUrl ?? partitionOf(settings.region ?? "").id
    }`;
    const known = shared.regions.get(place) ?? new Map<string, string>();
    shared.regions.set(place, known);
    parts.regions = service.regions(call, known);
  }
  return parts;
}

/** Parts that are still being put together. */
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

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
    return value !== undefined || flags.length === 0
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

/**
 * Sessions that some endpoints ask for, refreshed as credentials are. They are
 * loaded with the first.
 */
function sessionsOf(
  { id, openSession }: ServiceDefinition,
  parts: Parts,
  { clock, logger }: Shared,
): Sessions {
  const call = createCaller(() => ({ ...parts, purpose: "credentials" }));
  return new Sessions((name) => {
    const provider: CredentialProvider = {
      name: `${id}-session`,
      load: async (signal) => await openSession?.(call, name, signal),
    };
    let source: CredentialSource | undefined;
    return {
      get: async (signal) => {
        const { RefreshingCredentials, SESSION_WINDOWS } = await import(
          "../credentials/refreshing.ts"
        );
        const deps = { clock, logger };
        source ??= new RefreshingCredentials(provider, deps, SESSION_WINDOWS);
        return await source.get(signal);
      },
      invalidate: (refused) => source?.invalidate(refused),
    };
  });
}

/**
 * Amazon's own hosts take the checksums that the models name. Other stores get
 * what they have always known, unless they are said to take more.
 */
function payloadPolicy(settings: Settings): PayloadPolicy {
  const { endpointUrl, requestChecksum, responseChecksum, payloadSigning } =
    settings;
  const fallback = endpointUrl === undefined
    ? "when_supported"
    : "when_required";
  return {
    requestChecksum: requestChecksum ?? fallback,
    responseChecksum: responseChecksum ?? fallback,
    requiredChecksum: endpointUrl === undefined || requestChecksum
      ? "CRC32"
      : "Content-MD5",
    sizedStreams: endpointUrl !== undefined,
    ...payloadSigning === undefined ? {} : { signing: payloadSigning },
  };
}

/**
 * The strategy of a client. That of the standard mode, which most clients have,
 * is loaded with the first failure: until then its quota is full.
 */
async function strategyOf(
  { mode, maxAttempts, constants, honourRetryAfter }: ClientSettings["retry"],
  service: string,
  { clock, random }: Shared,
): Promise<LoopStrategy> {
  const options: RetryOptions = {
    mode: mode.value,
    // A variable for all programs says nothing about the legacy mode.
    ...mode.value === "legacy" ? {} : { constants: constants.value },
    honourRetryAfter: honourRetryAfter.value,
    ...maxAttempts.value === undefined
      ? {}
      : { maxAttempts: maxAttempts.value },
  };
  const load = async (): Promise<RetryStrategy> => {
    const { retryStrategy } = await import("../retry/strategy.ts");
    const now = (): number => clock.now().getTime();
    return retryStrategy(options, { service, random, now });
  };
  if (mode.value !== "standard" || constants.value !== "classic") {
    return await load();
  }
  let loaded: RetryStrategy | undefined;
  let loading: Promise<RetryStrategy> | undefined;
  return {
    mode: mode.value,
    maxAttempts: maxAttempts.value ?? STANDARD_ATTEMPTS,
    begin: () => ({
      kind: "go",
      ticket: { attempt: 1, held: 0 },
      delayMs: 0,
    }),
    afterFailure: async (ticket, failure, call) => {
      loaded = await (loading ??= load());
      return loaded.afterFailure(ticket, failure, call);
    },
    afterSuccess: (ticket) => loaded?.afterSuccess(ticket),
  };
}

/** Attempts that a call gets in all in the standard mode. */
const STANDARD_ATTEMPTS = 3;

/** Few programs sign for several regions at once. */
async function multiRegionSigner(): Promise<Signer> {
  return SIGV4A.signer ??= new (await import("../signing/sigv4a.ts")).SigV4a();
}

/** The one signer of its kind, made when it is first needed. */
const SIGV4A: { signer?: Signer } = {};

/** The transport for a client's connections, if it keeps its times. */
function transportOf(
  settings: ClientSettings,
  { connectTimeoutMs = Infinity }: SendTimes,
  lease: TransportLease,
  shared: Shared,
): Transport {
  const { maxConnections, proxy, caCerts } = settings;
  const transport = lease.take(shared.transports(), {
    maxIdleConnections: settings.maxIdleConnections.value,
    queueTimeoutMs: settings.queueTimeoutMs.value,
    ...maxConnections.value !== undefined &&
      { maxConnections: maxConnections.value },
    ...proxy.value !== undefined && { proxy: proxy.value },
    ...caCerts.value !== undefined && { caCerts: caCerts.value },
  });
  if (connectTimeoutMs === Infinity) return transport;
  if (transport.limits?.includes("connect")) return transport;
  throw notOnThisRuntime(
    "connectTimeoutMs",
    "leave it out, or set attemptTimeoutMs",
  );
}

/** The times of a transport that a client can set. */
const SEND_TIMES = [
  "attemptTimeoutMs",
  "connectTimeoutMs",
  "readTimeoutMs",
] as const satisfies readonly (keyof SendOptions)[];

type SendTimes = Pick<SendOptions, typeof SEND_TIMES[number]>;

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
  return `inia/${VERSION}${runtime ? ` ${runtime}` : ""}${
    app ? ` app/${app}` : ""
  }`;
}

/** The version of this package, as the services are told it. */
export const VERSION = "0.1.0";

/** Few programs have a tracer or a meter; the others do not load this. */
function measured(
  call: Caller,
  telemetry: Telemetry,
  client: TracedClient,
): Caller {
  let traced: Promise<Caller> | undefined;
  return async (operation, input, options) => {
    traced ??= import("../client/telemetry.ts").then(({ traced }) =>
      traced(call, telemetry, client)
    );
    return await (await traced)(operation, input, options);
  };
}
