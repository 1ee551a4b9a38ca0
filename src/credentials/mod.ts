/**
 * Credentials: where they are looked for, each source a part of its own.
 *
 * A session asks all of them in boto3's order. To have another order, or to leave
 * one out, give a session a chain of your own as `credentials`.
 *
 * @example Only the environment, then a function
 * ```ts
 * import { Session } from "@inia/aws";
 * import { CredentialChain, type CredentialProvider, envProvider } from "@inia/aws/credentials";
 *
 * const vault: CredentialProvider = {
 *   name: "vault",
 *   load: () => Promise.resolve({ accessKeyId: "AKIA…", secretAccessKey: "…" }),
 * };
 * const env = envProvider({
 *   system: { env: () => ({ kind: "absent" }) },
 * });
 * using session = new Session({ credentials: new CredentialChain([env, vault]) });
 * console.log((await session.credentials()).source); // vault
 * ```
 *
 * @module
 */
export {
  AwsError,
  CredentialsError,
  NoCredentialsError,
  PartialCredentialsError,
  type ProviderAttempt,
} from "../foundation/errors.ts";
export type {
  AttemptRecord,
  ResponseMetadata,
  StopReason,
  Timeline,
} from "../foundation/metadata.ts";
export type { Clock } from "../ports/system.ts";
export type {
  ConfigSection,
  FileState,
  Profile,
  ProfileSet,
  ProfileValue,
  SettingLocation,
  SettingSource,
} from "../ports/config.ts";
export type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  CredentialProvider,
  Credentials,
  CredentialSource,
  RoleRequest,
  SessionTag,
} from "../ports/credentials.ts";
export type {
  BodySource,
  HeaderMap,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  QueryParam,
  RequestBody,
  ResponseBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
export type { TimeLimit } from "../foundation/errors.ts";
export type { LogFields, Logger, LogLevel } from "../ports/telemetry.ts";
export type {
  FileFacts,
  Found,
  ProcessResult,
  System,
} from "../ports/system.ts";
export { type AssumeRoleDeps, assumeRoleProvider } from "./assume_role.ts";
export type { MfaCode, NamedSource } from "./assume_role.ts";
export {
  CredentialChain,
  type ExplainableProvider,
  type Resolution,
} from "./chain.ts";
export { type ContainerDeps, containerProvider } from "./container.ts";
export {
  type ChainContext,
  defaultProviders,
  type ProfileChoice,
} from "./default_chain.ts";
export { envProvider } from "./static_keys.ts";
export {
  type InstanceDeps,
  instanceProvider,
  type InstanceSettings,
  MetadataMemory,
} from "./instance.ts";
export { type LoginDeps, loginProvider } from "./login.ts";
export {
  type Boto2FileDeps,
  boto2FileProvider,
  ec2FileProvider,
  type ReadSections,
} from "./static_keys.ts";
export { type ProcessDeps, processProvider } from "./process.ts";
export { type RefreshDeps, RefreshingCredentials } from "./refreshing.ts";
export type { ProfileDeps } from "./section.ts";
export type { SignInEndpoint, SignInService } from "./exchange.ts";
export { type SsoDeps, ssoProvider, type SsoTokenDeps } from "./sso.ts";
export { configFileProvider, sharedFileProvider } from "./static_keys.ts";
export { credentialsValue } from "./value.ts";
export { type WebIdentityDeps, webIdentityProvider } from "./assume_role.ts";
export type { CachedRole, RoleCache, RoleCacheDeps } from "./role_cache.ts";
