/**
 * The machine that a program runs on, for parts that are built on their own.
 *
 * @example The keys of the environment, and nothing else
 * ```ts
 * import { envProvider } from "@inia/aws/credentials";
 * import { platformSystem } from "@inia/aws/system";
 *
 * const env = envProvider({ system: platformSystem() });
 * ```
 *
 * @module
 */
export type { BodyTarget } from "../ports/http.ts";
export type { Clock } from "../ports/system.ts";
export type {
  ClaimedFile,
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
export type { MachineFiles } from "./file_streams.ts";
export {
  DenoSystem,
  Machine,
  platformSystem,
  SystemClock,
  terminalMfaCode,
} from "./platform.ts";
