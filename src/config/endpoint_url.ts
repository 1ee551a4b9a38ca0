/**
 * The endpoint that the user sets in place of a service's own.
 *
 * Source: "Service-specific endpoints", AWS SDKs and Tools Reference Guide.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { isBoolean, readBoolean } from "../foundation/setting_values.ts";
import type {
  Candidate,
  ConfigSection,
  ProfileSet,
  Resolved,
  Setting,
} from "../ports/config.ts";
import {
  inSection,
  resolve,
  search,
  type SettingSources,
  settle,
} from "./settings.ts";

const ENDPOINT_URL: Setting<string> = {
  name: "endpointUrl",
  env: ["AWS_ENDPOINT_URL"],
  profile: ["endpoint_url"],
  read: (text) => isEndpoint(text) ? text : undefined,
  accepts: isEndpoint,
  allowed: 'a URL with scheme and host, such as "http://localhost:9000"',
  code: "InvalidEndpointError",
};

/** Switches off what is not set in code. */
const IGNORE: Setting<boolean> & { readonly fallback: boolean } = {
  name: "ignoreConfiguredEndpointUrls",
  env: ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"],
  profile: ["ignore_configured_endpoint_urls"],
  read: readBoolean,
  accepts: isBoolean,
  allowed: "true or false",
  fallback: false,
};

/**
 * Resolves the endpoint of a service: code, `AWS_ENDPOINT_URL_<SERVICE>`,
 * `AWS_ENDPOINT_URL`, the profile's `services` section, the profile's
 * `endpoint_url`. Outside code an empty one counts as none.
 *
 * @param service Id of the service, for example `"s3"`.
 * @param places Where settings can be set.
 * @param services The `services` sections of the config file.
 * @throws {ConfigError} If it is no URL, or the profile names a `services`
 * section that is not there.
 */
export function resolveEndpointUrl(
  service: string,
  places: SettingSources,
  services: ProfileSet["services"],
): Resolved<string | undefined> {
  const name = service.replaceAll("-", "_");
  const { candidates, denied } = search({
    ...ENDPOINT_URL,
    env: [`AWS_ENDPOINT_URL_${name.toUpperCase()}`, "AWS_ENDPOINT_URL"],
  }, places);
  const of = (kind: Candidate["source"]["kind"]): readonly Candidate[] =>
    candidates.filter(({ source, value }) =>
      source.kind === kind && (kind === "code" || value !== "")
    );
  const ignore = resolve(IGNORE, places);
  const configured = ignore.value ? [] : [
    ...of("env"),
    ...inServices(name, places.profile.section, services),
    ...of("file"),
  ];
  return settle(ENDPOINT_URL, {
    candidates: [...of("code"), ...configured],
    denied: [...denied, ...ignore.denied],
  });
}

function inServices(
  service: string,
  profile: ConfigSection | undefined,
  services: ProfileSet["services"],
): readonly Candidate[] {
  const name = profile?.values["services"];
  if (profile === undefined || name === undefined) return [];
  const section = typeof name === "string" ? services.get(name) : undefined;
  if (section === undefined) {
    const { file, line } = profile.places["services"] ?? profile.place;
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot find the endpoints that the profile names in "${file}", line ${line}: there is no section [services ${
        typeof name === "string" ? name : "..."
      }]; add it or remove the key services`,
    );
  }
  return inSection(`services ${name}`, section, `${service}.endpoint_url`)
    .filter(({ value }) => value !== "");
}

function isEndpoint(value: unknown): value is string {
  return typeof value === "string" && /^https?:\/\/[^/?#]/i.test(value) &&
    URL.canParse(value);
}
