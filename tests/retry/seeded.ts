/**
 * Makes a source of numbers in [0, 1) that is the same in every run: the linear
 * congruential generator of "Numerical Recipes" (1992), section 7.1.
 *
 * @param seed Where it starts, a whole number.
 * @returns The source.
 */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (1_664_525 * state + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
