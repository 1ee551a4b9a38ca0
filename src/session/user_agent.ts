/**
 * Who we are, for the services' statistics.
 *
 * @module
 */
import { VERSION } from "./version.ts";

/**
 * `inia/0.1.0 Deno/2.9.6`: this package, and what it runs on, without any
 * permission; then `app/` and the id of the application, where it has one.
 *
 * Source: "Application ID", AWS SDKs and Tools Reference Guide; what is no
 * character of a user agent becomes a hyphen, as in botocore.
 *
 * @param appId Id of the application.
 */
export function userAgent(appId?: string): string {
  const runtime = globalThis.navigator?.userAgent;
  const app = appId?.replaceAll(/[^A-Za-z\d!$%&'*+\-.^_`|~,#]/gu, "-");
  return [`inia/${VERSION}`, runtime, app && `app/${app}`]
    .filter((part) => part).join(" ");
}
