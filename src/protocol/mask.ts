/**
 * Takes secrets out of what a service says about a request that it refuses: S3
 * answers a wrong signature with the canonical request, token included, and an
 * expired token with the token.
 *
 * @module
 */
import { isSecretParam, redactHeader, WITHHELD } from "../foundation/redact.ts";

/** Elements that are a secret, or the bytes of a text that may hold one. */
const SECRET_ELEMENT =
  /^(?:Token-\d+|(?:CanonicalRequest|StringToSign)Bytes|SignatureProvided)$/;

/**
 * A line of a header, or a parameter of a query. It starts where a word starts:
 * else a long word without a sign would be looked through from each of its letters.
 */
const PAIR = /(?<![\w-])([\w-]+)(:|=)([^\s&,;'"<>]+)/g;

/** A text of a service, its secrets withheld. */
export function maskedText(text: string): string {
  return text.replace(
    PAIR,
    (pair, name: string, sign: string, value: string) => {
      const secret = sign === "="
        ? isSecretParam(name)
        : redactHeader(name, value) === WITHHELD;
      return secret ? name + sign + WITHHELD : pair;
    },
  );
}

/** The text of an element, withheld as a whole where it is a secret. */
export function maskedElement(name: string, text: string): string {
  return SECRET_ELEMENT.test(name) ? WITHHELD : maskedText(text);
}
