/**
 * Credentials of a container.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { HeaderMap, Transport } from "../ports/http.ts";
import type { Clock, System } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  type ExplainableProvider,
  failure,
  provider,
  type Resolution,
} from "./chain.ts";
import { exchange, metadataKeys, readJson } from "./exchange.ts";
import { needTextFile } from "./section.ts";

const NAME = "container-role";
const RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/** As in botocore, `ContainerMetadataFetcher`. */
const TIMEOUT_MS = 2_000;
const ATTEMPTS = 3;
const PAUSE_MS = 1_000;

/** What {@linkcode containerProvider} needs. */
export interface ContainerDeps {
  /** Environment and token file. */
  readonly system: Pick<System, "env" | "readText">;
  /** Waits between attempts. */
  readonly clock: Clock;
  /** Gets a message for each failed attempt. */
  readonly logger: Logger;
  /** Sends the question. */
  readonly transport: Transport;
  /** Longest time to connect, and longest silence, in milliseconds. Default: 2 000. */
  readonly timeoutMs?: number;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
}

/**
 * Makes the provider of the address that `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`
 * or `AWS_CONTAINER_CREDENTIALS_FULL_URI` names: asked up to three times, a second
 * apart.
 *
 * Source: "Container credential provider", AWS SDKs and Tools Reference Guide.
 *
 * @param deps Environment, time and transport.
 */
export function containerProvider(deps: ContainerDeps): ExplainableProvider {
  return provider(NAME, async (signal): Promise<Resolution> => {
    const address = addressIn(deps.system);
    if (!("url" in address)) return address;
    const { variable, url } = address;
    const refused = refusedBecause(url);
    if (refused !== undefined) {
      throw failed("UnsupportedHost", `${variable} is refused: ${refused}`);
    }
    return {
      kind: "found",
      credentials: await retrieve(deps, url, signal),
      at: variable,
      refresh: "asks the container's address again",
    };
  });
}

function addressIn(
  system: ContainerDeps["system"],
): Resolution | { readonly variable: string; readonly url: string } {
  const relative = system.env(RELATIVE);
  if (relative.kind === "found") {
    return { variable: RELATIVE, url: CONTAINER_ORIGIN + relative.value };
  }
  const full = system.env(FULL);
  if (full.kind === "found") return { variable: FULL, url: full.value };
  const flags = [relative, full].flatMap((found) =>
    found.kind === "denied" ? [found.flag] : []
  );
  return flags.length > 0 ? { kind: "denied", flags } : {
    kind: "absent",
    why: `neither ${RELATIVE} nor ${FULL} is set`,
  };
}

async function retrieve(
  deps: ContainerDeps,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Credentials> {
  const headers = {
    accept: "application/json",
    ...await authorization(deps.system),
  };
  for (let attempt = 1;; attempt++) {
    const result = await ask(deps, url, headers, signal);
    if (typeof result !== "string") return result;
    if (attempt >= ATTEMPTS) {
      throw failed(
        "CredentialRetrievalError",
        `no usable answer in ${ATTEMPTS} attempts; the last time ${result}`,
      );
    }
    deps.logger.debug("The container's address failed", { attempt, result });
    await deps.clock.sleep(PAUSE_MS, signal);
  }
}

/** One attempt: the credentials, or what went wrong and may go right next time. */
async function ask(
  { transport, timeoutMs = TIMEOUT_MS, maxCredentialBytes }: ContainerDeps,
  url: string,
  headers: HeaderMap,
  signal: AbortSignal | undefined,
): Promise<Credentials | string> {
  let answer;
  try {
    // Botocore, too, asks this service directly: a proxy would learn the token.
    const limits = {
      timeoutMs,
      signal,
      direct: true,
      mayPrompt: false,
      ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
    };
    answer = await exchange(transport, { url, headers }, limits);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    if (error.kind === "denied") {
      const flag = `--allow-net=${new URL(url).host}`;
      throw failed(
        "CredentialRetrievalError",
        `this program may not connect to the address; run with ${flag}`,
      );
    }
    return `the exchange failed (${error.kind})`;
  }
  if (answer.status !== 200) return `it answered with status ${answer.status}`;
  const document = readJson(answer.text);
  if (document === undefined) return "its answer was not JSON";
  const keys = metadataKeys(document, NAME);
  if (typeof keys !== "string") return keys;
  throw failed(
    "CredentialRetrievalError",
    `the answer has no valid ${keys}`,
  );
}

/** The token, read anew each time: on EKS the file rotates. */
async function authorization(
  system: ContainerDeps["system"],
): Promise<HeaderMap> {
  const file = system.env(TOKEN_FILE);
  // A variable that may not be read is most often not set.
  const inline = system.env(TOKEN);
  const token = file.kind === "found"
    ? await needTextFile(system, file.value, NAME)
    : inline.kind === "found"
    ? inline.value
    : undefined;
  if (token === undefined) return {};
  if (/[\r\n]/.test(token)) {
    throw failed(
      "InvalidAuthorizationToken",
      `the token of ${
        file.kind === "found" ? TOKEN_FILE : TOKEN
      } must not hold a line break, also not at its end`,
    );
  }
  return { authorization: token };
}

function failed(code: string, why: string): Error {
  return failure(NAME, code, why);
}

/** Where relative addresses lead. */
const CONTAINER_ORIGIN = "http://169.254.170.2";

/** The addresses of ECS and EKS, and names of this machine. */
const HOSTS: readonly string[] = [
  "169.254.170.2",
  "169.254.170.23",
  "[fd00:ec2::23]",
  "localhost",
];

/**
 * Why an address may not be asked. Over plain HTTP only this machine and the
 * addresses of ECS and EKS may: a program that sets a variable must not be able to
 * collect the token.
 */
function refusedBecause(url: string): string | undefined {
  // The text is looked at, since the platform takes "http://2130706433" for
  // 127.0.0.1.
  const [, scheme = "", authority = ""] =
    /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)/i.exec(url) ?? [];
  if (!/^https?$/i.test(scheme) || !URL.canParse(url)) {
    return "it must be a URL with http:// or https://";
  }
  if (authority.includes("@")) return "it must not hold a user name";
  if (/^https$/i.test(scheme)) return undefined;
  const host = authority.toLowerCase().replace(/:\d*$/, "");
  if (HOSTS.includes(host) || isLoopback(host)) return undefined;
  return `over http only a loopback address or one of ${
    HOSTS.join(", ")
  } may be asked, found "${host}"`;
}

function isLoopback(host: string): boolean {
  if (host.startsWith("[")) {
    return new URL(`http://${host}`).hostname === "[::1]";
  }
  const parts = host.split(".");
  return parts[0] === "127" && parts.length === 4 &&
    parts.every((part) =>
      /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256
    );
}
