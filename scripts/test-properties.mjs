// npm run test:properties -- --runs 10000 [--seed N] [FILE…]: tries every property that often and tells what it took.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string' } },
  allowPositionals: true,
});
for (const [name, value] of Object.entries(values)) {
  if (!/^-?\d+$/.test(value)) {
    console.error(`--${name}: "${value}" is no whole number`);
    process.exit(2);
  }
}
const seed = values.seed ?? String(Math.trunc(Math.random() * 2 ** 31));
console.log(`${values.runs} runs of each property with --seed ${seed}`);
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--reporter=verbose', ...(positionals.length > 0 ? positionals : ['test/properties'])],
  {
    stdio: 'inherit',
    env: { ...process.env, PROPERTY_RUNS: values.runs, PROPERTY_SEED: seed },
  },
);
process.exit(status ?? 1);
