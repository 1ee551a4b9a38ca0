/**
 * Paths as people write them in variables and settings: with `~` and `$NAME`.
 *
 * @module
 */

/** An environment, as far as it may be looked at. */
export interface Environment {
  /** Whether it is that of Windows. Default: no. */
  readonly windows?: boolean;
  /** A variable. */
  env(name: string):
    | { readonly kind: "found"; readonly value: string }
    | { readonly kind: "absent" }
    | { readonly kind: "denied"; readonly flag: string };
}

/** A path, or why it is not known. */
interface ExpandedPath {
  /** The path; absent where the home folder is needed and not known. */
  readonly path?: string;
  /** Flags without which variables in it could not be looked at. */
  readonly denied: readonly string[];
}

/**
 * Replaces `$NAME` and `${NAME}`, then a leading `~` by the home folder. A
 * variable that is not set stays as it is written.
 *
 * The home folder is `HOME`, else `USERPROFILE`, else `HOMEDRIVE` and `HOMEPATH`.
 * Where `HOME` may not be looked at, the others, which are names of Windows, are
 * asked on Windows only.
 *
 * @param written The path as it is written.
 * @param system Whose environment counts.
 */
export function expandPath(
  written: string,
  system: Environment,
): ExpandedPath {
  const denied: string[] = [];
  const env = (name: string): string | undefined => {
    const found = system.env(name);
    if (found.kind === "denied") denied.push(found.flag);
    return found.kind === "found" ? found.value : undefined;
  };
  const path = written.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (whole, bare?: string, braced?: string) =>
      env(bare ?? braced ?? "") ?? whole,
  );
  if (!/^~(?:[/\\]|$)/.test(path)) return { path, denied };
  const home = homeFolder(system, env);
  if (home === undefined) return { denied };
  return { path: home.replace(/[/\\]+$/, "") + path.slice(1), denied };
}

function homeFolder(
  system: Environment,
  env: (name: string) => string | undefined,
): string | undefined {
  const home = env("HOME");
  if (home) return home;
  if (!system.windows && system.env("HOME").kind === "denied") return undefined;
  const profile = env("USERPROFILE");
  if (profile) return profile;
  const drive = env("HOMEDRIVE");
  const path = env("HOMEPATH");
  return drive && path ? drive + path : undefined;
}

/**
 * A path, also that of a `file:` URL. A percent sign that encodes nothing in it
 * stands for itself, as in Deno's own functions.
 */
export function pathOf(path: string | URL): string {
  if (typeof path === "string") return path;
  return decodeURIComponent(
    path.pathname.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"),
  );
}
