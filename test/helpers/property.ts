/** Runs fast-check properties so that a failure can be repeated. */
import fc from 'fast-check';

/** The seed of every ordinary run: the same tests for everybody. The long run sets FAST_CHECK_SEED to another one each time. */
const defaultSeed = 20260719;

/**
 * Checks a property (synchronous or not) with the seed of the environment variable FAST_CHECK_SEED or a fixed one. On failure
 * fast-check's report names seed, path and the smallest counterexample found.
 *
 * `numRuns` is what the property is worth in an ordinary run; FAST_CHECK_RUNS multiplies it (for the long run).
 *
 * @throws {Error} if the property does not hold; @throws {RangeError} if an environment variable is not a whole number
 */
export async function checkProperty<Ts>(
  property: fc.IRawProperty<Ts>,
  { numRuns }: { readonly numRuns: number },
): Promise<void> {
  await fc.assert(property, { seed: propertySeed(), numRuns: numRuns * wholeNumber('FAST_CHECK_RUNS', 1) });
}

/** FAST_CHECK_SEED, or the seed of every ordinary run: for what draws its values itself. */
export function propertySeed(): number {
  return wholeNumber('FAST_CHECK_SEED', defaultSeed);
}

/** A whole number from the environment. @throws {RangeError} if it is something else */
export function wholeNumber(variable: string, otherwise: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return otherwise;
  if (!/^-?\d+$/.test(text))
    throw new RangeError(`expected a whole number in ${variable}, found ${JSON.stringify(text)}`);
  return Number(text);
}
