/**
 * The permissions that a program needs for its session.
 *
 * @module
 */
import { chooseProfile, loadProfiles } from "../config/profiles.ts";
import { find } from "../credentials/chain.ts";
import type { Transport } from "../ports/http.ts";
import type { Found, System } from "../ports/system.ts";
import {
  ownTransport,
  type SessionOptions,
  TRANSPORT_OPTIONS,
} from "../session/options.ts";
import { Session } from "../session/session.ts";
import { platformSystem } from "../system/platform.ts";
import { FetchTransport } from "../transport/fetch_transport.ts";

/**
 * Finds the flags that a program needs for a session: looks for credentials once,
 * with all permissions, and tells what was used on the way. So it has to run where
 * the program will, with `-A`, and costs what the source in use costs.
 *
 * @example Usage
 * ```ts ignore
 * const flags = await permissionsFor({ profile: "dev" }, [
 *   "photos.s3.eu-west-1.amazonaws.com",
 * ]);
 * console.log(`deno run ${flags.join(" ")} main.ts`);
 * ```
 *
 * @param options The session's options.
 * @param hosts The hosts of the services that the program calls.
 * @returns The flags, one for each kind of permission.
 * @throws {CredentialsError | ConfigError} If there are no credentials.
 */
export async function permissionsFor(
  options: SessionOptions,
  hosts: readonly string[] = [],
): Promise<readonly string[]> {
  const recorder = new PermissionRecorder();
  const own = ownTransport(options);
  const inner = own ?? new FetchTransport();
  const watched = {
    ...withoutTransportOptions(options),
    system: watchedSystem(recorder, options.system ?? platformSystem()),
    transport: recorder.transport(inner),
  };
  const session = new Session(watched);
  try {
    const { system } = watched;
    const found = await permissionsOf(
      session,
      { ...options, system },
      recorder,
    );
    return found.withHosts(hosts).flags();
  } finally {
    session[Symbol.dispose]();
    if (own === undefined) inner[Symbol.dispose]();
  }
}

async function permissionsOf(
  session: Session,
  { system, ...options }: SessionOptions & { readonly system: System },
  recorder: PermissionRecorder,
): Promise<Permissions> {
  const named = options.profile;
  const profiles = await loadProfiles(system);
  const profile = chooseProfile(profiles, system, named);
  // Files of a profile that is asked for by name must be known not to be there.
  const setup = named === undefined ? recorder.take() : recorder.take().whole();
  const region = regionOf(system, options, recorder);
  const { endpoint_url, services } = profile.section?.values ?? {};
  const endpointInProfile = options.endpointUrl === undefined &&
    (endpoint_url !== undefined || services !== undefined);
  const inProfile = endpointInProfile || region === undefined &&
      Boolean(profile.section?.values["region"]);
  const settings = await settingsOf(system, options, recorder);
  const beside = (ofProfile: boolean): Permissions => {
    const needed = ofProfile || inProfile || named !== undefined;
    return (needed ? setup : new Permissions())
      .and(region ?? new Permissions()).and(settings);
  };
  if (options.credentials !== undefined) return beside(false);
  for (const provider of await session.credentialProviders()) {
    recorder.take();
    const resolution = await find(provider);
    if (resolution.kind !== "found") continue;
    return beside(OF_PROFILES.includes(provider.name)).and(recorder.take());
  }
  return beside(true);
}

/** Sources that a profile puts to use. */
const OF_PROFILES = [
  "assume-role",
  "assume-role-with-web-identity",
  "sso",
  "shared-credentials-file",
  "login",
  "custom-process",
  "config-file",
];

/** What the region needs; `undefined` where the profile has to tell it. */
function regionOf(
  system: System,
  options: SessionOptions,
  recorder: PermissionRecorder,
): Permissions | undefined {
  if (options.region !== undefined) return new Permissions();
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) {
    const found = system.env(name);
    if (found.kind === "found" && found.value !== "") return recorder.take();
  }
  return undefined;
}

/**
 * Variables beside region and credentials that change where and how calls are
 * made: a program that may not read one that is set would call another host.
 */
const SETTINGS = [
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_MAX_ATTEMPTS",
  "AWS_REQUEST_CHECKSUM_CALCULATION",
  "AWS_RESPONSE_CHECKSUM_VALIDATION",
  "AWS_RETRY_MODE",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "AWS_USE_FIPS_ENDPOINT",
];

const ENDPOINTS = [
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_STS",
];

/** What the other settings need that are set. */
async function settingsOf(
  system: System,
  { endpointUrl, caCerts }: SessionOptions,
  recorder: PermissionRecorder,
): Promise<Permissions> {
  recorder.take();
  const names = endpointUrl === undefined
    ? [...ENDPOINTS, ...SETTINGS]
    : SETTINGS;
  for (const name of names) system.env(name);
  if (caCerts === undefined) {
    const bundle = system.env("AWS_CA_BUNDLE");
    if (bundle.kind === "found" && bundle.value !== "") {
      await system.readText(bundle.value);
    }
  }
  return recorder.take();
}

/** Files of bodies are the program's own: they are not watched. */
function watchedSystem(
  recorder: PermissionRecorder,
  inner: NonNullable<SessionOptions["system"]>,
): NonNullable<SessionOptions["system"]> {
  return {
    ...recorder.system(inner),
    open: (...args) => inner.open(...args),
    write: (path, from) => inner.write(path, from),
    cut: (path, length) => inner.cut(path, length),
    rename: (from, to) => inner.rename(from, to),
    remove: (path) => inner.remove(path),
  };
}

function withoutTransportOptions(options: SessionOptions): SessionOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) =>
      !TRANSPORT_OPTIONS.some((option) => option === name)
    ),
  );
}

/** Kinds of permission, in the order of a command line. */
const KINDS = ["net", "env", "read", "write", "run"] as const;

type Kind = typeof KINDS[number];

/** A permission, and whether there was something to be had with it. */
interface Use {
  readonly kind: Kind;
  readonly name: string;
  readonly found: boolean;
}

/**
 * Watches a machine and a transport. What is not there needs no permission: to a
 * program that may not look it is not there either.
 */
class PermissionRecorder {
  #uses: Use[] = [];

  /**
   * A machine that is watched.
   *
   * @param inner The machine.
   */
  system(inner: System): System {
    const note = <T>(kind: Kind, name: string, found: Found<T>): Found<T> => {
      this.#uses.push({ kind, name, found: found.kind === "found" });
      return found;
    };
    return {
      ...inner.windows !== undefined && { windows: inner.windows },
      env: (name) => note("env", name, inner.env(name)),
      readText: async (path) => note("read", path, await inner.readText(path)),
      stat: async (path) => note("read", path, await inner.stat(path)),
      writePrivate: async (path, text, missing) => {
        const folder = path.replace(/[/\\][^/\\]*$/, "") || "/";
        const written = await inner.writePrivate(path, text, missing);
        // The file takes its place by being renamed, which reads the folder.
        note("read", folder, written);
        return note("write", folder, written);
      },
      run: async (command, args, signal) =>
        note("run", command, await inner.run(command, args, signal)),
    };
  }

  /**
   * A transport that is watched.
   *
   * @param inner The transport; it stays its owner's to close.
   */
  transport(inner: Transport): Transport {
    return {
      ...inner.limits && { limits: inner.limits },
      send: async (request, options) => {
        const answer = await inner.send(request, options);
        const { host } = new URL(request.origin);
        this.#uses.push({ kind: "net", name: host, found: true });
        return answer;
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** Hands out what was used since the last time, and forgets it. */
  take(): Permissions {
    const uses = this.#uses;
    this.#uses = [];
    return new Permissions(uses);
  }
}

/** Permissions, to be put together to a line. */
class Permissions {
  readonly #uses: readonly Use[];

  /**
   * Makes a set of permissions.
   *
   * @param uses What was used.
   */
  constructor(uses: readonly Use[] = []) {
    this.#uses = uses;
  }

  /** These and others. */
  and(other: Permissions): Permissions {
    return new Permissions([...this.#uses, ...other.#uses]);
  }

  /** These, those for what is not there among them. */
  whole(): Permissions {
    return new Permissions(this.#uses.map((use) => ({ ...use, found: true })));
  }

  /** These and hosts. */
  withHosts(hosts: readonly string[]): Permissions {
    const uses = hosts.map((name): Use => ({ kind: "net", name, found: true }));
    return new Permissions([...this.#uses, ...uses]);
  }

  /** The flags, one for each kind, names in the order of the alphabet. */
  flags(): readonly string[] {
    return KINDS.flatMap((kind) => {
      const names = this.#uses.filter((use) => use.kind === kind && use.found)
        .map(({ name }) => name);
      const distinct = [...new Set(names)].sort();
      return distinct.length === 0
        ? []
        : [`--allow-${kind}=${distinct.join(",")}`];
    });
  }
}
