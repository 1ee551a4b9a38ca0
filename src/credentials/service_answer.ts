/**
 * Refusals of services that speak JSON.
 *
 * @module
 */
import type { Answer } from "./exchange.ts";
import { readObject } from "./metadata_keys.ts";

/**
 * The type of the error that an answer tells.
 *
 * Source: Smithy, AWS restJson1 protocol, "Operation error serialization".
 *
 * @param answer The answer.
 * @returns The type, for example `"UnauthorizedException"`.
 */
export function errorType({ headers, text }: Answer): string | undefined {
  const body = readObject(text) ?? {};
  const told = headers["x-amzn-errortype"] ?? body["__type"] ?? body["code"];
  if (typeof told !== "string") return undefined;
  // `aws.protocols#Type:http://…` → `Type`. What is no name is not shown.
  const name = told.split(":")[0]?.split("#").at(-1) ?? "";
  return /^[A-Za-z]{1,64}$/.test(name) ? name : undefined;
}
