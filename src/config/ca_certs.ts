/**
 * The certificates to trust beside the system's.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { isText } from "../foundation/setting_values.ts";
import type { Resolved, Setting } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import { expandPath } from "../foundation/paths.ts";
import { resolve, type SettingSources, sourceText } from "./settings.ts";

const CA_CERTS: Setting<readonly string[]> = {
  name: "caCerts",
  accepts: (value) => Array.isArray(value) && value.every(isPem),
  allowed: "a list of certificates as PEM texts",
};

const CA_BUNDLE: Setting<string> = {
  name: "the certificate bundle",
  env: ["AWS_CA_BUNDLE"],
  profile: ["ca_bundle"],
  read: (text) => isText(text) ? text : undefined,
  accepts: isText,
  allowed: "the path of a PEM file",
  emptyIsUnset: true,
};

/**
 * Resolves the certificates: the texts given in code, else the file that
 * `AWS_CA_BUNDLE` or the profile's `ca_bundle` names.
 *
 * @param places Where settings can be set.
 * @param system Where the file is.
 * @throws {ConfigError} If the file that is named cannot be used: without it the
 * client would trust other servers than it was told to.
 */
export async function resolveCaCerts(
  places: SettingSources,
  system: System,
): Promise<Resolved<readonly string[] | undefined>> {
  const given = resolve(CA_CERTS, places);
  const bundle = resolve(CA_BUNDLE, { ...places, given: [] });
  if (given.value !== undefined) {
    const weaker = bundle.value === undefined
      ? []
      : [{ source: bundle.source, value: bundle.value }, ...bundle.beaten];
    return { ...given, beaten: [...given.beaten, ...weaker] };
  }
  if (bundle.value === undefined) return { ...bundle, value: undefined };
  const text = await readBundle(
    bundle.value,
    sourceText(bundle.source),
    system,
  );
  return { ...bundle, value: [text] };
}

async function readBundle(
  written: string,
  source: string,
  system: System,
): Promise<string> {
  const { path, denied } = expandPath(written, system);
  const refuse = (why: string, cause?: unknown): never => {
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot read the certificates in "${
        path ?? written
      }", named by ${source}: ${why}`,
      cause === undefined ? {} : { cause },
    );
  };
  if (path === undefined) {
    return refuse(
      denied.length > 0
        ? `the home folder is not known; run with ${denied.join(" ")}`
        : "the home folder is not known; set HOME",
    );
  }
  let found;
  try {
    found = await system.readText(path);
  } catch (cause) {
    return refuse("the system refused it, or it is not text", cause);
  }
  if (found.kind === "denied") {
    return refuse(`it is not permitted; run with ${found.flag}`);
  }
  if (found.kind === "absent") return refuse("there is no such file");
  return isPem(found.value) ? found.value : refuse("it holds no certificate");
}

function isPem(value: unknown): value is string {
  return typeof value === "string" && value.includes("-----BEGIN ");
}
