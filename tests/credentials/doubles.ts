/**
 * What tests of credentials stand on: a quiet logger, a machine and a chain
 * context made of values.
 *
 * @module
 */
import { chooseProfile, loadProfiles } from "../../src/config/profiles.ts";
import type { ChainContext } from "../../src/credentials/default_chain.ts";
import type { Transport } from "../../src/ports/http.ts";
import type { LogFields, Logger } from "../../src/ports/telemetry.ts";
import {
  FakeSystem,
  type FakeSystemOptions,
  FixedClock,
} from "../../src/testing/mod.ts";

/** The time in tests. */
export const NOW = "2024-02-29T12:00:00Z";

/** A logger that keeps what it is told. */
export interface KeptMessages extends Logger {
  /** The messages, each with its level. */
  readonly messages: string[];
}

/** Makes a logger that keeps what it is told. */
export function keptMessages(): KeptMessages {
  const messages: string[] = [];
  const keep =
    (level: string) => (message: string, fields?: LogFields): void => {
      messages.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
    };
  return {
    messages,
    enabled: () => true,
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    child(): Logger {
      return this;
    },
  };
}

/** A transport for tests that must send nothing. */
export const NO_TRANSPORT: Transport = {
  send: ({ origin, path }) =>
    Promise.reject(new Error(`the test sends to ${origin}${path}`)),
  [Symbol.dispose]: () => {},
};

/** What a test says of its machine. */
export interface Setup extends FakeSystemOptions {
  /** The profile that is chosen in code. */
  readonly profile?: string;
  /** What differs in the context. */
  readonly context?: Partial<ChainContext>;
}

/** Makes the context of a chain; the home folder is `/home/ann`. */
export async function chainContext(setup: Setup = {}): Promise<ChainContext> {
  const { profile, context, ...machine } = setup;
  const system = new FakeSystem({
    ...machine,
    env: { HOME: "/home/ann", ...setup.env },
  });
  const profiles = await loadProfiles(system);
  const chosen = chooseProfile(profiles, system, profile);
  const unused = (): Promise<never> =>
    Promise.reject(new Error("the test assumes a role"));
  return {
    system,
    clock: new FixedClock(NOW),
    random: () => 0,
    logger: keptMessages(),
    transport: NO_TRANSPORT,
    profiles,
    profile: chosen,
    assumeRole: unused,
    assumeRoleWithWebIdentity: unused,
    ...context,
  };
}
