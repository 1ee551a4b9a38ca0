/**
 * What tests of scripts need: S3 and STS in memory, transports that record and
 * replay, a clock that stands still, a machine made of plain values.
 *
 * @example Usage
 * ```ts
 * import { FixedClock, ReplayTransport } from "@inia/aws/testing";
 *
 * const clock = new FixedClock("2026-11-22T10:00:00Z");
 * const transport = new ReplayTransport([{
 *   request: {
 *     method: "GET",
 *     url: "https://s3.eu-west-1.amazonaws.com/photos/cat.txt",
 *   },
 *   response: { body: "miaow" },
 * }]);
 * ```
 *
 * @module
 */
export {
  type FakeProgram,
  FakeSystem,
  type FakeSystemOptions,
  FixedClock,
} from "./fake_system.ts";
export {
  LocalAws,
  type LocalAwsOptions,
  type LocalAwsServeOptions,
  type LocalClientConfig,
} from "./local_aws/local_aws.ts";
export type { FaultOptions } from "./local_aws/s3_error.ts";
export type { LocalRequest, LocalSignature } from "./local_aws/request.ts";
export type { LocalCredentials } from "./local_aws/access.ts";
export {
  type RecordedCall,
  type RecordingOptions,
  RecordingTransport,
  ReplayError,
  type ReplayExchange,
  type ReplayOptions,
  ReplayTransport,
} from "./fixtures.ts";
export {
  ANY,
  type Stub,
  stub,
  type StubAnswer,
  type StubbableClient,
  type StubbableMethod,
  type StubError,
  type StubInput,
  type StubMethods,
  type StubOutput,
} from "./stub.ts";
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
} from "../ports/system.ts";
export type {
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
} from "../ports/http.ts";
