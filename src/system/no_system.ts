/**
 * For platforms that show nothing of the machine: browsers, and runtimes without
 * `Deno`.
 *
 * @module
 */
import type {
  FileFacts,
  Files,
  Found,
  OpenedFile,
  ProcessResult,
  System,
} from "../ports/system.ts";

const ABSENT = { kind: "absent" } as const;

/** A machine that has nothing: all settings come from code. */
export class NoSystem implements System, Files {
  env(_name: string): Found<string> {
    return ABSENT;
  }

  readText(_path: string): Promise<Found<string>> {
    return Promise.resolve(ABSENT);
  }

  stat(_path: string): Promise<Found<FileFacts>> {
    return Promise.resolve(ABSENT);
  }

  writePrivate(_path: string, _text: string): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }

  run(
    _command: string,
    _args: readonly string[],
  ): Promise<Found<ProcessResult>> {
    return Promise.resolve(ABSENT);
  }

  open(_path: string): Promise<Found<OpenedFile>> {
    return Promise.resolve(ABSENT);
  }
}
