/**
 * The error of a provider that is in use and cannot get credentials.
 *
 * @module
 */
import { CredentialsError } from "../foundation/errors.ts";
import { WITHHELD } from "../foundation/redact.ts";

/**
 * Makes the error.
 *
 * @param source Name of the provider.
 * @param code Which case it is, in botocore's words where it has one.
 * @param why Why it cannot, and what to do. Never a secret.
 * @param cause The underlying error, if it holds no secret.
 */
export function failure(
  source: string,
  code: string,
  why: string,
  cause?: unknown,
): CredentialsError {
  return new CredentialsError(
    code,
    `Cannot get the credentials of "${source}": ${why}`,
    {
      tried: [{ name: source, verdict: `broken: ${code}` }],
      ...cause !== undefined && { cause },
    },
  );
}

/** Longest text that is looked at. */
const MOST = 2_000;

/** A word of a language, a short number, or the name of an error. */
const PLAIN =
  /^["'`([<]*(?:[A-Z]?[a-z]{1,15}(?:'[a-z]{1,2})?|[A-Z]{1,8}|\d{1,4}|[A-Z][A-Za-z]{2,40}(?:Error|Exception))["'`)\]>.,:;!?]*$/;

/** A name whose value is on its other side. */
const SECRET_NAME =
  /(?:secret|token|passw|passphrase|key|credential|pin|code)\w*["']?[:=]?$/i;

/**
 * Keeps what can hardly be a secret in a text: plain words and short numbers.
 * Anything else, and what follows a word such as "token:", is withheld.
 *
 * @param text The text.
 * @returns One line.
 */
export function plainWords(text: string): string {
  const words = text.slice(0, MOST).split(/\s+/).filter((word) => word !== "");
  const shown = words.map((word, index) => {
    const before = words[index - 1] ?? "";
    // `name: value` and `name = value`.
    const name = /^[:=]$/.test(before) ? `${words[index - 2]}=` : before;
    const named = /[:=]$/.test(name) && SECRET_NAME.test(name);
    return PLAIN.test(word) && !named ? word : WITHHELD;
  });
  const joined = shown.filter((word, index) =>
    word !== WITHHELD || shown[index - 1] !== WITHHELD
  );
  return joined.join(" ") + (text.length > MOST ? " …" : "");
}
