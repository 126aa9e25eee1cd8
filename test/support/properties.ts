import { ON_POSTGRES } from './on-postgres.js';

/** How often each property is tried: briefly in CI, longer with `npm run soak -- --runs 10000`. */
export const RUNS = Number(process.env.PROPERTY_RUNS ?? (ON_POSTGRES ? 12 : 60));

/** Whether the full counts of kills and faults are run: `npm run soak`. */
export const SOAK = process.env.SOAK === '1';

/** Too few for all that can happen to happen. */
export const FEW_RUNS = RUNS < 60;

/** What was given with `--seed`, to try again what failed. */
const SEED = process.env.PROPERTY_SEED === undefined ? undefined : Number(process.env.PROPERTY_SEED);

/** Enough for a long run on a busy machine, in milliseconds. */
export const TIMEOUT = 120_000 + RUNS * 500;

/** For kills and faults: CI samples the same ones each time. */
export const sampleSeed = SEED ?? 22;

/**
 * The parameters of `fc.assert`. What fails prints its seed and the path to the shrunk case.
 * @param share of the runs, for properties that cost more or less than others
 */
export function parameters(share = 1): { numRuns: number; seed?: number } {
  const numRuns = Math.max(1, Math.ceil(RUNS * share));
  return { numRuns, ...(SEED === undefined ? {} : { seed: SEED }) };
}
