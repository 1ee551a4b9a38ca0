/**
 * Resources of the default session.
 *
 * @module
 */
import type { S3, S3Config } from "../services/s3/mod.ts";
import type { ServiceClientClass } from "../ports/service.ts";
import { client } from "../session/default.ts";
import { S3Resource } from "./s3.ts";

/**
 * Makes the resource of a service on the default session; S3 is the service that
 * has one. For another session: `new S3Resource(session.client(S3))`.
 *
 * @param service The client's class.
 * @param config What differs from the session.
 * @throws {ConfigError} If an option does not exist, or contradicts another.
 */
export function resource(
  service: ServiceClientClass<S3, S3Config>,
  config?: S3Config,
): S3Resource {
  return new S3Resource(client(service, config));
}
