/**
 * Deno's permission flags, as text.
 *
 * @module
 */

/**
 * Writes flags for a command line: each kind of permission once, with all names.
 *
 * @param flags The flags, for example `"--allow-env=HOME"`.
 * @returns For example `"--allow-env=HOME,PATH --allow-run"`.
 */
export function joinFlags(flags: readonly string[]): string {
  const kinds = new Map<string, Set<string>>();
  for (const flag of flags) {
    const end = flag.indexOf("=");
    const kind = end < 0 ? flag : flag.slice(0, end);
    const names = kinds.get(kind) ?? new Set();
    if (end >= 0) names.add(flag.slice(end + 1));
    kinds.set(kind, names);
  }
  return [...kinds].map(([kind, names]) =>
    names.size === 0 ? kind : `${kind}=${[...names].join(",")}`
  ).join(" ");
}
