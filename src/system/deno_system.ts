/**
 * The operating system as Deno shows it.
 *
 * @module
 */
import { strictText } from "../foundation/bytes.ts";
import type {
  FileFacts,
  Found,
  OpenedFile,
  ProcessResult,
  System,
  WritableFiles,
} from "../ports/system.ts";
import { fileSink } from "./file_sink.ts";
import { fileSource } from "./file_source.ts";

/**
 * The machine that the script runs on. A permission is looked up before it is
 * used, so nothing prompts; what is not permitted names the flag that would.
 */
export class DenoSystem implements System, WritableFiles {
  readonly windows = Deno.build.os === "windows";

  env(name: string): Found<string> {
    const flag = `--allow-env=${name}`;
    if (!granted({ name: "env", variable: name })) return denied(flag);
    return orAbsent(Deno.env.get(name));
  }

  async readText(path: string): Promise<Found<string>> {
    return await reading(
      path,
      async () => strictText(await Deno.readFile(path)),
    );
  }

  async stat(path: string): Promise<Found<FileFacts>> {
    return await reading(path, async () => {
      const { size, mtime } = await Deno.stat(path);
      return { size, changedMs: mtime?.getTime() ?? 0 };
    });
  }

  async writePrivate(path: string, text: string): Promise<Found<true>> {
    const folder = folderOf(path);
    // Renaming a file needs to read it as well.
    for (const name of ["write", "read"] as const) {
      const flag = `--allow-${name}=${folder}`;
      if (!granted({ name, path: folder })) return denied(flag);
    }
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    return await found(`--allow-write=${folder}`, async () => {
      try {
        await Deno.writeTextFile(temporary, text, {
          createNew: true,
          mode: 0o600,
        });
        await Deno.rename(temporary, path);
      } catch (error) {
        await removeIfThere(temporary);
        throw error;
      }
      return true as const;
    });
  }

  async run(
    command: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Found<ProcessResult>> {
    signal?.throwIfAborted();
    const flag = `--allow-run=${command}`;
    if (!granted({ name: "run", command })) return denied(flag);
    return await found(flag, async () => {
      const { code, stdout, stderr } = await new Deno.Command(command, {
        args: [...args],
        // A program may ask for a second factor.
        stdin: "inherit",
        stdout: "piped",
        stderr: "piped",
        ...signal === undefined ? {} : { signal },
      }).output();
      signal?.throwIfAborted();
      return {
        code,
        stdout: new TextDecoder().decode(stdout),
        stderr: new TextDecoder().decode(stderr),
      };
    });
  }

  async open(path: string | URL, from = 0): Promise<Found<OpenedFile>> {
    return await reading(path, async () => {
      const file = await Deno.open(path, { read: true });
      try {
        const { size, isDirectory } = await file.stat();
        if (isDirectory) throw new Deno.errors.IsADirectory(shown(path));
        if (from > 0) await file.seek(from, Deno.SeekMode.Start);
        return { length: size, stream: fileSource(file, size - from) };
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  async write(
    path: string | URL,
    from: number,
  ): Promise<Found<WritableStream<Uint8Array>>> {
    return await writing(path, async () => {
      const file = await Deno.open(path, { write: true, create: true });
      try {
        await file.seek(from, Deno.SeekMode.Start);
        return fileSink(file);
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  async cut(path: string | URL, length: number): Promise<Found<true>> {
    return await writing(path, async () => {
      using file = await Deno.open(path, { write: true });
      await file.truncate(length);
      return true as const;
    });
  }

  async rename(from: string | URL, to: string | URL): Promise<Found<true>> {
    // Renaming a file needs to read it as well.
    const flags = [
      { name: "read", path: from },
      { name: "write", path: from },
      { name: "write", path: to },
    ] as const;
    const missing = flags.find((permission) => !granted(permission));
    if (missing) {
      return denied(`--allow-${missing.name}=${shown(missing.path)}`);
    }
    return await writing(to, async () => {
      await Deno.rename(from, to);
      return true as const;
    });
  }

  async remove(path: string | URL): Promise<Found<true>> {
    return await writing(path, async () => {
      await Deno.remove(path);
      return true as const;
    });
  }
}

async function reading<T>(
  path: string | URL,
  read: () => Promise<T>,
): Promise<Found<T>> {
  const flag = `--allow-read=${shown(path)}`;
  if (!granted({ name: "read", path })) return denied(flag);
  return await found(flag, read);
}

async function writing<T>(
  path: string | URL,
  write: () => Promise<T>,
): Promise<Found<T>> {
  const flag = `--allow-write=${shown(path)}`;
  if (!granted({ name: "write", path })) return denied(flag);
  return await found(flag, write);
}

/** A path as a flag has it. */
function shown(path: string | URL): string {
  return path instanceof URL ? decodeURIComponent(path.pathname) : path;
}

/** "prompt" is no: the script's user was not asked, and is not to be. */
function granted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

async function found<T>(
  flag: string,
  get: () => Promise<T>,
): Promise<Found<T>> {
  try {
    return { kind: "found", value: await get() };
  } catch (error) {
    // Deno guards some files beyond the flag for their path.
    if (error instanceof Deno.errors.NotCapable) return denied(flag);
    if (isMissing(error)) return { kind: "absent" };
    throw error;
  }
}

/** A folder is no file, and a path through a file leads nowhere. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.IsADirectory ||
    error instanceof Deno.errors.NotADirectory;
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : path.slice(0, end) || "/";
}

function denied(flag: string): Found<never> {
  return { kind: "denied", flag };
}

function orAbsent<T>(value: T | undefined): Found<T> {
  return value === undefined ? { kind: "absent" } : { kind: "found", value };
}
