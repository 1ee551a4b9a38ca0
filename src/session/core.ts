/**
 * What clients are built on. Its parts are loaded by the first call: a program
 * that makes a client and calls nothing loads the client alone.
 *
 * @module
 */
import type {
  CallOptions,
  CallOverrides,
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
import { checkGiven } from "../credentials/given.ts";
import type { AssembledCore, ClientParts } from "./assemble.ts";
import { TransportLease } from "./transport_pool.ts";
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
  const caller = once(async () =>
    identity === undefined
      ? await shared.identityOf(config)
      : identity ?? undefined
  );
  const lease = new TransportLease();
  const client = {
    service,
    config,
    identity: caller,
    lease,
    ...purpose === undefined ? {} : { purpose },
  };
  const own = loadedCore(shared, client);
  const variants = new Variants((overrides) => {
    checkGiven(overrides.credentials);
    const { credentials } = overrides;
    return loadedCore(shared, {
      ...client,
      overrides,
      identity: credentials === undefined
        ? caller
        : once(() => shared.identityOf({ credentials })),
    });
  });
  const coreFor = (options: CallOverrides = {}): ReturnType<LoadCore> =>
    isPlain(options) ? own() : variants.of(options)();
  return {
    call: async <Input, Output>(
      operation: Operation<Input, Output>,
      input: Input,
      options?: CallOptions,
    ) => {
      const core = coreFor(options);
      return await ("call" in core ? core : await core)
        .call(operation, input, options);
    },
    presign: async <Input, Output>(
      operation: Operation<Input, Output>,
      input: Input,
      options?: PresignOptions,
    ) => await (await coreFor(options)).presign(operation, input, options),
    presignContext: async (...place) =>
      await (await own()).presignContext(...place),
    clock: shared.clock,
    files: shared.system,
    logger: shared.logger,
    settings: async () => await (await own()).settings(),
    checksums: async () => await (await own()).checksums(),
    [Symbol.dispose]: () => lease[Symbol.dispose](),
  };
}

/** Gets a core; at once where it is loaded. */
type LoadCore = () => Promise<AssembledCore> | AssembledCore;

function loadedCore(shared: Shared, client: ClientParts): LoadCore {
  let ready: AssembledCore | undefined;
  const load = async (): Promise<AssembledCore> => {
    const { assembledCore } = await import("./assemble.ts");
    ready ??= assembledCore(shared, client);
    return ready;
  };
  return () => ready ?? load();
}

/** Asks once; a failure is forgotten, so that the next call asks again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

/**
 * Whether a call says nothing that its client's parts do not fit. What is no
 * object at all is refused by the call.
 */
function isPlain(overrides: CallOverrides): boolean {
  const { region, credentials, retry } = overrides ?? {};
  return region === undefined && credentials === undefined &&
    retry === undefined;
}

/** Variants that are kept; those that were not used for longest go first. */
const KEPT_VARIANTS = 50;

/** What calls of one client are made with that say the same, so that they share it. */
class Variants {
  readonly #make: (overrides: CallOverrides) => LoadCore;
  readonly #kept: {
    readonly overrides: CallOverrides;
    readonly core: LoadCore;
  }[] = [];

  constructor(make: (overrides: CallOverrides) => LoadCore) {
    this.#make = make;
  }

  of({ region, credentials, retry }: CallOverrides): LoadCore {
    const index = this.#kept.findIndex(({ overrides }) =>
      overrides.region === region && overrides.credentials === credentials &&
      isSameRetry(overrides.retry, retry)
    );
    const overrides = {
      ...region !== undefined && { region },
      ...credentials !== undefined && { credentials },
      ...retry !== undefined && { retry },
    };
    const [found = { overrides, core: this.#make(overrides) }] = index < 0
      ? []
      : this.#kept.splice(index, 1);
    this.#kept.push(found);
    if (this.#kept.length > KEPT_VARIANTS) this.#kept.shift();
    return found.core;
  }
}

/** Options are often written at the call; strategies are told apart as objects. */
function isSameRetry(
  a: CallOverrides["retry"],
  b: CallOverrides["retry"],
): boolean {
  const isOptions = (retry: CallOverrides["retry"]): boolean =>
    typeof retry === "object" && retry !== null && !("begin" in retry);
  return a === b ||
    isOptions(a) && isOptions(b) && JSON.stringify(a) === JSON.stringify(b);
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
