/**
 * The session of programs that need only one.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { ServiceClientClass } from "../ports/service.ts";
import type { SessionOptions } from "./options.ts";
import { Session } from "./session.ts";

/** Owns the one session; made when it is first asked for. */
class DefaultSession {
  #session: Session | undefined;

  get(): Session {
    this.#session ??= new Session();
    return this.#session;
  }

  set(options: SessionOptions): void {
    if (this.#session !== undefined) {
      throw new ConfigError(
        "DefaultSessionInUse",
        "Cannot set up the default session: it is in use already; call setupDefaultSession before the first client, or make a Session",
      );
    }
    this.#session = new Session(options);
  }
}

const OWNER = new DefaultSession();

/**
 * The session that {@linkcode client} uses; made with the defaults where it was
 * not set up.
 */
export function defaultSession(): Session {
  return OWNER.get();
}

/**
 * Sets up the default session. To be called once, before it is used.
 *
 * @param options What differs from environment, profile and defaults.
 * @throws {ConfigError} If it is in use already.
 */
export function setupDefaultSession(options: SessionOptions): void {
  OWNER.set(options);
}

/**
 * Makes a client of a service on the default session.
 *
 * @typeParam Client Type of the client, taken from the class.
 * @typeParam Config Type of its settings, taken from the class.
 * @param service The client's class, for example `S3`.
 * @param config What differs from the session.
 * @throws {ConfigError} If an option does not exist, or contradicts another.
 */
export function client<Client, Config extends ClientConfig>(
  service: ServiceClientClass<Client, Config>,
  config?: NoInfer<Config>,
): Client {
  return OWNER.get().client(service, config);
}
