/**
 * The words that the parts of the library share: for those who write a part of
 * their own (a transport, a signer, a retry strategy, a credential provider) or
 * call operations without a client class. Types only.
 *
 * @module
 */
export type { EventSource, EventStream } from "../foundation/event_stream.ts";
export type {
  AttemptRecord,
  ResponseBase,
  ResponseMetadata,
  StopReason,
  Timeline,
} from "../foundation/metadata.ts";
export type {
  BodyReader,
  StreamingBody,
} from "../foundation/streaming_body.ts";
export type {
  Caller,
  CallOptions,
  CallOverrides,
  ClientCore,
  CustomFields,
  PresignContext,
  PresignContextFinder,
  PresignedRequest,
  Presigner,
  PresignOptions,
  TextSigner,
} from "./caller.ts";
export type {
  ApiCredentials,
  Candidate,
  ClientConfig,
  ConfigSection,
  CredentialsInput,
  FileState,
  Profile,
  ProfileSet,
  ProfileValue,
  Resolved,
  Setting,
  SettingLocation,
  SettingSource,
} from "./config.ts";
export type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  CredentialProvider,
  Credentials,
  CredentialSource,
  RoleRequest,
  SessionTag,
  Signer,
  SigningRules,
  SigningScope,
} from "./credentials.ts";
export type {
  AttemptFacts,
  Correction,
  Endpoint,
  EndpointQuery,
  EndpointResolver,
  EndpointSession,
  FailedCall,
  Recovery,
  RegionMemory,
  ServiceClientClass,
  ServiceDefinition,
  SignatureKind,
} from "./service.ts";
export type {
  BodyInput,
  BodySource,
  BodyTarget,
  HeaderMap,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  QueryParam,
  RequestBody,
  ResponseBody,
  SendOptions,
  Transport,
} from "./http.ts";
export type {
  LogFields,
  Logger,
  LogLevel,
  Telemetry,
  TelemetryAttributes,
  TelemetryHistogram,
  TelemetryMeter,
  TelemetrySpan,
  TelemetryTracer,
} from "./telemetry.ts";
export type {
  RetriedCall,
  RetryGrant,
  RetryMode,
  RetryOptions,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
} from "./retry.ts";
export type {
  ChecksumTraits,
  ErrorTraits,
  ListShape,
  Location,
  MapShape,
  Member,
  Operation,
  ParsedResponse,
  Protocol,
  ScalarType,
  SerializedRequest,
  Shape,
  StructureShape,
  XmlNamespace,
} from "./schema.ts";
export type {
  ClaimedFile,
  Clock,
  EntryKind,
  FileFacts,
  FileId,
  Files,
  FolderEntry,
  Found,
  OpenedFile,
  ProcessResult,
  System,
  WritableFile,
  WritableFiles,
} from "./system.ts";
