/**
 * What clients are built on. Its parts are loaded by the first call: a program
 * that makes a client and calls nothing loads the client alone.
 *
 * @module
 */
import type {
  CallOptions,
  ClientCore,
  PresignOptions,
} from "../ports/caller.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { CredentialSource } from "../ports/credentials.ts";
import type { SendOptions } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import {
  assumeRoleWith,
  assumeRoleWithTokenWith,
  type CoreAs,
} from "./assume_role.ts";
import type { Shared, StsPorts } from "./shared.ts";

/**
 * Makes what a client is built on. Nothing is read before the first call.
 *
 * @param shared What the session's clients share.
 * @param service The service.
 * @param config The client's own options.
 * @param identity Who calls, where it is not who the options say; `null`: nobody.
 * @param purpose What its calls are for; absent: the caller's own.
 */
export function coreOf(
  shared: Shared,
  service: ServiceDefinition,
  config: ClientConfig,
  identity?: CredentialSource | null,
  purpose?: SendOptions["purpose"],
): ClientCore {
  let ready: Required<ClientCore> | undefined;
  const load = async (): Promise<Required<ClientCore>> => {
    const { assembledCore } = await import("./assemble.ts");
    ready ??= assembledCore(shared, service, config, identity, purpose);
    return ready;
  };
  return {
    call: async <Input, Output>(
      operation: Operation<Input, Output>,
      input: Input,
      options?: CallOptions,
    ) => await (ready ?? await load()).call(operation, input, options),
    presign: async <Input, Output>(
      operation: Operation<Input, Output>,
      input: Input,
      options?: PresignOptions,
    ) => await (ready ?? await load()).presign(operation, input, options),
    signingPlace: async (...place) =>
      await (ready ?? await load()).signingPlace(...place),
    clock: shared.clock,
    files: shared.system,
    logger: shared.logger,
    settings: async () => await (ready ?? await load()).settings(),
    checksums: async () => await (ready ?? await load()).checksums(),
  };
}

/**
 * The ports through which a session's credential chain reaches STS.
 *
 * @param shared What the session's clients share; asked when a role is assumed.
 */
export function stsPorts(shared: () => Shared): StsPorts {
  const core: CoreAs = (service, identity) =>
    coreOf(shared(), service, {}, identity);
  const credentialsCore: CoreAs = (service, identity) =>
    coreOf(shared(), service, {}, identity, "credentials");
  return {
    core,
    credentialsCore,
    assumeRole: assumeRoleWith(credentialsCore),
    assumeRoleWithWebIdentity: assumeRoleWithTokenWith(credentialsCore),
  };
}
