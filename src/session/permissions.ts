/**
 * The permissions that a program needs for its session.
 *
 * @module
 */
import { find } from "../credentials/resolution.ts";
import { PermissionRecorder, Permissions } from "../credentials/recorder.ts";
import { platformSystem } from "../system/platform.ts";
import { FetchTransport } from "../transport/fetch_transport.ts";
import { stsPorts } from "./core.ts";
import { type SessionOptions, TRANSPORT_OPTIONS } from "./options.ts";
import { Shared } from "./shared.ts";

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

/**
 * Finds the flags that a program needs for a session.
 *
 * @param options The session's options.
 * @param hosts The hosts of the services that the program calls.
 */
export async function foundPermissions(
  options: SessionOptions,
  hosts: readonly string[],
): Promise<readonly string[]> {
  const recorder = new PermissionRecorder();
  const inner = options.transport ?? new FetchTransport();
  try {
    const watched: Shared = new Shared({
      ...withoutTransportOptions(options),
      system: watchedSystem(recorder, options.system ?? platformSystem()),
      transport: recorder.transport(inner),
    }, stsPorts(() => watched));
    const found = await permissionsOf(watched, recorder);
    return found.withHosts(hosts).flags();
  } finally {
    if (options.transport === undefined) inner[Symbol.dispose]();
  }
}

async function permissionsOf(
  shared: Shared,
  recorder: PermissionRecorder,
): Promise<Permissions> {
  const { credentials, profile: named } = shared.options;
  const { profile } = await shared.setup();
  // Files of a profile that is asked for by name must be known not to be there.
  const setup = named === undefined ? recorder.take() : recorder.take().whole();
  const region = regionOf(shared, recorder);
  const inProfile = region === undefined &&
    Boolean(profile.section?.values["region"]);
  const beside = (ofProfile: boolean): Permissions => {
    const needed = ofProfile || inProfile || named !== undefined;
    return (needed ? setup : new Permissions()).and(
      region ?? new Permissions(),
    );
  };
  if (credentials !== undefined) return beside(false);
  const { discoveredProviders } = await import("./discovery.ts");
  for (const provider of await discoveredProviders(shared)) {
    recorder.take();
    const finding = await find(provider);
    if (finding.kind !== "found") continue;
    return beside(OF_PROFILES.includes(provider.name)).and(recorder.take());
  }
  return beside(true);
}

/** What the region needs; `undefined` where the profile has to tell it. */
function regionOf(
  { system, options }: Shared,
  recorder: PermissionRecorder,
): Permissions | undefined {
  if (options.region !== undefined) return new Permissions();
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) {
    const found = system.env(name);
    if (found.kind === "found" && found.value !== "") return recorder.take();
  }
  return undefined;
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
