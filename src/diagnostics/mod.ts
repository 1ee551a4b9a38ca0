/**
 * Explanations: where credentials and settings come from, and which permissions
 * a program needs. Nothing here is loaded by programs that do not ask.
 *
 * `session.explainCredentials()` and `session.explainConfig(S3)` answer for a
 * session; this entry has what answers without one.
 *
 * @example Which flags does this program need?
 * ```ts
 * import { permissionsFor } from "@inia/aws/diagnostics";
 *
 * const flags = await permissionsFor({ profile: "dev" }, [
 *   "photos.s3.eu-west-1.amazonaws.com",
 * ]);
 * console.log(`deno run ${flags.join(" ")} main.ts`);
 * ```
 *
 * @example Which of these sources has credentials?
 * ```ts
 * import { envProvider } from "@inia/aws/credentials";
 * import { explainCredentials } from "@inia/aws/diagnostics";
 *
 * const system = { env: () => ({ kind: "absent" } as const) };
 * const explanation = await explainCredentials([envProvider({ system })]);
 * console.log(explanation.winner); // undefined
 * ```
 *
 * @module
 */
export {
  type ConfigExplanation,
  CredentialsExplanation,
  explainCredentials,
  type ExplainedSetting,
  type SourceExplanation,
} from "./explain.ts";
export { permissionsFor } from "./permissions.ts";
