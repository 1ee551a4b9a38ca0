/**
 * For platforms that show nothing of the machine: browsers.
 *
 * @module
 */
import type {
  FileFacts,
  Found,
  OpenedFile,
  ProcessResult,
  System,
  WritableFiles,
} from "../ports/system.ts";

const ABSENT = { kind: "absent" } as const;

/** A machine that has nothing: all settings come from code. */
export class NoSystem implements System, WritableFiles {
  readonly blind = true;

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

  open(_path: string | URL): Promise<Found<OpenedFile>> {
    return Promise.resolve(ABSENT);
  }

  write(
    _path: string | URL,
    _from: number,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return Promise.resolve(ABSENT);
  }

  cut(_path: string | URL, _length: number): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }

  rename(_from: string | URL, _to: string | URL): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }

  remove(_path: string | URL): Promise<Found<true>> {
    return Promise.resolve(ABSENT);
  }
}
