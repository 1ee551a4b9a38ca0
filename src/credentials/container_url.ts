/**
 * Which hosts may be asked for the credentials of a container.
 *
 * @module
 */

/** Where relative addresses lead. */
export const CONTAINER_ORIGIN = "http://169.254.170.2";

/** The addresses of ECS and EKS, and names of this machine. */
const HOSTS: readonly string[] = [
  "169.254.170.2",
  "169.254.170.23",
  "[fd00:ec2::23]",
  "localhost",
];

/**
 * Why an address may not be asked. Over plain HTTP only this machine and the
 * addresses of ECS and EKS may: whoever can set a variable must not be able to
 * collect the token.
 *
 * @param url The address.
 * @returns The reason, or `undefined` where it may be asked.
 */
export function refusedBecause(url: string): string | undefined {
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
