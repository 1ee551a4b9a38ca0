/**
 * Credentials as the metadata services of hosts and containers write them.
 *
 * @module
 */
import type { Credentials } from "../ports/credentials.ts";
import { readExpiry } from "./expiry.ts";

/** A JSON text, read as far as it is an object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON text.
 *
 * @returns The object, or `undefined` where the text is none.
 */
export function readObject(json: string): JsonObject | undefined {
  const value = readJson(json);
  return isObject(value) ? value : undefined;
}

/**
 * Reads a JSON text.
 *
 * @returns The value, or `undefined` where the text is no JSON.
 */
export function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own error shows a part of the text.
    return undefined;
  }
}

/** Whether a value of a JSON text is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the fields that both services share; all must be there.
 *
 * @param json The document; one that is no object has no fields.
 * @param source Name of the provider that asks.
 * @returns The credentials, or the name of the first field that is missing or
 * wrong.
 */
export function metadataKeys(
  json: unknown,
  source: string,
): Credentials | string {
  const document = isObject(json) ? json : {};
  const { AccessKeyId, SecretAccessKey, Token, AccountId } = document;
  if (!isText(AccessKeyId)) return "AccessKeyId";
  if (!isText(SecretAccessKey)) return "SecretAccessKey";
  if (!isText(Token)) return "Token";
  const expiration = readExpiry(document["Expiration"]);
  if (expiration === undefined) return "Expiration";
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiration,
    ...isText(AccountId) && { accountId: AccountId },
    source,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
