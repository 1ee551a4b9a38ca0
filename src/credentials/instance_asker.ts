/**
 * Questions to the instance metadata service.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import type { HeaderMap, Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import { type Answer, exchange, type Question } from "./exchange.ts";
import type { Finding } from "./finding.ts";
import type { InstanceSettings } from "./instance_settings.ts";

/** Ends the questions where the service is not in use. The provider catches it. */
export class NotInUse extends Error {
  readonly finding: Finding;

  constructor(finding: Finding) {
    super();
    this.finding = finding;
  }
}

/** What {@linkcode Asker} needs. */
export interface AskerDeps {
  /** Is told of failed attempts. */
  readonly logger: Logger;
  /** Sends the questions. */
  readonly transport: Transport;
  /** Longest time to connect, and longest silence. Default: the settings'. */
  readonly timeoutMs?: number;
}

/** Asks the service, as often as the settings say. */
export class Asker {
  readonly settings: InstanceSettings;
  readonly #deps: AskerDeps;
  readonly #signal: AbortSignal | undefined;

  constructor(
    settings: InstanceSettings,
    deps: AskerDeps,
    signal: AbortSignal | undefined,
  ) {
    this.#deps = deps;
    this.settings = settings;
    this.#signal = signal;
  }

  /**
   * Asks until there is a result.
   *
   * @param question What it is about, method, path and header fields.
   * @param read Makes the result of an answer, or of a failed exchange;
   * `undefined`: ask again.
   */
  async ask<T>(
    { about, method, path, headers }: {
      readonly about: "keys" | "role" | "token";
      readonly method: "GET" | "PUT";
      readonly path: string;
      readonly headers: HeaderMap;
    },
    read: (answer: Answer | TransportError) => T | undefined,
  ): Promise<T | undefined> {
    const { endpoint, attempts } = this.settings;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const answer = await this.#once({
        method,
        url: endpoint + path,
        headers,
      });
      const result = read(answer);
      if (result !== undefined) return result;
      this.#deps.logger.debug("The instance metadata service failed", {
        attempt,
        about,
        result: answer instanceof TransportError ? answer.kind : answer.status,
      });
    }
    return undefined;
  }

  async #once(
    question: Question,
  ): Promise<Answer | TransportError> {
    const timeoutMs = this.#deps.timeoutMs ?? this.settings.timeoutMs;
    try {
      return await exchange(this.#deps.transport, question, {
        timeoutMs,
        signal: this.#signal,
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.kind !== "denied") return error;
      const host = new URL(this.settings.endpoint).host;
      throw new NotInUse({ kind: "denied", flags: [`--allow-net=${host}`] });
    }
  }
}
