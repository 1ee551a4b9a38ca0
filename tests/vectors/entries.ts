/**
 * The entries of the tables of deviations.
 *
 * @module
 */

/** A case of which we expect something else, on purpose. */
export interface Deviation<Case> {
  /** `file` or `file#section`, as in the suite. */
  readonly suite: string;
  /** Whether a case is one; looks at its content, never at its name. */
  readonly applies: (vector: Case) => boolean;
  /** The case with what we expect in it instead: it is run and asserted. */
  readonly expect: (vector: Case) => Case | Promise<Case>;
  /** Why we differ. */
  readonly reason: string;
}

/**
 * Checks that an entry of the tables fits the cases of its suite; the tables
 * hold entries for all suites, so they are typed by what they look at.
 */
export function deviation<Case>(entry: Deviation<Case>): Deviation<unknown> {
  return {
    ...entry,
    applies: (vector) => entry.applies(vector as Case),
    expect: (vector) => entry.expect(vector as Case),
  };
}
