/** How often each property is tried: vitest.config.ts says it for each run of the tests, `npm run soak -- --runs 10000` else. */
export const RUNS = Number(process.env.PROPERTY_RUNS ?? 10);

/** Whether the full counts of kills and faults are run: `npm run soak`. */
export const SOAK = process.env.SOAK === '1';

/** Enough for a long run on a busy machine, in milliseconds. */
export const TIMEOUT = 120_000 + RUNS * 500;

const USUAL_SEED = 22;

/** The same cases each time, but with `npm run soak -- --seed N`. */
export const sampleSeed = Number(process.env.PROPERTY_SEED ?? USUAL_SEED);

/** Whether all that can happen is known to happen: with other seeds, or in fewer runs, that is up to chance. */
export const SEES_ALL = RUNS >= 60 && sampleSeed === USUAL_SEED;

/**
 * The parameters of `fc.assert`. What fails prints its seed and the path to the shrunk case.
 * @param share of the runs, for properties that cost more or less than others
 */
export const parameters = (share = 1): { numRuns: number; seed: number } => ({
  numRuns: Math.max(1, Math.ceil(RUNS * share)),
  seed: sampleSeed,
});
