/**
 * Finds the name that a misspelt one was meant to be.
 *
 * @module
 */

/**
 * Finds the known name that is nearest to an unknown one, letter case aside.
 *
 * @param name The unknown name.
 * @param known The known names.
 * @returns The nearest one, or `undefined` where more than a third of the
 * letters (two of a short name) would have to change.
 */
export function nearestName(
  name: string,
  known: Iterable<string>,
): string | undefined {
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    // Names whose lengths differ by more than that cannot be nearer.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least) {
      least = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Edits between two texts. Source: R. Wagner, M. Fischer, 1974. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const same = from[line - 1] === to[column - 1];
      next[column] = Math.min(
        (row[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (row[column - 1] ?? 0) + (same ? 0 : 1),
      );
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
