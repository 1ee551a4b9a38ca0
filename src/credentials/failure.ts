/**
 * The error of a provider that is in use and cannot get credentials.
 *
 * @module
 */
import { CredentialsError } from "../foundation/errors.ts";

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
