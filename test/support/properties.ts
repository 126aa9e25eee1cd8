/** The number of runs of each property, from vitest.config.ts or `npm run soak -- --runs 10000`. */
export const RUNS = Number(process.env.PROPERTY_RUNS ?? 10);

/** Whether kills and faults run in full: `npm run soak`. */
export const SOAK = process.env.SOAK === '1';

/** Enough for a long run on a busy machine, in milliseconds; in the full counts PostgreSQL gets as many cases as SQLite. */
export const TIMEOUT = 120_000 + RUNS * (SOAK ? 6_000 : 500);

const USUAL_SEED = 22;

/** The same cases each time, except with `npm run soak -- --seed N`. */
export const sampleSeed = Number(process.env.PROPERTY_SEED ?? USUAL_SEED);

/** Whether every case is known to occur: with other seeds, or in fewer runs, that depends on chance. */
export const SEES_ALL = RUNS >= 60 && sampleSeed === USUAL_SEED;

/**
 * The parameters of `fc.assert`. A failure prints its seed and the path to the shrunk case.
 * @param share of the runs, for properties that cost more or less than others
 */
export const parameters = (share = 1): { numRuns: number; seed: number } => ({
  numRuns: Math.max(1, Math.ceil(RUNS * share)),
  seed: sampleSeed,
});
