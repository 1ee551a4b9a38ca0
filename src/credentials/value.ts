/**
 * Credentials as values that cannot be printed, and the end that they have.
 *
 * @module
 */
import { parseZonedTime } from "../foundation/timestamps.ts";
import type { Credentials } from "../ports/credentials.ts";

const DENO_INSPECT = Symbol.for("Deno.customInspect");
const NODE_INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Makes a credentials value: read-only, and without its secrets wherever it is
 * shown or copied.
 *
 * The secret and the session token are there to be read, but do not count as its
 * content: `console.log`, `JSON.stringify`, template strings, `structuredClone`
 * and spreading (`{ ...credentials }`) leave them out. A client refuses such a
 * copy as incomplete when it is made; to copy a secret on purpose, name it.
 *
 * @param from The credentials; not changed.
 * @param source Name of the provider they came from, where `from` tells none.
 */
export function credentialsValue(
  from: Credentials,
  source?: string,
): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken } = from;
  const shownSource = from.source ?? source;
  const visible = {
    accessKeyId,
    ...from.expiration && { expiration: new Date(from.expiration) },
    ...from.accountId && { accountId: from.accountId },
    ...shownSource !== undefined && { source: shownSource },
  };
  // Getters, so that not even an inspection of hidden properties shows them.
  const hidden = {
    secretAccessKey: { get: () => secretAccessKey },
    ...sessionToken && { sessionToken: { get: () => sessionToken } },
    toJSON: { value: () => redacted(visible) },
    toString: { value: () => displayed(visible) },
    [DENO_INSPECT]: { value: () => displayed(visible) },
    [NODE_INSPECT]: { value: () => displayed(visible) },
  };
  Object.defineProperties(visible, hidden);
  // The compiler does not see what defineProperties adds.
  return Object.freeze(visible) as typeof visible & Credentials;
}

/**
 * A key id as it may stand in a text: its last four characters.
 *
 * @param accessKeyId The key id.
 */
export function shortKeyId(accessKeyId: string): string {
  return `****${accessKeyId.slice(-4)}`;
}

type Visible = Pick<
  Credentials,
  "accessKeyId" | "accountId" | "expiration" | "source"
>;

function redacted(visible: Visible): Visible {
  return { ...visible, accessKeyId: shortKeyId(visible.accessKeyId) };
}

function displayed({ accessKeyId, source, expiration }: Visible): string {
  const from = source === undefined ? "" : ` from ${source}`;
  const until = expiration === undefined
    ? ""
    : ` until ${expiration.toISOString()}`;
  return `Credentials(${shortKeyId(accessKeyId)}${from}${until})`;
}

/**
 * Reads a time with its zone; without one nobody knows when the credentials end.
 *
 * @returns The time, or `undefined` where the text is none.
 */
export function readExpiry(text: unknown): Date | undefined {
  return typeof text === "string" ? parseZonedTime(text) : undefined;
}
