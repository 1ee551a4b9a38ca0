/**
 * Questions to the instance metadata service.
 *
 * @module
 */
import { TransportError } from "../foundation/errors.ts";
import type { HeaderMap, Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import { type Answer, exchange, type Question } from "./exchange.ts";
import type { Resolution } from "./resolution.ts";
import type { InstanceSettings } from "./instance_settings.ts";

/** Ends the questions where the service is not in use. The provider catches it. */
export class NotInUse extends Error {
  readonly finding: Resolution;

  constructor(finding: Resolution) {
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
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Where services were asked before. Absent: nothing is remembered. */
  readonly memory?: MetadataMemory;
}

/**
 * Addresses where a metadata service was asked, for the life of the process. Where
 * every question was met with silence there is none: a program outside of EC2
 * would wait for it anew in each search.
 */
export class MetadataMemory {
  readonly #silent = new Set<string>();
  readonly #answered = new Set<string>();

  /** Whether all was silent there, and nothing ever answered. */
  isSilent(settings: InstanceSettings): boolean {
    return this.#silent.has(keyOf(settings));
  }

  /** Notes that something answered, whatever it said. */
  noteAnswer(settings: InstanceSettings): void {
    this.#answered.add(settings.endpoint);
  }

  /** Notes that no question was answered in time. */
  noteSilence(settings: InstanceSettings): void {
    if (this.#answered.has(settings.endpoint)) return;
    this.#silent.add(keyOf(settings));
  }
}

/** Who waits longer may hear more. */
function keyOf({ endpoint, timeoutMs, attempts }: InstanceSettings): string {
  return `${endpoint} ${timeoutMs} ${attempts}`;
}

/** What a question led to: a result, or why there is none, in words. */
export type Outcome<T> =
  | { readonly kind: "result"; readonly value: T }
  | {
    readonly kind: "failure";
    /** Why, in words. Absent: nothing is there that could say. */
    readonly why?: string;
  };

/** Asks the service, as often as the settings say. */
export class Asker {
  readonly settings: InstanceSettings;
  readonly #deps: AskerDeps;
  readonly #signal: AbortSignal | undefined;
  #onlySilence = true;

  constructor(
    settings: InstanceSettings,
    deps: AskerDeps,
    signal: AbortSignal | undefined,
  ) {
    this.#deps = deps;
    this.settings = settings;
    this.#signal = signal;
  }

  /** Whether no question was answered so far, and each cost its whole time. */
  get onlySilence(): boolean {
    return this.#onlySilence;
  }

  /** Longest time that one question waits, in milliseconds. */
  get timeoutMs(): number {
    return this.#deps.timeoutMs ?? this.settings.timeoutMs;
  }

  /**
   * Asks until there is a result.
   *
   * @param question What it is about, method, path and header fields.
   * @param read Makes the result of an answer, or of a failed exchange, or tells
   * why there is none and it is asked again.
   */
  async ask<T>(
    { about, method, path, headers }: {
      readonly about: "keys" | "role" | "token";
      readonly method: "GET" | "PUT";
      readonly path: string;
      readonly headers: HeaderMap;
    },
    read: (answer: Answer | TransportError) => Outcome<T>,
  ): Promise<Outcome<T>> {
    const { endpoint, attempts } = this.settings;
    let outcome: Outcome<T> = {
      kind: "failure",
      why: "it was not asked: AWS_METADATA_SERVICE_NUM_ATTEMPTS is 0",
    };
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const answer = await this.#once({
        method,
        url: endpoint + path,
        headers,
      });
      this.#note(answer);
      outcome = read(answer);
      if (outcome.kind === "result") return outcome;
      this.#deps.logger.debug("The instance metadata service failed", {
        attempt,
        about,
        result: answer instanceof TransportError ? answer.kind : answer.status,
      });
    }
    return outcome;
  }

  #note(answer: Answer | TransportError): void {
    if (answer instanceof TransportError && answer.kind === "timeout") return;
    this.#onlySilence = false;
    if (answer instanceof TransportError) return;
    this.#deps.memory?.noteAnswer(this.settings);
  }

  async #once(
    question: Question,
  ): Promise<Answer | TransportError> {
    const { maxCredentialBytes } = this.#deps;
    try {
      return await exchange(this.#deps.transport, question, {
        timeoutMs: this.timeoutMs,
        // Nobody asked for this service: it is looked for.
        mayPrompt: false,
        signal: this.#signal,
        ...maxCredentialBytes === undefined ? {} : { maxCredentialBytes },
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.kind !== "denied") return error;
      const host = new URL(this.settings.endpoint).host;
      throw new NotInUse({ kind: "denied", flags: [`--allow-net=${host}`] });
    }
  }
}
