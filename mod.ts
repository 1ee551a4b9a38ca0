/**
 * AWS for Deno scripts: sessions, settings, credentials and errors. Clients of
 * services have entries of their own: `@inia/aws/s3`, `@inia/aws/sts`.
 *
 * @example Usage
 * ```ts
 * import { ServiceError, Session } from "@inia/aws";
 * import { S3 } from "@inia/aws/s3";
 *
 * using session = new Session({ profile: "dev", region: "eu-west-1" });
 * const s3 = session.client(S3);
 *
 * try {
 *   const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.txt" });
 *   console.log(await Body.text());
 * } catch (error) {
 *   if (error instanceof ServiceError && error.code === "NoSuchKey") {
 *     console.log("no such cat");
 *   } else throw error;
 * }
 * ```
 *
 * @module
 */
export {
  client,
  defaultSession,
  Session,
  setupDefaultSession,
} from "./src/session/session.ts";
export type { CallerIdentity } from "./src/session/sts.ts";
export type {
  ConfigExplanation,
  ExplainedSetting,
} from "./src/diagnostics/explain.ts";
export type {
  RoleOptions,
  SessionOptions,
  TransportName,
} from "./src/session/options.ts";
export {
  AwsError,
  ChecksumError,
  ConfigError,
  CredentialsError,
  EndpointError,
  NoCredentialsError,
  type ObjectChange,
  ObjectChangedError,
  PartialCredentialsError,
  PreconditionError,
  type PreconditionKind,
  ProtocolError,
  type ProviderAttempt,
  ServiceError,
  type ServiceErrorDetail,
  type TimeLimit,
  type Timeline,
  TimeoutError,
  TransportError,
  type TransportFault,
  ValidationError,
  type ValidationProblem,
} from "./src/foundation/errors.ts";
export type {
  AttemptRecord,
  ResponseBase,
  ResponseMetadata,
  StopReason,
} from "./src/foundation/metadata.ts";
export { StreamingBody } from "./src/foundation/streaming_body.ts";
export type {
  ApiCredentials,
  BodyInput,
  ClientConfig,
  Clock,
  CredentialProvider,
  Credentials,
  CredentialsInput,
  Logger,
  LogLevel,
  RetryMode,
  RetryOptions,
  RetryStrategy,
  ServiceClientClass,
  System,
  Transport,
} from "./src/ports/mod.ts";
