/**
 * The secrets of one call, kept out of what it tells.
 *
 * @module
 */
import { base64 } from "../foundation/bytes.ts";
import { AwsError, ServiceError, withMessage } from "../foundation/errors.ts";
import { scrub } from "../foundation/redact.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { Member, StructureShape } from "../ports/schema.ts";

/** Shorter texts are not looked for: they would be found everywhere. */
const SHORTEST = 4;

/** In a recording, a word that only a test takes for a key must not be lost. */
const SHORTEST_KEPT = 8;

/**
 * The texts that a call's errors must not show: the members of its input that
 * its table marks as secret, and what it was signed with. A service that quotes
 * a request in its refusal would else carry them into logs.
 */
export class Secrets {
  readonly #shape: StructureShape;
  readonly #input: unknown;
  readonly #credentials: Credentials[] = [];

  /**
   * Makes the secrets of a call.
   *
   * @param shape Shape of its input.
   * @param input Its input.
   */
  constructor(shape: StructureShape, input: unknown) {
    this.#shape = shape;
    this.#input = input;
  }

  /** Adds what an attempt was signed with. */
  addCredentials(credentials: Credentials): void {
    if (this.#credentials.at(-1) !== credentials) {
      this.#credentials.push(credentials);
    }
  }

  /**
   * Takes the secrets out of an error.
   *
   * @param error Anything thrown.
   * @returns The error, or one of the same kind without the secrets.
   */
  removedFrom(error: unknown): unknown {
    if (!(error instanceof AwsError)) return error;
    const clean = this.#cleaner();
    if (error.ResponseMetadata) {
      error.ResponseMetadata = cleanStrings(error.ResponseMetadata, clean);
    }
    if (error instanceof ServiceError) return cleanServiceError(error, clean);
    const message = clean(error.message);
    if (message !== error.message) withMessage(error, message);
    return error;
  }

  /** The most characters that a secret takes in a text, however it is written there. */
  get longest(): number {
    const lengths = [...this.#values()].map((value) => value.length);
    // In JSON, a character may take six.
    return 6 * Math.max(0, ...lengths);
  }

  /**
   * Hides the secrets in a text.
   *
   * @param text The text, for example the body of an answer.
   */
  hiddenIn(text: string): string {
    return this.#cleaner()(text);
  }

  /**
   * Hides the secrets in a text that is kept.
   *
   * @param text The text.
   * @param mark What stands in their place.
   */
  replacedIn(text: string, mark: string): string {
    const secrets = [...this.#values()].filter((value) =>
      value.length >= SHORTEST_KEPT
    );
    return scrub(text, secrets, mark);
  }

  #cleaner(): (text: string) => string {
    const secrets = [...this.#values()].filter((value) =>
      value.length >= SHORTEST
    );
    return (text) => scrub(text, secrets);
  }

  *#values(): Generator<string> {
    for (const { secretAccessKey, sessionToken } of this.#credentials) {
      yield secretAccessKey;
      if (sessionToken !== undefined) yield sessionToken;
    }
    yield* secretMembers(this.#shape, this.#input);
  }
}

function cleanServiceError(
  error: ServiceError,
  clean: (text: string) => string,
): ServiceError {
  const detail = cleanStrings(error.detail, clean);
  const cleaned = new ServiceError(clean(error.reason), detail);
  return Object.assign(cleaned, {
    message: clean(error.message),
    stack: clean(error.stack ?? error.message),
    ...error.ResponseMetadata && { ResponseMetadata: error.ResponseMetadata },
  });
}

/** A copy with every text in it cleaned; plain objects and arrays are entered. */
function cleanStrings<T>(value: T, clean: (text: string) => string): T;
function cleanStrings(
  value: unknown,
  clean: (text: string) => string,
): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) {
    return value.map((item) => cleanStrings(item, clean));
  }
  if (typeof value !== "object" || value === null || value instanceof Date) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [key, cleanStrings(item, clean)]),
  );
}

/** The texts of all members that a table marks as secret. */
function* secretMembers(
  shape: StructureShape,
  value: unknown,
): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const [name, member] of Object.entries(shape.members)) {
    if (fields[name] !== undefined) yield* secretsIn(member, fields[name]);
  }
}

function* secretsIn(member: Member, value: unknown): Generator<string> {
  if (member.secret) {
    if (typeof value === "string") yield value;
    if (value instanceof Uint8Array) yield base64(value);
    return;
  }
  if (typeof member.of === "string" || typeof value !== "object") return;
  const shape = member.of();
  if (shape.kind === "structure") yield* secretMembers(shape, value);
  else if (shape.kind === "list" && Array.isArray(value)) {
    for (const item of value) yield* secretsIn(shape.item, item);
  } else if (shape.kind === "map" && value !== null) {
    for (const item of Object.values(value)) {
      yield* secretsIn(shape.value, item);
    }
  }
}
